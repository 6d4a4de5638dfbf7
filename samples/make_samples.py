"""Make sample clips and their truth again: ``python samples/make_samples.py [NAME...]``, all six without a name.

Each is made from ``recipes/<name>.toml``. The same recipe gives the same pictures; the bytes of the file may differ
with another version of the encoder.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fascidetect.phantom import make_clip
from fascidetect.phantom.recipe_file import load_recipe

HERE = Path(__file__).parent

NAMES = ("calf-twitches", "calf-quiet", "eyelid-blinks", "forearm-pulse", "messenger-shaky", "tremor")


def main(names: list[str]) -> None:
    """Write the clips beside this script."""
    for name in names or NAMES:
        make_clip(load_recipe(HERE / "recipes" / f"{name}.toml"), HERE / f"{name}.mp4")


if __name__ == "__main__":
    main(sys.argv[1:])
