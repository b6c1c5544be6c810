"""An attribution as the data of a page: texts cut at their tokens, matrices packed."""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from xsbert.plot.html.kinds import function_words, kinds, sentences
from xsbert.results.attribution import Attribution

MOST_BEHIND = 2000
"""Characters behind the last token that a page shows: what the model did not read."""
PLAIN, CUT = -1, -2
"""Pieces of a text that belong to no token: between tokens, and behind the last one of a text that was cut."""
UNKNOWN = 2
"""Marks a piece that the tokenizer does not know."""

Piece = tuple[int, str] | tuple[int, str, int]
"""A token's position, PLAIN or CUT; the characters; 1 for what is not in the text ([CLS], a prompt), or UNKNOWN."""


def view(x: Attribution, name: str) -> dict[str, Any]:
    """One way to look at a pair, by words or by tokens: both texts in pieces, labels, kinds, sentences, the matrix."""
    functions = function_words(x.tokens_a + x.tokens_b)
    return {
        "name": name,
        "a": list(pieces(x.text_a, x.tokens_a, x.offsets_a, x.truncated[0], x.unknown_a)),
        "b": list(pieces(x.text_b, x.tokens_b, x.offsets_b, x.truncated[1], x.unknown_b)),
        "labels_a": list(map(printable, x.tokens_a)),
        "labels_b": list(map(printable, x.tokens_b)),
        "read_a": readings(x.read_a),
        "read_b": readings(x.read_b),
        "kinds_a": kinds(x.tokens_a, x.offsets_a, functions),
        "kinds_b": kinds(x.tokens_b, x.offsets_b, functions),
        "sentences_a": [(i, j, printable(text)) for i, j, text in sentences(x.text_a, x.offsets_a)],
        "sentences_b": [(i, j, printable(text)) for i, j, text in sentences(x.text_b, x.offsets_b)],
        "limit": x.limit,
        "matrix": packed(x.matrix),
    }


def pieces(
    text: str,
    tokens: Sequence[str],
    offsets: Sequence[tuple[int, int] | None],
    truncated: bool,
    unknown: Sequence[int] = (),
) -> Iterator[Piece]:
    """The text from its first character to its last, each token at its place. Their characters are the text's."""
    end = 0
    for position, (token, offset) in enumerate(zip(tokens, offsets, strict=True)):
        if offset is None or offset[1] <= end:  # not in the text, or one more token of the same characters
            yield position, printable(token) if offset is None else "·", 1
            continue
        if offset[0] > end:
            yield PLAIN, printable(text[end : offset[0]])
        characters = printable(text[max(end, offset[0]) : offset[1]])
        yield (position, characters, UNKNOWN) if position in unknown else (position, characters)
        end = offset[1]
    rest = text[end:]
    shown = printable(rest[:MOST_BEHIND])
    if len(rest) > MOST_BEHIND:
        shown += f"… and {len(rest) - MOST_BEHIND:,} more characters"
    if rest:
        yield CUT if truncated else PLAIN, shown


def readings(read: Sequence[str]) -> dict[int, str]:
    """What the model read of tokens, by their positions, where it is not as written."""
    return {i: printable(each) for i, each in enumerate(read) if each}


def packed(matrix: np.ndarray) -> dict[str, Any]:
    """A matrix in float32: row by row, low byte first, in base64. Coarser, thousands of cells lose their sum."""
    values = matrix.astype("<f4")
    rows, columns = matrix.shape
    return {"rows": rows, "columns": columns, "packed": base64.b64encode(values.tobytes()).decode()}


def printable(text: str) -> str:
    """The text with "�" for control characters and halves of surrogate pairs, which no page can hold."""
    return "".join(char if _can_be_shown(char) else "\ufffd" for char in text)


def _can_be_shown(char: str) -> bool:
    return char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs")
