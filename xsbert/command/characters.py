"""Characters at a terminal: which of them may reach it, and how many columns they take."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import accumulate

REPLACEMENT = "\ufffd"
DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""The marks, embeddings, overrides and isolates that change the order of the characters around them."""
JOINER, AS_EMOJI = "\u200d", "\ufe0f"


def shown(text: str) -> str:
    """The text as a terminal may get it, character by character.

    White space of any kind is a space; "�" stands for every other control character, so that no escape
    sequence begins, for halves of surrogate pairs, and for what would change the direction of a line.
    """
    return "".join(map(_shown, text))


def width(text: str) -> int:
    """How many columns a terminal gives the text.

    Chinese, Japanese, Korean and emoji take two a character (Unicode's annex 11), marks none; an emoji that is
    joined to another, or colours its skin, takes no more.
    """
    return sum(_advances(text))


def padded(text: str, columns: int) -> str:
    """The text with spaces behind it, up to this many columns."""
    return text + " " * (columns - width(text))


def fitted(text: str, columns: int) -> str:
    """The text if it fits into this many columns, else its beginning and "…"."""
    if width(text) <= columns:
        return text
    return text[: cut(text, columns - 1)] + "…"


def cut(text: str, columns: int) -> int:
    """How many characters from the first fit into this many columns; marks stay with theirs."""
    return sum(used <= columns for used in accumulate(_advances(text)))


def _shown(char: str) -> str:
    if char.isspace():
        return " "
    return REPLACEMENT if char in DIRECTIONS or unicodedata.category(char) in ("Cc", "Cs") else char


def _advances(text: str) -> Iterator[int]:
    """The columns that each character adds to those before it."""
    before = ""
    for char in text:
        if char == AS_EMOJI:  # widens a sign that is narrow by itself
            yield int(before != "" and unicodedata.category(before) == "So" and _columns(before) == 1)
        elif before == JOINER or ("\U0001f3fb" <= char <= "\U0001f3ff" and before and _columns(before) == 2):
            yield 0
        else:
            yield _columns(char)
        before = char


def _columns(char: str) -> int:
    category = unicodedata.category(char)
    if category in ("Mn", "Me") or (category == "Cf" and char >= "\u2000") or "\u1160" <= char <= "\u11ff":
        return 0  # marks, joiners, and the vowels and final consonants that complete a Korean syllable
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
