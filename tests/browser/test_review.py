"""The review in a browser: keys decide, nothing that was kept is lost, two windows do not undo each other."""

import json

import pytest
from helpers.shown import FPS, write_shown

from browser.conftest import PHONE, said, shown_number, until, wait_for_frame, wait_for_video
from fascidetect.review import load_log
from fascidetect.review.site.blind import write_plain
from fascidetect.review.site.results import Results
from fascidetect.settings import ClipSettings


@pytest.fixture
def address(serve_here, shown):
    return serve_here(Results(), shown)


@pytest.fixture
def review(open_page, address):
    page = open_page(address)
    ready(page)
    return page


def ready(page):
    page.locator("#list li").first.wait_for()
    wait_for_video(page)


def kept(page, words):
    """Wait until the page says that a decision is kept."""
    said(page, f"Kept: {words}")


def decisions(folder):
    return [(d.action, d.event_id[:8]) for d in load_log(folder / "review.jsonl").decisions]


def test_keys_decide_and_the_page_goes_on_by_itself(review, shown):
    review.keyboard.press("n")
    review.keyboard.press("a")
    kept(review, "movement 1 accepted")
    review.keyboard.press("r")
    kept(review, "movement 2 rejected")
    review.keyboard.press("a")
    kept(review, "movement 3 accepted")
    assert decisions(shown) == [("accept", "e0001000"), ("reject", "e0002500"), ("accept", "e0004000")]
    assert "All that are listed are decided" in review.locator("#saved").inner_text()
    assert "2 reviewed" in review.locator(".figure-count").inner_text()
    review.keyboard.press("u")
    kept(review, "undone")
    assert review.locator("li.chosen .status").inner_text() == "undecided"
    assert json.loads((shown / "result.json").read_bytes())["summary"]["reviewed"][0]["n_undecided"] == 1


def test_keys_that_come_faster_than_the_disk_are_all_kept_in_order(review, shown):
    review.keyboard.press("n")
    for key in "ara":
        review.keyboard.press(key)
    kept(review, "movement 3 accepted")
    assert decisions(shown) == [("accept", "e0001000"), ("reject", "e0002500"), ("accept", "e0004000")]


def test_a_killed_server_loses_no_decision(open_page, serve, shown):
    server = serve(shown)
    review = open_page(server.start())
    ready(review)
    review.keyboard.press("n")
    review.keyboard.press("a")
    kept(review, "movement 1 accepted")
    server.kill()
    review.keyboard.press("r")
    said(review, "Not kept")
    assert decisions(shown) == [("accept", "e0001000")]
    again = open_page(server.start())
    ready(again)
    assert again.locator("#list li.accepted").count() == 1
    assert again.locator("#list li.rejected").count() == 0


def test_two_windows_do_not_undo_each_other(review, open_page):
    other = open_page(review.url)
    ready(other)
    review.keyboard.press("n")
    review.keyboard.press("a")
    kept(review, "movement 1 accepted")
    other.keyboard.press("n")
    other.keyboard.press("r")  # which has not seen the other's decision
    said(other, "another window")
    other.locator("#list li.accepted").wait_for()
    assert other.locator("#list li.rejected").count() == 0


def test_a_missed_movement_is_marked_where_it_is_clicked(review, shown):
    for _ in range(4):
        review.keyboard.press("ArrowRight")
    wait_for_frame(review, 4)
    review.keyboard.press("m")
    box = review.locator("#video").bounding_box()
    scale = box["width"] / 480
    review.mouse.click(box["x"] + 240 * scale, box["y"] + 90 * scale)
    kept(review, "marked at 0:00.200")
    (mark,) = load_log(shown / "review.jsonl").decisions
    assert mark.peak_s == pytest.approx(4 / FPS)
    assert (mark.x_px, mark.y_px) == pytest.approx((240, 90), abs=2)  # a point of the screen is 1.4 px
    assert review.locator("#list li.chosen").inner_text().startswith("+")
    assert review.locator("#timeline g.own").count() == 1


