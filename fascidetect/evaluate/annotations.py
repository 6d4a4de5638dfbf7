"""Annotations, read and written: our truth, plain CSV, BORIS (project and table), ELAN; written only: WebVTT.

One form inside, `Truth`; one reader and one writer for each form outside. A behavior (BORIS), a tier
(ELAN) or a CSV column named ``ignore`` marks stretches in which nothing is judged; every other
behavior or tier is taken for the movements to be found. What the other programs have no field for is
kept as words ``x_px=120.5`` in the comment (BORIS) or the value (ELAN), after what somebody noted.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Literal, NoReturn
from xml.etree import ElementTree
from xml.parsers import expat

from fascidetect.errors import ClipError, ClipNotFound
from fascidetect.evaluate.vtt import vtt_text
from fascidetect.files import plain_cell, safe_cell, write_whole
from fascidetect.model import SCHEMA_VERSION
from fascidetect.parse import json_tree
from fascidetect.truth import Ignored, TrueEvent, Truth, load_truth, truth_text

Form = Literal["truth", "csv", "boris", "boris-table", "elan", "vtt"]

IGNORE = "ignore"
CODE = "movement"
"""Name of the behavior and of the tier that we write."""

_WORD = re.compile(r"(?:^|\s)(\w+)=([^\s=]+)")
_KEPT = ("onset_s", "peak_s", "offset_s", "x_px", "y_px", "radius_px", "amplitude_px")
_POINT_S = 0.0015
"""ELAN knows no points in time: an annotation as short as this is one."""

_TABLE = ("Observation id", "Source", "Subject", "Behavior", "Behavior type", "Time", "Media file name", "Comment")


@dataclass(frozen=True, slots=True)
class _Mark:
    """One mark of a rater: its code, start and end (equal for a point in time), and a comment."""

    code: str
    start_s: float
    end_s: float
    comment: str = ""


def load_annotations(path: Path) -> tuple[Truth, ...]:
    """Read every annotated clip of a file; its form is known by its content.

    Parameters
    ----------
    path
        ``.json`` (ours), ``.boris``, ``.eaf``, ``.csv`` or ``.tsv``.

    Raises
    ------
    ClipNotFound
        No such file.
    ClipError
        It cannot be understood; the message names the place.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as exc:
        raise ClipNotFound(f"no such file of annotations: {path}") from exc
    except OSError as exc:
        raise ClipError(f"cannot read {path}: {exc.strerror or exc}") from exc
    head = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if path.suffix.lower() == ".eaf" or head == b"<":
        return (_from_elan(data, path),)
    if head == b"{":
        project = _json(data, path)
        return _from_boris(project, path) if "observations" in project else (load_truth(path),)
    return _from_table(_text(data, path), path)


def save_annotations(truth: Truth, path: Path, form: Form) -> None:
    """Write a file in one of the forms that `annotations_text` knows, whole or not at all.

    Raises
    ------
    OutputError
        When the file cannot be written.
    """
    write_whole(path, annotations_text(truth, form).encode())


def annotations_text(truth: Truth, form: Form) -> str:
    """Encode a truth in one of the forms that `load_annotations` reads, or as WebVTT."""
    writers: dict[Form, Callable[[Truth], str]] = {
        "truth": truth_text,
        "csv": _to_csv,
        "boris": _to_boris,
        "boris-table": _to_boris_table,
        "elan": _to_elan,
        "vtt": vtt_text,
    }
    return writers[form](truth)


def _truth(clip: str, events: Iterable[TrueEvent], ignore: Iterable[Ignored]) -> Truth:
    in_order = tuple(sorted(events, key=lambda event: event.peak_s))
    return Truth(SCHEMA_VERSION, clip, "", None, "", 0, 0, 0.0, None, in_order, tuple(ignore))


def _from_marks(clip: str, marks: Iterable[_Mark], where: str) -> Truth:
    marks = sorted(marks, key=lambda mark: mark.start_s)
    ignored = (Ignored(m.start_s, m.end_s, m.comment or IGNORE) for m in marks if m.code.lower() == IGNORE)
    events = (_event_of(k, m, where) for k, m in enumerate((m for m in marks if m.code.lower() != IGNORE), 1))
    return _truth(clip, events, ignored)


def _event_of(number: int, mark: _Mark, where: str) -> TrueEvent:
    """A mark as an event; without a word about its peak, that lies in the middle."""
    told = {name: _number(text, where) for name, text in _WORD.findall(mark.comment) if name in _KEPT}
    if mark.end_s > mark.start_s:
        told = {"onset_s": mark.start_s, "offset_s": mark.end_s, **told}
    peak_s = told.pop("peak_s", (mark.start_s + mark.end_s) / 2)
    note = _WORD.sub(lambda word: "" if word[1] in _KEPT else word[0], mark.comment).strip()
    onset_s, offset_s = told.pop("onset_s", None), told.pop("offset_s", None)
    return TrueEvent(f"a{number}", onset_s, peak_s, offset_s, focus=0, note=note, **told)


