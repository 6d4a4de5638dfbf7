"""The notice."""

NOTICE = (
    "Counts movements visible in a video. It cannot tell their cause; neither many nor few means illness or health. "
    "Not a medical device. See a doctor for weakness, muscle shrinking, or trouble speaking or swallowing, "
    "whatever the count."
)
"""Shown by the README, the command line, the report and the review."""
