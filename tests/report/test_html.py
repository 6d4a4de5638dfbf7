"""report.html: everything in one file, nothing that runs but ours, and the page read back from it."""

import base64
import dataclasses
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest
from helpers.build import continuous, empty_result, example_run, unfit_result
from helpers.synthetic import make_event, make_result, make_trace

from fascidetect.model import Picture
from fascidetect.notice import NOTICE
from fascidetect.report.compose import make_page
from fascidetect.report.html import captions, embeddable, read_page, render_report, write_report
from fascidetect.report.layout import Layout
from fascidetect.report.page import TICKS_PER_S
from fascidetect.report.strips import PANEL_PX, StripTaker

NASTY = '</script><script>alert(1)</script>" onload="alert(2) & <b>'


class Seen(HTMLParser):
    """Elements and attributes of a page, as a browser would see them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words += data

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def trace():
    return make_trace(960, 540)


@pytest.fixture(scope="module")
def result(trace):
    return make_result(trace, (make_event(trace, 2.0, (0.3, 0.5)), make_event(trace, 5.0, (0.7, 0.5), focus=2)))


@pytest.fixture(scope="module")
def strips(trace, result):
    taker = StripTaker(trace, result.events)
    rng = np.random.default_rng(1)
    pictures = (
        Picture(int(k), float(t), rng.integers(0, 255, (270, 480, 3), np.uint8))
        for k, t in zip(trace.frame_index, trace.time_s, strict=True)
    )
    for _ in taker.watch(pictures):
        pass
    return taker.strips()


@pytest.fixture(scope="module")
def page(trace, result, strips):
    return make_page(trace, result, example_run(), strips, Layout.plan(960, 540))


def test_the_page_says_what_was_found_and_carries_the_notice(page):
    seen = Seen(render_report(page))
    assert "2 movements counted" in seen.words
    assert NOTICE in " ".join(seen.words.split())
    assert [one["src"] for one in seen.all("video")] == ["overlay.mp4"]
    assert len([img for img in seen.all("img") if img["src"].startswith("data:image/webp")]) == 2


def test_nothing_is_loaded_from_elsewhere(page):
    text = render_report(page)
    sources = [v for _, attrs in Seen(text).tags for k, v in attrs.items() if k in ("src", "href") and v]
    assert {re.split(r"[,:;]", source)[0] for source in sources} == {"data", "overlay.mp4", "#movements", "#still"}
    assert "http" not in text.replace("http-equiv", "")
    (policy,) = [meta["content"] for meta in Seen(text).all("meta") if "http-equiv" in meta]
    assert policy.startswith("default-src 'none'")


def test_a_name_is_text_and_nothing_else(trace, result, strips):
    settings = dataclasses.replace(
        result.settings, report=dataclasses.replace(result.settings.report, label=NASTY), clip=result.settings.clip
    )
    quality = dataclasses.replace(result.quality, warnings=(NASTY,))
    named = dataclasses.replace(result, settings=settings, quality=quality)
    plain = Seen(render_report(make_page(trace, result, example_run(), strips, None)))
    seen = Seen(render_report(make_page(trace, named, example_run(), strips, None)))
    assert len(seen.all("script")) == len(plain.all("script"))
    assert not any("onload" in attrs for _, attrs in seen.tags)
    assert seen.words.count(NASTY) >= 2


def test_a_name_that_is_no_text_can_be_written(trace, result, tmp_path):
    odd = dataclasses.replace(result, clip=dataclasses.replace(result.clip, name="calf\udcff.mp4"))
    write_report(make_page(trace, odd, example_run(), {}, None), tmp_path)
    assert read_page(tmp_path / "report.html").title == "calf\ufffd.mp4"


def test_the_page_is_read_back_from_the_report(page, tmp_path):
    write_report(page, tmp_path)
    assert read_page(tmp_path / "report.html") == page


@pytest.mark.parametrize("text", ["", "<html>", '<script type="application/json" id="page">{"a": 1}</script>'])
def test_what_is_no_report_is_refused_in_one_line(text, tmp_path):
    (tmp_path / "report.html").write_text(text, encoding="utf-8")
    with pytest.raises(match=r"report\.html") as caught:
        read_page(tmp_path / "report.html")
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_report_says_what_to_do(tmp_path):
    with pytest.raises(match="run fascidetect analyze again"):
        read_page(tmp_path / "report.html")


def test_a_small_overlay_can_be_embedded_and_a_large_one_stays_beside(page, tmp_path):
    (tmp_path / "overlay.mp4").write_bytes(b"video")
    write_report(dataclasses.replace(page, standalone=True), tmp_path)
    (video,) = Seen((tmp_path / "report.html").read_text("utf-8")).all("video")
    assert video["src"] == "data:video/mp4;base64,dmlkZW8="
    with (tmp_path / "overlay.mp4").open("wb") as file:
        file.truncate(19_000_000)  # 4/3 of it are more than 25 MB
    assert embeddable(tmp_path) is None


def test_without_an_overlay_there_is_no_player(trace, result):
    seen = Seen(render_report(make_page(trace, result, example_run(), {}, None)))
    assert seen.all("video") == []
    assert "No overlay video was written" in seen.words


def test_a_clip_that_cannot_be_judged_shows_reasons_and_no_count(trace):
    refused = dataclasses.replace(unfit_result(), activity=make_result(trace).activity)
    seen = Seen(render_report(make_page(trace, refused, example_run(), {}, None)))
    assert "This clip cannot be analyzed" in seen.words
    assert "only 3.2 s of usable video" in seen.words
    assert "Counted movements" not in seen.words
    assert "movements counted" not in seen.words


def test_none_seen_is_not_said_where_something_never_stops(trace):
    restless = dataclasses.replace(empty_result(sustained=(continuous(),)), activity=make_result(trace).activity)
    seen = Seen(render_report(make_page(trace, restless, example_run(), {}, None)))
    assert "No movement counted; continuous movement not counted" in seen.words


def test_the_times_of_frames_do_not_drift(page, trace):
    times = np.cumsum([page.video.first_tick, *page.video.steps]) / TICKS_PER_S
    assert times == pytest.approx(trace.time_s, abs=0.5 / TICKS_PER_S + 1e-9)


def test_captions_begin_and_end_with_their_movement(page):
    text = base64.b64decode(captions(page).partition(",")[2]).decode()
    assert text.startswith("WEBVTT")
    # too short to be read, so they stand half a second
    assert re.findall(r"(?m)^.* --> .*$", text) == ["00:00:01.950 --> 00:00:02.450", "00:00:04.950 --> 00:00:05.450"]


def test_a_strip_shows_before_peak_and_after_and_what_changed(trace):
    event = make_event(trace, 5.0, (0.5, 0.5))
    taker = StripTaker(trace, (event,))

    def shade(time_s):
        picture = np.full((270, 480, 3), 100, np.uint8)
        if abs(time_s - event.peak_s) < 0.02:
            picture[125:145, 230:250] = 130
        return picture

    pictures = [Picture(int(k), t, shade(t)) for k, t in zip(trace.frame_index, trace.time_s.tolist(), strict=True)]
    assert list(taker.watch(pictures)) == pictures
    (strip,) = taker.strips().values()
    image = cv2.imdecode(np.frombuffer(strip.webp, np.uint8), cv2.IMREAD_UNCHANGED)
    before, peak, after, change = (image[:, k * 174 : k * 174 + PANEL_PX, 0].astype(int) for k in range(4))
    middle = slice(70, 98)
    assert np.abs(before - after).max() <= 4  # lossy
    assert peak[middle, middle].mean() > before[middle, middle].mean() + 10
    assert change[middle, middle].mean() > 170
    assert change[:20].mean() == pytest.approx(128, abs=4)
    assert strip.magnified == pytest.approx(100 / 30, rel=0.15)
