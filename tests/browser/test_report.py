"""report.html from a disk, in a browser: it plays, seeks to the very frame, listens to keys, and prints."""

from dataclasses import replace

import pytest
from helpers.shown import FPS, write_shown

from browser.conftest import PHONE, report_of, shown_number, until, wait_for_frame, wait_for_video
from fascidetect.report.html import read_page, write_report

PEAKS = (1.0, 2.5, 4.0)
MM = 96 / 25.4


@pytest.fixture
def report(open_page, shown_once):
    page = open_page(report_of(shown_once / "clip.mp4.fascidetect"))
    wait_for_video(page)
    return page


def test_a_link_to_a_movement_shows_its_very_frame(open_page, shown_once):
    folder = shown_once / "clip.mp4.fascidetect"
    for peak_s in PEAKS:
        name = f"e{round(peak_s * 1000):07d}"
        page = open_page(report_of(folder))
        (one,) = page.evaluate(
            "name => [...document.querySelectorAll('li')].map(e => e.id).filter(i => i.startsWith(name))", name
        )
        page = open_page(f"{report_of(folder)}#{one}")
        wait_for_frame(page, round(peak_s * FPS))
        assert shown_number(page) == round(peak_s * FPS)


def test_arrows_step_a_frame_and_the_page_tells_its_time(report):
    for key, expected in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowRight", 3), ("ArrowLeft", 2)):
        report.keyboard.press(key)
        wait_for_frame(report, expected)
        assert shown_number(report) == expected
    assert report.locator("#now").inner_text() == "0:00.100"


def test_space_plays_and_pauses(report):
    report.keyboard.press(" ")
    until(report, "video.currentTime > 0.3")
    assert report.locator("#play").inner_text() == "Pause"
    report.keyboard.press(" ")
    until(report, "video.paused")


def test_n_goes_from_movement_to_movement_and_repeats_it_slowly(report):
    report.keyboard.press("n")
    report.keyboard.press("n")
    assert report.locator("li.chosen .jump").inner_text() == "2"
    until(report, "!video.paused")
    assert report.evaluate("video.playbackRate") == 0.5
    report.evaluate(
        """() => {
          window.again = false;
          let last = video.currentTime;
          const look = () => {
            window.again ||= video.currentTime < last - 0.2;
            last = video.currentTime;
            requestAnimationFrame(look);
          };
          look();
        }"""
    )
    until(report, "window.again")
    report.keyboard.press("p")
    assert report.locator("li.chosen .jump").inner_text() == "1"


def test_rows_marks_and_speeds_can_be_clicked(report):
    report.get_by_role("button", name="Movement 3 at 0:04.00").click()
    assert report.locator("li.chosen .jump").inner_text() == "3"
    report.locator("#timeline g.mark circle").first.click()
    assert report.locator("li.chosen .jump").inner_text() == "1"
    report.locator("input[value='0.25']").check(force=True)
    assert report.evaluate("video.playbackRate") == 0.25


FRAMES_ARE_TOLD_LATE = """
const original = HTMLVideoElement.prototype.requestVideoFrameCallback;
HTMLVideoElement.prototype.requestVideoFrameCallback = function (told) {
  const first = !this.told;
  this.told = told;
  const wait = (...frame) => {
    setTimeout(() => this.told(...frame), 400);
    original.call(this, wait);
  };
  if (first) original.call(this, wait);
};
"""


def test_a_frame_that_is_told_late_takes_no_step_back(open_page, shown_once):
    page = open_page(report_of(shown_once / "clip.mp4.fascidetect"), before=FRAMES_ARE_TOLD_LATE)
    wait_for_video(page)
    for _ in range(2):
        page.keyboard.press("ArrowRight")
        until(page, "!video.seeking")
        page.wait_for_timeout(200)
    until(page, "document.getElementById('now').dataset.frame > 0")  # 1, told only now: the video has gone on
    page.keyboard.press("ArrowRight")
    wait_for_frame(page, 3)


