"""One pair at several layers: a small heatmap for each, in one scale."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from xsbert.plot.figures.axes import LARGEST, axes_for, check_axes, check_limit, check_results
from xsbert.plot.figures.heatmap import draw, draw_scale, mark_negative
from xsbert.results.attribution import Attribution
from xsbert.results.record import decimals

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.image import AxesImage

PANEL, CELLS = 1.7, (0.11, 0.22)
"""Inches: the least width of a new figure's panels, and the sizes between which a token has its cell there."""
TITLE, GAP, SCALE = 0.5, 0.25, 0.12
"""Inches: the room for a panel's title above it, between columns of panels, and for the scale's width."""


def layers(
    xs: Attribution | Iterable[Attribution],
    ax: Axes | Sequence[Axes] | None = None,
    *,
    limit: float | None = None,
    columns: int | None = None,
    colorbar: bool = True,
    titles: Sequence[str] | None = None,
    cmap: str | Colormap = "RdBu_r",
) -> list[Axes]:
    """Draws one pair's attributions at several layers, a heatmap each, with one colour scale.

    Cells of strong negative pairs have a minus in them, as in `heatmap`.

    Args:
        xs: the attributions of one pair in the order of the panels; words for words.
        ax: where to draw. Axes are divided into panels, which are its insets; a sequence of axes, such
            as `plt.subplots(2, 3)[1].flat`, gives one for each panel; by default a new figure.
            Only panels on the left and on top carry labels, where that can be known.
        limit: the colours run from −limit to limit, white at zero; by default the largest
            `limit` of all.
        columns: how many panels stand side by side, where the panels' places are not given.
        colorbar: whether to draw the scale.
        titles: a title for each panel; by default the layer, what the pairs explain, and the
            quadrature's error in that sum.
        cmap: a diverging matplotlib colour map.

    Returns:
        The panels' axes, in the order of `xs`.

    Raises:
        TypeError: something in `xs` is not an `Attribution`, or something in `ax` not axes.
        ValueError: `xs` is empty or not of one pair's tokens; `limit` or `columns` is not positive; there
            are not as many axes or titles as attributions.
    """
    xs = _one_pair(check_results(xs, "layers"))
    limit = check_limit(max(x.limit for x in xs) if limit is None else limit)
    titles = [_title(x) for x in xs] if titles is None else titles
    _check_count("titles", len(titles), len(xs))
    if columns is not None and not columns >= 1:
        raise ValueError(f"columns got {columns!r}; expected at least 1.")
    if isinstance(ax, Iterable):
        panels = [check_axes(panel) for panel in ax]
        _check_count("axes", len(panels), len(xs))
        image = _fill(panels, xs, limit, titles, cmap, [_outer(panel) for panel in panels])
        if colorbar:
            draw_scale(image, ax=panels, fraction=0.05, pad=0.03)
        return panels
    rows, columns = _grid(xs, columns)
    with axes_for(ax, *_size(xs[0], rows, columns)) as ax:
        panels, bar = _divide(ax, len(xs), rows, columns)
        outer = [(number % columns == 0, number < columns) for number in range(len(xs))]
        image = _fill(panels, xs, limit, titles, cmap, outer)
        if colorbar:
            draw_scale(image, cax=ax.inset_axes(bar))
    return panels


def _one_pair(xs: list[Attribution]) -> list[Attribution]:
    for x in xs:
        if (x.tokens_a, x.tokens_b) != (xs[0].tokens_a, xs[0].tokens_b):
            raise ValueError(
                f"layers got attributions with different tokens: {xs[0]!r} and {x!r}; expected one pair, all by "
                "tokens or all by words. Draw different pairs with heatmap and shared_limit."
            )
    return xs


def _check_count(what: str, got: int, expected: int) -> None:
    if got != expected:
        raise ValueError(f"layers got {got} {what} for {expected} attributions; expected one for each.")


def _title(x: Attribution) -> str:
    return f"layer {x.layer}\nexplains {decimals(x.explained, 3)} · error {x.error:.0e}"


def _cell(x: Attribution) -> float:
    return float(np.clip(3 / max(x.matrix.shape), *CELLS))


def _panel(x: Attribution) -> tuple[float, float]:
    """A panel's width and height in a new figure, in inches."""
    return max(PANEL, _cell(x) * len(x.tokens_b)), _cell(x) * len(x.tokens_a)


def _grid(xs: list[Attribution], columns: int | None) -> tuple[int, int]:
    """Rows and columns: those given, or a figure somewhat wider than high."""
    width, height = _panel(xs[0])
    if columns is None:
        columns = round(np.sqrt(1.4 * len(xs) * (height + TITLE) / (width + GAP)))
    columns = min(max(columns, 1), len(xs))
    return -(-len(xs) // columns), columns


def _size(x: Attribution, rows: int, columns: int) -> tuple[float, float]:
    width, height = _panel(x)
    return columns * (width + GAP) + 2 * SCALE, rows * height + (rows - 1) * TITLE


def _divide(ax: Axes, count: int, rows: int, columns: int) -> tuple[list[Axes], tuple[float, float, float, float]]:
    """Insets for the panels, and the scale's place. The first row's titles and labels stand outside, as a heatmap's."""
    box = ax.get_window_extent()
    width, height = box.width / ax.figure.dpi, box.height / ax.figure.dpi
    gap, title, scale = GAP / width, TITLE / height, SCALE / width
    wide, high = (1 - 2 * scale) / columns, (1 + title) / rows
    if wide <= gap or high <= title:
        raise ValueError(
            f"layers got axes of {width:.1f} × {height:.1f} inches; expected room for {rows} × {columns} panels. "
            "Leave ax out for a figure of the right size."
        )
    ax.set_axis_off()
    corners = [(place % columns * wide, 1 + title - (place // columns + 1) * high) for place in range(count)]
    return [ax.inset_axes((*corner, wide - gap, high - title)) for corner in corners], (1 - scale, 0, scale, 1)


def _outer(panel: Axes) -> tuple[bool, bool]:
    """Whether a panel is in its figure's first column, and in the first row; both where nothing tells."""
    place = panel.get_subplotspec()
    return (place.is_first_col(), place.is_first_row()) if place else (True, True)


def _fill(
    panels: list[Axes],
    xs: list[Attribution],
    limit: float,
    titles: Sequence[str],
    cmap: str | Colormap,
    outer: list[tuple[bool, bool]],
) -> AxesImage:
    for panel, x, title, (left, top) in zip(panels, xs, titles, outer, strict=True):
        image = draw(panel, x.matrix, x.tokens_a, x.tokens_b, limit, cmap)
        mark_negative(panel, x.matrix, limit)
        panel.tick_params(labelleft=left, labeltop=top)
        panel.set_title(title, fontsize=LARGEST - 1, pad=5)
    return image
