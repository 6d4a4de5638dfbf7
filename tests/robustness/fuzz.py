"""Feeds every reader with inputs that are almost right: only a value or one of our errors may come back.

A reader of a new file is entered in `targets`: its name, the suffix of its files, some right files, and a function
that reads one.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import resource
import signal
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from robustness.mutate import mutated, mutated_npz

MEMORY_BYTES = 3 << 30
SLOW_S = 20.0


@dataclass(frozen=True)
class Target:
    """A reader: seeds are right files; `read` gets the path of a file."""

    name: str
    suffix: str
    seeds: tuple[bytes, ...]
    read: Callable[[Path], object]
    mutate: Callable[[bytes, np.random.Generator, bytes], bytes] = mutated


@dataclass
class Tally:
    """What became of the inputs; findings are (what happened, the input)."""

    taken: int = 0
    refused: int = 0
    seconds: float = 0.0
    findings: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def inputs(self) -> int:
        return self.taken + self.refused + len(self.findings)


def targets() -> list[Target]:
    """Every reader, with its seeds."""
    return [*_clips(), *_texts(), *_annotations(), _trace()]


def _clips() -> list[Target]:
    from robustness.corpus.base import clip, grain

    with tempfile.TemporaryDirectory() as folder:
        pictures = [p[:48, :64].copy() for p in grain()[:12]]
        kinds: dict[str, dict[str, Any]] = {
            "mp4": {},
            "mkv": {"codec": "mpeg4", "options": {}},
            "avi": {"codec": "mjpeg", "pix_fmt": "yuvj420p", "options": {}},
            "ts": {},
            "webm": {"codec": "libvpx-vp9", "options": {"deadline": "realtime"}},
            "mov": {"codec": "libx265"},
            "gif": {"codec": "gif", "pix_fmt": "gray", "options": {}},
            "flv": {"codec": "flv", "options": {}},
        }
        seeds = {s: clip(Path(folder) / f"a.{s}", pictures, **how).read_bytes() for s, how in kinds.items()}
    return [Target(f"clip, {suffix}", suffix, (data,), _read_clip) for suffix, data in seeds.items()]


def _read_clip(path: Path) -> object:
    from fascidetect.model import Geometry
    from fascidetect.video.reader import Clip

    with Clip(path) as clip:
        geometry = Geometry.plan(clip.facts.width_px, clip.facts.height_px, long_side_px=64, cells_across=8)
        n = sum(1 for _ in zip(clip.frames(geometry), range(200), strict=False))
        return n + sum(1 for _ in zip(clip.pictures(64), range(20), strict=False))


def _texts() -> list[Target]:
    from helpers.build import empty_result, example_result, example_run

    from fascidetect.evaluate import load_result
    from fascidetect.phantom.recipe_file import load_recipe
    from fascidetect.report.export import result_json
    from fascidetect.report.folder import _is_result
    from fascidetect.settings_file import load_rois, load_settings, to_toml

    def result(path: Path) -> object:
        return _is_result(path), load_result(path)

    results = tuple(result_json(r, example_run()) for r in (example_result(), empty_result()))
    recipes = tuple(p.read_bytes() for p in (Path(__file__).parents[2] / "samples" / "recipes").glob("*.toml"))
    rois = b'{"rois": [{"name": "calf", "x": 1, "y": 2, "w": 30, "h": 40}, {"points": [[0, 0], [9, 0], [9, 9]]}]}'
    return [
        Target("result.json", "json", results, result),
        Target("settings", "toml", (to_toml().encode(),), load_settings),
        Target("areas", "json", (rois,), load_rois),
        Target("recipe", "toml", recipes, load_recipe),
        Target("areas, times and scales in words", "txt", (b"calf=1,2,3,4\n1:15.5\n1,2 3,4 = 20 mm",), _read_words),
    ]


def _read_words(path: Path) -> object:
    """A line for each; what one refuses must not keep the next from being tried."""
    from fascidetect.errors import SettingsError
    from fascidetect.settings_file import parse_roi, parse_scale, parse_time

    read = []
    for line in path.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        for parse in (parse_roi, parse_time, parse_scale):
            try:
                read.append(parse(line))
            except SettingsError:
                read.append(None)
    return read


def _annotations() -> list[Target]:
    from fascidetect.evaluate.annotations import load_annotations, save_annotations
    from fascidetect.truth import Ignored, TrueEvent, Truth, load_truth

    events = tuple(TrueEvent(f"a{k}", k - 0.1, float(k), k + 0.2, 10.0, 20.0, 5.0, 1.5, 1) for k in range(1, 4))
    truth = Truth("1.0", "calf.mp4", "", 1, "", 640, 360, 9.0, 0.2, events, (Ignored(5.0, 6.0, "shaken"),))
    forms = {"truth": "json", "csv": "csv", "boris": "boris", "boris-table": "tsv", "elan": "eaf"}
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for form, suffix in forms.items():
            path = Path(folder) / f"a.{suffix}"
            save_annotations(truth, path, form)  # type: ignore[arg-type]
            found.append(Target(f"annotations, {form}", suffix, (path.read_bytes(),), load_annotations))
        data = json.dumps(json.loads((Path(folder) / "a.json").read_text())).encode()
    return [*found, Target("truth", "truth.json", (data,), load_truth)]


def _trace() -> Target:
    from helpers.traces import make_trace

    from fascidetect.motion.store import load_trace, save_trace

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.npz"
        save_trace(path, make_trace(duration_s=0.5))
        data = path.read_bytes()
    return Target("trace.npz", "npz", (data,), load_trace, mutated_npz)


def campaign(target: Target, seed: int, *, seconds: float, inputs: int) -> Tally:
    """Try inputs until either limit is reached, in processes of their own: a native crash is a finding, too."""
    tally = Tally()
    started = time.monotonic()
    while tally.inputs < inputs and time.monotonic() - started < seconds:
        left_s, left = seconds - (time.monotonic() - started), inputs - tally.inputs
        _one_process(target, (seed, tally.inputs), left_s, left, tally)
    tally.seconds = time.monotonic() - started
    return tally


def _one_process(target: Target, seed: tuple[int, int], seconds: float, inputs: int, tally: Tally) -> None:
    """A child works until it ends or dies; the input it last began lies in its folder."""
    context = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        told, tell = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(target, seed, seconds, inputs, folder, tell))
        process.start()
        tell.close()
        try:
            while told.poll(2 * SLOW_S):
                what, data = told.recv()
                if what in ("taken", "refused"):
                    setattr(tally, what, getattr(tally, what) + 1)
                else:
                    tally.findings.append((what, data))
        except EOFError:
            process.join(SLOW_S)
        if process.is_alive():
            process.kill()
            process.join()
        if process.exitcode:
            last = Path(folder) / f"input.{target.suffix}"
            tally.findings.append((f"died: {process.exitcode}", last.read_bytes() if last.exists() else b""))


def _work(target: Target, seed: tuple[int, int], seconds: float, inputs: int, folder: str, tell: Any) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, _late)
    os.chdir(folder)
    rng = np.random.default_rng(seed)
    path = Path(folder) / f"input.{target.suffix}"
    started = time.monotonic()
    for _ in range(inputs):
        one, other = (target.seeds[int(rng.integers(len(target.seeds)))] for _ in range(2))
        data = target.mutate(one, rng, other)
        path.write_bytes(data)
        signal.setitimer(signal.ITIMER_REAL, SLOW_S)
        what = _try(target.read, path)
        signal.setitimer(signal.ITIMER_REAL, 0)
        tell.send((what, b"" if what in ("taken", "refused") else data))
        if time.monotonic() - started > seconds:
            return


def _late(*_: object) -> NoReturn:
    raise TimeoutError(f"more than {SLOW_S:g} s")


def _try(read: Callable[[Path], object], path: Path) -> str:
    """What came of one input: taken, refused, or the end of a traceback."""
    import warnings

    from fascidetect.errors import FasciError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            read(path)
    except FasciError as error:
        message = str(error)
        return "refused" if "\n" not in message else f"not one line: {message[:200]!r}"
    except BaseException:  # noqa: BLE001 - whatever it is, it is what we look for
        out = io.StringIO()
        traceback.print_exc(limit=-5, file=out)
        return out.getvalue()
    return "taken"
