import errno
import resource
import signal
from pathlib import Path

import av
import numpy as np
import pytest

from fascidetect.errors import OutputError
from fascidetect.video.writer import BROWSER, Encoding, VideoWriter

TICK_S = 1 / 90000
HEVC10 = Encoding("libx265", "yuv420p10le", (("preset", "ultrafast"),), bit_rate=200_000)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def picture(rng, height=48, width=64):
    return rng.integers(60, 200, (height, width, 3), np.uint8)


def decode(path):
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


@pytest.mark.parametrize("encoding", [BROWSER, HEVC10], ids=["h264", "hevc10"])
def test_stamps_of_a_variable_rate_are_kept(tmp_path, rng, encoding):
    times = np.concatenate([[0.0], np.cumsum(rng.uniform(0.004, 0.2, 40))])
    path = tmp_path / "a.mp4"
    with VideoWriter(path, 64, 48, encoding=encoding) as writer:
        for time_s in times:
            writer.write(picture(rng), float(time_s))
    got = [float(frame.time) for frame in decode(path)]
    np.testing.assert_allclose(got, times, atol=TICK_S / 2 + 1e-9)  # half a tick: rounding


def test_colors_survive(tmp_path):
    patches = np.zeros((64, 64, 3), np.uint8)
    patches[:32, :32], patches[:32, 32:], patches[32:] = (210, 160, 130), (60, 90, 160), (128, 128, 128)
    path = tmp_path / "a.mp4"
    with VideoWriter(path, 64, 64) as writer:
        writer.write(patches, 0.0)
    (frame,) = decode(path)
    error = frame.to_ndarray(format="rgb24").astype(int) - patches
    assert np.abs(error[8:24, 8:24]).max() <= 6  # crf 23 and the rounding of limited range
    assert np.abs(error[40:]).max() <= 6


def test_gray_is_accepted_and_odd_sides_lose_one_px(tmp_path, rng):
    path = tmp_path / "a.mp4"
    with VideoWriter(path, 65, 49) as writer:
        writer.write(picture(rng, 49, 65)[..., 0], 0.0)
    (frame,) = decode(path)
    assert (frame.width, frame.height) == (64, 48)


def test_rotation_is_in_the_display_matrix(tmp_path, rng):
    path = tmp_path / "a.mov"
    with VideoWriter(path, 64, 48, encoding=Encoding(rotation_deg=90)) as writer:
        writer.write(picture(rng), 0.0)
    assert decode(path)[0].rotation == 90


def test_the_file_is_for_browsers_and_says_nothing_about_its_maker(tmp_path, rng):
    path = tmp_path / "a.mp4"
    with VideoWriter(path, 64, 48) as writer:
        for k in range(5):
            writer.write(picture(rng), k / 30)
    content = path.read_bytes()
    assert content.find(b"moov") < content.find(b"mdat")
    assert b"Lavf" not in content
    with av.open(str(path)) as container:
        assert set(container.metadata) <= {"major_brand", "minor_version", "compatible_brands"}
        assert len(container.streams) == 1
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")


def test_the_same_pictures_give_the_same_file(tmp_path):
    for name in ("a.mp4", "b.mp4"):
        rng = np.random.default_rng(1)
        with VideoWriter(tmp_path / name, 64, 48) as writer:
            for k in range(10):
                writer.write(picture(rng), k / 30)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_an_exception_leaves_the_old_file_and_nothing_else(tmp_path, rng):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")

    def interrupted():
        with VideoWriter(path, 64, 48) as writer:
            writer.write(picture(rng), 0.0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("time_s", [-1.0, 0.5, 0.4999999])
def test_stamps_must_increase(tmp_path, rng, time_s):
    with VideoWriter(tmp_path / "a.mp4", 64, 48) as writer:
        writer.write(picture(rng), 0.5)
        with pytest.raises(ValueError, match="increase"):
            writer.write(picture(rng), time_s)


def test_a_picture_of_another_size_is_refused(tmp_path, rng):
    with VideoWriter(tmp_path / "a.mp4", 64, 48) as writer:
        writer.write(picture(rng), 0.0)
        with pytest.raises(ValueError, match=r"\(48, 64\)"):
            writer.write(picture(rng, 64, 48), 1.0)


def test_no_picture_is_no_file(tmp_path):
    with pytest.raises(OutputError, match="no picture"), VideoWriter(tmp_path / "a.mp4", 64, 48):
        pass
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(OutputError, match=r"cannot write .*No such file"):
        VideoWriter(tmp_path / "gone" / "a.mp4", 64, 48)


def test_an_unknown_encoder_is_named(tmp_path):
    with pytest.raises(OutputError, match="nothing-such"):
        VideoWriter(tmp_path / "a.mp4", 64, 48, encoding=Encoding(codec="nothing-such"))
    assert not list(tmp_path.iterdir())


@pytest.fixture
def small_files():
    """As on a full disk: no file may grow beyond 20 kB."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("small_files")
def test_a_full_disk_is_one_clear_line(tmp_path, rng):
    def fill():
        with VideoWriter(tmp_path / "a.mp4", 640, 480) as writer:
            for k in range(30):
                writer.write(picture(rng, 480, 640), k / 30)

    with pytest.raises(OutputError, match=r"^cannot write .*too large$") as caught:
        fill()
    assert caught.value.__cause__.errno == errno.EFBIG
    assert not list(tmp_path.iterdir())


def test_libx265_is_silent(tmp_path, rng, capfd):
    with VideoWriter(Path(tmp_path / "a.mp4"), 64, 48, encoding=HEVC10) as writer:
        for k in range(3):
            writer.write(picture(rng), k / 30)
    assert capfd.readouterr() == ("", "")
