"""A browser to look with: Debian's Chromium, or whichever is installed; without one these tests are skipped."""

from __future__ import annotations

import queue
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers.shown import number_in

from fascidetect.review.site.results import Results
from fascidetect.review.site.serve import serve as serve_pages

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)
PATIENCE_S = 60.0
LAPTOP, PHONE = {"width": 1366, "height": 768}, {"width": 360, "height": 740}


@pytest.fixture(scope="session")
def chromium():
    """The browser, started once."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip(f"no browser here: looked for {', '.join(NAMES)}")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium) -> Iterator:
    """Open an address in a window of its own; complaints of the page fail the test, as do requests to elsewhere."""
    contexts, complaints = [], []

    def open_one(address, *, viewport=LAPTOP, before="", **options):
        context = chromium.new_context(viewport=viewport, **options)
        contexts.append(context)
        page = context.new_page()
        page.add_init_script(before)
        page.set_default_timeout(1000 * PATIENCE_S)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        home = address.rpartition("/")[0] if address.startswith("file:") else "/".join(address.split("/")[:4])

        def watch(request):
            if not request.url.startswith((home, "data:", "blob:")):
                complaints.append(f"asked for {request.url}")

        page.on("request", watch)
        page.goto(address)
        return page

    yield open_one
    for context in contexts:
        context.close()
    # a decision that is refused is an answer of the server that the browser also notes
    assert [text for text in complaints if "Failed to load resource" not in text] == []


@dataclass
class Server:
    """`fascidetect review` in a process of its own."""

    words: list[str]
    process: subprocess.Popen[str] | None = field(default=None)

    def start(self) -> str:
        """Start it and give its address."""
        command = [sys.executable, "-m", "fascidetect", "review", *self.words, "--no-browser"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        return self.process.stdout.readline().removeprefix("Open ").strip()

    def kill(self) -> None:
        """End it as a crash or a power cut would."""
        self.process.kill()  # nothing happens to one that has ended
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def serve_here() -> Iterator:
    """Serve in a thread of this process, which starts faster; give the address."""
    running = []

    def start(results: Results, place: Path) -> str:
        told: queue.SimpleQueue[str] = queue.SimpleQueue()
        thread = threading.Thread(target=serve_pages, args=(results, place), kwargs={"ready": told.put})
        thread.start()
        address = told.get(timeout=PATIENCE_S)
        running.append((thread, address))
        return address

    yield start
    for thread, address in running:
        origin = "/".join(address.split("/")[:3])
        request = urllib.request.Request(f"{address}quit", method="POST", headers={"Origin": origin})
        urllib.request.urlopen(request).close()
        thread.join()


@pytest.fixture
def serve() -> Iterator:
    """Start `fascidetect review` with these arguments, in a process of its own."""
    servers = []

    def start(*words) -> Server:
        servers.append(Server([str(word) for word in words]))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


def shown_number(page) -> int:
    """Number of the picture that the video shows, read from the screen."""
    picture = cv2.imdecode(np.frombuffer(page.locator("#video").screenshot(), np.uint8), cv2.IMREAD_COLOR)
    return number_in(picture, scale=page.locator("#video").bounding_box()["width"] / 480)


def until(page, script: str, arg: object = None) -> None:
    """Wait until a script is true; asked from outside, for our pages do not run scripts given as text."""
    end_s = time.monotonic() + PATIENCE_S
    while not page.evaluate(script, arg):
        assert time.monotonic() < end_s, f"never became true: {script}"
        page.wait_for_timeout(30)


def wait_for_frame(page, number: int) -> None:
    """Wait until the page has been told that this picture is on the screen."""
    until(page, "n => document.getElementById('now').dataset.frame === String(n) && !video.seeking", number)


def wait_for_video(page) -> None:
    """Wait until the video can be shown."""
    until(page, "video.readyState >= 2")


def said(page, words: str) -> None:
    """Wait until the page says these words about the last decision."""
    until(page, "words => document.getElementById('saved').textContent.includes(words)", words)


def report_of(folder: Path) -> str:
    return (folder / "report.html").as_uri()
