"""Sentences with "not" put in by rule, and with an adverb at the same place."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from xsbert.studies.texts.lists import records
from xsbert.studies.texts.parses import ROLES, Parser

NOT, ADVERB = "not", "also"


class Negated(NamedTuple):
    """A sentence, the same with "not", and the same with an adverb in its place.

    Args:
        place: where "not", and the adverb, begin in their texts.
    """

    text: str
    negated: str
    with_adverb: str
    place: int


def negated(text: str, parser: Parser) -> Negated | None:
    """The text's first sentence denied; None where no rule fits.

    The rules, in `data/negation.csv`: after the first auxiliary of the sentence's root; after a form of "be" that is
    the root itself; otherwise the root, where its tense shows, gives way to a form of "do" and its lemma. None fits
    where the subject comes after the verb. Of 200 sentences of the STS benchmark that were looked at, some 3 % read
    badly: mostly headlines whose participle was taken for a past tense.
    """
    if parser.language != "en":
        raise ValueError(f'"not" is put in by English rules; got a parser of {parser.language!r}.')
    if parser.is_negated(text):
        return None
    after, support = rules()
    root = next(iter(parser.doc(text).sents)).root
    auxiliaries = [child for child in root.lefts if child.dep_ in ("aux", "auxpass") and child.tag_ != "TO"]
    first = auxiliaries[0] if auxiliaries else root
    if any(ROLES.get(child.dep_) == "subject" and child.i > first.i for child in root.children):
        return None  # "Have you tried?"
    if auxiliaries or root.lemma_ == "be":
        put = after.get(first.lower_)
        return None if put is None else _made(text, first.idx + len(first), f" {put}", first.idx + len(first))
    if root.tag_ not in support:
        return None
    return _made(text, root.idx, f"{_cased(support[root.tag_], root)} {root.lemma_}", root.idx + len(root))


@cache
def rules() -> tuple[dict[str, str], dict[str, str]]:
    """What is put after a word, and what stands for a verb with a tag."""
    rows = records("negation.csv", ("rule", "word", "put"))
    after, support = ({row[1]: row[2] for row in rows if row[0] == rule} for rule in ("after", "support"))
    return after, support


def _cased(words: str, root: Any) -> str:
    return words.capitalize() if root.text[:1].isupper() else words


def _made(text: str, start: int, put: str, end: int) -> Negated:
    with_not, with_adverb = (text[:start] + words + text[end:] for words in (put, put.replace(NOT, ADVERB)))
    return Negated(text, with_not, with_adverb, start + put.index(NOT))
