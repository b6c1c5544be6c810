"""A text as running words, each with what it adds; whole, or the part around its strongest words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from xsbert.command.terminal.characters import fitted, shown, width

if TYPE_CHECKING:
    from xsbert.results.parts.words import Offset


class Piece(NamedTuple):
    """A part of a text as it is shown; what it adds to the similarity, None between tokens."""

    text: str
    value: float | None


AHEAD, BEHIND = Piece("… ", None), Piece(" …", None)
"""What stands for what is left out before an excerpt, and behind it."""


def passage(text: str, offsets: Sequence[Offset], values: Sequence[float]) -> list[Piece]:
    """The text in pieces, in its order: its tokens with their values, and what stands between them.

    Tokens of the same characters are one piece, with the sum. White space between pieces is one space.
    """
    found: list[Piece] = []
    end = 0
    for (start, stop), value in _spans(offsets, values):
        found += _between(text[end:start])
        found.append(Piece(shown(text[start:stop]), value))
        end = stop
    return found + _between(text[end:])


def painted(pieces: Sequence[Piece], shade: Callable[[str, float], str]) -> str:
    """The pieces as one line."""
    return "".join(text if value is None else shade(text, value) for text, value in pieces)


def excerpt(pieces: Sequence[Piece], columns: int) -> list[Piece]:
    """The pieces if they fit into this many columns; else the run of them whose values have most squares in sum.

    Squares, because many weak words must not outweigh the strong ones. Of equals the first; dots stand for what
    is left out. Where not even the strongest piece fits, its beginning.
    """
    widths = [width(piece.text) for piece in pieces]
    if sum(widths) <= columns:
        return list(pieces)
    weights = [(piece.value or 0.0) ** 2 for piece in pieces]
    strongest = pieces[weights.index(max(weights))]
    if width(strongest.text) > columns - width(AHEAD.text + BEHIND.text):
        return [Piece(fitted(strongest.text, columns), strongest.value)]
    start, stop = _heaviest(widths, weights, columns)
    # Beside dots no space is needed; at the text's own ends dots would take more room than the space there.
    while 0 < start < stop - 1 and pieces[start].text == " ":
        start += 1
    while start + 1 < stop < len(pieces) and pieces[stop - 1].text == " ":
        stop -= 1
    return [AHEAD] * (start > 0) + list(pieces[start:stop]) + [BEHIND] * (stop < len(pieces))


def _heaviest(widths: Sequence[int], weights: Sequence[float], columns: int) -> tuple[int, int]:
    """The run [start, stop) with the largest sum of weights that fits, with dots where it leaves something out."""
    to, of = ([0, *accumulate(each)] for each in (widths, weights))  # sums of the first i
    best, found, stop = -1.0, (0, 0), 0
    for start in range(len(widths)):
        room = columns - (width(AHEAD.text) if start else 0)
        stop = max(stop, start)
        while stop < len(widths) and to[stop + 1] - to[start] <= room - width(BEHIND.text):
            stop += 1
        if to[-1] - to[start] <= room:  # up to the end, without dots
            stop = len(widths)
        if of[stop] - of[start] > best + 1e-12:
            best, found = of[stop] - of[start], (start, stop)
    return found


def _spans(offsets: Sequence[Offset], values: Sequence[float]) -> list[tuple[tuple[int, int], float]]:
    """Where tokens stand, in order; those that share characters are one."""
    spans: list[tuple[tuple[int, int], float]] = []
    there = [(offset, value) for offset, value in zip(offsets, values, strict=True) if offset]
    for (start, stop), value in sorted(there):
        if start == stop:
            continue
        if spans and start < spans[-1][0][1]:
            (first, last), sum_ = spans.pop()
            spans.append(((first, max(last, stop)), sum_ + value))
        else:
            spans.append(((start, stop), value))
    return spans


def _between(text: str) -> list[Piece]:
    return [Piece(re.sub(" +", " ", shown(text)), None)] if text else []
