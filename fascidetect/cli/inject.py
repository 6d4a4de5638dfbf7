"""``fascidetect inject``: known twitches in a real clip."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from fascidetect.cli.params import EXISTING_FILE, parsed
from fascidetect.cli.progress import ProgressLine
from fascidetect.cli.say import tell
from fascidetect.errors import SettingsError, printable


def parse_range(text: str) -> tuple[float, float]:
    """Read ``LOW,HIGH`` or one number."""
    try:
        low, *more = (float(part) for part in text.split(","))
        (high,) = more or [low]
    except ValueError:
        raise SettingsError(f"cannot read the range {text!r}: write LOW,HIGH, for example 0.5,3") from None
    return low, high


@click.command("inject")
@click.argument("clip", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="OUT.mp4",
    help="The clip to write; OUT.truth.json appears beside it.",
)
@click.option("--rate", "rate_per_min", type=float, metavar="NUMBER", help="Twitches per minute.  [default: 12]")
@click.option("--foci", type=int, metavar="NUMBER", help="Number of places.  [default: 3]")
@click.option(
    "--amplitude",
    "amplitude_720px",
    callback=parsed(parse_range),
    metavar="LOW,HIGH",
    help="Largest displacement, in px of a picture of 720 lines, whatever the clip has.  [default: 0.5,3]",
)
@click.option(
    "--radius",
    "radius_720px",
    callback=parsed(parse_range),
    metavar="LOW,HIGH",
    help="Where it has fallen to half, in px of a picture of 720 lines.  [default: 20,45]",
)
@click.option(
    "--rise",
    "rise_s",
    callback=parsed(parse_range),
    metavar="LOW,HIGH",
    help="Time from start to peak, in seconds.  [default: 0.05,0.12]",
)
@click.option("--seed", type=click.IntRange(min=0), help="Of all that is random.  [default: 0]")
@click.option("--config", "config_path", type=EXISTING_FILE, metavar="FILE.toml", help="Settings of the measurement.")
@click.option("--force", is_flag=True, help="Replace a clip that is already there.")
def inject_command(clip: Path, *, output: Path, config_path: Path | None, force: bool, **given: object) -> None:
    r"""Put known twitches into CLIP, so that you see which of them are found in your own video.

    Camera motion, light, noise and coding stay as they are; the twitches follow the skin. They come
    after the phone's codec, which would have taken a part of them, so real twitches of the same size
    are a little harder to find.

    \b
    Examples:
      fascidetect inject calf.mp4 -o with.mp4
      fascidetect inject calf.mp4 -o with.mp4 --rate 30 --amplitude 0.3,1.5 --seed 2
      fascidetect analyze with.mp4 -o with && fascidetect evaluate with --truth with.truth.json
    """
    from fascidetect.errors import OutputError
    from fascidetect.inject import Injection, inject
    from fascidetect.settings import Settings
    from fascidetect.settings_file import load_settings

    if output.exists() and not force:
        raise OutputError(f"{output} exists already: give another name, or --force to replace it")
    injection = Injection(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    settings = load_settings(config_path) if config_path else Settings()
    with ProgressLine(sys.stderr, printable(clip.name)) as progress:
        truth = inject(clip, output, injection, settings, progress=progress)
    n_places = len({event.focus for event in truth.events})
    tell(f"{output}: {len(truth.events)} twitches at {n_places} places; their truth: {output.stem}.truth.json")
