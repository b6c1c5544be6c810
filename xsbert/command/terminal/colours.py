"""Words shaded by what they add: red raises the similarity, blue and underlined lowers it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from xsbert.results.record import decimals

RAISES = ("38;5;167", "38;5;231;48;5;131", "1;38;5;231;48;5;124")
LOWERS = ("4;38;5;68", "4;38;5;231;48;5;61", "1;4;38;5;231;48;5;25")
"""Select Graphic Rendition, weak to strong: letters alone in a colour that is read on black and on white, then white
letters (231) on a ground that differs from both. Of the 256 colours, these are the same in every terminal's theme."""
STEPS = (0.1, 0.3, 0.6)
"""Shares of the limit from which each takes over; a word below the first is not shaded."""


@dataclass(frozen=True)
class Shading:
    """Shades words on one scale.

    Args:
        limit: the magnitude that has the strongest colour.
        coloured: whether it shades at all.
    """

    limit: float
    coloured: bool

    def __call__(self, word: str, value: float) -> str:
        """The word between the escape sequences for its value; the word alone where nothing is shaded."""
        share = abs(value) / self.limit if self.limit else 0.0
        step = sum(share >= least for least in STEPS)
        if not (self.coloured and word and step):
            return word
        return f"\x1b[{(RAISES if value > 0 else LOWERS)[step - 1]}m{word}\x1b[0m"


def shading(values: Iterable[float], coloured: bool) -> Shading:
    """The scale on which the largest of these values has the strongest colour."""
    return Shading(max(map(abs, values), default=0.0), coloured)


def scale(values: Sequence[float], shade: Shading, unit: str) -> str:
    """From which value to which these go, shaded: the legend of the colours."""
    least, most = (shade(decimals(value, 4), value) for value in (min(values), max(values)))
    return f"{least} to {most} a {unit}"


def wanted(stream: Any) -> bool:
    """Whether what is written to a stream should have colours.

    A terminal's should, unless TERM says that it has none. The variable FORCE_COLOR (other than 0) asks for
    colours anywhere, NO_COLOR for none, and wins; empty variables say nothing.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if force := os.environ.get("FORCE_COLOR"):
        return force != "0"
    knows = os.environ.get("TERM", "dumb") != "dumb" or "WT_SESSION" in os.environ  # Windows' own sets no TERM
    return stream is not None and stream.isatty() and knows
