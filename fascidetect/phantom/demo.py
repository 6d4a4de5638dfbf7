"""The clip of ``fascidetect demo``: short, small and easy, so that the first minute needs no clip of one's own."""

from __future__ import annotations

from fascidetect.phantom.recipe import Camera, Nuisance, Recipe, Scene, Twitch

_PLACES = ((150.0, 130.0), (262.0, 122.0), (352.0, 152.0))
"""Middle of each place that twitches, px."""


def _twitch(start_s: float, focus: int, amplitude_px: float) -> Twitch:
    x, y = _PLACES[focus - 1]
    return Twitch(
        start_s,
        x,
        y,
        amplitude_px=amplitude_px,
        radius_px=20.0,
        rise_s=0.08,
        kind="bulge",
        direction_deg=70.0,
        height_px=2.0,
        focus=focus,
    )


DEMO = Recipe(
    seed=20,
    width_px=480,
    height_px=270,
    duration_s=10.0,
    scene=Scene(limb_share=0.62, limb_angle_deg=-8.0, tone=0.22, hair_per_cm2=1.5, mm_per_px=0.5),
    camera=Camera(fps=30.0, bits_per_px=0.2, jitter_s=0.0005),
    twitches=(
        _twitch(1.3, 1, 2.2),
        _twitch(3.1, 2, 1.8),
        _twitch(4.2, 1, 2.4),
        _twitch(5.9, 3, 1.9),
        _twitch(7.0, 1, 2.0),
        _twitch(8.3, 3, 2.3),
    ),
    nuisances=(Nuisance("shake", 0.8), Nuisance("breathing", 0.3)),
)
"""10 s of a made calf with 6 twitches at 3 places, filmed by a calm hand."""
