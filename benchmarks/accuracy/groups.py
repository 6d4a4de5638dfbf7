"""What the benchmark films: groups of recipes, each a condition a user may bring.

Development and reporting clips differ in their seeds, in the shape of the twitches in time and in
what lies behind the limb, so that nothing tuned on the one is known to the other.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from fascidetect.phantom import Camera, Habit, Nuisance, Recipe, Scene, Twitch, scatter

SHAPES = {"dev": ("exponential", "sine_squared", "damped"), "report": ("raised_cosine", "biphasic")}
BACKGROUNDS = {"dev": ("cloth", "dark"), "report": ("wood", "skin")}
SIDES = tuple(SHAPES)

LENGTH_S = 20.0
QUIET_S = 60.0
"""Of a clip without twitches. What is false in it may vouch for more of its kind, the longer the more often."""

N_TWITCHING = {"dev": 2, "report": 4}
N_QUIET = {"dev": 7, "report": 4}
N_SHORT = {"dev": 6, "report": 0}
"""So many of those without twitches are only as long as the others of their group."""

ROLL_DEG = (0.08, 0.35)
"""Root mean square, from the least to the most of real hands; in 0.5 to 4 Hz there is a third of it: see `--realism`.

However much a hand shifts the picture: how the two go together, so few real clips do not tell.
"""

STIR_EVERY_S = 7.0
"""Nobody lies quite still: in every real clip at hand a limb turns once or more in so long."""

USUAL = Habit(rate_per_min=18.0, amplitude_px=(0.5, 2.0), radius_px=(18.0, 32.0), min_gap_s=0.5)
SMALL_PICTURE = replace(USUAL, amplitude_px=(0.35, 1.4), radius_px=(12.0, 22.0))

Rng = np.random.Generator
Change = Callable[[Recipe, Rng], Recipe]


@dataclass(frozen=True)
class Group:
    """A condition.

    `change` turns the plain recipe into one of the group; `habit` says how it twitches; `quiet`
    whether its scene is also filmed without twitches (no use where only the twitches differ).
    """

    name: str
    about: str
    change: Change
    habit: Habit = USUAL
    quiet: bool = True
    length_s: float = LENGTH_S
    train: bool = False


@dataclass(frozen=True)
class Item:
    """One clip of the benchmark."""

    group: str
    name: str
    quiet: bool
    recipe: Recipe


def hand(strength: float, rng: Rng) -> tuple[Nuisance, ...]:
    """All that a hand and a body do to a picture of 540 lines; 1 is a calm hand. Each rolls as it happens to."""
    return (
        Nuisance("shake", 1.5 * strength),
        Nuisance("roll", float(np.exp(rng.uniform(*np.log(ROLL_DEG))))),
        Nuisance("drift", 4.0 * strength, direction_deg=70.0),
        Nuisance("zoom", 0.25 * strength),
        Nuisance("breathing", 0.3),
    )


def scene(**changes: object) -> Change:
    """Change what is seen."""
    return lambda recipe, _: replace(recipe, scene=replace(recipe.scene, **changes))


def camera(**changes: object) -> Change:
    """Change how it is filmed."""
    return lambda recipe, _: replace(recipe, camera=replace(recipe.camera, **changes))


def add(*nuisances: Nuisance) -> Change:
    """Disturb it more."""
    return lambda recipe, _: replace(recipe, nuisances=(*recipe.nuisances, *nuisances))


def size(width: int, height: int) -> Change:
    """Another size of picture, the same limb."""

    def change(recipe: Recipe, _: Rng) -> Recipe:
        scale = recipe.width_px / width
        view = replace(recipe.scene, mm_per_px=recipe.scene.mm_per_px * scale)
        return replace(recipe, width_px=width, height_px=height, scene=view)

    return change


def held(strength: float) -> Change:
    """Held in a hand instead of standing, before a limb that is never quite still and now and then turns."""
    return lambda recipe, rng: replace(recipe, nuisances=(*hand(strength, rng), *stirs(recipe.duration_s, rng)))


def stirs(duration_s: float, rng: Rng) -> Iterator[Nuisance]:
    """Yield a slight turning that never stops, and a short turn of the limb in each `STIR_EVERY_S`."""
    yield Nuisance("turning", float(rng.uniform(4, 10)))
    n = max(1, int(duration_s / STIR_EVERY_S))
    for k in range(n):
        start_s = float(rng.uniform(k + 0.1, k + 0.5)) * duration_s / n
        yield Nuisance("turning", float(rng.uniform(8, 30)), start_s, start_s + float(rng.uniform(1.5, 3.5)))


def chain(*changes: Change) -> Change:
    """One change after the other."""

    def change(recipe: Recipe, rng: Rng) -> Recipe:
        for one in changes:
            recipe = one(recipe, rng)
        return recipe

    return change


def somewhere(recipe: Recipe, rng: Rng) -> tuple[float, float]:
    """A place near the middle of the limb."""
    x, y = rng.uniform(0.35, 0.65), rng.uniform(0.42, 0.58)
    return recipe.width_px * x, recipe.height_px * y


def pulse(recipe: Recipe, rng: Rng) -> Recipe:
    x, y = somewhere(recipe, rng)
    beat = Nuisance("pulse", 0.8, rate_hz=float(rng.uniform(0.9, 1.5)), x_px=x, y_px=y, radius_px=18.0)
    return replace(recipe, nuisances=(*recipe.nuisances, Nuisance("breathing", 2.0), beat))


def own_color(recipe: Recipe, _: Rng) -> Recipe:
    """Before something of the skin's color, as all reporting clips are."""
    ground = "linen" if recipe.scene.background in BACKGROUNDS["dev"] else recipe.scene.background
    return replace(recipe, scene=replace(recipe.scene, background=ground))


