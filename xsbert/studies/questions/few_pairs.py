"""Do few pairs of words carry the score?

The strongest k % of a pair's cells, sorted by what they add or by magnitude: which share of the sum of all they are,
and how their sum alone correlates with what people say (after Möller, Nikolaev and Padó, EMNLP 2023, arXiv 2310.05703).
Shares are of those pairs of texts whose cells sum to more than .1.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from xsbert.evaluation.statistics import Mean, bootstrap, spearman
from xsbert.studies.cells import LEAST_SUM
from xsbert.studies.findings import Claim, Findings, cell, median_interval, near
from xsbert.studies.material import Material
from xsbert.studies.pictures import lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PERCENT = (1, 2, 5, 10, 25, 50, 100)
CLAIMED_SHARE, CLAIMED_NEGATIVE, TOLERANCE = 0.77, 0.38, 0.05
"""What the papers report of their models, second-hand, and how near counts as the same."""


def study(material: Material) -> Findings:
    """The study."""
    rows: list[tuple[str, ...]] = []
    curves: dict[str, list[float]] = {}
    claims, notes = [], []
    for name in material.methods:
        cells = [x.matrix.ravel() for x in material.explained(name)]
        sums = np.array([values.sum() for values in cells])
        kept = sums > LEAST_SUM
        notes.append(f"{name}: {int(kept.sum())} of {len(cells)} pairs")
        curves[name] = []
        for percent in PERCENT:
            by_value, by_size = (np.array([top_sum(values, percent, signed) for values in cells]) for signed in (1, 0))
            found = [np.where(kept, part / np.where(kept, sums, 1), np.nan) for part in (by_value, by_size)]
            medians = [median_interval(each) for each in found]
            correlation = spearman(by_value, material.gold)
            rows.append((name, f"{percent} %", *map(cell, medians), f"{correlation:.2f}"))
            curves[name].append(100 * medians[0].value)
            if percent == 5:
                claims.append(_share_claim(name, medians[0]))
        (negative,) = bootstrap(np.array([[float((values < 0).mean())] for values in cells]))
        claims.append(_negative_claim(name, negative))
    return Findings(
        name="few-pairs",
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
    ax.axhline(100, color="#888888", linewidth=0.6)
    lines(ax, PERCENT, curves, "the strongest pairs of words, % of all", "their sum, % of what all add (median)")
    ax.set_xscale("log")
    ax.set_xticks(PERCENT, [f"{percent}" for percent in PERCENT])
    ax.minorticks_off()
