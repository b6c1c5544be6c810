"""Does the model prefer the same word to another of the same meaning?

A word against itself and against a synonym, in one sentence; pairs that people call unlike though they share a content
word; and, where human alignments are at hand, chunks that mean the same, in the same words or in others, at equal
length and part of speech. EACL 2024 (arXiv 2402.02883) finds that encoders have such a lexical bias.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from xsbert.evaluation.judges.alignment import membership
from xsbert.evaluation.judges.ists import AlignedPair, Chunks, read_alignments
from xsbert.evaluation.methods.matrices import WordMatrix
from xsbert.evaluation.statistics import Mean, bootstrap, bootstrap_of
from xsbert.studies.cells import LEAST_SUM, cells_of
from xsbert.studies.findings import Claim, Findings, above, cell
from xsbert.studies.material import Material
from xsbert.studies.pictures import dots
from xsbert.studies.questions.opposites import at
from xsbert.studies.texts.lists import records
from xsbert.studies.texts.parses import Parser

UNLIKE = 0.2
"""Pairs of texts that people score so low, of 1, are unlike."""
SYNONYM, CHUNKS, SHARED = "a synonym for the word", "chunks of equal meaning", "unlike texts, a shared word"


class Row(NamedTuple):
    """A comparison: of the same words, of other words, the difference, and of how many."""

    what: str
    same: Mean
    other: Mean
    difference: Mean

    def cells(self, method: str) -> tuple[str, ...]:
        """As the table has it."""
        figures = (cell(mean, 3) for mean in (self.same, self.other, self.difference))
        return (method, self.what, *figures, str(self.difference.pairs))


def study(material: Material) -> Findings:
    """The study.

    Raises:
        ValueError: there is no parser, or the chunks' folder holds none.
    """
    rows: list[tuple[str, ...]] = []
    claims: list[Claim] = []
    pictured: dict[str, dict[str, Mean]] = {}
    asked: list[Callable[[Material, str], Row]] = [synonyms, shared_words]
    if material.chunks is not None:
        asked.insert(1, chunks)
    for method in material.methods:
        found = [question(material, method) for question in asked]
        rows += [row.cells(method) for row in found]
        pictured[method] = {row.what: row.difference for row in found}
        claims += [
            Claim(
                "Encoders have a lexical bias.",
                f"{row.what}: {cell(row.difference, 3)} more for the same word ({method})",
                above(row.difference, 0),
            )
            for row in found
        ]
    scores = shared_scores(material)
    claims.append(
        Claim(
            "Encoders have a lexical bias.",
            f"unlike texts score {cell(scores.difference, 3)} more where they share a content word",
            above(scores.difference, 0),
        )
    )
    return Findings(
        name="lexical-bias",
        question="Does the model prefer the same word?",
        header=("method", "compared", "same word", "other word", "difference", "of"),
        rows=tuple(rows),
        draw=partial(dots, series=pictured, xlabel="the same word less the other", line=0),
        claims=tuple(claims),
        note=f"“{SYNONYM}”: what a word of our list adds with itself, and with its synonym in the same sentence. "
        f"“{CHUNKS}”: a chunk's cells with its aligned chunk, per word of it, over the pair's mean row, in the same "
        f"words and in others, at equal length and part of speech. “{SHARED}”: of pairs that people score at most "
        f"{UNLIKE:g} and that share a content word, the word's cells, and the other cells of content words; such pairs "
        f"score {cell(scores.same, 3)}, unlike pairs without a shared word {cell(scores.other, 3)}. With 95 % "
        "bootstrap intervals.",
        height=2.6,
    )


def synonyms(material: Material, method: str) -> Row:
    """A word with itself, and with a synonym in its place, in the sentences of the data that have such a word."""
    known = {row[0]: row[1] for row in records("adjectives.csv", ("adjective", "synonym", "opposite", "noun"))}
    pattern = re.compile(rf"\b({'|'.join(known)})\b")
    made = []
    for text in dict.fromkeys(text for pair in material.whole for text in (pair.text_a, pair.text_b)):
        words = pattern.findall(text)
        if len(words) == 1 and known[words[0]] not in text:
            made.append((text, words[0], pattern.sub(known[words[0]], text)))
    made = made[: len(material.pairs)]
    with_itself = material.explained(method, [(text, text) for text, _, _ in made])
    with_other = material.explained(method, [(text, other) for text, _, other in made])
    values = [
        (at(x, word, word), at(y, word, known[word]))
        for x, y, (_, word, _) in zip(with_itself, with_other, made, strict=True)
    ]
    return _paired(SYNONYM, np.array(values).reshape(-1, 2))


def shared_words(material: Material, method: str) -> Row:
    """In unlike texts that share a content word: a cell of the shared word, and a cell of other content words."""
    pairs = [pair for pair, shares in _unlike(material) if shares][: len(material.pairs)]
    if not pairs:
        return _paired(SHARED, np.empty((0, 2)))
    cells = cells_of(material.explained(method, pairs), material.parser, material.rarity)
    values = []
    for number in range(len(pairs)):
        of_pair = cells[(cells["pair"] == number) & cells["both_content"]]
        same = of_pair["same_lemma"]
        values.append((of_pair["value"][same].mean(), of_pair["value"][~same].mean()))
    return _paired(SHARED, np.array(values, dtype=float))


def shared_scores(material: Material) -> Row:
    """The scores of unlike texts that share a content word, and of those that do not."""
    unlike = _unlike(material)
    scores = material.scores([pair for pair, _ in unlike]) if unlike else np.empty(0)
    return _apart(SHARED, scores, np.array([shares for _, shares in unlike], dtype=bool))


def _unlike(material: Material) -> list[tuple[tuple[str, str], bool]]:
    """The data's pairs of texts that people call unlike, and whether they share a content word."""
    pairs = [(pair.text_a, pair.text_b) for pair in material.whole if pair.score <= UNLIKE]
    material.parser.read(text for pair in pairs for text in pair)
    return [(pair, _shares(material.parser, *pair)) for pair in pairs]


