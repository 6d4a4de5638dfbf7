from pathlib import Path

import pytest

from fascidetect.errors import SettingsError
from fascidetect.phantom.recipe import Camera, Nuisance, Recipe, Scene, Twitch
from fascidetect.phantom.recipe_file import load_recipe

EXAMPLES = sorted((Path(__file__).parents[2] / "samples" / "recipes").glob("*.toml"))


def read(tmp_path, text, **more):
    path = tmp_path / "r.toml"
    path.write_text(text)
    return load_recipe(path, **more)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_can_be_made(path):
    recipe = load_recipe(path)
    assert recipe.twitches or recipe.nuisances
    assert recipe == load_recipe(path)


def test_an_empty_recipe_is_the_default(tmp_path):
    assert read(tmp_path, "") == Recipe()


def test_every_part_is_read(tmp_path):
    text = """
    seed = 3
    duration_s = 2
    [scene]
    tone = 1
    tattoo = true
    [camera]
    codec = "hevc"
    [[twitches]]
    start_s = 1.0
    x_px = 20
    y_px = 30
    [[nuisances]]
    kind = "shake"
    strength = 2
    """
    assert read(tmp_path, text) == Recipe(
        seed=3,
        duration_s=2.0,
        scene=Scene(tone=1.0, tattoo=True),
        camera=Camera(codec="hevc"),
        twitches=(Twitch(1.0, 20.0, 30.0),),
        nuisances=(Nuisance("shake", 2.0),),
    )


def test_a_habit_may_have_a_seed_of_its_own_but_for_another_seed_of_all(tmp_path):
    habit = "duration_s = 20\n[habit]\nrate_per_min = 60\n"
    drawn = read(tmp_path, f"seed = 5\n{habit}").twitches
    assert read(tmp_path, f"seed = 3\n{habit}seed = 5").twitches == drawn
    assert read(tmp_path, f"seed = 3\n{habit}seed = 9", seed=5).twitches == drawn


def test_a_habit_scatters_twitches_with_the_seed(tmp_path):
    text = 'duration_s = 20\n[habit]\nrate_per_min = 60\nshapes = ["biphasic"]\namplitude_px = [1, 2]\n'
    recipe = read(tmp_path, text)
    assert len(recipe.twitches) > 5
    assert {t.shape for t in recipe.twitches} == {"biphasic"}
    assert read(tmp_path, text, seed=5).twitches != recipe.twitches


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("sceen = 1", "the recipe: unknown key 'sceen'; did you mean scene"),
        ("[scene]\ntoone = 0.3", r"\[scene\]: unknown key 'toone'; did you mean tone"),
        ("[[twitches]]\nstart = 1", "did you mean start_s"),
        ("[[twitches]]\nstart_s = 1", "x_px, y_px must be given"),
        ('[[nuisances]]\nkind = "shaek"\nstrength = 1', "unknown nuisance 'shaek'"),
        ("[habit]\nrate = 3", "did you mean rate_per_min"),
        ('[scene]\ntone = "dark"', "must be a number"),
        ("[scene]\ntone = 1" + 400 * "0", "whole number of 1329 bits"),
        ("[scene]\ntone = 2", "tone must lie between 0 and 1"),
        ('[camera]\ncodec = "h265"', "must be one of h264, hevc, hevc10"),
        ("[habit]\nrate_per_min = 3\nrise_s = 0.1", "must be a list"),
        ("[habit]\nrate_per_min = 3\nrise_s = [0.1]", "must have 2 entries"),
        ("twitches = 3", r"write \[\[twitches\]\] before each"),
        ("scene = 3", "must be a table"),
        ("seed = 1.5", "must be a whole number"),
        ("[scene", "not a TOML file"),
        ("[scene]\nlimb_angle_deg = inf", r"\[scene\]: limb_angle_deg must lie between"),
        ("[scene]\nhair_per_cm2 = 1000", "hair_per_cm2 of a picture of 369 cm2 must lie between 0 and 271"),
        ("[scene]\nmm_per_px = 10\nhair_per_cm2 = 2", "hair_per_cm2 of a picture of 9.22e\\+05 cm2 must lie"),
        ("[habit]\nrate_per_min = 0\nrise_s = [20, 30]", r"\[habit\]: rise_s must be a range above 0.005, up to 10"),
        ("[[twitches]]\nstart_s = -inf\nx_px = 1\ny_px = 1", "start_s must lie between"),
        ('[[nuisances]]\nkind = "hunting"\nstrength = 1e5', "strength of hunting must lie between 0 and 100"),
        ("[camera]\ndenoise_px = 1e5", "denoise_px must lie between 0 and 100"),
        ("seed = -1", "seed must be a whole number from 0"),
        ("[habit]\nrate_per_min = 3\nseed = -1", r"\[habit\]: seed must be a whole number from 0"),
        ("[habit]\nrate_per_min = 3\ntrain = [1, 1545076077]", "train must be two counts from 1 to 1000"),
        ("[habit]\nrate_per_min = 3\namplitude_px = [1, inf]", "amplitude_px must be a range above 0, up to 100000"),
        ("duration_s = 86400\n[habit]\nrate_per_min = 6000", "100000 twitches at most"),
    ],
)
def test_mistakes_are_named(tmp_path, text, match):
    with pytest.raises(SettingsError, match=match):
        read(tmp_path, text)


def test_a_recipe_that_is_not_there(tmp_path):
    with pytest.raises(SettingsError, match="cannot read the recipe"):
        load_recipe(tmp_path / "none.toml")
