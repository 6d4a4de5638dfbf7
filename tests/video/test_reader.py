"""Made videos of which the truth is known."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from helpers.makevideo import add_cover, cut, moving, restamp, scratch, texture, write_sound, write_video

from fascidetect.errors import ClipNotFound, NoFrames, NotAClip
from fascidetect.model import Frame, Geometry
from fascidetect.settings import ClipSettings
from fascidetect.video.reader import Clip

FASTSTART = {"movflags": "faststart"}
EXACT_S = 1e-9  # stamps are whole ticks; only float rounding remains


def plan(clip: Clip) -> Geometry:
    return Geometry.plan(clip.facts.width_px, clip.facts.height_px, long_side_px=640, cells_across=16)


def read(clip: Clip) -> list[Frame]:
    return list(clip.frames(plan(clip)))


def times(clip: Clip) -> np.ndarray:
    return np.array([frame.time_s for frame in read(clip)])


def says(clip: Clip, words: str) -> bool:
    return any(words in warning for warning in clip.warnings)


# -- time ---------------------------------------------------------------------------------------


def test_a_steady_clip_is_what_it_is_and_warns_of_nothing(tmp_path):
    with Clip(write_video(tmp_path / "a.mp4", moving(45))) as clip:
        frames = read(clip)
        assert [frame.index for frame in frames] == list(range(45))
        np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(45) / 30, atol=EXACT_S)
        facts = clip.facts
        assert (facts.n_frames, clip.n_expected, facts.width_px, facts.height_px) == (45, 45, 160, 80)
        assert facts.duration_s == pytest.approx(1.5)
        assert facts.median_fps == pytest.approx(30)
        assert (facts.codec, facts.bit_depth, facts.vfr, facts.capture_fps) == ("h264", 8, False, None)
        assert facts.bits_per_px > 0
        assert frames[0].key_frame
        assert clip.warnings == ()


def test_variable_stamps_are_kept_exactly(tmp_path):
    rng = np.random.default_rng(1)
    stamps = np.round(np.cumsum(rng.uniform(0.01, 0.06, 60)) * 90000) / 90000
    with Clip(write_video(tmp_path / "a.mp4", moving(60), stamps_s=stamps)) as clip:
        np.testing.assert_allclose(times(clip), stamps - stamps[0], atol=EXACT_S)
        assert clip.facts.vfr
        assert says(clip, "variable frame rate")


def test_milliseconds_do_not_make_a_rate_variable_nor_wrong(tmp_path):
    path = write_video(tmp_path / "a.mkv", moving(100), stamps_s=np.arange(100) / 240)
    with Clip(path) as clip:
        assert not clip.facts.vfr
        assert clip.facts.median_fps == pytest.approx(240, rel=0.01)
        assert clip.warnings == ()


def test_a_gap_is_told(tmp_path):
    stamps = np.arange(60) / 30 + 0.7 * (np.arange(60) >= 30)
    with Clip(write_video(tmp_path / "a.mp4", moving(60), stamps_s=stamps)) as clip:
        assert clip.facts.longest_gap_s == pytest.approx(0.7 + 1 / 30)
        assert says(clip, "1 gap of more than 0.25 s between frames, the longest 0.73 s")
        assert not clip.facts.vfr


def test_dropped_frames_are_told(tmp_path):
    kept = [k for k in range(120) if k not in (40, 41, 80)]
    with Clip(write_video(tmp_path / "a.mp4", moving(len(kept)), stamps_s=np.array(kept) / 30)) as clip:
        assert clip.facts.median_fps == pytest.approx(30)
        assert says(clip, "about 3 frames dropped")


def test_repeated_pictures_are_told(tmp_path):
    still = [picture for picture in moving(20) for _ in range(2)]
    with Clip(write_video(tmp_path / "a.mkv", still, codec="ffv1")) as clip:
        read(clip)
        assert says(clip, "20 of 40 pictures repeat the one before exactly")


def test_equal_stamps_leave_times_strictly_increasing(tmp_path):
    stamps = np.arange(30) / 30
    stamps[10] = stamps[9]
    path = write_video(tmp_path / "a.mkv", moving(30), stamps_s=stamps, codec="ffv1")
    with Clip(path) as clip:
        assert np.all(np.diff(times(clip)) > 0)
        assert says(clip, "1 of 30 frames have the same time stamp")


def test_without_usable_stamps_the_rate_is_assumed_and_said(tmp_path):
    path = write_video(tmp_path / "a.mkv", moving(30), stamps_s=np.zeros(30), codec="ffv1")
    with Clip(path) as clip:
        np.testing.assert_allclose(np.diff(times(clip)), 1 / clip.facts.median_fps, atol=EXACT_S)
        assert (len(read(clip)), clip.n_expected) == (30, 30)
        assert says(clip, "no usable time stamps")


def test_backward_stamps_are_sorted_in_the_order_of_decoding(tmp_path):
    order = np.arange(30)
    order[[3, 4]] = order[[4, 3]]
    straight = write_video(tmp_path / "b.mkv", moving(30), codec="ffv1")
    with Clip(restamp(straight, tmp_path / "a.mkv", order)) as clip:
        frames = read(clip)
        np.testing.assert_allclose([f.time_s for f in frames], np.arange(30) / 30, atol=0.001)  # mkv: milliseconds
        assert says(clip, "earlier time stamp")
    with Clip(straight) as clip:
        for sorted_frame, frame in zip(frames, read(clip), strict=True):
            np.testing.assert_array_equal(sorted_frame.luma, frame.luma)


def test_where_all_stamps_run_backward_their_steps_are_kept_and_it_is_said(tmp_path):
    straight = write_video(tmp_path / "b.mp4", moving(60), options={"bf": "0"})
    with Clip(restamp(straight, tmp_path / "a.mp4", np.arange(60)[::-1])) as clip:
        np.testing.assert_allclose(times(clip), np.arange(60) / 30, atol=EXACT_S)
        assert clip.facts.median_fps == pytest.approx(30)
        assert says(clip, "the time stamps run backward: 30 frames per second are assumed")


def test_avi_without_presentation_stamps_but_with_b_frames(tmp_path):
    path = write_video(tmp_path / "a.avi", moving(40), codec="mpeg4", options={"bf": "2", "qscale": "2"})
    with Clip(path) as clip:
        found = times(clip)
        assert len(found) >= 39
        np.testing.assert_allclose(np.diff(found), 1 / 30, atol=EXACT_S)


def test_a_part_keeps_the_files_own_times(tmp_path):
    path = write_video(tmp_path / "a.mp4", moving(90))
    with Clip(path, ClipSettings(from_s=0.95, to_s=2.05)) as clip:
        frames = read(clip)
        assert [frame.index for frame in frames] == list(range(29, 62))
        assert frames[0].time_s == pytest.approx(29 / 30)
        assert clip.n_expected == len(frames)
        assert [frame.chroma is not None for frame in frames][:11] == [True] * 10 + [False]
        assert [picture.index for picture in clip.pictures(80)] == list(range(29, 62))
        assert clip.warnings == ()
    with pytest.raises(NoFrames, match="choose another part"):
        Clip(path, ClipSettings(from_s=5))


def test_slow_motion_is_told_and_undone_on_demand(tmp_path):
    path = write_video(
        tmp_path / "a.mp4",
        moving(60),
        container_options={"movflags": "use_metadata_tags"},
        metadata={"com.android.capture.fps": "240.000000"},
    )
    with Clip(path) as clip:
        assert clip.facts.capture_fps is None
        assert clip.facts.median_fps == pytest.approx(30)
        assert says(clip, "--capture-fps 240 restores")
    with Clip(path, ClipSettings(capture_fps=240, from_s=0.1)) as clip:
        frames = read(clip)
        np.testing.assert_allclose([f.time_s for f in frames], np.arange(24, 60) / 240, atol=EXACT_S)
        assert clip.facts.capture_fps == 240
        assert clip.facts.median_fps == pytest.approx(240)
        assert clip.facts.duration_s == pytest.approx(0.25)
        assert says(clip, "times are divided by 8")


# -- pixels -------------------------------------------------------------------------------------


def marked() -> np.ndarray:
    """Upright picture whose four quarters differ."""
    picture = np.full((80, 160, 3), 60, np.uint8)
    picture[:40, :80] = (230, 40, 40)
    picture[:40, 80:] = (40, 200, 40)
    picture[40:, :80] = (60, 60, 230)
    return picture


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("ccw", [0, 90, 180, 270])
def test_pictures_are_upright(tmp_path, ccw, mirrored):
    upright = marked()
    stored = np.rot90(upright[:, ::-1] if mirrored else upright, -ccw // 90)
    path = write_video(
        tmp_path / "a.mp4", [np.ascontiguousarray(stored)] * 5, pix_fmt="yuv444p", rotation=(ccw, mirrored)
    )
    with Clip(path) as clip:
        facts = clip.facts
        assert (facts.width_px, facts.height_px) == (160, 80)
        assert (facts.rotation_deg, facts.mirrored) == (-ccw % 360, mirrored)
        (first, *_) = clip.pictures(1000)
        np.testing.assert_allclose(first.rgb[::16, 4::16], upright[::16, 4::16], atol=12)  # RGB to YUV and back
        frame = read(clip)[0]
        assert frame.luma.shape == (plan(clip).analysis_height_px, plan(clip).analysis_width_px)
        quarters = [frame.luma[:30, :70], frame.luma[:30, 90:], frame.luma[50:, :70], frame.luma[50:, 90:]]
        expected = [
            16 + 219 / 255 * (0.299 * r + 0.587 * g + 0.114 * b) for r, g, b in upright[::79, ::159].reshape(4, 3)
        ]
        np.testing.assert_allclose([q.mean() for q in quarters], expected, atol=3)
        blue = frame.chroma[..., 0]
        rows, cols = blue.shape
        assert blue[rows * 3 // 4, cols // 4] > 40  # the lower left quarter is the blue one
        assert frame.chroma.shape == (plan(clip).shape[0] * 2, plan(clip).shape[1] * 2, 2)


def test_ten_bits_keep_their_contrast(tmp_path):
    ramp = np.tile(np.arange(400, 560, dtype=np.uint16), (80, 1))  # steps of a quarter of an 8-bit level
    path = write_video(tmp_path / "a.mkv", [ramp] * 3, codec="ffv1", pix_fmt="yuv420p10le")
    with Clip(path) as clip:
        assert (clip.facts.bit_depth, clip.facts.pixel_format) == (10, "yuv420p10le")
        frame = read(clip)[0]
        np.testing.assert_array_equal(frame.luma, ramp / np.float32(4))
        np.testing.assert_array_equal(frame.chroma, 0)


def test_codes_are_kept_and_area_averages_are_not_rounded(tmp_path):
    rng = np.random.default_rng(3)
    picture = rng.integers(16, 235, (384, 640), dtype=np.uint8)
    with Clip(write_video(tmp_path / "a.mkv", [picture] * 2, codec="ffv1")) as clip:
        geometry = Geometry(640, 384, 160, 96, 10)
        luma = next(iter(clip.frames(geometry))).luma
    expected = picture.reshape(96, 4, 160, 4).mean((1, 3))
    np.testing.assert_allclose(luma, expected, atol=1e-3)  # float32 sums of 16 bytes
    assert np.abs(luma - np.rint(luma)).max() > 0.4


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p", "gray", "yuv444p16le", "gray10le"])
def test_planes_are_read_directly(tmp_path, pix_fmt):
    deep = {"yuv444p16le": 256, "gray10le": 4}.get(pix_fmt, 1)
    picture = texture().astype(np.uint16 if deep > 1 else np.uint8) * deep
    with Clip(write_video(tmp_path / "a.mkv", [picture], codec="ffv1", pix_fmt=pix_fmt)) as clip:
        (frame,) = read(clip)
        np.testing.assert_array_equal(frame.luma, texture())
        assert (frame.chroma is None) == pix_fmt.startswith("gray")


@pytest.mark.parametrize("size", [(97, 161), (30, 34), (8, 6)])
def test_odd_and_tiny_sizes(tmp_path, size):
    picture = texture(*size)
    with Clip(write_video(tmp_path / "a.mkv", [picture] * 2, codec="ffv1", pix_fmt="yuv444p")) as clip:
        assert read(clip)[0].luma.mean() == pytest.approx(picture.mean(), abs=3)  # edges weigh a little differently
        for picture in clip.pictures(1000):
            assert picture.rgb.shape[0] % 2 == picture.rgb.shape[1] % 2 == 0
            assert picture.rgb.shape[:2] <= size


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "known_as"),
    [
        ("a.gif", "gif", "rgb8", "gif"),
        ("a.webm", "libvpx-vp9", "yuv420p", "vp9"),
        ("v8.webm", "libvpx", "yuv420p", "vp8"),
        ("a.mkv", "libx265", "yuv420p10le", "hevc"),
        ("a.mov", "libx265", "yuv420p", "hevc"),
        ("av1.mp4", "libsvtav1", "yuv420p", "av1"),
        ("a.avi", "mpeg4", "yuv420p", "mpeg4"),
        ("a.3gp", "mpeg4", "yuv420p", "mpeg4"),
        ("a.ts", "libx264", "yuv420p", "h264"),
    ],
)
def test_kinds_of_files(tmp_path, name, codec, pix_fmt, known_as):
    pictures = [np.dstack([picture] * 3) for picture in moving(40)]
    with Clip(write_video(tmp_path / name, pictures, codec=codec, pix_fmt=pix_fmt, fps=25)) as clip:
        frames = read(clip)
        assert (clip.facts.codec, len(frames), clip.n_expected) == (known_as, 40, 40)
        assert clip.facts.median_fps == pytest.approx(25, rel=0.01)
        assert frames[0].luma.std() > 10
        assert clip.warnings == ()
        assert len(list(clip.pictures(80))) == 40


def test_reading_twice_gives_the_same(tmp_path):
    with Clip(write_video(tmp_path / "a.mp4", moving(40))) as clip:
        first = read(clip)
        beginning = clip.frames(plan(clip))
        next(beginning)
        for a, b in zip(first, read(clip), strict=True):
            assert (a.index, a.time_s, a.key_frame) == (b.index, b.time_s, b.key_frame)
            np.testing.assert_array_equal(a.luma, b.luma)
    assert list(beginning) == []  # leaving the clip ends what was still read


def test_color_comes_at_the_start_and_then_now_and_then(tmp_path):
    with Clip(write_video(tmp_path / "a.mp4", moving(90))) as clip:
        colored = [f.index for f in clip.frames(plan(clip), chroma_every_s=0.5) if f.chroma is not None]
        assert colored == [*range(10), 24, 39, 54, 69, 84]


def test_a_change_of_size_is_told(tmp_path):
    small = write_video(tmp_path / "a.ts", moving(20))
    large = write_video(tmp_path / "b.ts", moving(20, 160, 320))
    small.write_bytes(small.read_bytes() + large.read_bytes())
    with Clip(small) as clip:
        assert {frame.luma.shape for frame in read(clip)} == {(80, 160)}
        assert says(clip, "another size than the first")


def test_pixels_that_are_not_square_are_told(tmp_path):
    path = write_video(tmp_path / "a.mp4", moving(5), pixel_aspect=Fraction(4, 3))
    with Clip(path) as clip:
        assert says(clip, "not square (4:3)")


def test_a_cover_picture_is_not_the_clip(tmp_path):
    source = write_video(tmp_path / "a.mp4", moving(20))
    with Clip(add_cover(source, tmp_path / "b.mp4")) as clip:
        assert (clip.facts.width_px, clip.facts.n_frames, clip.facts.n_video_tracks) == (160, 20, 1)
        assert len(read(clip)) == 20


# -- damage -------------------------------------------------------------------------------------


def test_a_cut_mp4_gives_what_is_left(tmp_path):
    path = cut(write_video(tmp_path / "a.mp4", moving(120), container_options=FASTSTART), 0.6)
    with Clip(path) as clip:
        n = len(read(clip))
        assert 10 < n < 110
        assert clip.facts.n_frames >= n
        assert says(clip, "of 120 frames could be read: the file is cut short")


def test_a_cut_mkv_gives_what_is_left(tmp_path):
    path = cut(write_video(tmp_path / "a.mkv", moving(120)), 0.6)
    with Clip(path) as clip:
        assert 30 < len(read(clip)) < 110
        assert says(clip, "of 4.0 s could be read: the file is cut short")


def test_an_mp4_without_its_index_is_refused(tmp_path):
    path = cut(write_video(tmp_path / "a.mp4", moving(60)), 0.6)
    with pytest.raises(NotAClip, match="copy it again"):
        Clip(path)


@pytest.mark.parametrize(("name", "options"), [("a.mp4", FASTSTART), ("a.mkv", {"cluster_time_limit": "500"})])
def test_damage_in_the_middle(tmp_path, name, options):
    path = write_video(tmp_path / name, moving(120), options={"g": "30", "crf": "20"}, container_options=options)
    scratch(path, 0.5, 0.53)
    with Clip(path) as clip:
        found = times(clip)
        assert len(found) > 60
        assert np.all(np.diff(found) > 0)
        assert found[-1] > 3.5
        # A container that finds its way again after a hole shows no more than a gap.
        assert says(clip, "could be decoded: the file is damaged") or says(clip, "gap of more than")
    with Clip(path, ClipSettings(to_s=1.0)) as clip:
        assert len(read(clip)) == clip.n_expected == 31  # the damage lies later
        assert not says(clip, "could be decoded")


def test_a_damaged_beginning_of_a_tiny_clip(tmp_path):
    path = write_video(tmp_path / "a.mp4", moving(1))
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    data[start : start + 2000] = bytes(2000)
    path.write_bytes(bytes(data))
    with pytest.raises(NoFrames, match="could be decoded"):
        Clip(path)


# -- what is no clip ----------------------------------------------------------------------------


def test_missing(tmp_path):
    with pytest.raises(ClipNotFound, match="no such file") as caught:
        Clip(tmp_path / "none.mp4")
    assert isinstance(caught.value, FileNotFoundError)


def test_a_folder(tmp_path):
    with pytest.raises(NotAClip, match="is a folder"):
        Clip(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"Dear doctor,\n" * 100, "cannot read .* as a video"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nother.ts\n#EXT-X-ENDLIST\n", "cannot read .* as a video"),
        (b"ffconcat version 1.0\nfile other.mp4\n", "cannot read .* as a video"),
    ],
)
def test_files_that_are_no_video(tmp_path, content, words):
    write_video(tmp_path / "other.mp4", moving(3))
    write_video(tmp_path / "other.ts", moving(3))
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(NotAClip, match=words) as caught:
        Clip(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_sound_only(tmp_path):
    with pytest.raises(NotAClip, match="sound only"):
        Clip(write_sound(tmp_path / "a.m4a"))


def test_no_frames(tmp_path):
    with pytest.raises(NoFrames, match="without a single picture"):
        Clip(write_video(tmp_path / "a.mp4", []))


def test_one_frame(tmp_path):
    with Clip(write_video(tmp_path / "a.mp4", moving(1))) as clip:
        (frame,) = read(clip)
        assert (frame.time_s, clip.facts.n_frames, clip.facts.median_fps) == (0.0, 1, 0.0)


def test_no_permission(tmp_path, monkeypatch):
    path = write_video(tmp_path / "a.mp4", moving(1))

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root may read everything, so it is acted
    with pytest.raises(NotAClip, match="no permission to read"):
        Clip(path)


def test_sound_does_not_count_as_a_cut(tmp_path):
    with Clip(write_video(tmp_path / "a.mkv", moving(30), sound_s=4)) as clip:
        read(clip)
        assert clip.warnings == ()
