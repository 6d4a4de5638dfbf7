"""Fit the few coefficients of `fascidetect.events.confidence` to candidates of clips whose truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import store
from jobs import ASKED, Job, are_true, clip_and_truth

from fascidetect.events.decide import decide
from fascidetect.events.describe import make_event
from fascidetect.events.seek import seek
from fascidetect.model import FloatArray
from fascidetect.quality.usable import find_unusable
from fascidetect.settings import Settings

RIDGE = 1.0
ROUNDS = 40
ON_TOP = ("likeness", "reset")
HEAD = """\
# Weights of the logistic model of `confidence.py`: log-odds that a candidate is a twitch.
# Fitted on the development side by `python benchmarks/accuracy --side dev --fit --real DIR`; never edited by hand.
"""


@dataclass(frozen=True)
class Known:
    """Candidates of one clip: what the model sees of each, (N, K), and which are twitches, (N,)."""

    values: FloatArray
    true: FloatArray
    names: tuple[str, ...]


def known_of(job: Job) -> Known | None:
    """Candidates of a clip that no other rule rejects; None without any."""
    path, truth = clip_and_truth(job)
    trace = store.trace_of(path, truth.sha256)
    settings = Settings()
    windows = seek(trace, settings.quality.max_gap_s, settings.detect)
    found = decide(windows, trace, find_unusable(trace, settings.quality), settings.detect)
    asked = [j for j in found.judged if j.reason in ASKED]
    if not asked:
        return None
    events = [make_event(j.candidate, trace, 0.0, 0, settings.clip) for j in asked]
    values = np.array([list(j.features.values()) for j in asked])
    return Known(values, np.array(are_true(events, truth, trace.clip)), tuple(asked[0].features))


def fitted(known: Sequence[Known]) -> dict[str, float]:
    """Weights by ridge-penalized maximum likelihood over all clips; those in `ON_TOP` beside the others as they are.

    So what comes but once in a clip keeps the probability that it has by itself.
    """
    values, true = np.concatenate([k.values for k in known]), np.concatenate([k.true for k in known])
    names = known[0].names
    own = [k for k, name in enumerate(names) if name not in ON_TOP]
    middle, spread = values[:, own].mean(axis=0), values[:, own].std(axis=0) + 1e-9
    table = np.column_stack([np.ones(len(values)), (values[:, own] - middle) / spread])
    weights = _likeliest(table, true, np.zeros(len(true)), [0.0, *[RIDGE] * len(own)])
    slopes = weights[1:] / spread
    more = [k for k, name in enumerate(names) if name in ON_TOP]
    on_top = _likeliest(values[:, more], true, table @ weights, [RIDGE / 100] * len(more))
    told = {names[k]: float(slope) for k, slope in zip([*own, *more], [*slopes, *on_top], strict=True)}
    return {"constant": float(weights[0] - slopes @ middle), **{name: told[name] for name in names}}


def _likeliest(table: FloatArray, true: FloatArray, level: FloatArray, ridge: Sequence[float]) -> FloatArray:
    """Weights (K,) of a table (N, K) in the log-odds, to which `level` (N,) is added."""
    weights, penalty = np.zeros(table.shape[1]), np.diag(ridge)
    for _ in range(ROUNDS):  # Newton
        share = 1 / (1 + np.exp(-(level + table @ weights)))
        curvature = table.T @ (table * (share * (1 - share) + 1e-9)[:, None]) + penalty
        weights += np.linalg.solve(curvature, table.T @ (true - share) - penalty @ weights)
    return weights


def as_toml(weights: dict[str, float], known: Sequence[Known]) -> str:
    """The file of coefficients."""
    n, n_true = sum(len(k.true) for k in known), sum(int(k.true.sum()) for k in known)
    lines = [f"{name} = {value:.4f}" for name, value in weights.items()]
    return "\n".join([f"{HEAD}# {n} candidates of {len(known)} clips, {n_true} of them twitches.", *lines]) + "\n"
