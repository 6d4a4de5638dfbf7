"""What a page that is made without the clip takes over from the page before it."""

from __future__ import annotations

from dataclasses import replace

from fascidetect.report.page import Movement, Page

OUTDATED = "The boxes in the video are those of an earlier decision."


def carry_over(page: Page, before: Page) -> Page:
    """Give a page the video of an earlier one of the same clip, and the pictures of movements that it shows, too.

    Movements that are not counted now keep their pictures, for they may be counted again.
    """
    known = {_key(one): one for one in (*before.movements, *before.rejected) if one.strip}

    def pictured(one: Movement) -> Movement:
        same = known.get(_key(one))
        return one if same is None else replace(one, strip=same.strip, magnified=same.magnified)

    carried = replace(
        page,
        movements=tuple(pictured(one) for one in page.movements),
        rejected=tuple(pictured(one) for one in page.rejected),
        video=before.video,
    )
    return replace(carried, warnings=(*page.warnings, OUTDATED)) if outdated(carried) else carried


def outdated(page: Page) -> bool:
    """Whether the video of a page shows another decision than the page itself."""
    return page.video is not None and page.video.decision != page.decision


def _key(one: Movement) -> tuple[str, float, float, float]:
    return one.id, one.onset_s, one.peak_s, one.offset_s