def rhythmic(recipe: Recipe, rng: Rng) -> Recipe:
    x, y = somewhere(recipe, rng)
    beat = Nuisance("rhythmic", 1.5, rate_hz=float(rng.uniform(1.5, 4.0)), x_px=x, y_px=y, radius_px=25.0)
    return replace(recipe, nuisances=(*recipe.nuisances, beat))


def lights(recipe: Recipe, rng: Rng) -> Recipe:
    step_s, shadow_s = rng.uniform(0.2, 0.4) * recipe.duration_s, rng.uniform(0.5, 0.75) * recipe.duration_s
    return add(
        Nuisance("exposure", 12.0, start_s=float(step_s)),
        Nuisance("flicker", 2.0),
        Nuisance("shadow", 25.0, start_s=float(shadow_s), end_s=float(shadow_s) + 3.0),
    )(recipe, rng)


def voluntary(recipe: Recipe, rng: Rng) -> Recipe:
    starts = (rng.uniform(0.1, 0.35) * recipe.duration_s, rng.uniform(0.6, 0.8) * recipe.duration_s)
    moves = (Nuisance("voluntary", float(rng.uniform(6, 20)), float(s), float(s) + 2.0) for s in starts)
    return replace(recipe, nuisances=(*recipe.nuisances, *moves))


def knocks(recipe: Recipe, rng: Rng) -> Recipe:
    blows = (Nuisance("knock", 5.0, float(t)) for t in rng.uniform(2, recipe.duration_s - 2, 2))
    return replace(recipe, nuisances=(*recipe.nuisances, *blows))


def view(name: str, mm_per_px: float, share: tuple[float, float], angle_deg: float = 0.0) -> Change:
    """Another part of the body, filmed at its own distance."""

    def change(recipe: Recipe, rng: Rng) -> Recipe:
        seen = replace(
            recipe.scene,
            view=name,
            mm_per_px=mm_per_px,
            limb_share=float(rng.uniform(*share)),
            limb_angle_deg=angle_deg + float(rng.uniform(-8, 8)),
        )
        return replace(recipe, scene=seen)

    return change


