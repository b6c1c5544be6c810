"""A text as running words, each with what it adds; whole, or the part around its strongest words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from xsbert.command.characters import fitted, shown, width

if TYPE_CHECKING:
    from xsbert.attribution.words import Offset


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
    """The pieces if they fit into this many columns; else the run of them that holds most, by magnitude.

    Of equals the first. Dots stand for what is left out.
    """
    widths = [width(piece.text) for piece in pieces]
    if sum(widths) <= columns:
        return list(pieces)
    room = columns - width(AHEAD.text) - width(BEHIND.text)
    strongest = max(pieces, key=lambda piece: abs(piece.value or 0.0))
    if width(strongest.text) > room:
        return [Piece(fitted(strongest.text, columns), strongest.value)]
    start, stop = _heaviest(widths, [abs(piece.value or 0.0) for piece in pieces], room)
    while stop - start > 1 and pieces[start].text == " ":
        start += 1
    while stop - start > 1 and pieces[stop - 1].text == " ":
        stop -= 1
    return [AHEAD] * (start > 0) + list(pieces[start:stop]) + [BEHIND] * (stop < len(pieces))


def _heaviest(widths: Sequence[int], weights: Sequence[float], room: int) -> tuple[int, int]:
    """The run [start, stop) no wider than `room` with the largest sum of weights, the longest such from its start."""
    best, found = -1.0, (0, 0)
    stop, used, weight = 0, 0, 0.0
    for start in range(len(widths)):
        while stop < len(widths) and used + widths[stop] <= room:
            used, weight, stop = used + widths[stop], weight + weights[stop], stop + 1
        if stop > start and weight > best + 1e-9:
            best, found = weight, (start, stop)
        if stop == start:  # this piece alone is too wide
            stop = start + 1
        else:
            used, weight = used - widths[start], weight - weights[start]
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
