"""Pairs with a picture, made up: a drawn scene, and words that know where their things are in it."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image, ImageDraw

from xsbert import Attribution
from xsbert.results.parts.picture import Picture

CAPTION = "A red square left of a blue circle."
WIDTH, HEIGHT = 420, 300
GRID = 7
FLOOR = 0.25 / (0.2 * GRID**2)
"""The limit of a pair that has little in common: a quarter of the similarity of equals, over a fifth of the patches."""
PLACES = {"red": (0.22, 0.55), "square": (0.22, 0.55), "blue": (0.74, 0.42), "circle": (0.74, 0.42)}
"""Where in what the model sees a word's thing is: across and down, from 0 to 1."""


def scene(width: int = WIDTH, height: int = HEIGHT) -> str:
    """A red square left of a blue circle on grass, as a data URL."""
    image = Image.new("RGB", (width, height), "#cfe3f2")
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0.7 * height, width, height), fill="#8db36a")
    left = (width - height) / 2
    pen.rectangle((left + 0.1 * height, 0.42 * height, left + 0.36 * height, 0.7 * height), fill="#c8322b")
    pen.ellipse((left + 0.6 * height, 0.26 * height, left + 0.9 * height, 0.56 * height), fill="#2d5fb5")
    file = io.BytesIO()
    image.save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def picture(grid: int = 7, width: int = WIDTH, height: int = HEIGHT, data: str | None = None) -> Picture:
    """The scene in a grid of patches over the square in its middle."""
    left, side = (width - height) / 2, height / grid
    boxes = tuple(
        (left + side * column, side * row, left + side * (column + 1), side * (row + 1))
        for row in range(grid)
        for column in range(grid)
    )
    return Picture(width, height, grid, grid, boxes, scene(width, height) if data is None else data)


def blob(grid: int, x: float, y: float, spread: float = 0.13) -> np.ndarray:
    """What a grid of patches has around a place; it sums to one."""
    down, across = np.mgrid[:grid, :grid] / grid + 0.5 / grid
    weights = np.exp(-((across - x) ** 2 + (down - y) ** 2) / (2 * spread**2)).ravel()
    return weights / weights.sum()


def pictured(caption: str = CAPTION, grid: int = 7, strength: float = 0.07, **changes) -> Attribution:
    """A caption with the scene: words of things have `strength` where these are, the others next to nothing."""
    spans = [match.span() for match in re.finditer(r"\w+|[^\w\s]", caption)]
    words = tuple(caption[start:end] for start, end in spans)
    random = np.random.default_rng(0)
    rows = []
    for word in words:
        noise = random.normal(scale=strength / grid**2 / 6, size=grid**2)
        if word in PLACES:
            noise += strength * blob(grid, *PLACES[word])
        if word == "blue":
            noise -= 0.35 * strength * blob(grid, *PLACES["red"])
        rows.append([*noise, 0.004 if word in PLACES else -0.001])
    matrix = np.array(rows, dtype=np.float32)
    patches = tuple(f"patch {n}" for n in range(grid**2))
    return _pair(caption, "scene.png", words, (*patches, "[CLS]"), tuple(spans), matrix, (None, picture(grid)), changes)


def two_pictures(grids: tuple[int, int] = (7, 5), strength: float = 0.3, **changes) -> Attribution:
    """The scene with itself: what lies in one place goes with what lies there in the other."""
    matrix = sum(
        strength * np.outer(blob(grids[0], *place), blob(grids[1], *place))
        for place in (PLACES["red"], PLACES["circle"])
    ).astype(np.float32)
    tokens_a, tokens_b = (tuple(f"patch {n}" for n in range(grid**2)) for grid in grids)
    sides = picture(grids[0]), picture(grids[1])
    return _pair("one.png", "two.png", tokens_a, tokens_b, (None,) * len(tokens_a), matrix, sides, changes)


def _pair(text_a, text_b, tokens_a, tokens_b, offsets_a, matrix, pictures, changes) -> Attribution:
    values = {
        "text_a": text_a, "text_b": text_b, "tokens_a": tokens_a, "tokens_b": tokens_b,
        "offsets_a": offsets_a, "offsets_b": (None,) * len(tokens_b), "matrix": matrix,
        "score": float(matrix.sum()), "reference_terms": (0.0, 0.0, 0.0), "similarity": "cosine",
        "norms": (1.0, 1.0), "normalizer": 1.0, "errors": (1e-4, 1e-4), "nodes": (12, 12), "truncated": (False, False),
        "layer": 0, "method": "Presence(layer=0)", "quadrature": "Adaptive(rtol=0.001)", "model": "tiny-clip",
        "picture_a": pictures[0], "picture_b": pictures[1],
    }  # fmt: skip
    return Attribution(**values | changes)


def expected(values, limit):
    """The colours that a page gives to values: none to the weakest."""
    share = np.minimum(1, np.abs(values) / limit) ** 0.65
    return pytest.approx(np.where(share < 0.1, 0, np.copysign(share, values)).tolist(), abs=2e-3)


def patches(shown, side="b"):
    """How strongly each patch is coloured, with its sign."""
    return shown.evaluate(
        f"[...document.querySelectorAll('#picture-{side} .patches > rect')]"
        ".map(p => +p.style.getPropertyValue('--t') * (p.classList.contains('neg') ? -1 : 1))"
    )


def status(shown):
    """What the page says, with a plain minus."""
    return shown.locator("#status").inner_text().replace("−", "-")