def test_keys_mean_the_same_after_a_click_with_the_mouse(report):
    report.locator("#forward").click()
    wait_for_frame(report, 1)
    report.locator("input[value='0.25']").locator("xpath=..").click()
    report.keyboard.press("ArrowRight")
    wait_for_frame(report, 2)
    report.locator("#back").focus()  # what was reached by keys is pressed by keys
    report.keyboard.press(" ")
    wait_for_frame(report, 1)
    report.locator("#forward").click()
    report.keyboard.press(" ")
    until(report, "!video.paused")


def test_the_chosen_row_is_told_to_who_listens(report):
    report.keyboard.press("n")
    report.keyboard.press("n")
    assert report.locator("li[aria-current]").count() == 1
    assert report.locator("li[aria-current] .jump").inner_text() == "2"


def test_captions_are_there_for_whoever_wants_them(report):
    report.evaluate("video.textTracks[0].mode = 'hidden'")
    until(report, "video.textTracks[0].cues?.length === 3")


def test_a_video_that_was_not_brought_along_is_missed_in_words(open_page, shown):
    (shown / "overlay.mp4").unlink()
    page = open_page(report_of(shown))
    page.locator("#no-video").wait_for(state="visible")
    assert "same folder" in page.locator("#no-video").inner_text()


def test_without_an_overlay_the_movements_are_listed_beside_the_still(open_page, shown):
    write_report(replace(read_page(shown / "report.html"), video=None), shown)
    page = open_page(report_of(shown))
    assert page.locator("video").count() == 0
    rows, still = page.locator("ol.rows").bounding_box(), page.locator(".where .still").first.bounding_box()
    shown_px = page.locator(".movements .scrolling").evaluate("list => list.clientHeight")
    assert shown_px > min(150, rows["height"])
    assert rows["x"] > still["x"] + still["width"]
    page.keyboard.press("n")
    assert page.locator("li.chosen .jump").inner_text() == "1"
    assert "Space plays" not in page.locator(".keys").inner_text()


def test_a_script_in_a_name_is_text(open_page, shown):
    label = "</script><script>window.hurt = 1</script><img src=x onerror='window.hurt = 1'>"
    page = read_page(shown / "report.html")
    write_report(replace(page, title=label, warnings=(label,)), shown)
    page = open_page(report_of(shown))
    wait_for_video(page)
    assert page.locator("h1").inner_text() == label
    assert page.evaluate("window.hurt") is None


def test_without_scripts_everything_but_the_player_is_there(open_page, shown_once):
    page = open_page(report_of(shown_once / "clip.mp4.fascidetect"), java_script_enabled=False)
    assert page.locator("ol.rows li").count() == 3
    assert page.locator(".strip").first.is_visible()
    assert not page.locator(".controls").is_visible()
    assert page.locator("video").get_attribute("controls") is not None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling(open_page, shown_once, scheme):
    page = open_page(report_of(shown_once / "clip.mp4.fascidetect"), viewport=PHONE, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    ink, paper = page.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    assert (brightness(ink) < brightness(paper)) == (scheme == "light")


def brightness(color: str) -> float:
    return sum(float(part) for part in color.strip("rgb()").split(",")[:3])


def test_the_first_printed_page_holds_all_but_the_list(open_page, shown_once):
    wide, high = round((210 - 2 * 14) * MM), (297 - 2 * 13) * MM
    page = open_page(report_of(shown_once / "clip.mp4.fascidetect"), viewport={"width": wide, "height": 900})
    page.emulate_media(media="print")
    assert page.locator(".notice").bounding_box()["y"] + page.locator(".notice").bounding_box()["height"] < high
    assert page.locator("#movements").bounding_box()["y"] > page.locator(".notice").bounding_box()["y"]
    assert not page.locator("#video").is_visible()
    assert page.locator(".place-and-list .still svg").is_visible()
    assert not page.locator(".limits svg").is_visible()


def test_no_page_is_printed_for_a_list_of_nothing(open_page, tmp_path):
    write_shown(tmp_path / "still.mp4", tmp_path / "still", peaks_s=())
    page = open_page(report_of(tmp_path / "still"))
    assert page.locator(".movements").is_visible()
    page.emulate_media(media="print")
    assert not page.locator(".movements").is_visible()
