"""The report once more, with what people decided beside the automatic counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fascidetect.report.html import REPORT, read_page, write_report
from fascidetect.review.counts import load_counts


def renew_report(folder: Path) -> None:
    """Write the reviewed counts into the report.html of a result, where they differ from those that it shows.

    Raises
    ------
    ClipError
        There is no result, or no report, that can be read.
    OutputError
        It cannot be written; the old one stays.
    """
    if not (folder / REPORT).exists():
        return
    page, reviewed = read_page(folder / REPORT), load_counts(folder)
    if page.reviewed != reviewed:
        write_report(replace(page, reviewed=reviewed), folder)
