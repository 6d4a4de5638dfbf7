"""What can go wrong, in one tree.

    FasciError
    ├── ClipError                 the file cannot give what was asked of it
    │   ├── ClipNotFound          (also FileNotFoundError)
    │   ├── NotAClip              folder, empty, text, audio only, damaged beyond reading
    │   └── NoFrames              a video track that yields no picture
    ├── SettingsError             (also ValueError) a setting, area or scale that makes no sense
    ├── OutputError               (also OSError) results cannot be written, or would overwrite others
    └── ReviewError               a decision, or a file of decisions, that makes no sense
        └── ReviewConflict        somebody decided in between

Every message is one line, says what is wrong with which file, and what to do next.
A clip that can be read but not judged is no error: it is a `Result` whose verdict is
``cannot_analyze``.
"""

import errno

_LOADER_SAYS = ("cannot map zero-fill pages", "failed to map segment", "cannot allocate", "cannot create")
"""What the dynamic linker of glibc says where a library does not fit ..."""

_LOADER_MEANS_OTHERWISE = ("static TLS", "not permitted")
"""... and where it says so for another reason."""

_OPENCV_SAYS = ("Insufficient memory", "bad_alloc")


def printable(text: str) -> str:
    """One line: what cannot be shown, such as line breaks and escapes in a file name, becomes ``?``."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def lacks_memory(error: BaseException) -> bool:
    """Whether an error is how Python, the system or a library says that memory has run out.

    Few raise `MemoryError`: the interpreter itself may fail with no error set, a library cannot be loaded, a
    thread is not started.
    """
    text = str(error)
    match error:
        case MemoryError():
            return True
        case SystemError():
            return "without exception set" in text or "without setting an exception" in text
        case OSError():
            return error.errno == errno.ENOMEM
        case ImportError():
            otherwise = any(words in text for words in _LOADER_MEANS_OTHERWISE)
            return not otherwise and any(words in text for words in _LOADER_SAYS)
        case RuntimeError():
            return "can't start new thread" in text or "bad_alloc" in text
    return type(error).__module__ == "cv2" and any(words in text for words in _OPENCV_SAYS)


class FasciError(Exception):
    """Base of every error that fascidetect raises on purpose."""

    def __str__(self) -> str:
        return printable(Exception.__str__(self))


class ClipError(FasciError):
    """A clip cannot give what was asked of it."""


class ClipNotFound(ClipError, FileNotFoundError):
    """No file at that path."""

    # FileNotFoundError formats itself from errno; a plain sentence is all we want.
    __str__ = FasciError.__str__


class NotAClip(ClipError):
    """The path holds no video that can be read."""


class NoFrames(ClipError):
    """The video track yields no picture."""


class SettingsError(FasciError, ValueError):
    """A setting, an area or a scale makes no sense."""


class OutputError(FasciError, OSError):
    """Results cannot be written where they should go."""

    __str__ = FasciError.__str__


class ReviewError(FasciError):
    """A decision cannot be taken, or a file of decisions cannot be understood."""


class ReviewConflict(ReviewError):
    """Another window or program decided about the same event in between."""
