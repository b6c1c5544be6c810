"""How few token pairs explain a similarity: the cumulative attribution of the strongest pairs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from xsbert.plot.figures.axes import LARGEST, axes_for, check_results, label_style
from xsbert.plot.figures.fonts import drawable
from xsbert.results.attribution import Attribution

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (4.2, 3.0)
"""Inches of new axes."""
LINES = ("#08306b", "-"), ("#d95f02", "--"), ("#1b9e77", ":"), ("#7570b3", "-."), ("#666666", (0, (6, 1, 1, 1, 1, 1)))
"""Colours that colour-blind people can tell, and dashes that a black and white print can."""
NOTHING = 1e-6
"""A sum below this share of its terms' magnitudes is rounding (float32)."""


def cumulative(
    xs: Attribution | Iterable[Attribution],
    ax: Axes | None = None,
    *,
    within: float = 0.1,
    labels: Sequence[str] | None = None,
    title: str = "",
) -> Axes:
    """Draws which share of the explained similarity the strongest pairs sum to.

    Pairs are sorted by magnitude, the strongest first; the height over k % is the sum of the strongest
    k % as a share of what all pairs sum to (EMNLP 2023, arXiv 2310.05703). Attributions are signed:
    where later pairs are negative the curve rises above 1 first.

    Up to five attributions have a line each, and on it a dot from which on the sum stays within 10 %
    (`within`) of its end. For more there is their median and, as a band, their middle half: a mean
    would be that of the few whose pairs nearly cancel.

    Args:
        xs: one attribution or several; `x.words()` for words.
        ax: where to draw; by default a new figure.
        within: the distance from 1 that the dots, or for a median the grey strip, stand for.
        labels: the lines' names in the legend; by default the texts' beginnings. None for a band.
        title: a line above.

    Returns:
        The axes.

    Raises:
        TypeError: something in `xs` is not an `Attribution`.
        ValueError: `xs` is empty, the pairs of one sum to zero, `within` is not positive, or there is not
            a label for each line.
    """
    xs = check_results(xs, "cumulative")
    if not within > 0:
        raise ValueError(f"within got {within!r}; expected a positive share, such as 0.1.")
    single = len(xs) <= len(LINES)
    names = drawable([_name(x) for x in xs] if labels is None else labels)
    if len(names) != len(xs) or (labels is not None and not single):
        raise ValueError(f"cumulative got {len(names)} labels for {len(xs) if single else 0} lines; expected one each.")
    curves = [_curve(x, number) for number, x in enumerate(xs)]
    with axes_for(ax, *SIZE) as ax:
        ax.axhspan(100 * (1 - within), 100 * (1 + within), color="#eeeeee", zorder=0)
        ax.axhline(100, color="#888888", linewidth=0.6, zorder=0.5)
        if single:
            _lines(ax, curves, names, within)
        else:
            _band(ax, curves)
        _dress(ax, title)
    return ax


def _curve(x: Attribution, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Percent of the pairs, and percent of what all sum to; both start at zero."""
    values = x.matrix.ravel().astype(float)
    values = values[np.argsort(-np.abs(values), kind="stable")]
    if not abs(values.sum()) > NOTHING * np.abs(values).sum():
        raise ValueError(
            f"cumulative got an attribution whose pairs sum to {values.sum():.1e} (number {number}: {_name(x)}); "
            "expected a sum that pairs can have a share of. Leave it out, or draw its heatmap."
        )
    sums = np.concatenate([[0], values.cumsum()])
    return np.linspace(0, 100, len(sums)), 100 * sums / sums[-1]


def _lines(ax: Axes, curves: list[tuple[np.ndarray, np.ndarray]], names: list[str], within: float) -> None:
    for (shares, sums), name, (colour, dashes) in zip(curves, names, LINES, strict=False):
        outside = np.flatnonzero(np.abs(sums - 100) > 100 * within)
        settled = int(outside[-1]) + 1 if len(outside) else 0
        label = f"{name}\nwithin {100 * within:g} % from {shares[settled]:.2g} % of {len(sums) - 1} pairs"
        ax.plot(shares, sums, color=colour, linestyle=dashes, linewidth=1.4, label=label)
        ax.plot(shares[settled], sums[settled], "o", color=colour, markersize=5, zorder=3)


def _band(ax: Axes, curves: list[tuple[np.ndarray, np.ndarray]]) -> None:
    grid = np.linspace(0, 100, 401)
    low, middle, high = np.percentile([np.interp(grid, *curve) for curve in curves], (25, 50, 75), axis=0)
    ax.fill_between(grid, low, high, color="#9ecae1", linewidth=0, label="their middle half")
    ax.plot(grid, middle, color=LINES[0][0], linewidth=1.4, label=f"the median of {len(curves)} attributions")


def _dress(ax: Axes, title: str) -> None:
    ax.set_xlim(0, 100)
    ax.set_ylim(min(0, ax.get_ylim()[0]), max(110, ax.get_ylim()[1]))
    ax.set_xlabel("strongest token pairs, % of all", fontsize=LARGEST)
    ax.set_ylabel("their sum, % of what all pairs explain", fontsize=LARGEST)
    ax.tick_params(labelsize=LARGEST - 1)
    ax.spines[["top", "right"]].set_visible(False)
    texts = ax.legend(frameon=False, loc="best").get_texts()
    style = label_style([text.get_text() for text in texts], LARGEST - 1)
    for text in texts:
        text.set(family=style["family"], fontsize=style["fontsize"])
        text.set_parse_math(False)
    ax.set_title(title, fontsize=LARGEST)


def _name(x: Attribution, width: int = 22) -> str:
    return " / ".join(text if len(text) <= width else text[: width - 1] + "…" for text in (x.text_a, x.text_b))
