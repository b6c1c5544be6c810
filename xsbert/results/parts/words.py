"""Tokens into words, by character offsets.

A token knows which characters of the text it stands for; a word is a run of characters; tokens
that touch the same word belong together. Nothing here knows a tokenizer, so WordPiece, byte-level
BPE and SentencePiece are one case: a character that a tokenizer splits into several bytes gives
several tokens with the same offsets.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from operator import index
from typing import Any, NamedTuple

import numpy as np
import regex

Offset = tuple[int, int] | None
"""Where a token stands in the text, [start, end); None for a token that is not in it ([CLS], </s>)."""

MARKS = r"[\p{WB=Extend}\p{WB=Format}\p{WB=ZWJ}]*+"
"""A pattern: what belongs to the character before it. Possessive, because giving back would take quadratic time."""
STOP = "[.․﹒．]"
"""A pattern: the full stops that annex 29 lets join letters."""
BOUNDARY = regex.compile(r"(?V1w)\b")
FLAG = regex.compile(rf"\p{{WB=Regional_Indicator}}({MARKS})\p{{WB=Regional_Indicator}}")
ABBREVIATION = rf"(?<!\w)\p{{L}}{MARKS}(?:{STOP}\p{{L}}{MARKS})+(?!\w)"
DECIMAL = rf"\d{STOP}(?=\d)"
STOPS = regex.compile(f"{ABBREVIATION}|{DECIMAL}|(?P<dividing>{STOP}{MARKS})")


def word_starts(text: str) -> list[int]:
    """For each character of `text` the position at which its word begins; −1 for white space.

    Words are those of Unicode's annex 29: letters, digits and the marks on them, with apostrophes between
    letters and points or commas between digits inside. Every other character is a word of its own, a composed
    emoji or a flag one together; so are Chinese characters, Hiragana and the letters of Thai, Lao, Khmer and
    Burmese, which no spaces divide: there a tokenizer's pieces are the words.

    In one thing they differ: a full stop joins letters only where they stand alone, as in "U.S.A." and "e.g.".
    Annex 29 makes one word of "bad.This"; here it is three, and so are the parts of "example.com".
    """
    starts: list[int] = []
    boundaries = _boundaries(text)
    for i, char in enumerate(text):
        if char.isspace():
            starts.append(-1)
        elif i in boundaries or starts[-1] < 0:
            starts.append(i)
        else:
            starts.append(starts[-1])
    return starts


def _boundaries(text: str) -> set[int]:
    # regex counts the flag letters before each one, in quadratic time; a sign with a mark on it is divided alike.
    without_flags = FLAG.sub("¤\\1\u0301", text)
    found = {match.start() for match in BOUNDARY.finditer(without_flags)}
    for match in STOPS.finditer(text):
        if match["dividing"]:
            found.update(match.span())
    return found


class Group(NamedTuple):
    """The tokens of one word, and where they stand."""

    positions: list[int]
    offset: Offset


def group(text: str, offsets: Sequence[Offset], spans: Sequence[Span] = ()) -> list[Group]:
    """The tokens of each word, in the order of the tokens; every token is in one group.

    Tokens that share a word are one group; white space goes with the word behind it; a token without
    an offset stays alone. A word's offset takes it whole: tokenizers drop accents and vowel signs,
    which no token stands for then. `spans` are words of the caller's, as `checked_spans` gives them.
    """
    starts = divided(word_starts(text), spans)
    ends = {word: i + 1 for i, word in enumerate(starts)}  # the last character of each word wins
    touched = [{starts[i] for i in range(*offset)} - {-1} if offset else set() for offset in offsets]
    for position in reversed(range(len(offsets) - 1)):
        if offsets[position] and not touched[position]:
            touched[position] = touched[position + 1]  # white space
    members: list[list[int]] = []
    places: list[Offset] = []
    last: set[int] = set()  # the words of the last group
    for position, words in enumerate(touched):
        place = (min(words), max(ends[word] for word in words)) if words else offsets[position]
        if last.isdisjoint(words):
            members.append([position])
            places.append(place)
            last = set(words)
        else:
            members[-1].append(position)
            places[-1] = _around(places[-1], place)
            last |= words
    return list(map(Group, members, places))


def _around(a: Offset, b: Offset) -> Offset:
    return (min(a[0], b[0]), max(a[1], b[1])) if a and b else a or b


def folded(offsets: Sequence[Offset], positions: Sequence[int]) -> list[Group]:
    """Each token a group of its own, but those at `positions`, which are one, without an offset."""
    inside = set(positions)
    others = [Group([i], offset) for i, offset in enumerate(offsets) if i not in inside]
    return sorted([*others, Group(list(positions), None)] if positions else others)


def moved(groups: Sequence[Group], positions: Sequence[int]) -> tuple[int, ...]:
    """Where the tokens at `positions` are, once each group is one token."""
    before = set(positions)
    return tuple(i for i, each in enumerate(groups) if each.positions[0] in before)


def touching(groups: Sequence[Group], positions: Sequence[int]) -> tuple[int, ...]:
    """Which groups hold a token at one of the positions."""
    marked = set(positions)
    return tuple(i for i, each in enumerate(groups) if not marked.isdisjoint(each.positions))


def label(text: str, tokens: Sequence[str], offsets: Sequence[Offset], word: Group) -> str:
    """What a word is shown as: its characters."""
    # A lone token that is the whole word keeps its own label.
    first = word.positions[0]
    return text[slice(*word.offset)] if word.offset and word.offset != offsets[first] else tokens[first]


def folded_labels(tokens: Sequence[str], parts: list[Group], prompt: str) -> tuple[str, ...]:
    """What tokens are shown as once the prompt's are one."""
    return tuple(prompt.strip() if len(part.positions) > 1 else tokens[part.positions[0]] for part in parts)


def summed(rows: np.ndarray, words: list[Group]) -> np.ndarray:
    """`(S, D)` → `(W, D)`. Summed in float64, so that the total is kept to one rounding."""
    return np.stack([rows[word.positions].sum(axis=0, dtype=np.float64) for word in words]).astype(rows.dtype)


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
