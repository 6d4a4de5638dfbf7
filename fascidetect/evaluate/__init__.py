"""How far a result is from the truth: events matched one to one, sums that add, intervals that say how sure.

``score_clip(found, truth)`` gives a `Tally`; tallies add; `summarize` turns those of all clips into
sensitivity, precision, F1, false alarms per minute, errors and agreement. Annotations of people are
read by `load_annotations`.
"""

from fascidetect.evaluate.agreement import bland_altman, icc
from fascidetect.evaluate.annotations import annotations_text, load_annotations, save_annotations
from fascidetect.evaluate.found import Found, found_in, load_result
from fascidetect.evaluate.match import match
from fascidetect.evaluate.scores import Scores, compare, summarize
from fascidetect.evaluate.table import scores_table, scores_tree
from fascidetect.evaluate.tally import TOLERANCES_S, Tally, score_clip

__all__ = [
    "TOLERANCES_S",
    "Found",
    "Scores",
    "Tally",
    "annotations_text",
    "bland_altman",
    "compare",
    "found_in",
    "icc",
    "load_annotations",
    "load_result",
    "match",
    "save_annotations",
    "score_clip",
    "scores_table",
    "scores_tree",
    "summarize",
]
