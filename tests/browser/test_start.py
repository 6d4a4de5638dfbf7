"""The start page in a browser: from a clip to its report without a terminal."""

import json
from pathlib import Path

import pytest
from helpers.makevideo import moving, write_video

from browser.conftest import PHONE, said, until
from fascidetect.review.site.results import Results

SAMPLE = Path(__file__).parent.parent.parent / "samples" / "calf-twitches.mp4"


def choose(page, clip):
    page.set_input_files("#file", clip)
    page.locator("#area").wait_for(state="visible")
    until(page, "document.getElementById('still').complete")


def draw(page, left, top, right, bottom):
    """Draw an area given in shares of the picture."""
    box = page.locator("#still").bounding_box()
    page.mouse.move(box["x"] + left * box["width"], box["y"] + top * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + right * box["width"], box["y"] + bottom * box["height"], steps=3)
    page.mouse.up()


@pytest.fixture
def address(serve_here, tmp_path):
    return serve_here(Results(start_page=True), tmp_path / "home")


def test_a_clip_is_chosen_its_area_drawn_and_its_report_shown(open_page, address, tmp_path):
    clip = write_video(tmp_path / "short.mp4", moving(20, 120, 160))
    page = open_page(address, viewport=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    choose(page, clip)
    draw(page, 0.25, 0.25, 0.75, 0.5)
    assert [page.locator(f"#{name}").input_value() for name in "xywh"] == ["40", "30", "80", "30"]
    page.locator("summary").click()
    page.locator("#label").fill("left calf")
    page.get_by_role("button", name="Analyze").click()
    page.wait_for_url("**/r/1/")
    assert page.locator("h1").inner_text() == "left calf"
    assert "cannot be analyzed" in page.locator(".headline").inner_text()  # 20 frames are too few, which is no failure
    result = json.loads((tmp_path / "home" / "left calf.fascidetect" / "result.json").read_bytes())
    assert result["settings"]["clip"]["rois"][0]["points"][:2] == [[40.0, 30.0], [120.0, 30.0]]
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["left calf.fascidetect"]
    page.get_by_role("link", name="All results").click()
    assert page.locator(".results a").inner_text() == "left calf"


def test_a_window_that_was_closed_is_taken_up_again(open_page, address, tmp_path):
    page = open_page(address)
    choose(page, SAMPLE)
    page.get_by_role("button", name="Analyze").click()
    page.locator("#running").wait_for(state="visible")
    page.close()
    again = open_page(address)
    again.get_by_role("button", name="Stop").click()
    again.locator("#area").wait_for(state="visible")
    assert "calf-twitches.mp4" in again.locator("#facts").inner_text()
    with again.expect_response("**/forget"):
        again.get_by_role("button", name="Another clip").click()
    assert list((tmp_path / "home").iterdir()) == []


def test_what_is_no_video_is_refused_in_words_and_another_can_be_chosen(open_page, address, tmp_path):
    (tmp_path / "notes.txt").write_text("no video", encoding="utf-8")
    page = open_page(address)
    page.set_input_files("#file", tmp_path / "notes.txt")
    page.locator("#problem").wait_for(state="visible")
    assert "notes.txt" in page.locator("#problem").inner_text()
    assert str(tmp_path) not in page.locator("#problem").inner_text()
    choose(page, write_video(tmp_path / "short.mp4", moving(10, 120, 160)))
    assert page.locator("#problem").is_hidden()


def test_an_analysis_can_be_stopped_and_leaves_nothing(open_page, address, tmp_path):
    page = open_page(address)
    choose(page, SAMPLE)
    page.get_by_role("button", name="Analyze").click()
    page.get_by_role("button", name="Stop").click()
    page.locator("#area").wait_for(state="visible")
    with page.expect_response("**/forget"):
        page.get_by_role("button", name="Another clip").click()
    assert list((tmp_path / "home").iterdir()) == []


def test_the_program_is_ended_from_the_page(open_page, serve, tmp_path):
    server = serve("--results", tmp_path / "home")
    page = open_page(server.start())
    page.get_by_role("button", name="End the program").click()
    assert server.process.wait(timeout=20) == 0
    assert "has ended" in page.locator("main").inner_text()


@pytest.mark.slow
def test_the_sample_is_counted_from_the_start_page(open_page, address):
    page = open_page(address)
    page.set_default_timeout(300_000)  # analysis takes its time
    choose(page, SAMPLE)
    page.get_by_role("button", name="Analyze").click()
    page.wait_for_url("**/r/1/")
    assert page.locator(".headline").inner_text() == "6 movements counted"
    page.locator("#list li").first.wait_for()
    page.keyboard.press("n")
    page.keyboard.press("a")
    said(page, "Kept: movement 1 accepted")
