"""`plot_attributions`: the published package's plot of a bare matrix."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xsbert.plot.figures.heatmap import draw, draw_scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_attributions(
    A: Any,
    tokens_a: Sequence[str],
    tokens_b: Sequence[str],
    size: tuple[float, float] = (7, 7),
    dst_path: str | Path | None = None,
    show_colorbar: bool = False,
    cmap: str = "RdBu",
    range: float | None = None,
    shrink_colorbar: float = 1.0,
    bbox: Any = "tight",
) -> Figure:
    """Draws a matrix of attributions, as in the published package.

    Args:
        A: the attributions, `(S_a, S_b)`: a tensor or an array.
        tokens_a, tokens_b: its row and column labels.
        size: the figure's width and height in inches.
        dst_path: where to save the figure; None to save nothing.
        show_colorbar: whether to draw the scale.
        cmap: a matplotlib colour map.
        range: the colours run from −range to range; by default the largest magnitude.
        shrink_colorbar: the scale's length as a share of the plot's.
        bbox: what part of the figure is saved: matplotlib's `bbox_inches`.

    Returns:
        The figure.

    Raises:
        ValueError: the matrix does not have a row and a column for each token.
    """
    import matplotlib.pyplot as plt

    matrix = np.asarray(A.detach().cpu() if hasattr(A, "detach") else A)
    if matrix.shape != (len(tokens_a), len(tokens_b)):
        raise ValueError(
            f"plot_attributions got a matrix of shape {matrix.shape} for {len(tokens_a)} and {len(tokens_b)} tokens; "
            "expected (len(tokens_a), len(tokens_b))."
        )
    figure, ax = plt.subplots(figsize=size)
    image = draw(ax, matrix, tokens_a, tokens_b, range, cmap)
    if show_colorbar:
        draw_scale(image, ax=ax, shrink=shrink_colorbar, fraction=0.05, pad=0.03)
    if dst_path is not None:
        figure.savefig(dst_path, bbox_inches=bbox)
    return figure
