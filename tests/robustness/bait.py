"""A listener on this machine that no file may lure the program to."""

from __future__ import annotations

import socket
import threading


class Bait:
    """Counts the connections to a port of this machine."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.visits = 0
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            self.visits += 1
            connection.close()


BAIT = Bait()