def eye(recipe: Recipe, rng: Rng) -> Recipe:
    """Two of three eyes are open; all of them look about."""
    opened = float(rng.uniform(0.4, 0.9)) * float(rng.random() < 0.67)
    looks = Nuisance("gaze", float(rng.uniform(6, 18)), rate_hz=float(rng.uniform(0.4, 1.5)))
    blinks = Nuisance("blink", float(rng.uniform(70, 100)), rate_hz=float(rng.uniform(0.15, 0.4)))
    recipe = replace(recipe, scene=replace(recipe.scene, eye_open=opened))
    return add(looks, blinks)(recipe, rng)


def continuous(recipe: Recipe, rng: Rng) -> Recipe:
    x, y = somewhere(recipe, rng)
    return add(Nuisance("continuous", float(rng.uniform(0.5, 1.2)), x_px=x, y_px=y, radius_px=25.0))(recipe, rng)


def turning(recipe: Recipe, rng: Rng) -> Recipe:
    return add(Nuisance("turning", float(rng.uniform(4, 15))))(recipe, rng)


def posture(recipe: Recipe, rng: Rng) -> Recipe:
    starts = (rng.uniform(0.15, 0.35) * recipe.duration_s, rng.uniform(0.6, 0.8) * recipe.duration_s)
    angle_deg = float(rng.uniform(0, 360))
    steps = (Nuisance("posture", float(rng.uniform(3, 15)), float(s), direction_deg=angle_deg) for s in starts)
    return add(*steps)(recipe, rng)


def finger(recipe: Recipe, rng: Rng) -> Recipe:
    start_s, side = float(rng.uniform(0.2, 0.6)) * recipe.duration_s, float(rng.choice([20.0, 160.0, 200.0, 340.0]))
    one = Nuisance("finger", float(rng.uniform(40, 80)), start_s, start_s + 4.0, direction_deg=side)
    return add(one)(recipe, rng)


def wind(recipe: Recipe, rng: Rng) -> Recipe:
    return add(Nuisance("wind", float(rng.uniform(0.5, 1.5)), direction_deg=float(rng.uniform(0, 360))))(recipe, rng)


def toned(tone: float) -> Change:
    return chain(held(1.0), scene(tone=tone))


