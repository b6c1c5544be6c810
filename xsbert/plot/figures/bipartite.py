"""Two texts as columns of tokens, joined by lines for their attributions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from xsbert.plot.figures.axes import LARGEST, axes_for, check_limit, label_size, label_style, summary
from xsbert.plot.figures.fonts import drawable
from xsbert.results.arguments import at_least
from xsbert.results.attribution import Attribution
from xsbert.results.record import decimals

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

PITCH = 0.24
"""Inches between the tokens of the longer text, in a figure that the plot makes itself."""
PALEST = 0.45
"""How far from white to its end the colour map is at the weakest line: paler could not be seen on paper."""
DASH, SPACE = 3.0, 2.0
"""Points: the dashes of the thinnest negative line and the spaces between; wider lines have longer ones."""


def bipartite(
    x: Attribution,
    ax: Axes | None = None,
    *,
    k: int | None = None,
    threshold: float = 0.0,
    limit: float | None = None,
    title: str | None = None,
    cmap: str | Colormap = "RdBu_r",
) -> Axes:
    """Draws text a on the left and text b on the right, and a line for each strong pair.

    A line's width and colour are its attribution; negative ones are dashed, so that they can be told
    in black and white. The strongest lie on top. Below stands how many pairs are drawn, of how many,
    and what they sum to.

    Args:
        x: the attribution; `x.words()` for words. Special tokens without a part are left out.
        ax: where to draw; by default a new figure in which every label can be read.
        k: how many pairs are drawn, the strongest; by default as many as the texts have tokens.
        threshold: pairs of a smaller magnitude are left out, in units of the score.
        limit: the magnitude of the widest and darkest lines; by default `x.limit`. Give several
            panels one limit, `shared_limit(x, y)`, to compare them.
        title: a line above; by default the similarity and what the pairs explain. "" for none.
        cmap: a diverging matplotlib colour map.

    Returns:
        The axes, with the lines in one collection, the strongest last.

    Raises:
        TypeError: `x` is not an `Attribution`, `k` not a whole number.
        ValueError: `k` is below 1, `threshold` negative, or `limit` not positive.
    """
    if not isinstance(x, Attribution):
        raise TypeError(f"bipartite got a {type(x).__name__}; expected an Attribution, as model.explain gives.")
    if not threshold >= 0:
        raise ValueError(f"threshold got {threshold!r}; expected a magnitude, zero or more.")
    x = x.trimmed()
    limit = check_limit(x.limit if limit is None else limit)
    pairs = _strongest(x.matrix, len(x.tokens_a) + len(x.tokens_b) if k is None else k, threshold)
    longer = max(len(x.tokens_a), len(x.tokens_b), 1)
    gap = float(np.clip(0.4 * PITCH * longer, 2.5, 5))
    with axes_for(ax, gap, PITCH * longer) as ax:
        _write(ax, x.tokens_a, x.tokens_b, longer)
        look = _Look(limit, label_size(ax, longer), cmap)
        _join(ax, pairs, x, longer, look)
        _legend(ax, pairs, x.matrix, look)
        ax.set_title(summary(x) if title is None else title, fontsize=LARGEST, pad=8)
    return ax


class _Look:
    """How lines show values: widths in points up to a token's height, colours, and dashes below zero."""

    def __init__(self, limit: float, size: float, cmap: str | Colormap):
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize

        self.limit, self.widest = limit, 0.7 * size
        self.colours = ScalarMappable(Normalize(-1, 1), cmap)

    def __call__(self, values: Sequence[float] | np.ndarray) -> dict[str, Any]:
        share = np.clip(np.asarray(values, dtype=float) / self.limit, -1, 1)
        widths = np.maximum(0.5, self.widest * np.abs(share))
        return {
            "linewidths": widths,
            "colors": self.colours.to_rgba(np.where(share < 0, -1, 1) * PALEST + (1 - PALEST) * share),
            "linestyles": [_dashes(w) if each < 0 else "solid" for each, w in zip(share, widths, strict=True)],
        }


def _dashes(width: float) -> tuple[int, tuple[float, float]]:
    """As matplotlib takes them, in line widths."""
    return 0, (DASH / width + 0.5, SPACE / width + 0.2)


def _strongest(matrix: np.ndarray, k: int, threshold: float) -> list[tuple[int, int]]:
    """The k strongest pairs that are not zero and reach the threshold, the weakest first."""
    k = at_least(k, 1, "k", "a whole number, such as 20")
    magnitude = np.abs(matrix)
    order = np.argsort(-magnitude, axis=None, kind="stable")[:k]
    rows, columns = np.unravel_index(order[::-1], matrix.shape)
    kept = (magnitude[rows, columns] >= threshold) & (magnitude[rows, columns] > 0)
    return list(zip(rows[kept].tolist(), columns[kept].tolist(), strict=True))


def _heights(count: int, longer: int) -> np.ndarray:
    """Where a text's tokens stand, 0 on top: both texts from the top to the bottom."""
    return np.linspace(0, longer - 1, count) if count > 1 else np.zeros(count)


def _write(ax: Axes, left: Sequence[str], right: Sequence[str], longer: int) -> None:
    labels = drawable([*left, *right])
    left, right = labels[: len(left)], labels[len(left) :]
    style = label_style(labels, label_size(ax, longer))
    for labels, side, aligned, shift in ((left, 0, "right", -4), (right, 1, "left", 4)):
        for label, height in zip(labels, _heights(len(labels), longer), strict=True):
            place: dict[str, Any] = {"xytext": (shift, 0), "textcoords": "offset points", "ha": aligned, "va": "center"}
            ax.annotate(label, (side, height), **place, **style)
    ax.set(xlim=(0, 1), ylim=(longer - 0.5, -0.5), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def _join(ax: Axes, pairs: list[tuple[int, int]], x: Attribution, longer: int, look: _Look) -> None:
    from matplotlib.collections import LineCollection

    left, right = _heights(len(x.tokens_a), longer), _heights(len(x.tokens_b), longer)
    ends = [((0, left[i]), (1, right[j])) for i, j in pairs]
    ax.add_collection(LineCollection(ends, capstyle="butt", **look([x.matrix[pair] for pair in pairs])))


def _legend(ax: Axes, pairs: list[tuple[int, int]], matrix: np.ndarray, look: _Look) -> None:
    """The strongest and the weakest line of each sign, and what is drawn of how much."""
    from matplotlib.lines import Line2D

    drawn = np.array([matrix[pair] for pair in pairs])
    signs = [drawn[drawn > 0], drawn[drawn < 0]]  # the strongest last
    samples = list(dict.fromkeys(float(some[end]) for some in signs if len(some) for end in (-1, 0)))
    styles = look(samples)
    handles = [
        Line2D([], [], linewidth=width, color=colour, linestyle=dashes, dash_capstyle="butt", solid_capstyle="butt")
        for width, colour, dashes in zip(*styles.values(), strict=True)
    ]
    ax.legend(
        handles,
        [f"{value:+.2g}".replace("-", "−") for value in samples],
        title=f"the {len(pairs)} strongest of {matrix.size} pairs; they sum to {decimals(drawn.sum(), 3)}".replace(
            "-", "−"
        ),
        ncol=max(len(handles), 1),
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        frameon=False,
        handlelength=3,
        fontsize=LARGEST - 1,
        title_fontsize=LARGEST - 1,
    )
