"""Clips from real phones and cameras; they lie beside the checkout and are never part of it."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from fascidetect.model import Geometry
from fascidetect.video.reader import Clip

ROOT = Path(os.environ.get("FASCIDETECT_CLIPS", Path(__file__).parents[3] / "shared" / "clips"))
NAMES = sorted(str(p.relative_to(ROOT)) for p in ROOT.glob("*/*.*")) or ["none"]

pytestmark = pytest.mark.skipif(NAMES == ["none"], reason="no real clips: set FASCIDETECT_CLIPS to their folder")

ROTATED = {
    "js_iphone_rotated.mov": (90, False),
    "hand-turns-rotated.mp4": (90, False),
    "dn_with_gps.mov": (90, False),
    "ax_sample_rotate_and_reflect.mp4": (90, True),
    "ax_htc_rotation.mkv": (90, False),
    "ax_mv_with_2_top_shots.mp4": (270, False),
    "ax_pixel7_videoOnly_cleaned.mp4": (180, False),
}


def plan(clip: Clip) -> Geometry:
    return Geometry.plan(clip.facts.width_px, clip.facts.height_px, long_side_px=640, cells_across=64)


@pytest.mark.parametrize("name", NAMES)
def test_every_real_clip_is_read(name):
    with Clip(ROOT / name) as clip:
        geometry = plan(clip)
        frames = list(islice(clip.frames(geometry), 4 if clip.facts.width_px > 4000 else 25))
        found = np.array([frame.time_s for frame in frames])
        assert len(frames) >= min(clip.n_expected, 4)
        assert found[0] == 0
        assert np.all(np.diff(found) > 0)
        for frame in frames:
            assert frame.luma.shape == (geometry.analysis_height_px, geometry.analysis_width_px)
        assert 0 <= frames[-1].luma.min() < frames[-1].luma.max() <= 256
        (picture,) = islice(clip.pictures(320), 1)
        assert max(picture.rgb.shape) <= 320
        turn = ROTATED.get(Path(name).name)
        if turn:
            assert (clip.facts.rotation_deg, clip.facts.mirrored) == turn


def whole(name: str) -> tuple[Clip, np.ndarray]:
    with Clip(ROOT / name) as clip:
        return clip, np.array([frame.time_s for frame in clip.frames(plan(clip))])


@pytest.mark.parametrize(
    ("name", "n", "last_s"),
    [
        ("formats/ax_sample_edit_list.mp4", 77, 2.535),
        ("formats/ax_roadtrip_vp9_10bit.webm", 72, 2.961),
        ("formats/dn_sony_a7m3.mts", 13, 0.48),
        ("formats/mb_cursed_vfr.mp4", 63, 7.156),
        ("formats/exo_desks.3gp", 71, 4.956),
    ],
)
def test_facts_agree_with_what_is_decoded(name, n, last_s):
    clip, found = whole(name)
    assert (len(found), clip.facts.n_frames, clip.n_expected) == (n, n, n)
    assert found[-1] == pytest.approx(last_s, abs=0.001)
    assert not any("could be" in warning for warning in clip.warnings)


def test_backward_stamps_are_sorted():
    clip, found = whole("formats/opencv_box.mp4")
    assert len(found) == 455
    assert np.diff(found).max() < 0.04  # sorted, the stamps are regular: 33 or 34 ms
    assert any("earlier time stamp" in warning for warning in clip.warnings)


@pytest.mark.parametrize("name", ["formats/ax_sample_sef_slow_motion.mp4", "formats/ax_sample_android_slow_motion.mp4"])
def test_slow_motion_names_the_option(name):
    with Clip(ROOT / name) as clip:
        assert any("--capture-fps 240" in warning for warning in clip.warnings)
        assert clip.facts.median_fps == pytest.approx(30, rel=0.02)


def test_the_mark_of_samsung_is_seen():
    with Clip(ROOT / "nuisance/ax_sample_sef_super_slow_motion.mp4") as clip:
        assert any("Samsung" in warning for warning in clip.warnings)


def test_hlg_is_named_and_keeps_its_contrast():
    with Clip(ROOT / "formats/ax_sample_edit_list.mp4") as clip:
        assert (clip.facts.transfer, clip.facts.bit_depth) == ("hlg", 10)
        frame = next(iter(clip.frames(plan(clip))))
        assert frame.luma.std() > 30
