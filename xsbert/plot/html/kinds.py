"""What pages leave out on request, and what they fold: special tokens, punctuation, function words; sentences."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources

from xsbert.results.parts.sentences import ENDS
from xsbert.results.parts.words import Offset

SPECIAL, PUNCTUATION, FUNCTION, CONTENT = "special", "punctuation", "function", ""
PATCH = "patch"
"""A patch of a picture: it has no place in a text, and is not special for that."""
NAMES = {SPECIAL: "special tokens", PUNCTUATION: "punctuation", FUNCTION: "function words"}
LEAST_KNOWN = 0.15
"""A language is taken for that of the texts from this share of its function words among their words on."""


@cache
def _lists() -> dict[str, frozenset[str]]:
    """The function words of each language, from the package's own short lists."""
    content = (resources.files("xsbert.plot.html") / "assets" / "function_words.txt").read_text(encoding="utf-8")
    lines = (line.partition(":") for line in content.splitlines() if line and not line.startswith("#"))
    return {name: frozenset(words.split()) for name, _, words in lines}


def function_words(words: Sequence[str]) -> frozenset[str]:
    """Those of the language that the words seem to be of; none where it is none that has a list."""
    plain = [word.casefold() for word in words]
    counts = {name: sum(word in known for word in plain) for name, known in _lists().items()}
    best = max(counts, key=counts.__getitem__)
    return _lists()[best] if plain and counts[best] >= LEAST_KNOWN * len(plain) else frozenset()


def kinds(tokens: Sequence[str], offsets: Sequence[Offset], functions: frozenset[str], patches: int = 0) -> list[str]:
    """What each token is: a patch of a picture, special, punctuation, a function word, or none of these.

    Args:
        tokens, offsets: of a text, or of a picture.
        functions: the function words of the text's language.
        patches: how many of a picture's tokens, the first ones, are patches.
    """
    behind = zip(tokens[patches:], offsets[patches:], strict=True)
    return [PATCH] * patches + [_kind(token, offset, functions) for token, offset in behind]


def _kind(token: str, offset: Offset, functions: frozenset[str]) -> str:
    if offset is None:
        return SPECIAL
    if not any(map(str.isalnum, token)):
        return PUNCTUATION
    return FUNCTION if token.casefold() in functions else CONTENT


def sentences(text: str, offsets: Sequence[Offset]) -> list[tuple[int, int, str]]:
    """The tokens of each sentence, [start, end), and its characters.

    Tokens that stand in no text belong to the sentence beside them.
    """
    ends = [match.end() for match in ENDS.finditer(text)]
    starts, at = [0], 0
    for position, offset in enumerate(offsets):
        if offset is None or at == len(ends) or offset[0] < ends[at]:
            continue
        while at < len(ends) and offset[0] >= ends[at]:
            at += 1
        if position > starts[-1] and any(each is not None for each in offsets[starts[-1] : position]):
            starts.append(position)
    if not offsets:
        return []
    bounds = zip(starts, [*starts[1:], len(offsets)], strict=True)
    return [(start, end, _characters(text, offsets[start:end])) for start, end in bounds]


def _characters(text: str, offsets: Sequence[Offset]) -> str:
    known = [offset for offset in offsets if offset]
    return " ".join(text[known[0][0] : known[-1][1]].split()) if known else ""
