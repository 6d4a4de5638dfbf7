"""Whose program is at the other end of a connection on this computer; the system tells it on Linux."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_ESTABLISHED = "01"
_ROOT = 0


def is_ours(client_port: int, server_port: int) -> bool:
    """Whether a connection was made by whoever runs this, or by the administrator, who may do everything anyway.

    A connection that its maker has closed already belongs to nobody: what it asked for is refused.
    """
    return bool({_ROOT, os.getuid()} & set(_owners(client_port, server_port)))


def can_tell(listener: socket.socket) -> bool:
    """Try whether the system tells the owners of connections to a socket that listens; no system but Linux does.

    The administrator's pages are shown to anybody, as in a container whose browser runs outside of it.
    """
    if sys.platform != "linux" or os.getuid() == _ROOT:
        return False
    address = listener.getsockname()
    with contextlib.suppress(OSError), socket.create_connection(address, timeout=1) as trial:
        return os.getuid() in _owners(trial.getsockname()[1], address[1])
    return False


def _owners(client_port: int, server_port: int) -> Iterator[int]:
    """User numbers of established connections from one port to the other."""
    for table in _TABLES:
        with contextlib.suppress(OSError):
            for line in table.read_text("ascii").splitlines()[1:]:
                _, ours, theirs, state, _, _, _, owner = line.split(maxsplit=8)[:8]
                if state == _ESTABLISHED and _port(ours) == client_port and _port(theirs) == server_port:
                    yield int(owner)


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)
