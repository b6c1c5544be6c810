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

Offset = tuple[int, int] | None
"""Where a token stands in the text, [start, end); None for a token that is not in it ([CLS], </s>)."""


def word_starts(text: str) -> list[int]:
    """For each character of `text` the position at which its word begins; −1 for white space.

    Letters, digits and the marks on them make a word, with apostrophes between letters and points
    or commas between digits inside it (the main rules of Unicode's annex 29). Every other character
    is a word of its own; so are Chinese characters and Hiragana, which no spaces divide.
    """
    starts: list[int] = []
    for i, char in enumerate(text):
        if char.isspace():
            starts.append(-1)
        elif i and starts[-1] >= 0 and (_is_mark(char) or _joins(text, i)):
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
    return unicodedata.name(char, "").startswith(("CJK UNIFIED", "CJK COMPAT", "HIRAGANA LETTER"))