def test_escape_leaves_marking_and_nothing_is_kept(review, shown):
    review.keyboard.press("m")
    review.keyboard.press("Escape")
    review.locator("#video").click()  # plays again
    until(review, "!video.paused")
    assert not (shown / "review.jsonl").exists()


def test_the_onset_is_dragged_and_stepped(review, shown):
    review.keyboard.press("n")
    handle = review.locator("#onset")
    box = handle.bounding_box()
    review.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    review.mouse.down()
    review.mouse.move(box["x"] + box["width"] / 2 - 40, box["y"] + 20, steps=4)
    review.mouse.up()
    kept(review, "onset of")
    first = load_log(shown / "review.jsonl").decisions[-1]
    assert first.onset_s < 0.93  # it was 0.95
    handle.focus()
    review.keyboard.press("ArrowRight")
    until(review, "n => fetch('state').then((r) => r.json()).then((s) => s.review.last_seq === n)", 2)
    second = load_log(shown / "review.jsonl").decisions[-1]
    assert second.onset_s * FPS == pytest.approx(round(second.onset_s * FPS), abs=0.01)  # on a frame
    assert second.onset_s > first.onset_s


def test_of_a_mark_only_the_time_that_was_set_is_kept(review, shown):
    review.keyboard.press("ArrowRight")
    wait_for_frame(review, 1)
    review.keyboard.press("m")
    review.keyboard.press("Enter")
    kept(review, "marked at 0:00.050")
    for frame in (2, 3):
        review.keyboard.press("ArrowRight")
        wait_for_frame(review, frame)
    review.keyboard.press("]")
    kept(review, "offset of 0:00.05")
    last = load_log(shown / "review.jsonl").decisions[-1]
    assert (last.onset_s, last.offset_s) == (None, pytest.approx(3 / FPS))
    review.locator("#onset").focus()
    review.keyboard.press("ArrowLeft")  # shown a tenth of a second before its peak, but not before the video
    kept(review, "onset of 0:00.05")
    last = load_log(shown / "review.jsonl").decisions[-1]
    assert (last.onset_s, last.offset_s) == (0, pytest.approx(3 / FPS))


def test_a_mark_that_was_undone_is_chosen_no_more(review):
    review.keyboard.press("m")
    review.keyboard.press("Enter")
    kept(review, "marked")
    assert "Marked by you" in review.locator("#about").inner_text()
    review.keyboard.press("u")
    kept(review, "undone")
    assert review.locator("#about").inner_text() == "Press N for the first movement."
    assert review.locator("#status").inner_text() == ""


def test_from_what_is_decided_it_goes_on_in_time_whatever_is_listed(review):
    review.locator("#filter").select_option("undecided")
    review.locator("#list .jump").nth(1).click()
    review.keyboard.press("a")
    kept(review, "movement 2 accepted")
    assert review.locator("li.chosen .jump").inner_text() == "3"
    review.keyboard.press("a")
    kept(review, "movement 3 accepted")
    assert review.locator("li.chosen .jump").inner_text() == "1"


def test_a_decision_takes_neither_the_keys_from_a_row_nor_its_picture(review):
    asked = []
    review.on("request", lambda request: asked.append(request.url) if "/strip/" in request.url else None)
    row = review.locator("#list .jump").first
    row.focus()
    review.keyboard.press("Enter")
    review.keyboard.press("a")
    kept(review, "movement 1 accepted")
    assert review.evaluate("document.activeElement.textContent") == "1"
    assert asked == []


def test_where_nothing_was_counted_it_is_said_what_to_do(open_page, serve_here, tmp_path):
    write_shown(tmp_path / "still.mp4", tmp_path / "still", peaks_s=())
    page = open_page(serve_here(Results(), tmp_path / "still"))
    wait_for_video(page)
    assert page.locator("#about").inner_text() == "Nothing was counted. Press M where you see a movement."
    page.keyboard.press("m")
    page.keyboard.press("Enter")
    kept(page, "marked at 0:00.000")


