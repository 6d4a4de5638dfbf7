"""How results look and which plain words they use: the one home of colors, clocks and reasons.

The color of an event tells its place (focus) and nothing else. The palette keeps apart for people
who confuse colors (after Okabe and Ito) and leaves out red and green, which read as bad and good.
"""

from __future__ import annotations

import math

Color = tuple[int, int, int]
"""Red, green, blue, 0..255."""

FOCUS_COLORS: tuple[Color, ...] = (
    (86, 180, 233),  # sky blue
    (230, 159, 0),  # orange
    (214, 131, 178),  # pink
    (240, 228, 66),  # yellow
    (150, 136, 240),  # violet
    (120, 220, 215),  # pale cyan
)
"""Colors of foci 1, 2, 3 ...; with more foci they repeat, so a focus is always numbered too."""

NO_FOCUS_COLOR: Color = (235, 235, 235)
"""Of a counted event that belongs to no focus."""

REJECTED_COLOR: Color = (165, 165, 165)
"""Of a movement that was seen and not counted: always gray."""

REASON_WORDS: dict[str, str] = {
    # why a movement was not counted: settings.REASONS
    "rhythmic": "rhythmic",
    "continuous": "continuous",
    "global": "everything moved",
    "step": "a shift of place",
    "sustained": "too long",
    "photometric": "light change",
    "keyframe": "video compression",
    "edge": "at the edge",
    "small": "too small a spot",
    "shape": "not a brief pulse",
    "duplicate": "part of another",
    "unusable": "not usable here",
    "below_threshold": "too faint",
    "below_floor": "smaller than asked for",
    # why a stretch of time was not analyzed
    "shaken or not registered": "shaken",
    "the limb itself moves": "limb moving",
    "no frames": "frames missing",
    "frozen picture": "frozen",
}
"""The few words people read beside a mark or a band; anything longer belongs into the summary."""


def reason_words(reason: str) -> str:
    """Words for a reason; an unknown one speaks for itself."""
    return REASON_WORDS.get(reason, reason.replace("_", " "))


def focus_color(focus: int) -> Color:
    """Color of a focus, numbered from 1; 0 = no focus."""
    return FOCUS_COLORS[(focus - 1) % len(FOCUS_COLORS)] if focus > 0 else NO_FOCUS_COLOR


def clock(time_s: float, *, decimals: int = 0) -> str:
    """Time as m:ss, cut (never rounded up) to so many decimals."""
    units = 10**decimals
    ticks = math.floor(abs(time_s) * units + 1e-6)  # stamps such as 0.3 must not read 0.299
    minutes, rest = divmod(ticks, 60 * units)
    seconds, part = divmod(rest, units)
    text = f"{minutes}:{seconds:02d}" + (f".{part:0{decimals}d}" if decimals else "")
    return f"-{text}" if time_s < 0 and ticks else text


def time_ticks(start_s: float, end_s: float, *, at_most: int) -> list[float]:
    """Round times within a span for an axis, no more than so many."""
    span = max(end_s - start_s, 1e-9)
    steps = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600)
    step = next((s for s in steps if span / s <= max(at_most - 1, 1)), 7200)
    first = math.ceil(start_s / step - 1e-9)
    return [n * step for n in range(first, math.floor(end_s / step + 1e-9) + 1)]


def amount(value: float) -> str:
    """Number for people: two decimals below 1, one from there on."""
    return f"{value:.2f}" if abs(value) < 1 else f"{value:.1f}"


def sustained_words(kind: str, rate_hz: float | None) -> str:
    """Name of a movement that goes on: "continuous" or "rhythmic 1.2 Hz"."""
    return kind if rate_hz is None else f"{kind} {rate_hz:.1f} Hz"
