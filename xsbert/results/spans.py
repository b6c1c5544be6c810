"""Words that a caller names: parts of a text, as [start, end) in characters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from operator import index
from typing import Any

Span = tuple[int, int]
"""Where a word stands in its text, [start, end)."""


def checked_spans(text: str, spans: Iterable[Span], name: str) -> list[Span]:
    """The spans in the text's order.

    Raises:
        TypeError: they are no list of pairs of whole numbers.
        ValueError: one is empty or reaches out of the text, or two overlap.
    """
    expected = f"expected [start, end) with 0 ≤ start < end ≤ {len(text)}, the text's characters"
    if isinstance(spans, str) or not isinstance(spans, Iterable):
        raise TypeError(f"{name} got {spans!r:.60}; expected a list of (start, end), such as [match.span()].")
    found: list[Span] = []
    for place, span in enumerate(spans):
        start, end = _pair(span, f"{name}[{place}] got {span!r:.60}; {expected}.")
        if not 0 <= start < end <= len(text):
            raise ValueError(f"{name}[{place}] got ({start}, {end}); {expected}.")
        found.append((start, end))
    found.sort()
    for before, after in pairwise(found):
        if after[0] < before[1]:
            raise ValueError(f"{name} got {before} and {after}, which overlap; expected each character in one at most.")
    return found


def _pair(span: Any, message: str) -> Span:
    try:
        start, end = map(index, span)
    except (TypeError, ValueError) as cause:
        raise TypeError(message) from cause
    return start, end


def divided(starts: Sequence[int], spans: Sequence[Span]) -> list[int]:
    """Where each character's word begins, once each span is a word; what is left of a word that one cuts is a word.

    Args:
        starts: as `word_starts` gives them.
        spans: as `checked_spans` gives them.
    """
    found = list(starts)
    nowhere = (len(starts), len(starts))
    for (start, end), (limit, _) in pairwise([*spans, nowhere]):
        found[start:end] = [start] * (end - start)
        rest = end
        while rest < limit and 0 <= starts[rest] < end:
            found[rest] = end
            rest += 1
    return found
