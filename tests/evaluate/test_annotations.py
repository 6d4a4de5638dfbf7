import csv
import dataclasses
import json
from pathlib import Path

import pytest

from fascidetect.errors import ClipError, ClipNotFound, OutputError
from fascidetect.evaluate import annotations_text, load_annotations, save_annotations
from fascidetect.truth import Ignored, TrueEvent, Truth

EVENTS = (
    TrueEvent("t1", 1.25, 1.3, 1.75, 120.5, 80.25, 20.0, 1.5, 1),
    TrueEvent("t2", None, 4.125, None, note="=weak, two < three"),
    TrueEvent("t3", 7.5, 7.625, 8.0, 200.0, 100.0),
)
TRUTH = Truth("1.0", "calf.mp4", "", None, "", 0, 0, 0.0, None, EVENTS, (Ignored(10.0, 12.5, "moves"),))


def same(event, other):
    """All but the name and the focus, which not every form keeps."""
    return dataclasses.replace(event, id="", focus=0) == dataclasses.replace(other, id="", focus=0)


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("truth", "a.truth.json"),
        ("csv", "a.csv"),
        ("boris", "a.boris"),
        ("boris-table", "a.tsv"),
        ("elan", "a.eaf"),
    ],
)
def test_what_is_written_is_read_again(tmp_path, form, name):
    save_annotations(TRUTH, tmp_path / name, form)
    (back,) = load_annotations(tmp_path / name)
    assert len(back.events) == 3
    assert all(same(a, b) for a, b in zip(back.events, EVENTS, strict=True))
    assert [(i.start_s, i.end_s, i.reason) for i in back.ignore] == [(10.0, 12.5, "moves")]
    assert back.clip == ("" if form == "csv" else "calf.mp4")


@pytest.mark.parametrize("form", ["csv", "boris-table"])
def test_no_cell_is_run_as_a_formula(form):
    events = (TrueEvent("=1", 1.0, 1.1, 1.2, note="@a"), TrueEvent("a", 2.0, 2.1, 2.2, note="-b"))
    bad = dataclasses.replace(TRUTH, clip="+calf", events=events, ignore=(Ignored(3, 4, "=HYPERLINK(1)"),))
    delimiter = "," if form == "csv" else "\t"
    cells = [c for row in csv.reader(annotations_text(bad, form).splitlines(), delimiter=delimiter) for c in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_cues_for_a_player():
    assert annotations_text(dataclasses.replace(TRUTH, events=EVENTS[:2]), "vtt") == (
        "WEBVTT\n\n"
        "t1\n00:00:01.250 --> 00:00:01.750\nmovement 1 of 2\n\n"
        "t2\n00:00:03.875 --> 00:00:04.375\nmovement 2 of 2: =weak, two &lt; three\n\n"
        "ignore1\n00:00:10.000 --> 00:00:12.500\nnot judged: moves\n"
    )
    long = (TrueEvent("a\n\nb", 3600.0, 3661.5, 3661.5, note="x --> y"),)
    text = annotations_text(dataclasses.replace(TRUTH, events=long, ignore=()), "vtt")
    assert text == "WEBVTT\n\na b\n01:00:00.000 --> 01:01:01.500\nmovement 1 of 1: x --&gt; y\n"


def read(tmp_path, text, name="a.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return load_annotations(path)


@pytest.mark.parametrize(
    ("text", "peaks"),
    [
        ("peak_s\n1.5\n0.5\n", [0.5, 1.5]),
        ("onset_s,offset_s\n1,2\n", [1.5]),
        ("onset_s;offset_s;peak_s\n1;2;1.1\n3;4;\n", [1.1, 3.5]),
        ("\ufeffpeak_s\tx_px\ty_px\n1.5\t3\t4\n\n", [1.5]),
        ("peak_s,note\n", []),
    ],
)
def test_plain_csv(tmp_path, text, peaks):
    (truth,) = read(tmp_path, text)
    assert [e.peak_s for e in truth.events] == peaks


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("time\n1\n", "no header"),
        ('"peak_s\n1\n', "is not a CSV file"),
        ("peak_s\n1\nsoon\n", "line 3: 'soon' is no number"),
        ("Source\tBehavior\t,Time\nc.mp4\ttwitch\t1\n", "no header that is known"),
        ("Behavior,Start (s),Stop (s)\ntwitch,1,2\ntwitch,,\n", "line 3: '' is no number"),
        ("Behavior,Time,Start (s)\ntwitch,1,2\n", "line 2: '' is no number"),
        ("peak_s,x_px\n1,nan\n", "finite"),
        ("peak_s,onset_s\n,1\n", "line 2: an event needs peak_s"),
        ("peak_s,ignore\n1,moves\n", "needs onset_s and offset_s"),
    ],
)
def test_a_bad_csv_says_where(tmp_path, text, match):
    with pytest.raises(ClipError, match=match):
        read(tmp_path, text)


HEAD = (
    "Observation id,Observation date,Description,Source,FPS,Subject,Behavior,Behavior type,Time,Media file name,Comment"
)


