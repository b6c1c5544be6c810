"""An attribution as a picture in a file: its words, and the lines between them."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from xsbert.plot.figures.bipartite import bipartite
from xsbert.plot.figures.heatmap import save
from xsbert.results.attribution import Attribution

INCH_A_WORD, WIDTH = 0.32, 6.0
"""Inches of the figure: for each word of the longer text, and across."""


def write(x: Attribution, path: str | Path) -> None:
    """Draws an attribution by words, whatever figures are open, and writes it.

    Raises:
        OSError: the file can't be written.
    """
    words = x.words().trimmed()
    height = 1.4 + INCH_A_WORD * max(len(words.tokens_a), len(words.tokens_b))
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    save(bipartite(words, figure.add_subplot()), path)