GROUPS = (
    Group("still", "phone on a support", lambda recipe, _: recipe),
    Group("hand-held", "calm hand, breathing, autofocus", held(1.0)),
    Group(
        "native",
        "as hand-held; ordinary skin, all that a good phone records",
        chain(held(1.0), scene(texture=1.0), camera(bits_per_px=0.16, denoise_px=0.6)),
        replace(USUAL, amplitude_px=(0.4, 2.0)),
    ),
    Group("shaky", "restless hand, knocks, background at another depth", chain(held(3.0), knocks, scene(parallax=0.4))),
    Group(
        "loose-hand",
        "sways and rolls as a restless one of the real clips",
        chain(held(1.9), add(Nuisance("roll", 0.4))),
    ),
    Group("own-color", "before a sheet or a table of the skin's own color", chain(held(1.0), own_color)),
    Group("still-own-color", "before the skin's own color, phone on a support", own_color),
    Group("smooth", "little texture, no hair", chain(held(1.0), scene(texture=0.35, hair_per_cm2=0.0))),
    Group("hairy", "much hair", chain(held(1.0), scene(hair_per_cm2=8.0))),
    Group("tone-1", "very light skin", toned(0.03)),
    Group("tone-2", "light brown skin", toned(0.35)),
    Group("tone-3", "brown skin", toned(0.65)),
    Group("tone-4", "very dark skin", toned(0.97)),
    Group(
        "dark",
        "underexposed, noisy, denoised",
        chain(held(1.0), scene(exposure=0.35), camera(read_noise=3.5, shot_noise=3.0, denoise_px=1.2)),
    ),
    Group("breathing", "strong breathing and a pulse", chain(held(1.0), pulse)),
    Group("rhythmic", "one place moves steadily, others twitch", chain(held(1.0), rhythmic)),
    Group("light", "exposure step, mains flicker, shadow", chain(held(1.0), lights)),
    Group(
        "camera-faults",
        "dropped and repeated frames, uneven stamps",
        chain(held(1.0), camera(dropped=0.03, duplicated=0.03, jitter_s=0.004)),
    ),
    Group("voluntary", "the limb is moved twice", chain(held(1.0), voluntary)),
    Group(
        "close-up",
        "one twitch fills a third of the picture",
        chain(held(1.5), scene(mm_per_px=0.06, limb_share=1.0)),
        replace(USUAL, foci=2, amplitude_px=(1.0, 4.0), radius_px=(70.0, 110.0), rate_per_min=12.0),
    ),
    Group(
        "eyelid",
        "blinks and glances; twitches of 0.5 to 2 cm on the lids",
        chain(held(1.0), view("eyelid", 0.09, (1.0, 1.0)), eye),
        replace(USUAL, foci=2, amplitude_px=(0.8, 4.0), radius_px=(28.0, 110.0)),
    ),
    Group(
        "tongue",
        "wet, with highlights that glitter",
        chain(held(1.0), view("tongue", 0.10, (0.5, 0.65), 90.0)),
        replace(USUAL, amplitude_px=(0.8, 3.0), radius_px=(20.0, 45.0)),
    ),
    Group("sole", "sole of a foot: ridges and creases, no hair", chain(held(1.0), view("sole", 0.27, (0.7, 0.85)))),
    Group("continuous", "one place never stops, others twitch", chain(held(1.0), continuous)),
    Group("turning", "a forearm that turns about its axis", chain(held(1.0), turning)),
    Group("posture", "the limb is laid otherwise twice, and stays so", chain(held(1.0), posture)),
    Group("finger", "a finger before the lens for 4 s", chain(held(1.0), finger)),
    Group("wind", "hair that wavers in a draft", chain(held(1.0), scene(hair_per_cm2=5.0), wind)),
    Group("hunting", "the focus is lost and found again", chain(held(1.0), add(Nuisance("hunting", 2.0)))),
    Group(
        "rolling",
        "rolling shutter, smear and roll in a restless hand",
        chain(held(2.0), add(Nuisance("roll", 0.1)), camera(rolling_shutter_s=0.02, shutter_s=1 / 60)),
    ),
    Group("busy-30", "30 per minute", held(1.0), replace(USUAL, rate_per_min=30.0, foci=4, min_gap_s=0.3), quiet=False),
    Group("busy-60", "60 per minute", held(1.0), replace(USUAL, rate_per_min=60.0, foci=5, min_gap_s=0.3), quiet=False),
    Group(
        "busy-120", "120 per minute", held(1.0), replace(USUAL, rate_per_min=120.0, foci=6, min_gap_s=0.08), quiet=False
    ),
    Group("trains", "bursts of 3 to 6 at 2 to 4 per second", held(1.0), USUAL, quiet=False, train=True),
    Group("small", "0.2 to 0.5 px at 720 lines", held(0.5), replace(USUAL, amplitude_px=(0.15, 0.38)), quiet=False),
    Group(
        "messenger",
        "sent through a messenger: 640 x 360, 0.05 bit per px",
        chain(held(1.0), size(640, 360), camera(bits_per_px=0.05, keyframe_s=4.0)),
        SMALL_PICTURE,
    ),
    Group("fps-60", "60 frames per second", chain(held(1.0), camera(fps=60.0, bits_per_px=0.1)), length_s=15.0),
    Group(
        "fps-120",
        "120 frames per second, 640 x 360",
        chain(held(1.0), size(640, 360), camera(fps=120.0, bits_per_px=0.1)),
        SMALL_PICTURE,
        length_s=15.0,
    ),
)

QUICK = ("still", "hand-held", "shaky", "smooth", "tone-4", "dark", "rhythmic", "voluntary", "close-up", "busy-60")
"""Groups of which ``--quick`` takes the first clip with and the first without twitches."""

