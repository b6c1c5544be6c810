"""An attribution as the data of a page: texts cut at their tokens, matrices packed."""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from xsbert.plot.html.kinds import function_words, kinds, sentences
from xsbert.plot.html.patches import has_picture, patch_labels, scales
from xsbert.results.attribution import Attribution
from xsbert.results.parts.picture import Picture

LONG = 200
"""Characters of a text from which on the two stand beside each other, each in a box that scrolls."""
MOST_BEHIND = 2000
"""Characters behind the last token that a page shows: what the model did not read."""
PLAIN, CUT = -1, -2
"""Pieces of a text that belong to no token: between tokens, and behind the last one of a text that was cut."""
UNKNOWN = 2
"""Marks a piece that the tokenizer does not know."""

Piece = tuple[int, str] | tuple[int, str, int]
"""A token's position, PLAIN or CUT; the characters; 1 for what is not in the text ([CLS], a prompt), or UNKNOWN."""


def view(x: Attribution, name: str) -> dict[str, Any]:
    """One way to look at a pair, by words or by tokens: both sides in pieces, labels, kinds, sentences, the matrix."""
    texts = [x.tokens_a if x.picture_a is None else (), x.tokens_b if x.picture_b is None else ()]
    functions = function_words(texts[0] + texts[1])
    sides = _side(x, "a", functions) | _side(x, "b", functions)
    colours = scales(x) if has_picture(x) else {"limit": x.limit}
    return {"name": name, **sides, **colours, "matrix": packed(x.matrix)}


def _side(x: Attribution, side: str, functions: frozenset[str]) -> dict[str, Any]:
    text, tokens, offsets, unknown, read, picture = (
        getattr(x, f"{name}_{side}") for name in ("text", "tokens", "offsets", "unknown", "read", "picture")
    )
    patches = 0 if picture is None else len(picture.boxes)
    names = [] if picture is None else patch_labels(picture)
    is_text = picture is None
    return {
        side: list(pieces(text, tokens, offsets, x.truncated["ab".index(side)], unknown)) if is_text else [],
        f"labels_{side}": [*names, *map(printable, tokens[patches:])],
        f"read_{side}": readings(read),
        f"kinds_{side}": kinds(tokens, offsets, functions, patches),
        f"sentences_{side}": [(i, j, printable(part)) for i, j, part in sentences(text, offsets)] if is_text else [],
    }


def pictures(x: Attribution, images: bool = True) -> dict[str, Any]:
    """Each side's picture; None for a text.

    Args:
        x: the pair.
        images: whether the pictures themselves are there, or their patches alone.
    """
    return {"a": _picture(x.picture_a, x.text_a, images), "b": _picture(x.picture_b, x.text_b, images)}


def _picture(picture: Picture | None, name: str, image: bool) -> dict[str, Any] | None:
    if picture is None:
        return None
    boxes = [[round(edge, 2) for edge in box] for box in picture.boxes]
    size = {"width": picture.width, "height": picture.height, "rows": picture.rows, "columns": picture.columns}
    return {**size, "boxes": boxes, "data": picture.data if image else "", "name": printable(name)}


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
