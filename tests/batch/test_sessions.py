"""Session sheets and path templates."""

from __future__ import annotations

import pytest

from fascidetect.batch.sessions import COLUMNS, Entry, Session, compile_template, entries_of, from_path, load_sheet
from fascidetect.errors import SettingsError
from fascidetect.settings import Roi, Settings


def sheet_of(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "sheet.csv"
    path.write_bytes(text.encode(encoding))
    return load_sheet(path)


def test_the_columns_are_those_that_were_agreed_on():
    agreed = (
        "file,subject,session,date,time_of_day,muscle,side,roi,mm_per_px,capture_fps,caffeine,exertion,stress,sleep,"
        "medication,notes"
    )
    assert set(COLUMNS) == set(agreed.split(","))


def test_a_sheet_gives_facts_and_settings(tmp_path):
    sheet = sheet_of(
        tmp_path,
        "File,subject,date,muscle,side,roi,mm_per_px,capture_fps,caffeine\n"
        'A/x.mp4,A12,2026-01-31,calf,left,"calf=1,2,30,40; 5,5,10,10",0.25,240,2 cups\n',
    )
    entry = sheet.entries["A/x.mp4"]
    assert entry.session == Session("A12", "", "2026-01-31", "calf", "left", caffeine="2 cups")
    clip = entry.applied(Settings()).clip
    assert clip.rois == (Roi.rectangle(1, 2, 30, 40, "calf"), Roi.rectangle(5, 5, 10, 10))
    assert (clip.mm_per_px, clip.capture_fps) == (0.25, 240)


def test_an_empty_row_of_settings_leaves_the_settings_alone():
    settings = Settings()
    assert Entry().applied(settings) is settings


def test_sheets_of_other_spreadsheets_are_read(tmp_path):
    text = "file;muscle;notes\r\n x.mp4 ;calf;after, running\r\n\r\n;;\r\n"
    entry = sheet_of(tmp_path, text, "utf-8-sig").entries["x.mp4"]
    assert (entry.session.muscle, entry.session.notes) == ("calf", "after, running")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,muscle\nx.mp4,calf\n", "name the columns, among them file"),
        ("", "name the columns, among them file"),
        ("file,date\nx.mp4,31.01.2026\n", r"line 2, date: '31.01.2026' is no date; write it as 2026-01-31"),
        ("file,mm_per_px\nx.mp4,\nx2.mp4,0;1\n", r"line 3, mm_per_px: '0;1' is no number"),
        ("file,mm_per_px\nx.mp4,-1\n", "line 2, mm_per_px must lie between"),
        ("file,roi\nx.mp4,1 2 3\n", "line 2, roi: cannot read the area"),
        ("file,muscle\n,calf\n", "line 2, file: the cell is empty"),
        ("file,muscle\nx.mp4,calf\nx.mp4,sole\n", "line 3, x.mp4 has a row already"),
        ("file,side,Side\n", "column side is there twice"),
    ],
)
def test_a_sheet_that_makes_no_sense_is_refused_with_its_line(tmp_path, text, words):
    with pytest.raises(SettingsError, match=words):
        sheet_of(tmp_path, text)


def test_a_sheet_in_another_encoding_says_what_to_do(tmp_path):
    with pytest.raises(SettingsError, match="save it as CSV with UTF-8"):
        sheet_of(tmp_path, "file,notes\nx.mp4,müde\n", "latin-1")


def test_a_misspelled_column_is_warned_of(tmp_path):
    (warning,) = sheet_of(tmp_path, "file,muscel\nx.mp4,calf\n").warnings
    assert warning.endswith("did you mean muscle?")


def test_a_template_reads_the_path():
    template = compile_template("{subject}/{date}/{side}-{muscle}.mp4")
    assert from_path("A12/20260131/left-calf.MP4", template) == Session("A12", "", "2026-01-31", "calf", "left")
    assert from_path("A12/left-calf.mp4", template) is None
    assert from_path("x/A12/2026-01-31/left-calf.mp4", template) is None


def test_a_star_in_a_template_fits_anything():
    template = compile_template("{subject}/*/{muscle}.*")
    assert from_path("A12/anything/calf.mov", template) == Session("A12", muscle="calf")


@pytest.mark.parametrize(
    ("template", "words"), [("{who}/x.mp4", "unknown name {who}"), ("{side}/{side}", "cannot use the template")]
)
def test_a_template_that_makes_no_sense_is_refused(template, words):
    with pytest.raises(SettingsError, match=words):
        compile_template(template)


def test_a_date_in_a_path_that_is_none_is_told():
    with pytest.raises(SettingsError, match=r"x/calf\.mp4: 'x' is no date"):
        from_path("x/calf.mp4", compile_template("{date}/{muscle}.mp4"))


def test_the_sheet_goes_before_the_path(tmp_path):
    sheet = sheet_of(tmp_path, "file,muscle,date\nleft-calf.mp4,soleus,\n")
    template = compile_template("{date}/{side}-{muscle}.mp4")
    entries, warnings = entries_of(["2026-01-31/left-calf.mp4"], sheet=sheet, template=template)
    assert entries["2026-01-31/left-calf.mp4"].session == Session(date="2026-01-31", muscle="soleus", side="left")
    assert warnings == ()


def test_a_row_may_name_the_file_alone_where_there_is_but_one(tmp_path):
    sheet = sheet_of(tmp_path, "file,muscle\nx.mp4,calf\n")
    assert entries_of(["p/x.mp4"], sheet=sheet)[0]["p/x.mp4"].session.muscle == "calf"
    with pytest.raises(SettingsError, match=r"may be p/x\.mp4 or q/x\.mp4; give the path"):
        entries_of(["p/x.mp4", "q/x.mp4"], sheet=sheet)


def test_two_rows_for_one_recording_are_refused(tmp_path):
    sheet = sheet_of(tmp_path, "file,muscle\nx.mp4,calf\np/x.mp4,sole\n")
    with pytest.raises(SettingsError, match=r"two rows for p/x\.mp4"):
        entries_of(["p/x.mp4"], sheet=sheet)


def test_odd_rows_and_paths_are_named_but_not_thousands_of_them(tmp_path):
    sheet = sheet_of(tmp_path, "file\na.mp4\ngone.mp4\n")
    clips = ["a.mp4", "b.mp4", "c.mp4"]
    _, warnings = entries_of(clips, sheet=sheet, template=compile_template("{subject}/x.mp4"))
    assert warnings == (
        "a.mp4 and 2 more do not fit the template",
        "gone.mp4 in the session sheet is no recording",
        "b.mp4 and 1 more have no row in the session sheet",
    )
