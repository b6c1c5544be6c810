"""An attribution as a picture in a file: words and the lines between them; or a picture's patches, shaded."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from xsbert.plot.figures.axes import LARGEST, label_style, summary
from xsbert.plot.figures.bipartite import bipartite
from xsbert.plot.figures.fonts import drawable
from xsbert.plot.figures.heatmap import save
from xsbert.plot.figures.words import BLUE, RED
from xsbert.plot.html.patches import has_picture, scales
from xsbert.results.attribution import Attribution
from xsbert.results.parts.picture import Picture
from xsbert.results.record import decimals

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INCH_A_WORD, WIDTH = 0.32, 6.0
"""Inches of the figure: for each word of the longer text, and across."""
PANEL, ABOVE, BESIDE = 2.6, 0.9, 0.9
"""Inches: a panel's width, the room for the caption above, and for the scale beside."""
MOST_WORDS, A_ROW, LETTERS = 5, 3, 80
"""Words that have a panel of their own, panels beside each other, and letters of the caption in a line."""
VISIBLE, STRONGEST = 0.1, 0.85
"""How much of its colour a patch has to have to be coloured at all, and how much of the picture the most hides."""


def write(x: Attribution, path: str | Path) -> None:
    """Draws an attribution by words, whatever figures are open, and writes it.

    Of a pair with a picture, the picture is drawn: shaded by all words together, and by each of the strongest.

    Raises:
        OSError: the file can't be written.
    """
    if has_picture(x):
        save(_pictured(x.folded().words().trimmed()), path)
        return
    words = x.words().trimmed()
    height = 1.4 + INCH_A_WORD * max(len(words.tokens_a), len(words.tokens_b))
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    save(bipartite(words, figure.add_subplot()), path)


def _pictured(x: Attribution) -> Axes:
    """A caption above its picture, once for all words and once for each of the strongest; or two pictures."""
    panels = _panels(x)
    largest = [float(np.abs(values).max(initial=0)) for *_, values in panels]
    limit = max(scales(x)["limit"], *largest)
    seen = [place == 0 or _share(most, limit) >= VISIBLE for place, most in enumerate(largest)]
    panels = [panel for panel, is_seen in zip(panels, seen, strict=True) if is_seen]
    columns = min(A_ROW, len(panels))
    rows = -(-len(panels) // columns)
    tallest = max(picture.height / picture.width for picture, *_ in panels)
    height = rows * (PANEL * min(2.0, tallest) + 0.35) + ABOVE
    figure = Figure(figsize=(columns * PANEL + BESIDE, height), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for ax in grid.ravel():
        ax.set_axis_off()
    colours: Any = None
    for ax, (picture, title, values) in zip(grid.ravel(), panels, strict=False):
        colours = _shade(ax, picture, values, limit)
        (shown,) = drawable([title])
        ax.set_title(shown, **label_style([shown], LARGEST))
    bar = figure.colorbar(colours, ax=grid.ravel().tolist(), shrink=0.8, pad=0.02)
    bar.set_label("of a patch", fontsize=LARGEST - 1)
    bar.ax.tick_params(labelsize=LARGEST - 1, length=2)
    bar.outline.set_visible(False)
    caption = [text for text, picture in ((x.text_a, x.picture_a), (x.text_b, x.picture_b)) if picture is None]
    lines = drawable([*(line for text in caption for line in wrap(text, LETTERS)), summary(x)])
    figure.suptitle("\n".join(lines), **label_style(lines, LARGEST + 1))
    return grid[0, 0]


def _panels(x: Attribution) -> list[tuple[Picture, str, np.ndarray]]:
    """Each with its picture, what stands above, and a value for each patch."""
    if x.picture_a is not None and x.picture_b is not None:
        sides = ((x.picture_a, x.text_a, x.matrix.sum(axis=1)), (x.picture_b, x.text_b, x.matrix.sum(axis=0)))
        return [(picture, name[:40], values[: len(picture.boxes)]) for picture, name, values in sides]
    picture, words, rows = x.picture_b, x.tokens_a, x.matrix
    if picture is None:
        picture, words, rows = x.picture_a, x.tokens_b, x.matrix.T
    if picture is None:
        raise ValueError("got a pair of texts; expected a picture on one side.")
    patches = rows[:, : len(picture.boxes)]
    strongest = np.argsort(-np.abs(patches).max(axis=1, initial=0), kind="stable")[:MOST_WORDS]
    named = [
        (picture, f"{words[i]}  {decimals(float(rows[i].sum()), 3, '+').replace('-', '−')}", patches[i])
        for i in sorted(strongest.tolist())
    ]
    return [(picture, "all words together", patches.sum(axis=0)), *named]


def _shade(ax: Axes, picture: Picture, values: np.ndarray, limit: float) -> Any:
    """The picture in pale grey, its patches in the colours of their values; a minus in those that lower the score."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.collections import LineCollection, PolyCollection
    from matplotlib.colors import ListedColormap, Normalize, to_rgb

    poles = np.array([to_rgb(BLUE), to_rgb(RED)])
    scale = np.linspace(-1, 1, 255)
    strength = STRONGEST * _share(scale, 1)[:, None]
    on_white = strength * poles[(scale > 0).astype(int)] + 1 - strength
    colours = ScalarMappable(Normalize(-limit, limit), ListedColormap(on_white))
    ax.set(xlim=(0, picture.width), ylim=(picture.height, 0), aspect="equal")
    pixels = _pixels(picture)
    if pixels is not None:
        ax.imshow(pixels, cmap="gray", vmin=0, vmax=255, alpha=0.5, extent=(0, picture.width, picture.height, 0))
    share = _share(values, limit)
    seen = share >= VISIBLE
    faces = np.column_stack([poles[(values > 0).astype(int)], np.where(seen, STRONGEST * share, 0)])
    corners = [[(l, t), (r, t), (r, b), (l, b)] for l, t, r, b in picture.boxes]  # noqa: E741
    edges = {"edgecolors": "#cccccc", "linewidths": 0.4} if pixels is None else {"edgecolors": "none"}
    ax.add_collection(PolyCollection(corners, facecolors=faces, **edges), autolim=False)
    middles = [((l + r) / 2, (t + b) / 2, (r - l) / 4) for l, t, r, b in picture.boxes]  # noqa: E741
    strokes = [((x - w, y), (x + w, y)) for (x, y, w), v, s in zip(middles, values, seen, strict=True) if s and v < 0]
    ax.add_collection(LineCollection(strokes, colors="#222222", linewidths=0.7), autolim=False)
    return colours


def _share(values: Any, limit: float) -> Any:
    """How much of a colour values have; as on the page, weak ones are seen beside a strong one."""
    return np.clip(np.abs(values) / limit, 0, 1) ** 0.65


def _pixels(picture: Picture) -> np.ndarray | None:
    """The picture's greys; None where it is not kept, or is none that can be read."""
    from PIL import Image

    head, _, content = picture.data.partition(",")
    if not head.endswith(";base64"):
        return None
    try:
        with Image.open(io.BytesIO(base64.b64decode(content))) as image:
            return np.asarray(image.convert("L"))
    except (ValueError, OSError):
        return None
