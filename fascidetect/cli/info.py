"""``fascidetect info``: what a video file is."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import click

from fascidetect.cli.params import isolate_option
from fascidetect.cli.say import tell
from fascidetect.model import ClipFacts
from fascidetect.notice import NOTICE


@click.command("info", epilog=NOTICE)
@click.argument("clip", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
@isolate_option
def info_command(clip: Path, *, as_json: bool, isolate: bool) -> None:
    r"""Print what a video file is: size, length, frame rate, codec, and what may get in the way.

    Length, number of frames and frame rate come from the time stamps of the frames, not from what
    the file claims.

    \b
    Examples:
      fascidetect info calf.mp4
      fascidetect info calf.mp4 --json
    """
    import msgspec

    from fascidetect.settings import ClipSettings
    from fascidetect.video.isolated import open_clip

    with open_clip(clip, ClipSettings(), isolate=isolate) as opened:
        facts = dataclasses.replace(
            opened.facts, warnings=tuple(dict.fromkeys((*opened.facts.warnings, *opened.warnings)))
        )
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(facts), indent=2))
    else:
        tell("\n".join(_table(facts)))


def _table(facts: ClipFacts) -> Iterator[str]:
    turned = f"turned by {facts.rotation_deg} degrees" if facts.rotation_deg else "not turned"
    rate = f"{facts.median_fps:.4g} frames/s{' (varying)' if facts.vfr else ''}"
    rows = {
        "file": facts.name,
        "picture": f"{facts.width_px} x {facts.height_px} px, {turned}{', mirrored' if facts.mirrored else ''}",
        "length": f"{facts.duration_s:.2f} s, {facts.n_frames} frames",
        "frame rate": rate,
        "longest gap": f"{facts.longest_gap_s:.3f} s" if facts.longest_gap_s else "",
        "recorded at": f"{facts.capture_fps:g} frames/s" if facts.capture_fps else "",
        "codec": ", ".join(part for part in (facts.codec, facts.container, facts.pixel_format) if part),
        "brightness": f"{facts.bit_depth} bit{f', {facts.transfer}' if facts.transfer else ''}",
        "bit rate": f"{facts.bits_per_px:.3f} bits per pixel and frame",
        "video tracks": str(facts.n_video_tracks) if facts.n_video_tracks > 1 else "",
        "sha256": facts.sha256,
    }
    for name, value in rows.items():
        if value:
            yield f"{name:<13}{value}"
    for text in facts.warnings:
        yield f"Warning: {text}"
