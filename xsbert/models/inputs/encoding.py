"""What a text's tokens are and where they stand, whatever kind of tokenizer read it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from tokenizers import Tokenizer

from xsbert.models.checks import say_once
from xsbert.results.parts.words import Offset

MARKS_BEFORE, MARKS_BEHIND = ("##", "▁", "Ġ"), ("@@", "</w>")
"""How tokenizers mark that a token goes on with a word, or begins or ends one."""


@dataclass(frozen=True)
class Encoding:
    """A string's S tokens.

    Args:
        pieces: the tokens as the tokenizer spells them.
        offsets: where each stands in the string, [start, end); None for special tokens, and for all where it is
            not known.
        special: which of them the tokenizer added around the string.
        cut: whether the tokenizer cut the string.
        unknown: the positions of the tokens that the tokenizer does not know.
    """

    pieces: tuple[str, ...]
    offsets: tuple[Offset, ...]
    special: tuple[bool, ...]
    cut: bool
    unknown: tuple[int, ...]


def encoding_of(features: Any, tokenizer: Any, string: str) -> Encoding:
    """The tokens that a string was made into.

    Args:
        features: what the host's `preprocess` gave for the string alone.
        tokenizer: the model's; a fast one knows where tokens stand, else they are looked for in the string.
        string: the text, behind its prompt.

    Raises:
        ValueError: the model has static embeddings, and the text no token.

    Warns:
        UserWarning: once, where tokens can't be found in their text.
    """
    fast = (getattr(features, "encodings", None) or [None])[0]
    if isinstance(tokenizer, Tokenizer):  # of static embeddings, which take no special tokens
        fast = tokenizer.encode(string, add_special_tokens=False)
        if not fast.ids:
            raise ValueError(f"The text {string!r:.60} has no token for static embeddings; expected at least one.")
    ids = list(fast.ids) if fast is not None else features["input_ids"][0].tolist()
    if fast is None and getattr(tokenizer, "is_fast", False):  # a processor keeps its tokenizer's encodings to itself
        fast = tokenizer([string], truncation=True, max_length=len(ids)).encodings[0]
        fast = fast if list(fast.ids) == ids else None
    if fast is not None:
        special = tuple(map(bool, fast.special_tokens_mask))
        offsets = tuple(None if mark else offset for mark, offset in zip(special, fast.offsets, strict=True))
        return Encoding(
            tuple(fast.tokens), offsets, special, bool(fast.overflowing), _unknown_of(ids, special, tokenizer)
        )
    return _aligned(ids, tokenizer, string)


def _aligned(ids: list[int], tokenizer: Any, string: str) -> Encoding:
    pieces = [str(piece) for piece in tokenizer.convert_ids_to_tokens(ids)]
    special = _around(ids, tokenizer)
    inside = [i for i, mark in enumerate(special) if not mark]
    places = aligned(string, [None if ids[i] == tokenizer.unk_token_id else pieces[i] for i in inside])
    if places is None:
        say_once(
            f"The tokens of a {type(tokenizer).__name__} can't all be found in their texts: results have no "
            "character offsets where that is so, and words() are the tokens there."
        )
    offsets: list[Offset] = [None] * len(ids)
    for i, place in zip(inside, places or (), strict=bool(places)):
        offsets[i] = place
    cut = len(tokenizer(string)["input_ids"]) > len(ids)
    return Encoding(tuple(pieces), tuple(offsets), special, cut, _unknown_of(ids, special, tokenizer))


def _unknown_of(ids: Sequence[int], special: Sequence[bool], tokenizer: Any) -> tuple[int, ...]:
    if isinstance(tokenizer, Tokenizer):
        token = getattr(tokenizer.model, "unk_token", None)
        unknown = None if token is None else tokenizer.token_to_id(token)
    else:
        unknown = tokenizer.unk_token_id
    return tuple(i for i, each in enumerate(ids) if each == unknown and not special[i])


def aligned(string: str, pieces: Sequence[str | None]) -> list[tuple[int, int]] | None:
    """Where each piece stands in the string, one behind the other with nothing but white space left out.

    Args:
        pieces: the tokens, without special ones; None for unknown ones: as many as words, or all of one word.

    Returns:
        [start, end) of each; None where any is not at its place, or unknown ones may stand at two.
    """
    places: list[tuple[int, int]] = []
    end = 0
    for unknown, run in groupby(pieces, lambda piece: piece is None):
        some = list(run)
        if unknown:
            following = pieces[len(places) + len(some) :][:1]
            found = _unknown(string, end, len(some), following[0] if following else None)
        else:
            found = _known(string, end, [_bare(piece) for piece in some if piece is not None])
        if not found:
            return None
        places += found
        end = found[-1][1]
    return places


def _known(string: str, end: int, cores: Sequence[str]) -> list[tuple[int, int]]:
    """The places of pieces behind `end`; none where one is not there."""
    places = []
    for core in cores:
        start = end + len(string[end:]) - len(string[end:].lstrip())
        end = start + len(core)
        if string[start:end].lower() != core.lower():
            return []
        places.append((start, end))
    return places


def _unknown(string: str, end: int, count: int, following: str | None) -> list[tuple[int, int]]:
    """The places of unknown pieces behind `end`, if what follows leaves them one choice."""
    words = [(end + match.start(), end + match.end()) for match in re.finditer(r"\S+", string[end:])]
    choices = {tuple(words[:count]), tuple(words[:1] * count)}

    def fits(choice: tuple[tuple[int, int], ...]) -> bool:
        if len(choice) < count:
            return False
        rest = string[choice[-1][1] :]
        return not rest.strip() if following is None else bool(_known(rest, 0, [_bare(following)]))

    found = [list(choice) for choice in choices if fits(choice)]
    return found[0] if len(found) == 1 else []


def _bare(piece: str) -> str:
    """The characters that a piece stands for."""
    for mark in MARKS_BEFORE:
        piece = piece.removeprefix(mark) if piece != mark else piece
    for mark in MARKS_BEHIND:
        piece = piece.removesuffix(mark) if piece != mark else piece
    return piece


def _around(ids: list[int], tokenizer: Any) -> tuple[bool, ...]:
    """Which tokens stand around the text: the special ones before the first and behind the last of its own."""
    added = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    own = [i for i, each in enumerate(ids) if each not in added]
    return tuple(not own or not own[0] <= i <= own[-1] for i in range(len(ids)))
