"""Tokens into words, by character offsets.

A token knows which characters of the text it stands for; a word is a run of characters; tokens
that touch the same word belong together. Nothing here knows a tokenizer, so WordPiece, byte-level
BPE and SentencePiece are one case: a character that a tokenizer splits into several bytes gives
several tokens with the same offsets.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

Offset = tuple[int, int] | None
"""Where a token stands in the text, [start, end); None for a token that is not in it ([CLS], </s>)."""

UNDIVIDED = (
    *("CJK UNIFIED", "CJK COMPAT", "HIRAGANA LETTER"),
    *("THAI CHARACTER", "LAO LETTER", "LAO VOWEL", "KHMER LETTER", "KHMER INDEPENDENT", "MYANMAR LETTER"),
)
"""How the names of characters begin that are written without spaces between words."""


def word_starts(text: str) -> list[int]:
    """For each character of `text` the position at which its word begins; −1 for white space.

    Letters, digits and the marks on them make a word, with apostrophes between letters and points
    or commas between digits inside it (the main rules of Unicode's annex 29). Every other character
    is a word of its own, a composed emoji or a flag one together; so are Chinese characters, Hiragana
    and the letters of Thai, Lao, Khmer and Burmese, which no spaces divide: there a tokenizer's pieces
    are the words.
    """
    starts: list[int] = []
    for i, char in enumerate(text):
        if char.isspace():
            starts.append(-1)
        elif i and starts[-1] >= 0 and (_is_mark(char) or _joins(text, i) or _one_sign(text, i)):
            starts.append(starts[-1])
        else:
            starts.append(i)
    return starts


class Group(NamedTuple):
    """The tokens of one word, and where they stand."""

    positions: list[int]
    offset: Offset


def group(text: str, offsets: Sequence[Offset]) -> list[Group]:
    """The tokens of each word, in the order of the tokens; every token is in one group.

    Tokens that share a word are one group; white space goes with the word behind it; a token without
    an offset stays alone. A word's offset takes it whole: tokenizers drop accents and vowel signs,
    which no token stands for then.
    """
    starts = word_starts(text)
    ends = {word: i + 1 for i, word in enumerate(starts)}  # the last character of each word wins
    touched = [{starts[i] for i in range(*offset)} - {-1} if offset else set() for offset in offsets]
    for position in reversed(range(len(offsets) - 1)):
        if offsets[position] and not touched[position]:
            touched[position] = touched[position + 1]  # white space
    groups: list[Group] = []
    last: set[int] = set()  # the words of the last group
    for position, words in enumerate(touched):
        joined = groups.pop().positions if words & last else []
        last = words | last if joined else words
        offset = (min(last), max(ends[word] for word in last)) if last else offsets[position]
        groups.append(Group([*joined, position], offset))
    return groups


def folded(offsets: Sequence[Offset], positions: Sequence[int]) -> list[Group]:
    """Each token a group of its own, but those at `positions`, which are one, without an offset."""
    others = [Group([i], offset) for i, offset in enumerate(offsets) if i not in positions]
    return sorted([*others, Group(list(positions), None)] if positions else others)


def moved(groups: Sequence[Group], positions: Sequence[int]) -> tuple[int, ...]:
    """Where the tokens at `positions` are, once each group is one token."""
    return tuple(i for i, each in enumerate(groups) if each.positions[0] in positions)


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


def _joins(text: str, i: int) -> bool:
    """Whether character i goes on with the word of the character before it."""
    before, char = text[i - 1], text[i]
    if _in_word(char):
        if _in_word(before):
            return not (_stands_alone(char) or _stands_alone(before))
        return i >= 2 and _links(text[i - 2], before, char)
    return i + 1 < len(text) and _links(before, char, text[i + 1])


def _links(left: str, char: str, right: str) -> bool:
    if char in "'’":
        return left.isalpha() and right.isalpha()
    return char in ".," and left.isdigit() and right.isdigit()


def _in_word(char: str) -> bool:
    return char.isalnum() or char == "_" or _is_mark(char)


def _is_mark(char: str) -> bool:
    # Combining marks, joiners and variation selectors belong to the character before them.
    return unicodedata.category(char).startswith("M") or char in "\u200c\u200d"


def _stands_alone(char: str) -> bool:
    return unicodedata.name(char, "").startswith(UNDIVIDED)


def _one_sign(text: str, i: int) -> bool:
    """Whether character i goes on with the emoji before it: joined, a skin's colour, a flag's second letter."""
    before, char = text[i - 1], text[i]
    if before == "\u200d" and unicodedata.category(char) == "So":
        return True
    if "\U0001f3fb" <= char <= "\U0001f3ff":
        return unicodedata.category(before) == "So" or _is_mark(before)
    letters = 0
    while letters < i and _is_flag_letter(text[i - 1 - letters]):
        letters += 1
    return _is_flag_letter(char) and letters % 2 == 1


def _is_flag_letter(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"
