"""What a made clip consists of: plain values with units, so that a clip can be written down and made again.

Lengths are px of the upright, full-size picture, places are those of the scene as the first frame
shows it, times are seconds from the first frame.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import Any, Literal

from fascidetect.errors import SettingsError

Shape = Literal["exponential", "raised_cosine", "biphasic", "sine_squared", "damped"]
Kind = Literal["shift", "bulge", "dimple", "lobes"]
Background = Literal["cloth", "wood", "skin", "dark", "linen"]
Codec = Literal["h264", "hevc", "hevc10"]
View = Literal["limb", "sole", "eyelid", "tongue"]

NUISANCE_UNITS = {
    "shake": "px rms",
    "drift": "px",
    "zoom": "percent",
    "knock": "px",
    "tremor": "px rms",
    "voluntary": "px",
    "breathing": "px",
    "pulse": "px",
    "rhythmic": "px",
    "exposure": "percent",
    "flicker": "percent",
    "shadow": "percent",
    "hunting": "px",
    "roll": "degrees rms",
    "finger": "px",
    "posture": "px",
    "wind": "px rms",
    "turning": "px",
    "continuous": "px rms",
    "blink": "percent",
    "gaze": "px rms",
}
"""Every kind of disturbance and the unit of its strength."""

LARGEST = 1e6
"""Of any number in a recipe, in its unit."""

AMPLITUDE_PX, RADIUS_PX, RISE_S = (0.0, 1e5), (1.0, 1e5), (0.005, 10.0)
"""Of a twitch: least and most."""

_WIDEST_BLUR_PX = 100.0


@dataclass(frozen=True, slots=True)
class Scene:
    """What stands before the camera.

    Parameters
    ----------
    limb_share
        Share of the picture covered by the limb, 0.1..1. Skin fills the picture of an eyelid.
    limb_angle_deg
        Direction of the limb's axis, from x towards y; of a tongue from its root to its tip. An eye lies level.
    tone
        Color of the skin, 0 (very light) to 1 (very dark).
    texture
        Contrast of the skin: 0.35 is smooth, 1 ordinary, 1.6 coarse.
    hair_per_cm2
        0 for none, 2 for some, 8 for a hairy limb.
    mole_per_cm2
        Moles and freckles.
    tattoo
        Draw one.
    background
        What lies behind the limb. Color does not tell ``wood``, ``linen`` and ``skin`` (a wall) from the limb.
    parallax
        Motion of the background as a multiple of the limb's when the camera shifts; 1 = same depth.
    light_deg
        Direction from which the light comes, from x towards y.
    light_side
        0 = frontal, flat light; 1 = grazing side light. Scales all shading.
    gloss
        Strength of the soft highlight, 0..1.
    exposure
        Brightness of the picture; 1 is well exposed, 0.3 dark.
    mm_per_px
        Scale on the skin.
    view
        What is filmed: ``limb`` (calf, forearm, thigh), ``sole`` (of a foot), ``eyelid`` (an eye below
        its upper lid) or ``tongue`` (in a mouth, whatever `background` says). Only a limb has hair.
    eye_open
        How far the eye below an eyelid is open at rest, 0 (closed) to 1 (wide).
    """

    limb_share: float = 0.6
    limb_angle_deg: float = 10.0
    tone: float = 0.25
    texture: float = 1.0
    hair_per_cm2: float = 2.0
    mole_per_cm2: float = 0.05
    tattoo: bool = False
    background: Background = "cloth"
    parallax: float = 0.7
    light_deg: float = -60.0
    light_side: float = 0.5
    gloss: float = 0.3
    exposure: float = 1.0
    mm_per_px: float = 0.2
    view: View = "limb"
    eye_open: float = 0.6

    def __post_init__(self) -> None:
        check_numbers(self)
        _check("hair_per_cm2", self.hair_per_cm2, 0, LARGEST)
        _check("mole_per_cm2", self.mole_per_cm2, 0, LARGEST)
        _check("eye_open", self.eye_open, 0, 1)
        _check("limb_share", self.limb_share, 0.05, 1)
        _check("tone", self.tone, 0, 1)
        _check("mm_per_px", self.mm_per_px, 1e-3, 10)


@dataclass(frozen=True, slots=True)
class Twitch:
    """One brief local movement.

    Parameters
    ----------
    start_s
        When it begins; its onset (10 % of the peak) is a little later.
    x_px, y_px
        Center, in the scene as the first frame shows it.
    amplitude_px
        Largest displacement of any point, reached once.
    radius_px
        Where the displacement of the core has fallen to half.
    rise_s
        From start to peak.
    shape
        ``exponential`` (t exp(1 - t/rise)), ``raised_cosine`` (falls twice as slowly as it rises),
        ``biphasic`` (swings back beyond rest), ``sine_squared`` (falls as fast as it rises) or
        ``damped`` (swings about rest, each time a quarter as far).
    kind
        ``shift`` along `direction_deg`, ``bulge`` outward, ``dimple`` inward, or ``lobes``: two
        places moving apart along it.
    direction_deg
        From x towards y.
    height_px
        Rise of the surface towards the camera, which the side light shows; negative sinks.
    passive
        Motion of a neighborhood 2.5 times as wide that is dragged along, as a share of the core's, 0..1.
    focus
        Number of the place where it recurs, from 1; 0 = none.
    """

    start_s: float
    x_px: float
    y_px: float
    amplitude_px: float = 1.5
    radius_px: float = 35.0
    rise_s: float = 0.08
    shape: Shape = "exponential"
    kind: Kind = "shift"
    direction_deg: float = 0.0
    height_px: float = 0.0
    passive: float = 0.0
    focus: int = 0

    def __post_init__(self) -> None:
        check_numbers(self)
        _check("amplitude_px", self.amplitude_px, *AMPLITUDE_PX)
        _check("radius_px", self.radius_px, *RADIUS_PX)
        _check("rise_s", self.rise_s, *RISE_S)
        _check("passive", self.passive, 0, 1)


@dataclass(frozen=True, slots=True)
class Nuisance:
    """One disturbance; no event of the truth.

    Parameters
    ----------
    kind
        One of `NUISANCE_UNITS`: ``shake`` (hand-held), ``drift``, ``zoom`` (autofocus breathing),
        ``knock``, ``roll`` and ``hunting`` (autofocus: blur that comes and goes, with its zoom) move
        the camera; ``tremor``, ``voluntary``, ``breathing``, ``posture`` (a step, and it stays) and
        ``turning`` (about its axis: the skin shifts most in its middle and not at all at its rims)
        the limb; ``wind`` its hairs; ``pulse``, ``rhythmic`` and ``continuous`` (never still,
        irregular, 3 to 12 Hz) one place; ``exposure`` (step), ``flicker`` (mains, banded) and
        ``shadow`` (passing) the light; ``finger`` comes before the lens; ``blink`` and ``gaze``
        (saccades of the eye, open or under its lid) belong to an eyelid.
    strength
        In the unit of its kind: of hunting the largest sd of the blur; of a finger half its width (it
        reaches in by twice that); of wind the motion of the tips of the hairs; of turning the
        largest shift of the middle; of a blink how much of the opening closes.
    start_s, end_s
        While it lasts; a knock, an exposure step, a posture step (0.5 s, or until `end_s`) and a single
        blink happen at `start_s`.
    rate_hz
        Of tremor, breathing, pulse, rhythmic and flicker; 0 = the usual one. Of blinks and saccades the
        mean rate of irregular ones; 0 = a single blink (until `end_s`, or 0.1 to 0.4 s), 1 saccade per s.
    x_px, y_px, radius_px
        Place of pulse, rhythmic and continuous; radius 0 = middle of the picture, 40 px.
    direction_deg
        Of voluntary movement, posture, drift, knock, pulse, rhythmic, shadow and wind, and that in
        which a finger comes in.
    """

    kind: str
    strength: float
    start_s: float = 0.0
    end_s: float = math.inf
    rate_hz: float = 0.0
    x_px: float = 0.0
    y_px: float = 0.0
    radius_px: float = 0.0
    direction_deg: float = 30.0

    def __post_init__(self) -> None:
        if self.kind not in NUISANCE_UNITS:
            raise SettingsError(f"unknown nuisance {self.kind!r}; one of {', '.join(NUISANCE_UNITS)}")
        check_numbers(self, endless=("end_s",))
        if self.kind == "blink":
            _check("strength of a blink", self.strength, 0, 100)
        if self.kind == "hunting":
            _check("strength of hunting", self.strength, 0, _WIDEST_BLUR_PX)


@dataclass(frozen=True, slots=True)
class Camera:
    """How the scene is recorded.

    Parameters
    ----------
    fps
        Pictures per second.
    jitter_s
        Sd of the time stamps: a variable frame rate.
    dropped, duplicated
        Share of pictures that are lost, or repeated under a stamp of their own.
    read_noise, shot_noise
        Sd in gray levels: everywhere, and at middle gray (grows with the root of brightness).
    denoise_px
        Sd of the blur by which the phone removes noise (and fine texture).
    rotation_deg
        0, 90, 180 or 270: stored turned, with the matching flag, counter-clockwise.
    codec
        ``h264``, ``hevc`` or ``hevc10`` (10 bit).
    bits_per_px
        Per pixel and frame: phones 0.08..0.3, messengers 0.02..0.1.
    keyframe_s
        Time between key frames.
    rolling_shutter_s
        Time from the first to the last line of a picture, which sees the camera's shift at its own time;
        the stamp of a picture is the time of its middle line. Phones 0.005..0.03.
    shutter_s
        Time for which each line is exposed, about its own time; all that moves meanwhile is smeared.
    """

    fps: float = 30.0
    jitter_s: float = 0.0
    dropped: float = 0.0
    duplicated: float = 0.0
    read_noise: float = 0.8
    shot_noise: float = 1.0
    denoise_px: float = 0.0
    rotation_deg: int = 0
    codec: Codec = "h264"
    bits_per_px: float = 0.15
    keyframe_s: float = 1.0
    rolling_shutter_s: float = 0.0
    shutter_s: float = 0.0

    def __post_init__(self) -> None:
        check_numbers(self)
        _check("denoise_px", self.denoise_px, 0, _WIDEST_BLUR_PX)
        _check("rolling_shutter_s", self.rolling_shutter_s, 0, 1)
        _check("shutter_s", self.shutter_s, 0, 1)
        _check("fps", self.fps, 1, 1000)
        _check("bits_per_px", self.bits_per_px, 0.001, 24)
        if self.rotation_deg not in (0, 90, 180, 270):
            raise SettingsError(f"rotation_deg must be 0, 90, 180 or 270, got {self.rotation_deg}")


_LONGEST_SIDE_PX, _LONGEST_S = 8192, 86400.0
_LARGEST_SEED = 2**63 - 1
_MOST_DOTS = 100_000


@dataclass(frozen=True, slots=True)
class Recipe:
    """A whole made clip; the same recipe always gives the same pictures.

    Parameters
    ----------
    seed
        Of everything random: skin, noise, hand.
    width_px, height_px
        Of the upright picture, both even.
    duration_s
        Length.
    scene, camera
        What is seen and how it is recorded.
    twitches
        The movements that are to be found.
    nuisances
        What may be mistaken for them.
    """

    seed: int = 0
    width_px: int = 1280
    height_px: int = 720
    duration_s: float = 10.0
    scene: Scene = field(default_factory=Scene)
    camera: Camera = field(default_factory=Camera)
    twitches: tuple[Twitch, ...] = ()
    nuisances: tuple[Nuisance, ...] = ()

    def __post_init__(self) -> None:
        if any(side % 2 or not 16 <= side <= _LONGEST_SIDE_PX for side in (self.width_px, self.height_px)):
            raise SettingsError(
                f"a clip needs even sides of 16 px or more, up to {_LONGEST_SIDE_PX}, "
                f"got {self.width_px} x {self.height_px}"
            )
        check_seed(self.seed)
        _check("duration_s", self.duration_s, 0, _LONGEST_S)
        area_cm2 = self.width_px * self.height_px * (self.scene.mm_per_px / 10) ** 2
        for name in ("hair_per_cm2", "mole_per_cm2"):
            _check(f"{name} of a picture of {area_cm2:.3g} cm2", getattr(self.scene, name), 0, _MOST_DOTS / area_cm2)
        for nuisance in self.nuisances:
            if nuisance.kind in ("blink", "gaze") and self.scene.view != "eyelid":
                raise SettingsError(f"{nuisance.kind} needs an eye: set view to eyelid, got {self.scene.view}")

    @property
    def sha256(self) -> str:
        """Hash of all that is not at its default: equal recipes, equal clips; a new field changes no old hash."""
        return hashlib.sha256(_told(self).encode()).hexdigest()


def check_numbers(part: Any, endless: tuple[str, ...] = ()) -> None:
    """Refuse numbers of a part of a recipe that can be nobody's wish and would overflow; some have no upper end.

    Raises
    ------
    SettingsError
        A number is larger than `LARGEST`.
    """
    for each in fields(part):
        value = getattr(part, each.name)
        if isinstance(value, int | float):
            _check(each.name, value, -LARGEST, math.inf if each.name in endless else LARGEST)


def check_seed(seed: int) -> None:
    """Refuse what chance cannot start from (SettingsError)."""
    if not 0 <= seed <= _LARGEST_SEED:
        raise SettingsError(f"seed must be a whole number from 0 to 2^63 - 1, got {seed}")


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise SettingsError(f"{name} must lie between {low:g} and {high:g}, got {value!r}")


def _told(value: object) -> str:
    """Write a value down without the fields that are at their defaults."""
    if isinstance(value, tuple):
        return f"({', '.join(map(_told, value))})"
    if not is_dataclass(value):
        return repr(value)
    own = {f.name: getattr(value, f.name) for f in fields(value)}
    usual = {f.name: f.default if f.default_factory is MISSING else f.default_factory() for f in fields(value)}
    told = (f"{name}={_told(one)}" for name, one in own.items() if one != usual[name])
    return f"{type(value).__name__}({', '.join(told)})"
