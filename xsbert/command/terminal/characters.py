"""Characters at a terminal: which of them may reach it, and how many columns they take."""

from __future__ import annotations

import unicodedata

import wcwidth

REPLACEMENT = "\ufffd"
DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""The marks, embeddings, overrides and isolates that change the order of the characters around them."""


def shown(text: str) -> str:
    """The text as a terminal may get it, character by character.

    White space of any kind is a space; "�" stands for every other control character, so that no escape
    sequence begins, for halves of surrogate pairs, and for what would change the direction of a line.
    """
    return "".join(map(_shown, text))


def width(text: str) -> int:
    """How many columns a terminal gives the text; most Chinese, Japanese and Korean characters and emoji take two."""
    return wcwidth.width(text, control_codes="ignore")


def padded(text: str, columns: int) -> str:
    """The text with spaces behind it, up to this many columns."""
    return text + " " * (columns - width(text))


def fitted(text: str, columns: int) -> str:
    """The text if it fits into this many columns, else its beginning and "…"."""
    if width(text) <= columns:
        return text
    return text[: cut(text, columns - 1)] + "…"


def cut(text: str, columns: int) -> int:
    """How many characters from the first fit into this many columns; marks and joined emoji stay whole."""
    used = characters = 0
    for grapheme in wcwidth.iter_graphemes(text):
        used += width(grapheme)
        if used > columns:
            break
        characters += len(grapheme)
    return characters


def _shown(char: str) -> str:
    if char.isspace():
        return " "
    return REPLACEMENT if char in DIRECTIONS or unicodedata.category(char) in ("Cc", "Cs") else char
