"""Known local motion is measured in full; light, borders and still pictures are no motion."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.frames import GRID, Texture, measured, measured_skin, places, plan, plateau, shifted, skin_frames
from helpers.synthetic import facts

from fascidetect.motion.cells import landing, warp
from fascidetect.motion.measure import measure_frames
from fascidetect.phantom import Camera, Nuisance, Recipe, Scene, Twitch, make_clip
from fascidetect.phantom.clip import truth_of
from fascidetect.pipeline import measure
from fascidetect.settings import MeasureSettings

STILL_FRAMES = 15
CENTER = 240.0, 130.0
MIDDLE = np.s_[11:15, 22:26]  # cells about CENTER, all well inside of the plateau
TEXTURED_SD_PX, SMOOTH_SD_PX = (
    0.02,
    0.035,
)  # per axis, in px of a picture this wide: what is asked for
LIMIT_WIDTH_PX = 640
MEAN_OF_THE_HILL = 0.97  # of a twitch over the cells about its top, in units of its height


@pytest.fixture(scope="module")
def texture():
    return Texture.make(7)


@pytest.mark.parametrize("distance", [0.2, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("turn_deg", [0, 130])
def test_a_patch_moves_as_far_as_it_was_moved(texture, distance, turn_deg):
    dx, dy = distance * np.cos(np.radians(turn_deg)), distance * np.sin(np.radians(turn_deg))
    x, y = places()
    patch = plateau(GRID, CENTER, 55, 20)
    still, moved = texture.seen(), texture.at(x - dx * patch, y - dy * patch)
    trace = measured([still] * STILL_FRAMES + [moved])
    found = trace.displacement_px[-1].astype(float)
    along = (found[..., 0] * dx + found[..., 1] * dy) / distance**2
    across = (found[..., 1] * dx - found[..., 0] * dy) / distance**2
    assert along[MIDDLE].min() >= 0.9
    assert along[MIDDLE].max() <= 1.1
    assert np.abs(across[MIDDLE]).max() <= 0.1
    assert np.abs(found[:, 40:]).max() <= 0.05 * distance + 0.01  # far away nothing moves


@pytest.mark.parametrize("texture_level", [1.0, 0.35])
@pytest.mark.parametrize("distance", [0.3, 0.5, 2.0])
def test_a_twitch_of_skin_has_its_full_size(texture_level, distance):
    # 640 px wide, so 1 analysis_px is 1 px; half height at 7 cells, so that the hill hardly bends within a window
    # and covers little of the picture. 1.5 s before it, the reference has settled.
    # One frame of smooth skin is noisy, so three pieces of skin are averaged.
    heights = [height_of_a_twitch(seed, texture_level, distance) for seed in (3, 4, 5)]
    assert 0.9 <= np.mean(heights) / (MEAN_OF_THE_HILL * distance) <= 1.1


def height_of_a_twitch(seed, texture_level, distance):
    twitch = Twitch(1.5, 320, 180, distance, 70, 0.1)
    recipe = Recipe(seed, 640, 360, 1.65, Scene(limb_share=1.0, texture=texture_level), Camera(fps=30), (twitch,))
    trace = measured_skin(recipe)
    row, col = (n // 2 for n in trace.geometry.shape)
    core = trace.displacement_px[:, row - 2 : row + 2, col - 2 : col + 2].astype(float).mean(axis=(1, 2))
    center = np.array([trace.geometry.analysis_width_px / 2, trace.geometry.analysis_height_px / 2])
    core += followed(trace, center)
    assert trace.time_s[48] == pytest.approx(1.6)
    return (core[48] - core[44])[0]


def followed(trace, place):
    """How far the camera's fit moves a place in each frame, (T, 2): what a wide twitch takes along of it."""
    return trace.affine[:, :2, :2] @ place + trace.affine[:, :2, 2] - place


