"""Feeds every reader with inputs that are almost right: only a value or one of our errors may come back.

A reader of a new file is entered in `targets`: its name, the suffix of its files, some right files, and a function
that reads one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import multiprocessing
import os
import resource
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable
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
    return [*_clips(), *_texts(), *_annotations(), _trace(), _candidates(), _review(), *_batch()]


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
    from helpers.traces import Bump, make_trace

    from fascidetect.motion.store import load_trace, save_trace
    from fascidetect.pipeline import detect

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.npz"
        save_trace(path, make_trace([Bump(0.6)], duration_s=1.2))
        data = path.read_bytes()
    return Target("trace.npz", "npz", (data,), lambda path: detect(load_trace(path)), mutated_npz)


def _candidates() -> Target:
    """What is judged again; decided under the settings it holds."""
    from helpers.traces import Bump, make_trace

    from fascidetect.events.seek import seek
    from fascidetect.events.store import Candidates, load_candidates, save_candidates
    from fascidetect.result import make_result
    from fascidetect.settings import Settings

    def read(path: Path) -> object:
        held = load_candidates(path)
        return make_result(held.about, held.windows, held.settings)

    trace, settings = make_trace([Bump(1.0), Bump(2.5)], duration_s=4.0), Settings()
    windows = seek(trace, settings.quality.max_gap_s, settings.detect)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "candidates.npz"
        save_candidates(path, Candidates(trace, windows, settings))
        data = path.read_bytes()
    return Target("candidates.npz", "npz", (data,), read, mutated_npz)


def _review() -> Target:
    """Decisions that are folded onto a result, counted, and written into it."""
    from helpers.build import example_event, example_result, write_results

    from fascidetect.errors import FasciError
    from fascidetect.review import choose, load_reviews, renew_report, renew_result, review_truth
    from fascidetect.review.decisions import Decision, to_line

    utc = "2026-01-31T10:00:00.000Z"
    first, second = (example_event(at).id for at in (5.0, 9.0))
    decisions = (
        Decision(1, 1, utc, "R1", "accept", first, 4.9, 5.0, 5.2, 401.0, 301.0),
        Decision(1, 2, utc, "R1", "reject", second, 8.9, 9.0, 9.2, 401.0, 301.0, note="a shadow"),
        Decision(1, 3, utc, "R2", "add", "m3", 11.0, 11.1, 11.3, 200.0, 100.0),
        Decision(1, 4, utc, "R2", "move", "m3", 11.0, 11.2, 11.3, 210.0, 100.0),
        Decision(1, 5, utc, "R1", "undo", second, undoes=2),
        Decision(1, 6, utc, "R1", "note", note="the phone was shaken"),
    )

    def read(path: Path) -> object:
        folder = path.parent
        if not (folder / "result.json").exists():
            write_results(folder, example_result())
        (folder / "review.jsonl").write_bytes(path.read_bytes())
        found, reviews = load_reviews(folder)
        for review in reviews:
            review_truth(choose(reviews, review.rater, folder), found)
        with contextlib.suppress(FasciError):  # there is no report here
            renew_report(folder)
        return renew_result(folder)

    return Target("review.jsonl", "jsonl", (b"".join(to_line(one) for one in decisions),), read)


def _batch() -> list[Target]:
    """What a batch reads back: its ledger, its tables, the results in it, and what people say of the clips."""
    from helpers.build import empty_result, example_result, example_run

    from fascidetect.batch.ledger import Row, open_ledger
    from fascidetect.batch.rollup import SUMMARY, SummaryRow
    from fascidetect.batch.sessions import COLUMNS, load_sheet
    from fascidetect.report.export import result_json, to_csv

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        with open_ledger(path) as ledger:
            ledger.write_source("../clips")
            for k in range(40):
                ledger.write(Row(f"p/{k}.mp4", 10, 2**62, "f" * 64, "s", "0.1.0", ("done", "failed")[k % 2], "no", 1.5))
        data = path.read_bytes()
    rows = [SummaryRow(f"{k}.mp4", "", "done", "ok", "A", f"s{k}", f"2026-01-0{k}", result_dir="a") for k in (1, 2)]
    cells = ("left calf.mp4", "A12", "s1", "2026-01-31", "calf", "left", "08:00", "", "run", "", "", "", "", "1,2,3,4")
    sheet = "\n".join((",".join(COLUMNS), ",".join((*cells[:-1], '"1,2,30,40"', "0.2", "240")), "b.mp4,B12")) + "\n"
    results = tuple(result_json(r, example_run()) for r in (example_result(), empty_result()))
    return [
        Target("ledger", "sqlite", (data,), _read_ledger),
        Target("session sheet", "csv", (sheet.encode(), sheet.replace(",", ";").encode("utf-8-sig")), load_sheet),
        Target("template of paths", "txt", (b"{subject}/{date}/{side}-{muscle}.mp4\n*/{session}.*",), _read_templates),
        Target(SUMMARY, "csv", (to_csv(rows, SummaryRow).encode(),), _read_summary),
        Target("result.json of a batch", "json", results, _read_batch_result),
    ]


def _read_ledger(path: Path) -> object:
    from fascidetect.batch.ledger import Row, open_ledger
    from fascidetect.batch.run import claim

    (path.parent / "clips").mkdir(exist_ok=True)
    with open_ledger(path) as ledger:
        found = [ledger.find(f"p/{k}.mp4") for k in range(40)]
        claim(path.parent / "results", path.parent / "clips", ledger)
        ledger.write(Row("new.mp4", 1, 1, "", "", "", "failed"))
        texts = [one.error + one.version + one.settings + one.sha256 for one in found if one]
        return texts, [one.size_bytes + one.modified_ns + one.wall_s for one in found if one]


def _read_templates(path: Path) -> object:
    from fascidetect.batch.sessions import compile_template, from_path
    from fascidetect.errors import SettingsError

    read = []
    for line in path.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        try:
            read.append(from_path("A12/2026-01-31/left-calf.mp4", compile_template(line)))
        except SettingsError:
            read.append(None)
    return read


def _read_summary(path: Path) -> object:
    """Sessions side by side, of results that are right."""
    from helpers.build import example_result, write_results

    from fascidetect.batch.rollup import SUMMARY
    from fascidetect.batch.trend import load_summary

    folder = path.parent
    if not (folder / "a").exists():
        (folder / "a").mkdir()
        write_results(folder / "a", example_result())
    (folder / SUMMARY).write_bytes(path.read_bytes())
    return _side_by_side(folder, load_summary(folder))


def _read_batch_result(path: Path) -> object:
    """A result in the tables, on the pages and in the sessions of a batch."""
    from fascidetect.batch.plan import Recording, done_row, standing
    from fascidetect.batch.rollup import Line, SummaryRow, read_result
    from fascidetect.batch.run import sum_up
    from fascidetect.batch.sessions import Session
    from fascidetect.errors import FasciError
    from fascidetect.review import renew_result
    from fascidetect.settings import Settings

    folder = path.parent
    (folder / "result.json").write_bytes(path.read_bytes())
    recording = Recording("a.mp4", path, folder, Session(), Settings())
    done_row(recording, standing(recording, None), 1.0)
    (folder / "review.jsonl").write_bytes(_review().seeds[0])
    with contextlib.suppress(FasciError):
        renew_result(folder)
    (folder / "result.json").write_bytes(path.read_bytes())
    line = Line(SummaryRow("a.mp4", status="done", verdict="ok", result_dir="."), read_result(folder))
    list(sum_up([line], folder))
    return _side_by_side(folder, [dataclasses.replace(line.row, date=f"2026-01-0{k}") for k in (1, 2)])


def _side_by_side(results: Path, rows: Iterable[Any]) -> object:
    from fascidetect.batch.trend import make_trend
    from fascidetect.batch.trend_page import told, write_trend

    trend = make_trend(results, rows)
    return write_trend(results, trend), list(told(trend))


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
