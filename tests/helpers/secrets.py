"""What a clip tells of where, when and with what it was filmed, and a search for it in all that is written."""

from __future__ import annotations

import getpass
import platform
import zipfile
from pathlib import Path

from helpers.makevideo import write_video

TAGS = {
    "location": "+48.2082+016.3738/",
    "location-eng": "+48.2082+016.3738/",
    "com.apple.quicktime.location.ISO6709": "+48.2082+016.3738+171.000/",
    "com.apple.quicktime.make": "Kamerawerk",
    "com.apple.quicktime.model": "Flunder 9000",
    "com.apple.quicktime.software": "Fw-77.31.9",
    "com.android.version": "Androide-99",
    "make": "Kamerawerk",
    "model": "Flunder 9000",
    "artist": "Erika Mustermann",
    "title": "Wadenzucken geheim",
    "comment": "Patientin 4711",
    "creation_time": "2019-07-06T05:04:03.000000Z",
}
"""As phones write them."""

SECRETS = ("48.2082", "016.3738", "Kamerawerk", "Flunder", "77.31.9", "Androide", "Mustermann", "geheim", "4711")
DATES = ("2019-07-06", "20190706", "05:04:03")


def telling_clip(path: Path, pictures: list, fps: float) -> Path:
    """A clip that carries all of it."""
    options = {"movflags": "use_metadata_tags+faststart"}
    return write_video(path, pictures, fps=fps, metadata=TAGS, container_options=options)


def told_by(folder: Path, *more: str) -> list[str]:
    """What of the secrets, of the places of this machine, or of ``more`` stands in the files of a folder."""
    words = {*SECRETS, *DATES, *more, str(Path.home()), platform.node(), str(folder), str(folder.parent)}
    if len(getpass.getuser()) > 4:
        words.add(getpass.getuser())
    found = []
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        data = _content(path)
        found += [f"{path.name}: {word}" for word in words if len(word) > 3 and _holds(data, word)]
    return found


def _content(path: Path) -> bytes:
    if path.suffix != ".npz":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


def _holds(data: bytes, word: str) -> bool:
    """In UTF-8, in UTF-32 as numpy keeps text, or with the slashes of JSON written otherwise."""
    forms = (word.encode(), word.encode("utf-32-le"), word.encode("utf-16-le"), word.replace("/", "\\/").encode())
    return any(form in data for form in forms)