def _comment(event: TrueEvent, names: Sequence[str]) -> str:
    values = ((name, getattr(event, name)) for name in names)
    words = (f"{name}={value:.10g}" for name, value in values if value is not None)
    return " ".join([*([event.note] if event.note else []), *words])


def _number(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ClipError(f"{where}: {text!r} is no number") from None
    if not math.isfinite(value):
        raise ClipError(f"{where}: {text!r} is no finite number")
    return value


def _text(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise ClipError(f"{path} is no text in UTF-8: save it as CSV with that encoding") from exc


def _json(data: bytes, path: Path) -> dict[str, Any]:
    try:
        return dict(json_tree(data))
    except (ValueError, TypeError) as exc:
        raise ClipError(f"{path} is not a JSON file: {exc}") from exc


def _file_name(text: str) -> str:
    """Last part of a path of any system."""
    return PureWindowsPath(PurePosixPath(text).name).name


# Tables: plain CSV and the tabular export of BORIS


def _from_table(text: str, path: Path) -> tuple[Truth, ...]:
    head = next((line for line in text.splitlines() if _is_header(line)), "")
    if not head:
        raise ClipError(
            f"{path} has no header that is known: columns peak_s, or onset_s and offset_s, or a table exported by BORIS"
        )
    before, names = text[: text.index(head)].count("\n"), _columns(head)
    try:
        table = io.StringIO(text[text.index(head) :])
        reader = csv.DictReader(table, fieldnames=names, delimiter=_delimiter(head), strict=True)
        rows = [(before + reader.line_num, row) for row in reader][1:]
    except csv.Error as exc:
        raise ClipError(f"{path} is not a CSV file: {exc}") from exc
    filled = [(line, row) for line, row in rows if any(isinstance(v, str) and v.strip() for v in row.values())]
    if "Behavior" in names:
        return _from_boris_table(filled, path)
    return (_from_csv(filled, path),)


def _is_header(line: str) -> bool:
    cells = set(_columns(line))
    return "peak_s" in cells or {"onset_s", "offset_s"} <= cells or ({"Behavior"} <= cells and _has_time(cells))


def _columns(line: str) -> list[str]:
    """Names in a line; none where it cannot be split."""
    try:
        return [name.strip() for name in next(csv.reader([line], delimiter=_delimiter(line)), [])]
    except csv.Error:
        return []


def _delimiter(line: str) -> str:
    return max(",;\t", key=line.count)


def _has_time(cells: set[str]) -> bool:
    return "Time" in cells or {"Start (s)", "Stop (s)"} <= cells


Rows = list[tuple[int, dict[str, Any]]]


def _from_csv(rows: Rows, path: Path) -> Truth:
    events, ignored = [], []
    for number, (line, row) in enumerate(rows, 1):
        where = f"{path}, line {line}"
        told = {k: _number(row[k], where) for k in _KEPT if (row.get(k) or "").strip()}
        times = [told.get("onset_s"), told.get("offset_s")]
        if reason := plain_cell((row.get(IGNORE) or "").strip()):
            if None in times:
                raise ClipError(f"{where}: a stretch to ignore needs onset_s and offset_s")
            ignored.append(Ignored(told["onset_s"], told["offset_s"], reason))
            continue
        if "peak_s" not in told and None in times:
            raise ClipError(f"{where}: an event needs peak_s, or onset_s and offset_s")
        peak_s = told.pop("peak_s", sum(t for t in times if t is not None) / 2)
        events.append(
            TrueEvent(
                plain_cell((row.get("id") or "").strip()) or f"a{number}",
                told.pop("onset_s", None),
                peak_s,
                told.pop("offset_s", None),
                focus=int(_number(row.get("focus") or "0", where)),
                note=plain_cell((row.get("note") or "").strip()),
                **told,
            )
        )
    return _truth("", events, ignored)


def _to_csv(truth: Truth) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["id", *_KEPT, "focus", IGNORE, "note"])
    for event in truth.events:
        cells = [event.id, *(getattr(event, name) for name in _KEPT), event.focus, "", event.note]
        writer.writerow([safe_cell(cell) for cell in cells])
    for one in truth.ignore:
        writer.writerow(["", one.start_s, "", one.end_s, "", "", "", "", "", safe_cell(one.reason), ""])
    return out.getvalue()


def _from_boris_table(rows: Rows, path: Path) -> tuple[Truth, ...]:
    """Tabular events (POINT, START, STOP) or aggregated events (Start, Stop)."""
    clips: dict[str, list[tuple[str, str, float, str]]] = {}
    spans: dict[str, list[_Mark]] = {}
    for line, row in rows:
        where = f"{path}, line {line}"
        media = row.get("Media file name") or row.get("Media file path") or row.get("Media file") or row.get("Source")
        clip = _file_name((media or "").removeprefix("player #1:").split(";")[0].strip())
        code, comment = row["Behavior"] or "", plain_cell(row.get("Comment") or row.get("Comment start") or "")
        clips.setdefault(clip, [])
        if row.get("Start (s)"):
            start, stop = (_number(row.get(name) or "", where) for name in ("Start (s)", "Stop (s)"))
            spans.setdefault(clip, []).append(_Mark(code, start, stop, comment))
        else:
            status = (row.get("Behavior type") or row.get("Status") or "POINT").strip().upper()
            clips[clip].append((status, code, _number(row.get("Time") or "", where), comment))
    return tuple(
        _from_marks(clip, [*_paired(points, str(path)), *spans.get(clip, [])], str(path))
        for clip, points in clips.items()
    )


def _paired(points: Iterable[tuple[str, str, float, str]], where: str) -> Iterator[_Mark]:
    """Join each START with the next STOP of its code."""
    open_at: dict[str, tuple[float, str]] = {}
    for status, code, time_s, comment in sorted(points, key=lambda point: point[2]):
        if status == "START":
            open_at[code] = time_s, comment
        elif status == "STOP":
            if code not in open_at:
                raise ClipError(f"{where}: {code!r} stops at {time_s:g} s without a start")
            start_s, first = open_at.pop(code)
            yield _Mark(code, start_s, time_s, first or comment)
        else:
            yield _Mark(code, time_s, time_s, comment)
    for code, (time_s, _) in open_at.items():
        raise ClipError(f"{where}: {code!r} starts at {time_s:g} s and never stops")


def _to_boris_table(truth: Truth) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow(_TABLE)
    for time_s, code, status, comment in sorted(_boris_points(truth)):
        cells = [truth.clip, "Media file(s)", "", code, status, f"{time_s:.3f}", truth.clip, comment]
        writer.writerow([safe_cell(cell) for cell in cells])
    return out.getvalue()


def _boris_points(truth: Truth) -> Iterator[tuple[float, str, str, str]]:
    """Time, code, status and comment of all that BORIS is to show."""
    for event in truth.events:
        yield event.peak_s, CODE, "POINT", _comment(event, _KEPT)
    for one in truth.ignore:
        yield one.start_s, IGNORE, "START", one.reason
        yield one.end_s, IGNORE, "STOP", one.reason


# BORIS projects


def _from_boris(project: dict[str, Any], path: Path) -> tuple[Truth, ...]:
    try:
        states = {b["code"] for b in project["behaviors_conf"].values() if str(b["type"]).startswith("State")}
        return tuple(_from_observation(name, held, states, path) for name, held in project["observations"].items())
    except (KeyError, TypeError, IndexError, AttributeError, ValueError) as exc:
        raise ClipError(f"{path} is no project of BORIS that can be read: {type(exc).__name__} {exc}") from exc


def _from_observation(name: str, held: dict[str, Any], states: set[str], path: Path) -> Truth:
    media = [file for files in held.get("file", {}).values() for file in files]
    points, running = [], set[str]()
    for time_s, _, code, _, comment, *_ in sorted(held["events"], key=lambda event: float(event[0])):
        status = "POINT"
        if code in states:
            status = "STOP" if code in running else "START"
            running ^= {code}
        points.append((status, str(code), float(time_s), str(comment or "")))
    where = f"{path}, observation {name}"
    return _from_marks(_file_name(media[0]) if media else name, _paired(points, where), where)


def _to_boris(truth: Truth) -> str:
    events = [[time_s, "", code, "", comment] for time_s, code, _, comment in sorted(_boris_points(truth))]
    kinds = ((CODE, "Point event", "m"), (IGNORE, "State event", "i"))
    blank = {"description": "", "category": "", "modifiers": "", "excluded": "", "coding map": ""}
    project = {
        "time_format": "hh:mm:ss",
        "project_date": "2000-01-01T00:00:00",
        "project_name": truth.clip,
        "project_description": "",
        "project_format_version": "7.0",
        "subjects_conf": {},
        "behaviors_conf": {
            str(k): {"type": kind, "key": key, "code": code, **blank} for k, (code, kind, key) in enumerate(kinds)
        },
        "observations": {
            truth.clip or "clip": {
                "file": {str(k): [truth.clip] if k == 1 else [] for k in range(1, 9)},
                "type": "MEDIA",
                "date": "2000-01-01T00:00:00",
                "description": "",
                "time offset": 0.0,
                "events": events,
                "observation time interval": [0, 0],
                "independent_variables": {},
                "media_info": {"length": {truth.clip: truth.duration_s}, "fps": {}},
            }
        },
        "behavioral_categories": [],
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    return json.dumps(project, indent=1, ensure_ascii=False) + "\n"


# ELAN


def _from_elan(data: bytes, path: Path) -> Truth:
    _refuse_doctype(data, path)
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as exc:  # it is stricter about encodings than the first reading
        raise ClipError(f"{path} is not an XML file: {exc}") from exc
    if root.tag != "ANNOTATION_DOCUMENT":
        raise ClipError(f"{path} is no document of ELAN: its root is {root.tag}")
    media = root.find("HEADER/MEDIA_DESCRIPTOR")
    origin_ms = 0.0 if media is None else _number(media.get("TIME_ORIGIN", "0"), str(path))
    slots = {
        slot.get("TIME_SLOT_ID", ""): (_number(slot.get("TIME_VALUE", ""), str(path)) + origin_ms) / 1000
        for slot in root.iterfind("TIME_ORDER/TIME_SLOT")
        if slot.get("TIME_VALUE") is not None
    }
    clip = "" if media is None else _file_name(media.get("MEDIA_URL", ""))
    return _from_marks(clip, _elan_marks(root, slots), str(path))


def _elan_marks(root: ElementTree.Element, slots: dict[str, float]) -> Iterator[_Mark]:
    """Annotations that are aligned with time; others only speak about those."""
    for tier in root.iterfind("TIER"):
        for one in tier.iterfind("ANNOTATION/ALIGNABLE_ANNOTATION"):
            start_s = slots.get(one.get("TIME_SLOT_REF1", ""))
            end_s = slots.get(one.get("TIME_SLOT_REF2", ""))
            if start_s is not None and end_s is not None:
                end_s = start_s if end_s - start_s < _POINT_S else end_s
                yield _Mark(tier.get("TIER_ID", ""), start_s, end_s, one.findtext("ANNOTATION_VALUE") or "")


def _refuse_doctype(data: bytes, path: Path) -> None:
    """Read once without building anything: entities can only be declared in a document type, and none is needed."""

    def refuse(*_: object) -> NoReturn:
        raise ClipError(f"{path} declares a document type, which no file of ELAN does; it is not read")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)  # noqa: FBT003 - positional only
    except (expat.ExpatError, LookupError, ValueError) as exc:  # also an encoding that nobody knows
        raise ClipError(f"{path} is not an XML file: {exc}") from exc


def _to_elan(truth: Truth) -> str:
    root = ElementTree.Element(
        "ANNOTATION_DOCUMENT", {"AUTHOR": "", "DATE": "2000-01-01T00:00:00Z", "FORMAT": "3.0", "VERSION": "3.0"}
    )
    header = ElementTree.SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    ElementTree.SubElement(
        header,
        "MEDIA_DESCRIPTOR",
        {"MEDIA_URL": truth.clip, "MIME_TYPE": "video/mp4", "RELATIVE_MEDIA_URL": truth.clip},
    )
    order = ElementTree.SubElement(root, "TIME_ORDER")
    names = [name for name in _KEPT if name not in ("onset_s", "offset_s")]
    events = [(e.onset_s, e.offset_s, e.peak_s, _comment(e, names)) for e in truth.events]
    spans = [(a, b, p, text) if a is not None and b is not None else (p, p, p, text) for a, b, p, text in events]
    _elan_tier(root, order, CODE, [(a, b, text) for a, b, _, text in spans])
    _elan_tier(root, order, IGNORE, [(i.start_s, i.end_s, i.reason) for i in truth.ignore])
    kind = {"GRAPHIC_REFERENCES": "false", "LINGUISTIC_TYPE_ID": "default-lt", "TIME_ALIGNABLE": "true"}
    ElementTree.SubElement(root, "LINGUISTIC_TYPE", kind)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _elan_tier(
    root: ElementTree.Element, order: ElementTree.Element, name: str, spans: Iterable[tuple[float, float, str]]
) -> None:
    tier = ElementTree.SubElement(root, "TIER", {"LINGUISTIC_TYPE_REF": "default-lt", "TIER_ID": name})
    for start_s, end_s, text in spans:
        first = len(order) + 1
        times = (round(1000 * start_s), max(round(1000 * end_s), round(1000 * start_s) + 1))
        for k, time_ms in enumerate(times):
            ElementTree.SubElement(order, "TIME_SLOT", {"TIME_SLOT_ID": f"ts{first + k}", "TIME_VALUE": str(time_ms)})
        refs = {"TIME_SLOT_REF1": f"ts{first}", "TIME_SLOT_REF2": f"ts{first + 1}"}
        one = ElementTree.SubElement(ElementTree.SubElement(tier, "ANNOTATION"), "ALIGNABLE_ANNOTATION", refs)
        one.set("ANNOTATION_ID", f"a{first}")
        ElementTree.SubElement(one, "ANNOTATION_VALUE").text = text
