import hashlib
import json
from dataclasses import replace

import av
import numpy as np
import pytest

from fascidetect.errors import ClipError, ClipNotFound, OutputError, SettingsError
from fascidetect.phantom import Camera, Nuisance, Recipe, Scene, Twitch, load_truth, make_clip, render, truth_path
from fascidetect.phantom.clip import truth_of
from fascidetect.phantom.render import stamps

TWITCH = Twitch(0.3, 80, 60, 1.2, 12, 0.08, focus=1)
TINY = Recipe(
    seed=2,
    width_px=160,
    height_px=120,
    duration_s=1.5,
    scene=Scene(limb_share=0.8),
    camera=Camera(fps=20),
    twitches=(TWITCH,),
    nuisances=(Nuisance("shake", 1.0), Nuisance("voluntary", 5.0, start_s=0.9, end_s=1.4)),
)
KEYS = [
    "schema_version",
    "clip",
    "sha256",
    "seed",
    "recipe_sha256",
    "width_px",
    "height_px",
    "duration_s",
    "mm_per_px",
    "events",
    "ignore",
    "nuisances",
    "camera",
    "injected_after_codec",
]
EVENT_KEYS = ["id", "onset_s", "peak_s", "offset_s", "x_px", "y_px", "radius_px", "amplitude_px", "focus", "note"]


def decode(path):
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def test_the_truth_file_has_the_keys_of_the_format(tmp_path):
    path = tmp_path / "calf.mp4"
    truth = make_clip(TINY, path)
    assert truth_path(path).name == "calf.truth.json"
    written = json.loads(truth_path(path).read_bytes())
    assert list(written) == KEYS
    assert list(written["events"][0]) == EVENT_KEYS
    assert list(written["ignore"][0]) == ["start_s", "end_s", "reason"]
    assert list(written["nuisances"][0]) == ["kind", "start_s", "end_s", "strength", "unit"]
    assert list(written["camera"]) == ["time_s", "affine"]
    assert written["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert load_truth(path) == load_truth(truth_path(path)) == truth


def test_the_truth_says_when_and_where_in_the_picture():
    truth = truth_of(TINY, "a.mp4", "")
    (event,) = truth.events
    assert (event.onset_s, event.peak_s, event.offset_s) == pytest.approx((0.303057, 0.38, 0.691178), abs=2e-5)
    # Between frames 7 (0.35 s) and 8 (0.40 s); the path is smooth, so between their affines too.
    early, late = (np.array(truth.camera.affine[k]) @ [80, 60, 1] for k in (7, 8))
    assert (event.x_px, event.y_px) == pytest.approx((0.4 * early + 0.6 * late)[:2].tolist(), abs=0.05)
    assert np.array(truth.camera.affine[0]) == pytest.approx(np.eye(3), abs=1e-6)
    assert truth.ignore[0].start_s == 0.9


def test_the_clip_has_its_frames_at_their_times_and_the_picture_rendered(tmp_path):
    recipe = replace(TINY, camera=Camera(fps=20, jitter_s=0.008, bits_per_px=4.0))
    truth = make_clip(recipe, tmp_path / "a.mp4")
    frames = decode(tmp_path / "a.mp4")
    assert [float(f.time) for f in frames] == pytest.approx(truth.camera.time_s, abs=1 / 90000)
    rendered = [p.rgb for p in render(recipe)]
    assert len(frames) == len(rendered)
    for k in (0, 8, 20):
        error = frames[k].to_ndarray(format="rgb24").astype(float).mean(2) - rendered[k].mean(2)
        assert np.abs(error).mean() < 3  # 4 bits per px


@pytest.mark.parametrize("rotation_deg", [90, 180, 270])
def test_a_rotated_clip_is_upright_after_its_flag(tmp_path, rotation_deg):
    recipe = replace(TINY, duration_s=0.1, camera=Camera(rotation_deg=rotation_deg, bits_per_px=4.0))
    truth = make_clip(recipe, tmp_path / "a.mp4")
    frame = decode(tmp_path / "a.mp4")[0]
    assert frame.rotation % 360 == rotation_deg
    upright = np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90)
    assert upright.shape == (truth.height_px, truth.width_px, 3)
    expected = next(render(recipe)).rgb
    assert np.abs(upright.astype(float).mean(2) - expected.mean(2)).mean() < 3


@pytest.mark.parametrize("codec", ["h264", "hevc", "hevc10"])
def test_every_codec_keeps_to_its_bit_rate(tmp_path, codec):
    recipe = replace(TINY, width_px=320, height_px=240, camera=Camera(codec=codec, fps=20, bits_per_px=0.3))
    make_clip(recipe, tmp_path / "a.mp4")
    frames = decode(tmp_path / "a.mp4")
    assert frames[0].format.name == ("yuv420p10le" if codec == "hevc10" else "yuv420p")
    bits = (tmp_path / "a.mp4").stat().st_size * 8 / (320 * 240 * len(frames))
    assert 0.15 < bits < 0.6  # so short a clip: within a factor of two
    assert [f.key_frame for f in frames].count(True) == 2


def test_dropped_frames_are_gaps_and_duplicated_ones_repeat():
    rng = np.random.default_rng(0)
    camera = Camera(fps=50, dropped=0.2, duplicated=0.1)
    times, shown = stamps(camera, 20.0, rng)
    assert len(times) == pytest.approx(800, abs=40)
    assert np.all(np.diff(times) > 0)
    assert np.mean(shown < times) == pytest.approx(0.125, abs=0.04)  # of those kept
    recipe = replace(TINY, camera=replace(camera, fps=20, duplicated=0.4))
    assert any(np.array_equal(a.rgb, b.rgb) for a, b in zip(*(list(render(recipe))[k:] for k in (0, 1)), strict=False))


def test_an_event_after_the_end_is_no_event():
    assert truth_of(replace(TINY, twitches=(replace(TWITCH, start_s=9.0),)), "", "").events == ()


def test_equal_recipes_have_equal_hashes_and_others_do_not():
    assert TINY.sha256 == replace(TINY).sha256 != replace(TINY, seed=3).sha256


def test_what_is_no_truth_is_said(tmp_path):
    with pytest.raises(ClipNotFound, match=r"a\.truth\.json"):
        load_truth(tmp_path / "a.mp4")
    bad = tmp_path / "b.truth.json"
    bad.write_text('{"clip": 3}')
    with pytest.raises(ClipError, match="no truth file"):
        load_truth(bad)
    other = truth_of(TINY, "", "")
    bad.write_bytes(json.dumps({"schema_version": "9.0"}).encode())
    with pytest.raises(ClipError):
        load_truth(bad)
    assert other.schema_version == "1.0"


def test_a_clip_that_cannot_be_written_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match="cannot write"):
        make_clip(TINY, tmp_path / "gone" / "a.mp4")


@pytest.mark.parametrize(
    ("build", "match"),
    [
        (lambda: Recipe(width_px=321), "even"),
        (lambda: Camera(rotation_deg=45), "rotation_deg"),
        (lambda: Nuisance("earthquake", 1.0), "shake"),
        (lambda: Scene(tone=2.0), "tone"),
    ],
)
def test_recipes_that_make_no_sense_are_refused(build, match):
    with pytest.raises(SettingsError, match=match):
        build()
