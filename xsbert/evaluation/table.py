"""The study's answers as Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from xsbert.evaluation.grid import Comparison, Grid, Row
from xsbert.evaluation.judges.judge import Judge
from xsbert.evaluation.methods.sanity import agreement, asymmetry, plain_pairs
from xsbert.evaluation.statistics import Mean, bootstrap, spearman
from xsbert.evaluation.study import KEPT, Pair, Study

SMALL = 5e-3
"""Of such figures three digits behind the point would show nothing."""
DIGITS = ((0.02, 3), (2.0, 2), (20.0, 1))
"""How many digits behind the point an interval is worth that is narrower."""
LOW_IS_GOOD = {"insert: distance", "delete: score", "missing"}


def judged(study: Study, rows: Sequence[Row], name: str, judge: Judge, pairs: Sequence[Pair], seed: int = 0) -> str:
    """A judge's figures for each row; bold where no row of the same model is better beyond chance.

    That is where the 95 % interval of the difference to the model's best row, pair by pair, reaches 0. Models
    are not held against each other: each has scores of its own to explain. Nor is a row that is known for fewer
    pairs than others of its model: it says for how many, and is never bold.
    """
    rows = [row for row in rows if any(study.figures(row, judge, pairs))]
    if not rows:
        return ""
    found = [study.figures(row, judge, pairs) for row in rows]
    columns, cells = next(each for each in found[0] if each), []
    header = ["model", name]
    for column in columns:
        values = np.array([[each.get(column, math.nan) for each in row] for row in found]).T  # (pairs, rows)
        means, low = bootstrap(values, seed=seed), column in LOW_IS_GOOD
        best, most = _best(values, means, [row.subject for row in rows], low, seed), max(mean.pairs for mean in means)
        cells.append([_cell(mean, bold, most) for mean, bold in zip(means, best, strict=True)])
        header.append(f"{column} {'↓' if low else '↑'} ({_counted(most)})")
    return _markdown(header, [[*_names(row), *each] for row, each in zip(rows, zip(*cells, strict=True), strict=True)])


def compared(study: Study, comparisons: Sequence[Comparison], pairs: Sequence[Pair], seed: int = 0) -> str:
    """How alike two rows are: rank correlation, relative difference, and the difference of the sums."""
    body = []
    for question, row, other in comparisons:
        both = zip(study.known(row, pairs), study.known(other, pairs), strict=True)
        found = [list(agreement(one, two).values()) for one, two in both if one is not None and two is not None]
        if found:
            means = bootstrap(np.array(found), seed=seed)
            body.append([question, f"{row.layer}", *(_shown(mean) for mean in means)])
    header = ["the first against the second", "layer", "rank correlation", "‖A − B‖ / ‖B‖", "\\|ΣA − ΣB\\|"]
    return _markdown(header, body)


def randomised(study: Study, grid: Grid, pairs: Sequence[Pair], seed: int = 0) -> str:
    """The rank correlation with the original, for each number of randomised layers from the top, and for all weights.

    Once over all pairs of words, once over those of different words of one token each: a random encoder, too,
    finds the same word in both texts, for it embeds it twice alike, and a word of several tokens has several
    tokens' attributions, whatever the weights.
    """
    body = []
    for label, plain in (("", False), (", plain pairs", True)):
        for row, others in grid.randomised:
            original, model = study.known(row, pairs), grid.subjects[row.subject]
            where = [plain_pairs(x, model) if plain and x else ... for x in original]
            columns = [
                [
                    spearman(x.matrix[chosen], y.matrix[chosen]) if x and y else math.nan
                    for x, y, chosen in zip(original, study.known(other, pairs), where, strict=True)
                ]
                for other in others
            ]
            body.append([row.label + label, *(_shown(mean) for mean in bootstrap(np.array(columns).T, seed=seed))])
    tops = [*map(str, range(1, len(grid.randomised[0][1]))), "all weights"] if grid.randomised else []
    return _markdown(["layers randomised from the top", *tops], body)


def swapped(study: Study, rows: Sequence[Row], pairs: Sequence[Pair]) -> str:
    """The largest asymmetry of each row, and its price.

    Nothing below 1e-6 can be seen: six digits of each matrix are kept.
    """
    body = []
    for row in rows:
        both = zip(study.known(row, pairs), study.known(row, [(b, a) for a, b in pairs]), strict=True)
        found = max((asymmetry(x.whole, y.whole) for x, y in both if x and y), default=math.nan)
        shown = f"below {KEPT:.0e}" if found < KEPT else f"{found:.1e}"
        body.append([*_names(row), shown, f"{study.seconds(row, pairs):.2f}"])
    return _markdown(["model", "method", "max \\|A(a, b) − A(b, a)ᵀ\\| / max \\|A\\|", "seconds a pair"], body)


def _best(values: np.ndarray, means: list[Mean], subjects: list[str], low: bool, seed: int) -> list[bool]:
    """Which columns, of those with the most pairs, no column of the same subject is better than beyond chance."""
    sign, found = -1 if low else 1, []
    for column, subject in enumerate(subjects):
        own = [i for i, each in enumerate(subjects) if each == subject]
        most = max(means[i].pairs for i in own)
        best = max((i for i in own if means[i].pairs == most), key=lambda i: sign * means[i].value)
        (difference,) = bootstrap(sign * (values[:, [column]] - values[:, [best]]), seed=seed)
        found.append(means[column].pairs == most and difference.high >= 0)  # false for nan
    return found


def _names(row: Row) -> list[str]:
    return [row.subject, row.label]


def _cell(mean: Mean, bold: bool, most: int) -> str:
    shown = f"**{_shown(mean)}**" if bold else _shown(mean)
    return shown if mean.pairs in (0, most) else f"{shown} ({_counted(mean.pairs)})"


def _counted(pairs: int) -> str:
    return "1 pair" if pairs == 1 else f"{pairs} pairs"


def _shown(mean: Mean) -> str:
    if math.isnan(mean.value):
        return "–"
    if 0 < max(abs(mean.low), abs(mean.high)) < SMALL:
        value, low, high = (f"{each:.1e}" for each in mean[:3])
    else:
        digits = next((digits for width, digits in DIGITS if mean.high - mean.low < width), 0)
        value, low, high = (f"{round(each, digits) + 0.0:.{digits}f}" for each in mean[:3])  # no −0
    return f"{value} [{low}, {high}]".replace("-", "−")


def _markdown(header: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) if body else ""
