"""What comes and goes as one: a text's tokens, words or sentences, or spans that the caller names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from xsbert.results.attribution import Attribution
from xsbert.results.parts.sentences import sentence_spans
from xsbert.results.parts.words import Group, Offset, Span, checked_spans, group
from xsbert.results.token_vectors import TokenVectors

TOKENS, WORDS, SENTENCES = "tokens", "words", "sentences"
Units = str | Callable[[str], Iterable[Span]]
"""A name; or a function that gives a text's spans, [start, end) in characters, outside of which are words."""


def check_units(units: Any, names: Sequence[str]) -> None:
    """Raises TypeError for what names no units, ValueError for a name that is none of these."""
    if isinstance(units, str) and units in names:
        return
    if isinstance(units, str) or not callable(units):
        error = ValueError if isinstance(units, str) else TypeError
        raise error(
            f"units got {units!r:.60}; expected {', '.join(map(repr, names))}, or a function that gives the spans of a "
            "text, such as lambda text: [match.span() for match in re.finditer('[^,]+', text)]."
        )


def spans_of(text: str, units: Units) -> list[Span]:
    """The spans of a text outside of which its words are units.

    Raises:
        TypeError, ValueError: a function gave no spans of the text.
    """
    if callable(units):
        return checked_spans(text, units(text), "units")
    return sentence_spans(text) if units == SENTENCES else []


def grouped_by(text: str, offsets: Sequence[Offset], units: Units) -> list[Group]:
    """The tokens of each unit, in their order; tokens without an offset stay alone. Errors as of `spans_of`."""
    return group(text, offsets, spans_of(text, units) if any(offsets) else [])  # a picture has none


def attribution_by(x: Attribution, units: Units) -> Attribution:
    """An attribution over tokens by units; a picture's are its patches."""
    if units == TOKENS:
        return x
    sides = ((x.text_a, x.picture_a), (x.text_b, x.picture_b))
    return x.grouped(*([] if picture else spans_of(text, units) for text, picture in sides))


def vectors_by(x: TokenVectors, units: Units) -> TokenVectors:
    """Token vectors by units."""
    return x if units == TOKENS else x.grouped([] if x.picture else spans_of(x.text, units))


def named(units: Units) -> str:
    """What a method's repr calls the units."""
    return repr(units) if isinstance(units, str) else getattr(units, "__qualname__", type(units).__name__)
