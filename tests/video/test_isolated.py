"""A decoder in a process of its own: the same frames, and whatever befalls it, one clear error."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from helpers.makevideo import moving, write_video

from fascidetect.errors import ClipError, ClipNotFound, NoFrames, NotAClip
from fascidetect.model import Geometry
from fascidetect.settings import ClipSettings
from fascidetect.video import isolated
from fascidetect.video.isolated import IsolatedClip, open_clip

EVIL = """
import ctypes, os, signal, sys, time
import numpy as np
from fascidetect.video import child, reader

real = reader.decoded

def evil(container, stream, trouble):
    for number, frame in enumerate(real(container, stream, trouble)):
        if number == 20:
            befall(sys.argv[1])
        yield frame

def befall(what):
    if what == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "hang":  # without letting any other thread of Python run
        ctypes.PyDLL(None).sleep(600)
    if what == "bomb":
        np.ones(1 << 28)  # 2 GB
    if what == "bug":
        raise ZeroDivisionError("in the decoder")
    if what == "babble":
        os.write(1, b"a library prints to stdout")

reader.decoded = evil
child.main()
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("clips") / "fine.mp4", moving(40))


def geometry(clip):
    return Geometry.plan(clip.facts.width_px, clip.facts.height_px, long_side_px=160, cells_across=20)


def evil(monkeypatch, what):
    monkeypatch.setattr(isolated, "_CHILD", (sys.executable, "-c", EVIL, what))


def read(path, **more):
    with IsolatedClip(path, ClipSettings(), **more) as clip:
        return list(clip.frames(geometry(clip)))


def test_the_same_facts_frames_pictures_and_warnings(path):
    part = ClipSettings(from_s=0.2)
    with open_clip(path, part, isolate=False) as near, open_clip(path, part, isolate=True) as far:
        assert far.facts == near.facts
        assert far.n_expected == near.n_expected
        for there, here in zip(far.frames(geometry(far)), near.frames(geometry(near)), strict=True):
            assert (there.index, there.time_s, there.key_frame) == (here.index, here.time_s, here.key_frame)
            assert np.array_equal(there.luma, here.luma)
            assert (there.chroma is None) == (here.chroma is None)
        for there, here in zip(far.pictures(100), near.pictures(100), strict=True):
            assert np.array_equal(there.rgb, here.rgb)
        assert far.warnings == near.warnings


def test_an_iteration_may_be_given_up_and_begun_again(path):
    with IsolatedClip(path, ClipSettings()) as clip:
        first = next(iter(clip.frames(geometry(clip))))
        again = list(clip.frames(geometry(clip)))
    assert len(again) == 40
    assert np.array_equal(first.luma, again[0].luma)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda p: None, ClipNotFound),
        (lambda p: p.write_text("no video"), NotAClip),
        (lambda p: write_video(p, []), NoFrames),
    ],
)
def test_the_same_errors(tmp_path, make, error):
    path = tmp_path / "a clip of\udcff.mp4"  # a name that is no UTF-8
    make(path)
    with pytest.raises(error) as near, open_clip(path, ClipSettings(), isolate=False):
        pytest.fail("must not open")
    with pytest.raises(error) as far, open_clip(path, ClipSettings(), isolate=True):
        pytest.fail("must not open")
    assert str(far.value) == str(near.value)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("crash", r"the decoder crashed while reading .*fine.mp4 \(Segmentation fault\)"),
        ("hang", r"the decoder gave no sign of life for 2 s while reading .*fine.mp4"),
        ("bomb", r"reading .*fine.mp4 takes more than 1 GB of memory"),
    ],
)
def test_what_befalls_a_decoder_is_one_clear_error(path, monkeypatch, what, words):
    evil(monkeypatch, what)
    with pytest.raises(ClipError, match=words) as caught:
        read(path, patience_s=2.0 if what == "hang" else 60.0, memory_bytes=1 << 30)
    assert "\n" not in str(caught.value)


def test_a_bug_keeps_its_traceback(path, monkeypatch):
    evil(monkeypatch, "bug")
    with pytest.raises(RuntimeError, match=r"(?s)Traceback.*ZeroDivisionError: in the decoder"):
        read(path)


def test_what_a_library_prints_is_not_taken_for_an_answer(path, monkeypatch):
    evil(monkeypatch, "babble")
    assert len(read(path)) == 40


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_no_process_outlives_its_parent(path):
    """Killed in the midst of its work, the parent takes the decoder along."""
    script = (
        "import sys\nfrom fascidetect.video import isolated\nfrom fascidetect.settings import ClipSettings\n"
        "isolated._CHILD = (sys.executable, '-c', sys.argv[2], 'hang')\n"
        "clip = isolated.IsolatedClip(sys.argv[1], ClipSettings())\n"
        "print(clip._child._process.pid, flush=True)\nlist(clip.pictures(80))"
    )
    command = [sys.executable, "-c", script, str(path), EVIL]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        time.sleep(0.5)  # it hangs now, and would for ten minutes
        parent.kill()
    deadline_s = time.monotonic() + 30
    while runs(child) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert not runs(child)


def runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_file_that_changes_while_it_is_read_is_told(path, tmp_path):
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(path.read_bytes())
    other = write_video(tmp_path / "other.mp4", moving(40)[::-1])
    with IsolatedClip(copy, ClipSettings()) as clip:
        frames = clip.frames(geometry(clip))
        next(frames)
        other.replace(copy)
        with pytest.raises(NotAClip, match=r"copy.mp4 changed while it was read"):
            list(frames)