@pytest.mark.parametrize(("texture_level", "limit"), [(1.0, TEXTURED_SD_PX), (0.35, SMOOTH_SD_PX)])
def test_still_skin_keeps_still_at_the_bit_rate_of_phones(tmp_path, texture_level, limit):
    scene = Scene(limb_share=1.0, texture=texture_level, hair_per_cm2=2.0 if texture_level == 1 else 0.0)
    make_clip(Recipe(11, 960, 540, 2.5, scene, Camera(bits_per_px=0.15)), tmp_path / "still.mp4")
    trace = measure(tmp_path / "still.mp4")
    inner = trace.mask.copy()
    inner[:3], inner[-3:], inner[:, :3], inner[:, -3:] = 0, 0, 0, 0
    late = trace.displacement_px[15:].astype(float)  # the reference has settled
    sd = np.median(late.std(axis=0)[inner > 0.9], axis=0)
    assert trace.clip.bits_per_px < 0.2
    assert (inner > 0.9).mean() > 0.5
    assert sd.max() <= limit * trace.geometry.analysis_width_px / LIMIT_WIDTH_PX
    assert sd.min() > 0.0005  # the picture is not frozen: the codec and the sensor leave something


def test_identical_pictures_do_not_move_at_all(texture):
    noisy = texture.seen() + np.random.default_rng(0).normal(0, 3, (270, 480)).astype(np.float32)
    trace = measured([noisy] * 40)
    assert not np.any(trace.displacement_px)
    assert not np.any(trace.shading_pct)
    assert not np.any(trace.residual)
    np.testing.assert_allclose(trace.affine, np.broadcast_to(np.eye(3), trace.affine.shape), atol=1e-5)
    assert trace.ok.all()


def test_brighter_by_a_fifth_is_no_motion(texture):
    rng = np.random.default_rng(1)
    lit = [texture.seen() * (1.0 if k < 20 else 1.2) + rng.normal(0, 1, (270, 480)) for k in range(30)]
    trace = measured(lit)
    before, after = (np.abs(trace.displacement_px[k].astype(float)) for k in (slice(12, 20), slice(20, 30)))
    assert trace.ok.all()
    # The sensor's noise grows no step: the largest excursion of 20 000 samples may differ by a half of itself.
    assert after.max() <= 1.5 * before.max()
    assert np.abs(trace.shading_pct[20].astype(float)).mean() == pytest.approx(20, abs=4)  # light is where it belongs


def test_a_border_shifted_in_is_no_motion_there(texture):
    rng = np.random.default_rng(2)
    steps = np.concatenate([np.zeros(15), np.linspace(0, 10, 11)[1:], np.full(5, 10.0)])
    pictures = [texture.seen(affine=shifted(s, 0.4 * s)) + rng.normal(0, 0.5, (270, 480)) for s in steps]
    trace = measured(pictures)
    assert trace.ok.all()
    assert trace.affine[-1, :2, 2] == pytest.approx([10, 4], abs=0.05)
    found = np.abs(trace.displacement_px[15:].astype(float)).max(axis=(0, 3))
    rim = np.concatenate([found[:, -2:].ravel(), found[:, :2].ravel(), found[:2].ravel(), found[-2:].ravel()])
    # A rim cell with hardly any picture left in its window is noisy; replicating the border would show up to 10.
    assert rim.max() <= 0.5
    assert np.median(rim) <= 0.05
    assert found[5:-5, 5:-5].max() <= 0.1


def test_a_black_border_is_no_motion(texture):
    """Letter boxes: the scene moves within a frame that does not."""
    shown = [texture.seen(affine=shifted(s, 0)) for s in np.concatenate([np.zeros(15), np.linspace(0.3, 3, 10)])]
    for picture in shown:
        picture[:, :40], picture[:, -40:] = 0, 0
    trace = measured(shown)
    inner = np.abs(trace.displacement_px[15:, 3:-3, 8:-8].astype(float))
    assert trace.affine[-1, 0, 2] == pytest.approx(3, abs=0.1)
    assert np.median(inner) <= 0.03


def test_the_fit_follows_the_limb_and_not_what_lies_behind():
    scene = Scene(limb_share=0.45, limb_angle_deg=0, parallax=0.2, background="cloth")
    drift = Nuisance("drift", 12.0, direction_deg=90.0)  # across the limb, to which the background shifts by 2.4 px
    recipe = Recipe(4, 480, 270, 1.5, scene, Camera(fps=30), (), (drift,))
    trace = measured_skin(recipe)
    true = np.array(truth_of(recipe, "", "").camera.affine)
    scale = trace.geometry.source_to_analysis
    wanted = scale @ true @ np.linalg.inv(scale)
    middle = np.array([*plan(recipe).cells_to_analysis(np.array([plan(recipe).shape]) / 2)[0], 1.0])
    assert np.hypot(*(wanted[-1] @ middle - middle)[:2]) > 5
    error = (trace.affine @ middle - wanted @ middle)[:, :2]
    assert trace.area == "skin"
    # Following the background by a hundredth of its own motion would cost 0.1 px.
    assert np.abs(error).max() <= 0.1
    # What the slow guess and the camera share between them may wander; it makes no movement from frame to frame.
    still = np.abs(np.diff(trace.displacement_px[20:].astype(float), axis=0))[:, trace.mask > 0.95]
    assert np.median(still) <= SMOOTH_SD_PX


