"""How the quadrature's error falls with its nodes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from xsbert.plot.figures.axes import LARGEST, axes_for, check_results
from xsbert.results.attribution import Attribution
from xsbert.results.record import setting
from xsbert.results.token_vectors import TokenVectors

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (4.4, 3.4)
"""Inches of new axes."""
MARKERS = "osD^vP*"
"""For the kinds of rules."""
DASHES = "-", "--", ":", "-.", (0, (6, 1, 1, 1, 1, 1)), (0, (8, 3))
"""For the layers, beside lighter and lighter colours."""


class _Point(NamedTuple):
    nodes: int
    error: float


def convergence(
    xs: Attribution | TokenVectors | Iterable[Attribution | TokenVectors],
    ax: Axes | None = None,
    *,
    title: str = "",
) -> Axes:
    """Draws the relative error of law 1 against the nodes that it took, both on logarithmic scales.

    There is a line for each layer and kind of rule: the marker tells the kind, dashes and lightness the
    layer. Of a pair's two texts the larger error and the larger number of nodes count. An error of
    zero, which a logarithm has no place for, is a hollow marker at the bottom.

    Args:
        xs: what `explain` or `token_vectors` gave for one pair or one text with several rules, in any order.
        ax: where to draw; by default a new figure.
        title: a line above.

    Returns:
        The axes.

    Raises:
        TypeError: something in `xs` is neither an `Attribution` nor a `TokenVectors`.
        ValueError: `xs` is empty, not of one pair or text with one model and one reference, or has a
            result that took no nodes, as late interaction does.
    """
    xs = check_results(xs, "convergence", (Attribution, TokenVectors))
    lines = _lines(xs)
    floor, outside = _floor(lines), ax is None
    with axes_for(ax, *SIZE) as ax:
        ax.set(xscale="log", yscale="log")
        kinds = list(dict.fromkeys(kind for _, kind in lines))
        layers = sorted({layer for layer, _ in lines})
        for (layer, kind), points in lines.items():
            style = _style(layers.index(layer), len(layers))
            _draw(ax, sorted(points), floor, MARKERS[kinds.index(kind) % len(MARKERS)], style)
        if any(point.error == 0 for points in lines.values() for point in points):
            _mark_zero(ax, floor)
        _dress(ax, title)
        _legend(ax, kinds, layers, outside)
    return ax


def _lines(xs: list[Attribution | TokenVectors]) -> dict[tuple[int, str], list[_Point]]:
    """(layer, kind of rule) → points."""
    lines: dict[tuple[int, str], list[_Point]] = {}
    for x in xs:
        if _subject(x) != _subject(xs[0]):
            raise ValueError(
                f"convergence got results of different things: {xs[0]!r} and {x!r}; expected one pair or text, with "
                "one model and one method. Draw the others into axes of their own."
            )
        point = _Point(int(np.max(x.nodes)), float(np.max(x.errors if isinstance(x, Attribution) else x.error)))
        if point.nodes < 1:
            raise ValueError(f"convergence got {x!r}, which took no nodes; expected results of a quadrature.")
        lines.setdefault((x.layer, x.quadrature.split("(")[0]), []).append(point)
    return lines


def _subject(x: Attribution | TokenVectors) -> tuple[str, ...]:
    texts = (x.text_a, x.text_b) if isinstance(x, Attribution) else (x.text,)
    return (*texts, x.model, setting(x))


def _floor(lines: dict[tuple[int, str], list[_Point]]) -> float:
    """Where errors of zero are drawn: below all others."""
    positive = [point.error for points in lines.values() for point in points if point.error > 0]
    return min(positive, default=1e-7) / 5


def _style(number: int, count: int) -> dict[str, Any]:
    from matplotlib import colormaps

    colour = colormaps["viridis"](0.8 * number / max(count - 1, 1))
    return {"color": colour, "linestyle": DASHES[number % len(DASHES)]}


def _draw(ax: Axes, points: list[_Point], floor: float, marker: str, style: dict) -> None:
    nodes = [point.nodes for point in points]
    ax.plot(nodes, [point.error or floor for point in points], linewidth=1.3, **style)
    for zero in (False, True):
        some = [point for point in points if (point.error == 0) == zero]
        if some:
            ax.plot(
                [point.nodes for point in some],
                [point.error or floor for point in some],
                linestyle="none",
                marker=marker,
                markersize=5,
                color=style["color"],
                markerfacecolor="white" if zero else style["color"],
            )


def _mark_zero(ax: Axes, floor: float) -> None:
    place: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    ax.axhline(floor, color="#bbbbbb", linewidth=0.6, zorder=0)
    ax.annotate("error 0", (1, floor), xytext=(-2, 4), ha="right", fontsize=LARGEST - 1, **place)


def _dress(ax: Axes, title: str) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    ax.set_xlabel("nodes for a text", fontsize=LARGEST)
    ax.set_ylabel("relative error of law 1", fontsize=LARGEST)
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter(NullFormatter())  # which would name more, where there is less than a decade
    ax.tick_params(labelsize=LARGEST - 1)
    ax.grid(color="#e6e6e6", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_title(title, fontsize=LARGEST)


def _legend(ax: Axes, kinds: list[str], layers: list[int], outside: bool) -> None:
    """The markers and the dashes by themselves: fewer entries than lines. In axes of others it stays inside."""
    from matplotlib.lines import Line2D

    rules = [
        Line2D(
            [], [], color="#444444", linestyle="none", marker=MARKERS[number % len(MARKERS)], markersize=5, label=kind
        )
        for number, kind in enumerate(kinds)
    ]
    depths = [
        Line2D([], [], linewidth=1.3, label=f"layer {layer}", **_style(number, len(layers)))
        for number, layer in enumerate(layers)
    ]
    ax.legend(
        handles=[*rules, *depths],
        loc="upper left" if outside else "best",
        bbox_to_anchor=(1, 1) if outside else None,
        frameon=False,
        handlelength=3,
        fontsize=LARGEST - 1,
    )