TIGHT = ("trains",)
"""Groups that are told also at the tolerance of 0.10 s."""


def items(
    side: str, names: tuple[str, ...] = (), *, quick: bool = False, most: int = 0, most_quiet: int = 0
) -> Iterator[Item]:
    """List the clips of a side: the first ones of all groups first, so that a run cut short has been everywhere.

    Parameters
    ----------
    side
        ``dev`` or ``report``.
    names
        Groups; empty = all.
    quick
        The short list.
    most
        Of each group so many clips with twitches; 0 = all.
    most_quiet
        And so many without; 0 = as many as with.
    """
    chosen = names or (QUICK if quick else tuple(group.name for group in GROUPS))
    groups = [group for group in GROUPS if group.name in chosen]
    most = 1 if quick else most or max(N_TWITCHING[side], N_QUIET[side])
    ends = min(most, N_TWITCHING[side]), min(most_quiet or most, N_QUIET[side])
    for k in range(max(ends)):
        for quiet, end in zip((False, True), ends, strict=True):
            if k < end:
                yield from (item(group, side, k, quiet=quiet) for group in groups if group.quiet or not quiet)


def item(group: Group, side: str, k: int, *, quiet: bool) -> Item:
    """One clip, entirely determined by its name."""
    name = f"{side}-{group.name}-{'quiet' if quiet else 'twitches'}-{k}"
    seed = zlib.crc32(name.encode())
    rng = np.random.default_rng(seed)
    length_s = QUIET_S if quiet and k >= N_SHORT[side] else group.length_s
    recipe = group.change(plain(seed, side, length_s, rng), rng)
    if not quiet:
        habit = replace(group.habit, shapes=SHAPES[side])
        twitches = scatter(rng, recipe, habit)
        recipe = replace(recipe, twitches=trains(rng, twitches, recipe) if group.train else twitches)
    return Item(group.name, name, quiet, recipe)


def plain(seed: int, side: str, length_s: float, rng: Rng) -> Recipe:
    """A limb before a phone that stands, different in each clip."""
    view = Scene(
        limb_share=float(rng.uniform(0.4, 0.7)),
        limb_angle_deg=float(rng.uniform(-25, 25)),
        tone=float(rng.uniform(0.05, 0.7)),
        hair_per_cm2=float(rng.choice([0.0, 1.0, 3.0])),
        background=BACKGROUNDS[side][int(rng.integers(len(BACKGROUNDS[side])))],
        light_deg=float(rng.uniform(-150, -30)),
        light_side=float(rng.uniform(0.3, 0.8)),
        mm_per_px=0.27,
        texture=float(rng.uniform(0.25, 0.75)),
    )
    # As noisy, as smoothed and as tightly coded as clips of real phones: see `--realism`.
    recorded = Camera(
        jitter_s=0.0005,
        read_noise=float(rng.uniform(1.0, 2.5)),
        shot_noise=float(rng.uniform(1.5, 3.0)),
        denoise_px=float(rng.uniform(0.7, 1.3)),
        bits_per_px=float(np.exp(rng.uniform(np.log(0.05), np.log(0.16)))),
    )
    return Recipe(
        seed=seed,
        width_px=960,
        height_px=540,
        duration_s=length_s,
        scene=view,
        camera=recorded,
        nuisances=(Nuisance("breathing", 0.2),),
    )


def trains(rng: Rng, heads: tuple[Twitch, ...], recipe: Recipe) -> tuple[Twitch, ...]:
    """Let every third twitch begin a train at its place; the others are left out."""
    out: list[Twitch] = []
    end_s = 0.0
    for head in heads[::3]:
        start_s = max(head.start_s, end_s + 0.8)
        for _ in range(int(rng.integers(3, 7))):
            if start_s < recipe.duration_s - 1.0:
                out.append(replace(head, start_s=start_s, rise_s=min(head.rise_s, 0.07)))
            end_s = start_s
            start_s += float(rng.uniform(0.25, 0.5))
    return tuple(out)