def test_before_a_sheet_of_its_own_color_the_limb_is_told_by_its_depth():
    scene = Scene(limb_share=0.5, limb_angle_deg=0, parallax=0.6, background="linen", tone=0.2, texture=0.8)
    recipe = Recipe(4, 480, 270, 5.0, scene, Camera(fps=30), (), (Nuisance("shake", 1.5),))
    geometry, begun = plan(recipe), []
    shown = list(skin_frames(recipe, geometry))

    def begin():
        begun.append(len(begun))
        return iter(shown)

    trace = measure_frames(begin, facts(geometry, len(shown), 30.0), geometry, (), MeasureSettings())
    assert begun == [0, 1], "once it is told, all is measured again"
    assert trace.time_s.tolist() == [frame.time_s for frame in shown]
    assert trace.area == "parallax"
    rows = trace.geometry.shape[0]
    y = (np.arange(rows) + 0.5) / rows - 0.5
    limb, ground = np.abs(y) < 0.18, np.abs(y) > 0.32
    assert (trace.mask[limb] > 0.5).mean() > 0.95
    assert (trace.mask[ground] > 0.5).mean() < 0.05
    true = np.array(truth_of(recipe, "", "").camera.affine)
    wanted = geometry.source_to_analysis @ true @ np.linalg.inv(geometry.source_to_analysis)
    middle = np.array([*geometry.cells_to_analysis(np.array([geometry.shape]) / 2)[0], 1.0])
    error = np.hypot(*(trace.affine @ middle - wanted @ middle)[:, :2].T)
    assert error[5:60].mean() < 0.06, "before it could be told; registered between both depths it is 0.11"


def test_a_gradual_bend_of_the_limb_is_followed_without_losing_a_twitch(texture):
    """The slow guess must not bias what is measured: the sum of both is the truth."""
    x, y = places()
    patch = plateau(GRID, CENTER, 55, 20)
    slow = 1.5 * np.sin(np.linspace(0, np.pi / 2, 35))
    pictures = [texture.at(x - s * patch, y) for s in slow] + [texture.at(x - (slow[-1] + 0.8) * patch, y)]
    trace = measured(pictures)
    before, at_twitch = (trace.displacement_px[k][MIDDLE].astype(float)[..., 0].mean() for k in (-2, -1))
    assert at_twitch - before == pytest.approx(0.8, rel=0.1)


def test_frame_rate_does_not_change_what_is_measured():
    recipe = Recipe(6, 320, 180, 1.65, Scene(limb_share=1.0), Camera(fps=30, read_noise=0, shot_noise=0))
    recipe = replace(recipe, twitches=(Twitch(1.5, 160, 90, 1.0, 35, 0.1),))
    slow = measured_skin(recipe)
    fast = measured_skin(replace(recipe, camera=replace(recipe.camera, fps=120)))
    at_slow, at_fast = slow.displacement_px[48].astype(float), fast.displacement_px[192].astype(float)
    assert (slow.time_s[48], fast.time_s[192]) == pytest.approx((1.6, 1.6))
    core = np.s_[16:20, 30:34]
    # The reference has seen other moments: they differ by its share of the twitch, some hundredths.
    assert at_fast[core] == pytest.approx(at_slow[core], abs=0.1)
    assert at_slow[core][..., 0].mean() > 0.7


def test_a_picture_without_an_inside_is_not_read():
    """Its cropped part is empty, and OpenCV would show whatever lies in memory there."""
    picture, outside = np.full((4, 4), 5, np.float32), np.ones((4, 4), np.float32)
    grid = landing(np.eye(3), np.zeros((1, 1, 2)), 4)
    np.testing.assert_array_equal(warp(picture, grid, outside), outside)