def test_a_table_of_boris(tmp_path):
    rows = [
        "o,2024,,player #1:/home/me/calf.mp4,30,leg,twitch,START,1.000,/home/me/calf.mp4,",
        "o,2024,,player #1:/home/me/calf.mp4,30,leg,twitch,STOP,1.400,/home/me/calf.mp4,",
        "o,2024,,player #1:/home/me/calf.mp4,30,leg,flick,POINT,3.250,/home/me/calf.mp4,x_px=10 y_px=20",
        "p,2024,,x,30,leg,twitch,POINT,2.000,C:\\clips\\thigh.mp4,",
    ]
    calf, thigh = read(tmp_path, "\n".join([HEAD, *rows]) + "\n")
    assert (calf.clip, thigh.clip) == ("calf.mp4", "thigh.mp4")
    assert [(e.onset_s, e.peak_s, e.x_px) for e in calf.events] == [(1.0, 1.2, None), (None, 3.25, 10.0)]


def test_a_table_of_boris_with_a_preamble_and_one_of_aggregated_events(tmp_path):
    old = "Observation id\tcalf\n\nTime\tMedia file path\tBehavior\tComment\tStatus\n2.5\tcalf.mp4\ttwitch\t\tPOINT\n"
    (truth,) = read(tmp_path, old, "a.tsv")
    assert truth.events[0].peak_s == 2.5
    (truth,) = read(tmp_path, "Media file name,Behavior,Behavior type,Start (s),Stop (s)\nc.mp4,twitch,STATE,1,2\n")
    assert (truth.events[0].onset_s, truth.events[0].offset_s) == (1, 2)


def test_a_start_without_a_stop_is_said(tmp_path):
    with pytest.raises(ClipError, match="'twitch' starts at 1 s and never stops"):
        read(tmp_path, f"{HEAD}\no,2024,,x,30,leg,twitch,START,1.0,c.mp4,\n")


def test_a_project_of_boris_with_two_observations(tmp_path):
    conf = {"0": {"type": "Point event", "code": "tw"}, "1": {"type": "State event", "code": "ignore"}}
    project = {
        "behaviors_conf": conf,
        "observations": {
            "one": {"file": {"1": ["/a/calf.mp4"]}, "events": [[2.0, "", "tw", "", "", 60]]},
            "two": {"file": {"1": []}, "events": [[1, "", "ignore", "", ""], [3, "", "ignore", "", ""]]},
        },
    }
    calf, two = read(tmp_path, json.dumps(project), "p.boris")
    assert (calf.clip, [e.peak_s for e in calf.events]) == ("calf.mp4", [2.0])
    assert (two.clip, two.events, two.ignore) == ("two", (), (Ignored(1.0, 3.0, "ignore"),))


ELAN = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2024-01-01T00:00:00Z" FORMAT="3.0" VERSION="3.0">
 <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
  <MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/me/calf.mp4" MIME_TYPE="video/mp4" TIME_ORIGIN="500"/></HEADER>
 <TIME_ORDER><TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/><TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="1400"/>
  <TIME_SLOT TIME_SLOT_ID="ts3"/></TIME_ORDER>
 <TIER TIER_ID="twitch" LINGUISTIC_TYPE_REF="x"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1"
  TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2"><ANNOTATION_VALUE>strong</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION>
  </ANNOTATION><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3">
  <ANNOTATION_VALUE/></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
 <TIER TIER_ID="notes" LINGUISTIC_TYPE_REF="y" PARENT_REF="twitch"><ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a3"
  ANNOTATION_REF="a1"><ANNOTATION_VALUE>sure</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION></TIER>
</ANNOTATION_DOCUMENT>
"""


def test_a_document_of_elan(tmp_path):
    (truth,) = read(tmp_path, ELAN, "a.eaf")
    (event,) = truth.events
    assert (truth.clip, event.onset_s, event.peak_s, event.offset_s) == ("calf.mp4", 1.5, pytest.approx(1.7), 1.9)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "document type"),
        ('<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>', "document type"),
        ("<a><b></a>", "not an XML file"),
        ("<a/>", "no document of ELAN"),
        ("", "not an XML file"),
    ],
)
def test_no_entity_of_a_document_is_ever_read(tmp_path, text, match):
    with pytest.raises(ClipError, match=match):
        read(tmp_path, text, "a.eaf")


@pytest.mark.parametrize(
    ("text", "match"), [("{", "not a JSON file"), ('{"observations": {}}', "no project"), ('{"a": 1}', "no truth file")]
)
def test_json_that_is_none_of_ours_is_said(tmp_path, text, match):
    with pytest.raises(ClipError, match=match):
        read(tmp_path, text, "a.json")


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(ClipNotFound, match=r"no\.csv"):
        load_annotations(tmp_path / "no.csv")
    with pytest.raises(OutputError, match="cannot write"):
        save_annotations(TRUTH, tmp_path / "no" / "a.csv", "csv")
    (tmp_path / "b.csv").write_bytes(b"peak_s\n\xff\n")
    with pytest.raises(ClipError, match="UTF-8"):
        load_annotations(tmp_path / "b.csv")


def test_the_events_of_another_program_run_are_annotations_too():
    """So that two results can be compared with each other."""
    sample = Path(__file__).parents[2] / "samples" / "calf-twitches.truth.json"
    (truth,) = load_annotations(sample)
    assert truth.events
