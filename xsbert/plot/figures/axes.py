"""What surrounds a plot: a figure that fits it, labels, and the checks of what it got."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from xsbert.plot.figures.fonts import families
from xsbert.results.attribution import Attribution
from xsbert.results.record import decimals

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARGIN = 2.0
"""Inches around new axes, at first."""
LARGEST, SMALLEST = 9.0, 3.0
"""Points: the label sizes between which a plot fits its labels to the axes."""


@contextmanager
def axes_for(ax: Axes | None, width: float, height: float) -> Iterator[Axes]:
    """The given axes; or new ones of this size in inches, whose figure is fitted to what was drawn.

    After an error no new figure stays open.
    """
    if ax is not None:
        yield check_axes(ax)
        return
    import matplotlib.pyplot as plt

    size = width + 2 * MARGIN, height + 2 * MARGIN
    figure = plt.figure(figsize=size)
    try:
        ax = figure.add_axes((MARGIN / size[0], MARGIN / size[1], width / size[0], height / size[1]))
        yield ax
        _fit_figure(ax)
    except BaseException:
        plt.close(figure)
        raise


def check_axes(ax: Any) -> Axes:
    """The axes; raises TypeError for what is none."""
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        raise TypeError(f"ax got a {type(ax).__name__}; expected matplotlib axes, as plt.subplots() gives.")
    return ax


def check_results(xs: Any, plot: str, kinds: tuple[type, ...] = (Attribution,)) -> list[Any]:
    """One result or several as a list, each of these kinds."""
    names = " or ".join(kind.__name__ for kind in kinds)
    if isinstance(xs, kinds):
        return [xs]
    if not isinstance(xs, Iterable):
        raise TypeError(f"{plot} got a {type(xs).__name__}; expected one or several {names}, as a model gives.")
    found = list(xs)
    for x in found:
        if not isinstance(x, kinds):
            raise TypeError(f"{plot} got a {type(x).__name__} among its results; expected {names}, as a model gives.")
    if not found:
        raise ValueError(f"{plot} got no results; expected at least one {names}.")
    return found


def check_limit(limit: float) -> float:
    """The limit of the scale; raises ValueError for what is none."""
    if not limit > 0:
        raise ValueError(f"limit got {limit!r}; expected a positive number: the colours run from −limit to limit.")
    return limit


def label_style(labels: Iterable[str], size: float) -> dict[str, Any]:
    """How labels that can be drawn are written. Tokens are data: a dollar sign in one must not start a formula."""
    return {"family": families(labels), "fontsize": size, "parse_math": False}


def label_size(ax: Axes, rows: int, columns: int | None = None) -> float:
    """Points: as large as a cell allows. Rotated labels take a cell's width, the others its height."""
    box = ax.get_window_extent()
    cell = box.height / rows if columns is None else min(box.width / columns, box.height / rows)
    return float(np.clip(0.8 * cell * 72 / ax.figure.dpi, SMALLEST, LARGEST))


def summary(x: Attribution) -> str:
    """The similarity and what the pairs sum to, in a line."""
    return f"{x.similarity} {decimals(x.score, 3)} · pairs sum to {decimals(x.explained, 3)}"


def largest(matrix: np.ndarray) -> float:
    """The largest magnitude; 1 where all are zero."""
    return float(np.abs(matrix).max(initial=0)) or 1.0


def _fit_figure(ax: Axes) -> None:
    """Gives the figure the size of what is drawn: the axes as large as they are, and labels of any length in full."""
    figure = ax.figure
    inner, outer = ax.get_window_extent().frozen(), ax.get_tightbbox()
    if outer is None:  # only where the axes are invisible
        return
    pad = 0.08 * figure.dpi
    width, height = outer.width + 2 * pad, outer.height + 2 * pad
    corner = (inner.x0 - outer.x0 + pad) / width, (inner.y0 - outer.y0 + pad) / height
    figure.set_size_inches(width / figure.dpi, height / figure.dpi)  # type: ignore[union-attr]
    ax.set_position((*corner, inner.width / width, inner.height / height))
