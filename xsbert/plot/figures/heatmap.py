"""A token–token heatmap of an attribution."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xsbert.plot.figures.axes import LARGEST, axes_for, check_limit, label_size, label_style, largest, summary
from xsbert.plot.figures.fonts import drawable
from xsbert.results.attribution import Attribution
from xsbert.results.json_files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.image import AxesImage

CELL = 0.3
"""Inches for a token in a figure that the heatmap makes itself."""
FAINT, DARK = 0.1, 0.6
"""Shares of the limit: below the first a cell is nearly white, above the second black can't be seen on it."""


def heatmap(
    x: Attribution,
    ax: Axes | None = None,
    *,
    limit: float | None = None,
    colorbar: bool = True,
    title: str | None = None,
    cmap: str | Colormap = "RdBu_r",
) -> Axes:
    """Draws the attribution of each token pair; text a down, text b across.

    Cells of negative pairs have a minus in them, from a tenth of the limit on: in black and white both
    signs are grey.

    Args:
        x: the attribution; `x.words()` for words. Special tokens without a part are left out.
        ax: where to draw; by default a new figure in which every label can be read.
        limit: the colours run from −limit to limit, white at zero; by default `x.limit`.
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
    x = x.trimmed()
    own, limit = ax is None, check_limit(x.limit if limit is None else limit)
    with axes_for(ax, CELL * len(x.tokens_b), CELL * len(x.tokens_a)) as ax:
        image = draw(ax, x.matrix, x.tokens_a, x.tokens_b, limit, cmap)
        mark_negative(ax, x.matrix, limit)
        if colorbar and own:
            width = 0.12 * ax.figure.dpi / ax.get_window_extent().width  # an eighth of an inch
            draw_scale(image, cax=ax.inset_axes((1 + width, 0, width, 1)))
        elif colorbar:
            draw_scale(image, ax=ax, fraction=0.05, pad=0.03)
        ax.set_title(summary(x) if title is None else title, fontsize=LARGEST, pad=8)
    return ax


def shared_limit(*results: Attribution) -> float:
    """The largest limit of several attributions: a `limit` that makes their colours comparable."""
    if not results:
        raise ValueError("shared_limit got no attributions; expected at least one.")
    return max(x.limit for x in results)


def save(ax: Axes, path: str | Path) -> None:
    """Writes the axes' figure as its name's ending says, whole or not at all.

    Raises:
        ValueError: matplotlib knows no such format.
    """
    content = BytesIO()
    ax.figure.savefig(content, format=Path(path).suffix.lstrip(".").lower(), dpi=150)  # type: ignore[union-attr]
    write_whole(Path(path), content.getvalue())


def draw(
    ax: Axes, matrix: np.ndarray, rows: Sequence[str], columns: Sequence[str], limit: float | None, cmap: str | Colormap
) -> AxesImage:
    """Draws a matrix with its labels on existing axes; colours centred on zero."""
    limit = check_limit(largest(matrix) if limit is None else limit)
    image = ax.imshow(matrix, cmap=cmap, vmin=-limit, vmax=limit, aspect="equal", interpolation="nearest")
    _label(ax, rows, columns)
    return image


def mark_negative(ax: Axes, matrix: np.ndarray, limit: float) -> None:
    """A minus in each cell that is negative and not nearly white."""
    from matplotlib.collections import LineCollection

    rows, columns = np.nonzero(matrix <= -FAINT * limit)
    if not len(rows):
        return
    colours = np.where(matrix[rows, columns] < -DARK * limit, "white", "#222222").tolist()
    ends = [((column - 0.25, row), (column + 0.25, row)) for row, column in zip(rows, columns, strict=True)]
    ax.add_collection(LineCollection(ends, colors=colours, linewidths=0.8), autolim=False)


def draw_scale(image: AxesImage, **placement: Any) -> None:
    """The colour scale beside the axes."""
    bar = image.axes.figure.colorbar(image, **placement)
    bar.ax.tick_params(labelsize=LARGEST - 1, length=2)
    bar.outline.set_visible(False)


def _label(ax: Axes, rows: Sequence[str], columns: Sequence[str]) -> None:
    labels = drawable([*rows, *columns])
    rows, columns = labels[: len(rows)], labels[len(rows) :]
    style = label_style(labels, label_size(ax, len(rows), len(columns)))
    ax.set_xticks(range(len(columns)), columns, rotation=90, **style)
    ax.set_yticks(range(len(rows)), rows, **style)
    ax.tick_params(length=0, pad=3, top=False, labeltop=True, bottom=False, labelbottom=False)
    ax.spines[:].set_visible(False)
    ax.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="#dddddd", linewidth=0.4)
    ax.tick_params(which="minor", length=0)
