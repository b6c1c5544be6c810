"""Do two models' attributions agree, and in which layers?

The rank correlation of two models' cells, pair by pair: of a model made exact with the one it was made from, and with
one that was tuned alike without the reference. EACL 2024 (arXiv 2402.02883) says that approximate and exact
attributions "often agree" in deep layers. The twin tells what fine-tuning
changes from what the reference does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from xsbert.evaluation.statistics import Mean, bootstrap, spearman
from xsbert.results.attribution import Attribution
from xsbert.studies.findings import Claim, Findings, above, cell, dressed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

AGREES = 0.5
"""A mean rank correlation from which on two are said to agree often."""
Layered = Mapping[int, Sequence[Attribution]]
"""Attributions of the same pairs, by the layer that they are at."""


def agreement(first: tuple[str, Layered], others: dict[str, Layered]) -> Findings:
    """The study.

    Args:
        first: a model's name and its attributions by words.
        others: the same of the models that it is compared with, at the same layers.
    """
    name, mine = first
    rows: list[tuple[str | float, ...]] = []
    curves: dict[str, list[float]] = {}
    claims = []
    for other, theirs in others.items():
        found = {layer: agreement_of(mine[layer], theirs[layer]) for layer in mine}
        rows += [(f"{name} with {other}", layer, cell(mean)) for layer, mean in found.items()]
        curves[other] = [mean.value for mean in found.values()]
        last = found[max(found)]
        claims.append(
            Claim(
                "Approximate and exact attributions often agree in deep layers.",
                f"{cell(last)} at layer {max(found)}, {name} with {other}",
                above(last, AGREES),
            )
        )
    count = len(next(iter(mine.values())))
    return Findings(
        name="agreement",
        question="Do the models' attributions agree?",
        header=("models", "layer", "rank correlation"),
        rows=tuple(rows),
        draw=partial(_draw, layers=list(mine), curves=curves, name=name),
        claims=tuple(claims),
        note=f"Means over {count} pairs of the rank correlation of all pairs of words, with 95 % bootstrap intervals.",
    )


def agreement_of(mine: Sequence[Attribution], theirs: Sequence[Attribution]) -> Mean:
    """The mean rank correlation of two models' cells, words with words, over pairs of texts."""
    found = [spearman(_words(x), _words(y)) for x, y in zip(mine, theirs, strict=True)]
    return bootstrap(np.array(found)[:, None])[0]


def _words(x: Attribution) -> np.ndarray:
    rows, columns = ([i for i, at in enumerate(offsets) if at] for offsets in (x.offsets_a, x.offsets_b))
    return x.matrix[np.ix_(rows, columns)]


def _draw(ax: Axes, layers: list[int], curves: dict[str, list[float]], name: str) -> None:
    for (other, means), style in zip(curves.items(), ("-", "--", ":", "-."), strict=False):
        ax.plot(layers, means, style, marker="o", markersize=4, label=f"with {other}")
    ax.set_xticks(layers)
    ax.set_ylim(min(0, ax.get_ylim()[0]), 1)
    ax.set_xlabel("layer")
    ax.set_ylabel(f"rank correlation with {name}")
    dressed(ax, list(curves) * 2)
