"""Made clips whose truth is known: skin, twitches, hand, light and camera, from a recipe.

``make_clip(recipe, path)`` writes a clip and ``<clip>.truth.json`` beside it; ``render(recipe)``
gives the same pictures before the codec.
"""

from fascidetect.phantom.clip import make_clip
from fascidetect.phantom.recipe import Camera, Nuisance, Recipe, Scene, Twitch
from fascidetect.phantom.render import render
from fascidetect.phantom.twitch import Habit, scatter
from fascidetect.truth import Truth, load_truth, truth_path

__all__ = [
    "Camera",
    "Habit",
    "Nuisance",
    "Recipe",
    "Scene",
    "Truth",
    "Twitch",
    "load_truth",
    "make_clip",
    "render",
    "scatter",
    "truth_path",
]
