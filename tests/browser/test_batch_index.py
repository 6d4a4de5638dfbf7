"""The page of a batch: sorted by a click, again and again, however many rows."""

from __future__ import annotations

from fascidetect.batch.rollup import Line, SummaryRow
from fascidetect.batch.run import sum_up

N_ROWS = 600


def test_rows_are_sorted_by_number_and_by_words(open_page, tmp_path):
    rows = (SummaryRow(f"{k}.mp4", error=f"reason {k % 7}", n_events=(k * 7919) % N_ROWS) for k in range(N_ROWS))
    list(sum_up(map(Line, rows), tmp_path))
    page = open_page((tmp_path / "index.html").as_uri())

    def column(k):
        return page.eval_on_selector_all(f"tbody td:nth-child({k})", "cells => cells.map(cell => cell.textContent)")

    page.click("th button:text-is('Counted')")
    assert [int(text) for text in column(3)] == list(range(N_ROWS))
    # white space left between the rows makes the next click slow: each row is sought among it
    assert page.evaluate("document.querySelector('tbody').childNodes.length") == N_ROWS
    page.click("th button:text-is('Counted')")
    assert int(column(3)[0]) == N_ROWS - 1
    page.click("th button:text-is('Recording')")
    assert column(1)[:3] == ["0.mp4", "1.mp4", "2.mp4"]
    page.click("th button:text-is('Recording')")
    assert column(1)[0] == f"{N_ROWS - 1}.mp4"
    page.fill("#find", "reason 3")
    assert page.locator("tbody tr:visible").count() == sum(k % 7 == 3 for k in range(N_ROWS))
