"""A token–token heatmap of an attribution."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xsbert.attribution.result import Attribution
from xsbert.attribution.storage import write_whole
from xsbert.plot.fonts import drawable, families

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

CELL, MARGIN = 0.3, 2.0
"""Inches for a token in a figure that the heatmap makes itself, and for its labels at first."""
LARGEST, SMALLEST = 9.0, 3.0
"""Points: the label sizes between which a heatmap fits its labels to the axes."""


def heatmap(
    x: Attribution,
    ax: Axes | None = None,
    *,
    limit: float | None = None,
    colorbar: bool = True,
    title: str | None = None,
    cmap: str = "RdBu_r",
) -> Axes:
    """Draws the attribution of each token pair; text a down, text b across.

    Args:
        x: the attribution; `x.words()` for words.
        ax: where to draw; by default a new figure in which every label can be read.
        limit: the colours run from −limit to limit, white at zero; by default the largest magnitude.
            Give several panels one limit, `shared_limit(x, y)`, to compare them.
        colorbar: whether to draw the scale.
        title: a line above; by default the similarity and what the pairs explain. "" for none.
        cmap: a diverging matplotlib colour map.

    Returns:
        The axes.

    Raises:
        TypeError: `x` is not an `Attribution`.
        ValueError: `limit` is not positive.
    """
    if not isinstance(x, Attribution):
        raise TypeError(
            f"heatmap got a {type(x).__name__}; expected an Attribution, as model.explain gives. "
            "For a bare matrix use plot_attributions(A, tokens_a, tokens_b)."
        )
    own = ax is None
    ax = _new_axes(x) if ax is None else ax
    image = draw(ax, x.matrix, x.tokens_a, x.tokens_b, limit, cmap)
    if colorbar and own:
        width = 0.12 * ax.figure.dpi / ax.get_window_extent().width  # an eighth of an inch
        draw_scale(image, cax=ax.inset_axes((1 + width, 0, width, 1)))
    elif colorbar:
        draw_scale(image, ax=ax, fraction=0.05, pad=0.03)
    ax.set_title(_summary(x) if title is None else title, fontsize=LARGEST, pad=8)
    if own:
        _fit_figure(ax)
    return ax


def shared_limit(*results: Attribution) -> float:
    """The largest magnitude in several attributions: a `limit` that makes their colours comparable."""
    if not results:
        raise ValueError("shared_limit got no attributions; expected at least one.")
    return max(_largest(x.matrix) for x in results)


def save(ax: Axes, path: str | Path) -> None:
    """Writes the axes' figure as its name's ending says, whole or not at all.

    Raises:
        ValueError: matplotlib knows no such format.
    """
    content = BytesIO()
    ax.figure.savefig(content, format=Path(path).suffix.lstrip(".").lower(), dpi=150)  # type: ignore[union-attr]
    write_whole(Path(path), content.getvalue())


def draw(
    ax: Axes, matrix: np.ndarray, rows: Sequence[str], columns: Sequence[str], limit: float | None, cmap: str
) -> AxesImage:
    """Draws a matrix with its labels on existing axes; colours centred on zero."""
    limit = _largest(matrix) if limit is None else limit
    if not limit > 0:
        raise ValueError(f"limit got {limit!r}; expected a positive number: the colours run from −limit to limit.")
    image = ax.imshow(matrix, cmap=cmap, vmin=-limit, vmax=limit, aspect="equal", interpolation="nearest")
    _label(ax, rows, columns)
    return image


def draw_scale(image: AxesImage, **placement: Any) -> None:
    """The colour scale beside the axes."""
    bar = image.axes.figure.colorbar(image, **placement)
    bar.ax.tick_params(labelsize=LARGEST - 1, length=2)
    bar.outline.set_visible(False)


def _label(ax: Axes, rows: Sequence[str], columns: Sequence[str]) -> None:
    rows, columns = [drawable(label) for label in rows], [drawable(label) for label in columns]
    # Tokens are data: a dollar sign in one must not start a formula.
    style: dict[str, Any] = {
        "family": families([*rows, *columns]),
        "fontsize": _label_size(ax, len(rows), len(columns)),
        "parse_math": False,
    }
    ax.set_xticks(range(len(columns)), columns, rotation=90, **style)
    ax.set_yticks(range(len(rows)), rows, **style)
    ax.tick_params(length=0, pad=3, top=False, labeltop=True, bottom=False, labelbottom=False)
    ax.spines[:].set_visible(False)
    ax.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="#dddddd", linewidth=0.4)
    ax.tick_params(which="minor", length=0)


def _label_size(ax: Axes, rows: int, columns: int) -> float:
    """Points: as large as a cell allows. Rotated labels take a cell's width, the others its height."""
    box = ax.get_window_extent()
    cell = min(box.width / columns, box.height / rows) * 72 / ax.figure.dpi
    return float(np.clip(0.8 * cell, SMALLEST, LARGEST))


def _new_axes(x: Attribution) -> Axes:
    import matplotlib.pyplot as plt

    width, height = CELL * len(x.tokens_b), CELL * len(x.tokens_a)
    figure = plt.figure(figsize=(width + 2 * MARGIN, height + 2 * MARGIN))
    share = (MARGIN / (width + 2 * MARGIN), MARGIN / (height + 2 * MARGIN))
    return figure.add_axes((*share, 1 - 2 * share[0], 1 - 2 * share[1]))


def _fit_figure(ax: Axes) -> None:
    """Gives the figure the size of what is drawn: square cells, and labels of any length in full."""
    figure = ax.figure
    inner, outer = ax.get_window_extent().frozen(), ax.get_tightbbox()
    if outer is None:  # only where the axes are invisible
        return
    pad = 0.08 * figure.dpi
    width, height = outer.width + 2 * pad, outer.height + 2 * pad
    corner = (inner.x0 - outer.x0 + pad) / width, (inner.y0 - outer.y0 + pad) / height
    figure.set_size_inches(width / figure.dpi, height / figure.dpi)  # type: ignore[union-attr]
    ax.set_position((*corner, inner.width / width, inner.height / height))


def _summary(x: Attribution) -> str:
    return f"{x.similarity} {x.score:.3f} · pairs explain {x.explained:.3f}"


def _largest(matrix: np.ndarray) -> float:
    return float(np.abs(matrix).max(initial=0)) or 1.0
