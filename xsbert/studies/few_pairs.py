"""Do few pairs of words carry the score?

The strongest k % of a pair's cells, sorted by what they add or by magnitude: which share of the sum of all they are,
and how their sum alone correlates with what people say (after Möller, Nikolaev and Padó, EMNLP 2023, arXiv 2310.05703).
Shares are of those pairs of texts whose cells sum to more than .1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from xsbert.evaluation.statistics import Mean, bootstrap, spearman
from xsbert.results.attribution import Attribution
from xsbert.studies.findings import Claim, Findings, cell, dressed, median_interval, near

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PERCENT = (1, 2, 5, 10, 25, 50, 100)
LEAST_SUM = 0.1
"""A share of a sum that is smaller says nothing."""
CLAIMED_SHARE, CLAIMED_NEGATIVE, TOLERANCE = 0.77, 0.38, 0.05
"""What the papers report of their models, second-hand, and how near counts as the same."""


def few_pairs(found: Mapping[str, Sequence[Attribution]], gold: Sequence[float]) -> Findings:
    """The study, of one model by one method or several.

    Args:
        found: the attributions by words, by the method's name; all of the same pairs of texts.
        gold: what people say of each pair.
    """
    rows: list[tuple[str | float, ...]] = []
    curves: dict[str, list[float]] = {}
    claims, notes = [], []
    for name, attributions in found.items():
        cells = [x.trimmed().matrix.astype(float).ravel() for x in attributions]
        sums = np.array([values.sum() for values in cells])
        kept = sums > LEAST_SUM
        notes.append(f"{name}: {int(kept.sum())} of {len(cells)} pairs")
        curves[name] = []
        for percent in PERCENT:
            by_value, by_size = (np.array([top_sum(values, percent, signed) for values in cells]) for signed in (1, 0))
            shares = [np.where(kept, part / np.where(kept, sums, 1), np.nan) for part in (by_value, by_size)]
            medians = [median_interval(each) for each in shares]
            correlation = spearman(by_value, np.asarray(gold, dtype=float))
            rows.append((name, f"{percent} %", *map(cell, medians), f"{correlation:.2f}"))
            curves[name].append(medians[0].value)
            if percent == 5:
                claims.append(_share_claim(name, medians[0]))
        (negative,) = bootstrap(np.array([[float((values < 0).mean())] for values in cells]))
        claims.append(_negative_claim(name, negative))
    return Findings(
        name="few_pairs",
        question="Do few pairs of words carry the score?",
        header=("method", "strongest", "share, by what they add", "share, by magnitude", "Spearman with people"),
        rows=tuple(rows),
        draw=partial(_draw, curves=curves),
        claims=tuple(claims),
        note=f"Medians of shares with 95 % bootstrap intervals; pairs that sum to more than {LEAST_SUM}: "
        + "; ".join(notes)
        + ".",
    )


def top_sum(values: np.ndarray, percent: float, signed: bool | int) -> float:
    """The sum of the strongest so many percent of cells, one at least, by what they add or by magnitude."""
    order = np.argsort(-values if signed else -np.abs(values), kind="stable")
    return float(values[order[: max(1, math.ceil(percent / 100 * len(values)))]].sum())


def _share_claim(name: str, found: Mean) -> Claim:
    claim = f"The strongest 5 % of pairs explain about {CLAIMED_SHARE:.0%} of a prediction."
    return Claim(claim, f"{cell(found)} ({name})", near(found, CLAIMED_SHARE, TOLERANCE))


def _negative_claim(name: str, found: Mean) -> Claim:
    claim = f"About {CLAIMED_NEGATIVE:.0%} of the cells are negative."
    return Claim(claim, f"{cell(found)} ({name})", near(found, CLAIMED_NEGATIVE, TOLERANCE))


def _draw(ax: Axes, curves: dict[str, list[float]]) -> None:
    for (name, shares), style in zip(curves.items(), ("-", "--", ":", "-."), strict=False):
        ax.plot(PERCENT, [100 * share for share in shares], style, marker="o", markersize=3, label=name)
    ax.axhline(100, color="#888888", linewidth=0.6)
    ax.set_xscale("log")
    ax.set_xticks(PERCENT, [f"{percent}" for percent in PERCENT])
    ax.minorticks_off()
    ax.set_xlabel("the strongest pairs of words, % of all")
    ax.set_ylabel("their sum, % of what all add (median)")
    dressed(ax, list(curves))
