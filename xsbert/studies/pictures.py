"""What the pictures of studies share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from xsbert.evaluation.statistics import Mean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#b2182b", "#2166ac", "#555555", "#e08214", "#7b3294", "#1b7837")
MARKERS = ("o", "s", "^", "D", "v", "P")
LONG = 18
"""Characters of a name from which on each stands on a line of its own."""
STYLES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1)), (0, (1, 3)))


def dots(ax: Axes, series: Mapping[str, Mapping[str, Mean]], xlabel: str, line: float | None = None) -> None:
    """Figures with their intervals, a row for each label, a colour and a marker for each series.

    Args:
        ax: where it is drawn.
        series: the figures by label, by series; labels in the order of the first series.
        xlabel: what the figures are.
        line: where a thin line stands, such as at no effect.
    """
    labels = list(dict.fromkeys(label for figures in series.values() for label in figures))
    apart = 0.7 / max(1, len(series))
    for number, (name, figures) in enumerate(series.items()):
        known = [(labels.index(label), mean) for label, mean in figures.items() if not np.isnan(mean.value)]
        values = np.array([mean.value for _, mean in known])
        ends = np.array([[mean.value - mean.low, mean.high - mean.value] for _, mean in known]).reshape(-1, 2)
        at = np.array([row for row, _ in known]) + (number - (len(series) - 1) / 2) * apart
        colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
        whiskers = np.maximum(ends.T, 0)
        ax.errorbar(values, at, xerr=whiskers, fmt=marker, color=colour, markersize=4, elinewidth=1, label=name)
    if line is not None:
        ax.axvline(line, color="#888888", linewidth=0.6)
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.set_xlabel(xlabel)
    dressed(ax, list(series))


def lines(ax: Axes, x: Sequence[float], series: Mapping[str, Sequence[float]], xlabel: str, ylabel: str) -> None:
    """A line for each series."""
    for number, (name, values) in enumerate(series.items()):
        style, colour = STYLES[number % len(STYLES)], COLOURS[number % len(COLOURS)]
        ax.plot(x, values, linestyle=style, color=colour, marker=MARKERS[number % len(MARKERS)], ms=3, label=name)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    dressed(ax, list(series))


def dressed(ax: Axes, names: Sequence[str]) -> None:
    """No frame; a legend above the axes where there are several series, so that it hides none."""
    ax.spines[["top", "right"]].set_visible(False)
    if len(names) > 1:
        columns = 1 if max(map(len, names)) > LONG else 3
        ax.legend(frameon=False, fontsize=8, loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, borderaxespad=0)
