"""What plots drew, and attributions for them to draw."""

from dataclasses import replace

import numpy as np
from matplotlib.collections import LineCollection


def with_matrix(x, values, **changes):
    """The attribution with another matrix, and as many of its tokens, repeated, as that takes."""
    matrix = np.array(values, dtype=np.float32)
    sides = {}
    for side, count in zip("ab", matrix.shape, strict=True):
        tokens = getattr(x, f"tokens_{side}")
        sides[f"tokens_{side}"] = tuple(tokens[i % len(tokens)] for i in range(count))
        sides[f"offsets_{side}"] = (None,) * count
    return replace(x, matrix=matrix, **sides, **changes)


def written(ax):
    return [text.get_text() for text in ax.texts]


def lines_of(ax) -> LineCollection:
    (lines,) = (each for each in ax.collections if isinstance(each, LineCollection))
    return lines


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]
