import dataclasses
import json

import numpy as np
import pytest

from fascidetect.errors import ClipError, SettingsError
from fascidetect.inject import Injection, inject
from fascidetect.inject.warp import _moved
from fascidetect.phantom import Camera, Nuisance, Recipe, Scene, Twitch, load_truth, make_clip, truth_path
from fascidetect.settings import ClipSettings
from fascidetect.video.reader import Clip

QUIET = Recipe(
    seed=4,
    width_px=320,
    height_px=240,
    duration_s=4.0,
    scene=Scene(limb_share=0.85, mm_per_px=0.6),
    camera=Camera(fps=20, bits_per_px=0.8, jitter_s=0.004),
    nuisances=(Nuisance("shake", 2.0),),
)
STRONG = Injection(seed=1, rate_per_min=150, foci=2, amplitude_720px=(4, 6), radius_720px=(40, 60), rise_s=(0.1, 0.15))


@pytest.fixture(scope="module")
def injected(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inject")
    still = make_clip(QUIET, folder / "calf.mp4")
    return folder, still, inject(folder / "calf.mp4", folder / "with.mp4", STRONG)


def pictures(path):
    with Clip(path, ClipSettings()) as clip:
        return [(p.time_s, p.rgb.astype(float).mean(2)) for p in clip.pictures(320)]


def test_the_truth_says_what_was_put_in_and_that_it_came_after_the_codec(injected):
    folder, still, truth = injected
    assert load_truth(folder / "with.mp4") == truth
    written = json.loads(truth_path(folder / "with.mp4").read_bytes())
    assert list(written)[-1] == "injected_after_codec"
    assert written["injected_after_codec"] is True
    assert load_truth(folder / "calf.mp4").injected_after_codec is False
    assert (truth.clip, truth.width_px, truth.height_px) == ("with.mp4", 320, 240)
    assert truth.sha256 != still.sha256
    assert truth.duration_s == pytest.approx(still.duration_s, abs=0.01)
    assert truth.events
    for event in truth.events:
        assert 4 <= event.amplitude_px * 720 / 240 <= 6
        assert event.onset_s < event.peak_s < event.offset_s


def test_the_stamps_are_those_of_the_clip(injected):
    folder, still, _ = injected
    assert [t for t, _ in pictures(folder / "with.mp4")] == pytest.approx(still.camera.time_s, abs=2 / 90000)


def test_the_places_follow_the_camera(injected):
    _, still, truth = injected
    place = np.array([160.0, 120.0, 1.0])
    for made, followed in zip(still.camera.affine, truth.camera.affine, strict=True):
        # The camera wanders by several px; a followed place stays within half of one.
        assert (np.array(followed) @ place)[:2] == pytest.approx((np.array(made) @ place)[:2], abs=0.5)


def test_pictures_change_where_and_when_something_twitches_and_nowhere_else(injected):
    folder, _, truth = injected
    pairs = list(zip(pictures(folder / "calf.mp4"), pictures(folder / "with.mp4"), strict=True))
    y, x = np.mgrid[0:240, 0:320]
    far = np.ones((240, 320), bool)
    for event in truth.events:
        far &= np.hypot(x - event.x_px, y - event.y_px) > 4.5 * event.radius_px
    for (time_s, before), (_, after) in pairs:
        change = np.abs(after - before)
        assert change[far].mean() < 2.5  # the second coding
        for event in truth.events:
            core = np.hypot(x - event.x_px, y - event.y_px) < event.radius_px
            if abs(time_s - event.peak_s) < 0.03:
                assert change[core].mean() > 1.5 * change[far].mean()


def test_the_displacement_is_exact():
    """Of a plane wave, linear interpolation over 1/40 of its length errs by less than a thousandth."""
    x = np.tile(np.arange(200.0), (150, 1))
    rgb = np.repeat((128 + 100 * np.sin(x / 20))[..., None], 3, 2).round().astype(np.uint8)
    one = Twitch(0.0, 100.0, 75.0, amplitude_px=1.5, radius_px=20.0, direction_deg=0.0)
    shift = np.array([[1, 0, 5.0], [0, 1, -3.0], [0, 0, 1]])
    out = _moved(rgb, one, 1.0, shift)
    row, col = 75 - 3, 100 + 5
    assert out[row, col, 0] == pytest.approx(128 + 100 * np.sin((col - 1.5) / 20), abs=1.2)  # rounded twice
    assert np.array_equal(out[:, :20], rgb[:, :20])
    outside = np.array([[1, 0, 900.0], [0, 1, 0], [0, 0, 1]])
    assert np.array_equal(_moved(rgb, one, 1.0, outside), rgb)


def test_equal_seeds_put_in_the_same(injected):
    from fascidetect.inject.clip import _scatter
    from fascidetect.inject.paths import Paths
    from fascidetect.pipeline import measure

    folder, _, truth = injected
    trace = measure(folder / "calf.mp4")
    draw = lambda seed: _scatter(np.random.default_rng(seed), trace, Paths.of(trace), STRONG)  # noqa: E731
    assert draw(1) == draw(1) != draw(2)
    assert len(draw(1)) == len(truth.events)
    bare = dataclasses.replace(trace, mask=np.zeros_like(trace.mask))
    with pytest.raises(ClipError, match="no skin"):
        _scatter(np.random.default_rng(0), bare, Paths.of(bare), STRONG)


def test_what_makes_no_sense_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="amplitude_720px"):
        Injection(amplitude_720px=(3, 1))
    with pytest.raises(SettingsError, match="rate above 0"):
        Injection(rate_per_min=0)
    with pytest.raises(SettingsError, match="the clip itself"):
        inject(tmp_path / "a.mp4", tmp_path / "a.mp4")
