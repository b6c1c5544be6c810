"""Does this model hear negation, opposites, numbers, names, word order?

For people who choose a model. Each minimal pair asks whether a text that says something else in nearly the same words
is less similar than one that says the same in other words, and which words the model hears the difference by.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xsbert.models.encoders.transformer import XSTransformer
from xsbert.results.attribution import Attribution
from xsbert.results.check import CheckReport, Hearing, MinimalPair
from xsbert.studies.texts.minimal_pairs import read_minimal_pairs

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from xsbert.models.encoders.options import PairOptions


def check(
    model: XSTransformer, pairs: Sequence[MinimalPair] | None = None, **options: Unpack[PairOptions]
) -> CheckReport:
    """What a model hears.

    Args:
        model: the model.
        pairs: the minimal pairs; by default the package's own: negation, opposites, numbers, names, word order.
        **options: as of `explain`.

    Raises:
        TypeError, ValueError: as `explain`, or there are no pairs.
    """
    asked = read_minimal_pairs() if pairs is None else list(pairs)
    if not asked:
        raise ValueError("check got no pairs; expected some MinimalPair(family, text, same, different).")
    wanted = [both for pair in asked for both in ((pair.text, pair.same), (pair.text, pair.different))]
    own = [(pair.text, pair.text) for pair in asked if not _new_words(pair)]
    found = [x.words() for x in model.explain_pairs([*wanted, *own], **options)]
    itself = {x.text_a: x for x in found[len(wanted) :]}
    results = [
        Hearing(pair, same.score, different.score, _words(pair, different, itself.get(pair.text)))
        for pair, same, different in zip(asked, found[: len(wanted) : 2], found[1 : len(wanted) : 2], strict=True)
    ]
    first = found[0]
    return CheckReport(first.model, first.method, first.similarity, tuple(results))


def _new_words(pair: MinimalPair) -> set[str]:
    """The words that the changed text has and the text has not."""
    known = set(_plain(pair.text))
    return {word for word in _plain(pair.different) if word not in known}


def _plain(text: str) -> list[str]:
    return [word.strip(".,;:!?\"'").casefold() for word in text.split()]


def _words(pair: MinimalPair, x: Attribution, itself: Attribution | None) -> tuple[tuple[str, float], ...]:
    """The changed text's new words with what they add; of one without any, what each word adds less than in the text.

    Args:
        x: the text with the changed one, by words.
        itself: the text with itself, where the changed one has no new word.
    """
    sums = _sums(x)
    if itself is None:
        new = _new_words(pair)
        return tuple((word, value) for word, value in sums if word.casefold() in new)
    changes: dict[str, float] = {}
    for sign, of in ((1, sums), (-1, _sums(itself))):
        for word, value in of:
            changes[word.casefold()] = changes.get(word.casefold(), 0.0) + sign * value
    return tuple(sorted(changes.items(), key=lambda change: change[1]))


def _sums(x: Attribution) -> list[tuple[str, float]]:
    """What each word of text b adds to the similarity."""
    columns = x.matrix.sum(axis=0)
    return [(word, float(v)) for word, at, v in zip(x.tokens_b, x.offsets_b, columns, strict=True) if at]
