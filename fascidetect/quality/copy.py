"""Whether a file is what the camera wrote, or a smaller copy that a messenger or a converter made of it."""

from __future__ import annotations

from fascidetect.model import ClipFacts

SMALL_PX = 1280
"""Long side that copies do not exceed; cameras rarely film so small any more."""

LOW_BITS_PER_PX = 0.1
"""Cameras spend more; messengers less."""


def looks_like_a_copy(clip: ClipFacts) -> bool:
    """Judge by size, codec, bit rate and missing marks of a camera together: each alone is innocent.

    Files whose marks are not known (older results) are never called copies.
    """
    return (
        clip.camera_tags is False
        and clip.codec == "h264"
        and max(clip.width_px, clip.height_px) <= SMALL_PX
        and 0 < clip.bits_per_px < LOW_BITS_PER_PX
    )


def copy_words(clip: ClipFacts) -> str:
    """Why it seems to be a copy, and what to do."""
    return (
        f"probably a re-compressed copy, as messengers make them ({clip.width_px} x {clip.height_px} px, "
        f"{clip.bits_per_px:.2g} bits per pixel and frame, no mark of a camera), in which small movements may be "
        "erased: use the original file"
    )