def chunks(material: Material, method: str) -> Row:
    """Chunks of equal meaning: what they add, in the same words and in others.

    Lengths and parts of speech that both kinds have count with the number of the rarer kind.
    """
    pairs = [pair for pair in read_alignments(material.chunks or "") if pair.equal][: len(material.pairs)]
    found = material.explained(method, [(pair.text_a, pair.text_b) for pair in pairs])
    material.parser.read(text for pair in pairs for text in (pair.text_a, pair.text_b))
    values, same, kinds = [], [], []
    for x, pair in zip(found, pairs, strict=True):
        for value, is_same, kind in _chunks(x, pair, material.parser):
            values.append(value)
            same.append(is_same)
            kinds.append(kind)
    return _apart(CHUNKS, np.array(values), np.array(same, dtype=bool), np.array(kinds))


def _chunks(x: WordMatrix, pair: AlignedPair, parser: Parser) -> Iterator[tuple[float, bool, str]]:
    """Each chunk of equal length in both texts: what it adds, whether its words are the same, length and tag."""
    if x.matrix.sum() <= LEAST_SUM:
        return
    left, right = membership(x.a.spans, pair.words_a), membership(x.b.spans, pair.words_b)
    values = left @ x.matrix @ right.T
    mean_row = x.matrix.sum() / len(pair.words_a)
    tags_a, tags_b = (_tags(parser, words) for words in (pair.words_a, pair.words_b))
    for both in pair.equal:
        (a, b) = both
        if len(a) == len(b) and tags_a[a[-1]] == tags_b[b[-1]]:
            is_same = _words(pair.words_a, a) == _words(pair.words_b, b)
            yield float(values[np.ix_(a, b)].sum() / len(a) / mean_row), is_same, f"{len(a)} {tags_a[a[-1]]}"


def _words(words: tuple[str, ...], chunk: Chunks | tuple[int, ...]) -> list[str]:
    return [words[i].casefold() for i in chunk]  # type: ignore[index]


def _tags(parser: Parser, words: tuple[str, ...]) -> list[str]:
    starts = np.cumsum([0, *(len(word) + 1 for word in words)])
    spans = [(int(start), int(start) + len(word)) for start, word in zip(starts, words, strict=False)]
    return [word.tag for word in parser.words(" ".join(words), spans)]


def _shares(parser: Parser, text_a: str, text_b: str) -> bool:
    a, b = ({word.lemma for word in parser.every_word(text) if word.is_content} for text in (text_a, text_b))
    return bool(a & b)


def _paired(what: str, values: np.ndarray) -> Row:
    if not len(values):
        return Row(what, *[Mean(float("nan"), float("nan"), float("nan"), 0)] * 3)
    return Row(what, *bootstrap(np.hstack([values, values[:, :1] - values[:, 1:]])))


def _apart(what: str, values: np.ndarray, same: np.ndarray, kinds: np.ndarray | None = None) -> Row:
    """The mean of the same and of the others, at equal kinds, and the difference."""
    kinds = np.zeros(len(values)) if kinds is None else kinds

    def mean(drawn: np.ndarray, part: int) -> float:
        sums, weights = np.zeros(2), 0.0
        for kind in np.unique(kinds[drawn]):
            of_kind = drawn[kinds[drawn] == kind]
            one, other = values[of_kind][same[of_kind]], values[of_kind][~same[of_kind]]
            weight = min(len(one), len(other))
            if weight:
                sums += weight * np.array([one.mean(), other.mean()])
                weights += weight
        return float(np.array([*sums, sums[0] - sums[1]])[part] / weights) if weights else float("nan")

    return Row(what, *(bootstrap_of(partial(mean, part=part), len(values)) for part in range(3)))