def test_without_the_video_nothing_is_marked(open_page, serve_here, shown):
    (shown / "overlay.mp4").unlink()
    page = open_page(serve_here(Results(), shown))
    page.locator("#no-video").wait_for(state="visible")
    page.locator("#list li").first.wait_for()
    page.keyboard.press("m")
    said(page, "Without the video")
    page.keyboard.press("n")
    page.keyboard.press("[")
    page.keyboard.press("a")
    kept(page, "movement 1 accepted")
    assert [name for name, _ in decisions(shown)] == ["accept"]


def test_a_result_that_was_made_anew_is_shown_anew(review, shown):
    review.keyboard.press("n")
    tree = json.loads((shown / "result.json").read_bytes())
    tree["run"]["started_utc"] = "2100-01-01T00:00:00Z"
    (shown / "result.json").write_text(json.dumps(tree), encoding="utf-8")
    with review.expect_navigation():
        review.evaluate("() => void window.dispatchEvent(new Event('focus'))")
    ready(review)
    assert review.locator("#list li").count() == 3


def test_a_note_stands_by_its_movement_and_is_text(review):
    review.keyboard.press("n")
    review.keyboard.press("t")
    review.keyboard.type("<b>twice</b>, n and a are letters here")
    review.keyboard.press("Enter")
    kept(review, "note")
    assert review.locator("#notes li").inner_text() == "Note: <b>twice</b>, n and a are letters here"
    assert review.locator("#list li.accepted").count() == 0


def test_filters_and_the_threshold_choose_what_is_listed(review, shown):
    assert review.locator("#list li").count() == 3
    review.locator("#threshold").fill("0.9")
    assert review.locator("#list li").count() == 4
    assert "4 stand out" in review.locator("#threshold-words").inner_text()
    review.locator("#place").select_option("2")
    assert review.locator("#list li").count() == 1
    review.locator("#place").select_option("0")
    review.locator("#filter").select_option("not_counted")
    review.locator("#list .jump").click()
    review.keyboard.press("a")
    kept(review, "0:05.20 accepted")
    assert decisions(shown) == [("accept", "e0005200")]
    assert "1 reviewed so far" in review.locator(".figure-count").inner_text()


def test_choosing_a_movement_shows_it_ringed_at_its_place(review):
    review.locator("#list .jump").nth(1).click()
    review.evaluate("video.pause()")
    ring, video = review.locator("#ring").bounding_box(), review.locator("#video").bounding_box()
    center = (ring["x"] + ring["width"] / 2 - video["x"], ring["y"] + ring["height"] / 2 - video["y"])
    scale = video["width"] / 480
    assert center == pytest.approx((0.7 * 480 * scale, 0.4 * 270 * scale), abs=2)


def test_the_report_on_disk_is_renewed_at_a_click(review, shown):
    review.keyboard.press("n")
    review.keyboard.press("a")
    kept(review, "movement 1 accepted")
    review.get_by_role("button", name="Write report.html").click()
    said(review, "report.html")
    assert "so far reviewed by reviewer" in (shown / "report.html").read_text("utf-8")


def test_a_phone_needs_no_sideways_scrolling(open_page, address):
    page = open_page(address, viewport=PHONE, has_touch=True)
    ready(page)
    page.locator("#list .jump").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.locator("#accept").is_visible()


def test_a_blind_rater_sees_the_clip_and_marks(open_page, serve_here, shown, tmp_path):
    write_plain(shown.parent / "clip.mp4", tmp_path / "plain.mp4", ClipSettings())
    page = open_page(serve_here(Results("second-reader", plain=tmp_path / "plain.mp4"), shown))
    wait_for_video(page)
    page.keyboard.press("ArrowRight")
    wait_for_frame(page, 1)
    assert shown_number(page) == 1
    assert page.locator("#timeline g.mark").count() == 0
    page.keyboard.press("m")
    page.keyboard.press("Enter")
    kept(page, "marked at 0:00.050")
    (mark,) = load_log(shown / "review.jsonl").decisions
    assert (mark.rater, mark.x_px) == ("second-reader", None)
