"""What many pairs of texts say of words: which pairs of words carry scores, and which match where they should not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from xsbert.results import dataframes
from xsbert.results.attribution import Attribution
from xsbert.results.record import checked_count, decimals

ROUNDING = 1e-6
"""An excess below is that of labels which the scores fit."""


class WordPair(NamedTuple):
    """Two words, in small letters, one of each text.

    Args:
        word_a, word_b: the words.
        total: what they add to all scores together.
        mean: what they add where they meet, in the mean.
        pairs: in how many pairs of texts they meet.
        excess: how far the scores that they carry are above what people say, in the mean, weighted by what they add;
            nan without labels. Much of it: the two over-match.
    """

    word_a: str
    word_b: str
    total: float
    mean: float
    pairs: int
    excess: float


@dataclass(frozen=True, repr=False)
class PairsSummary:
    """The pairs of words of many pairs of texts.

    Args:
        count: how many pairs of texts.
        score: their mean score.
        differences: for each, its score less what its label lets expect; none without labels.
        word_pairs: by falling magnitude of their totals.
    """

    count: int
    score: float
    differences: tuple[float, ...]
    word_pairs: tuple[WordPair, ...]

    def top(self, k: int = 10) -> list[WordPair]:
        """The k pairs of words that add most to the scores, or take most, by magnitude."""
        return list(self.word_pairs[: checked_count(k)])

    def over_matching(self, k: int = 10, least: int = 1) -> list[WordPair]:
        """The k pairs of words that add most to scores above what people say: by total × excess, the largest first.

        Args:
            k: how many.
            least: in how many pairs of texts they meet at least.
        """
        found = [p for p in self.word_pairs if p.total > 0 and p.excess > ROUNDING and p.pairs >= least]
        return sorted(found, key=lambda pair: -pair.total * pair.excess)[: checked_count(k)]

    def to_dataframe(self) -> Any:
        """A pandas table with a row for each pair of words.

        Raises:
            ImportError: pandas is not installed.
        """
        return dataframes.pandas().DataFrame([pair._asdict() for pair in self.word_pairs], columns=WordPair._fields)

    def __repr__(self) -> str:
        best = f", first {self.word_pairs[0].word_a} – {self.word_pairs[0].word_b}" if self.word_pairs else ""
        return f"PairsSummary({self.count:,} pairs, mean score {decimals(self.score, 4)}{best})"


def summary(xs: Sequence[Attribution], labels: Sequence[float] | None = None) -> PairsSummary:
    """Which pairs of words carry the scores of many pairs of texts, and which over-match.

    Args:
        xs: the attributions, as `explain_pairs` gives them.
        labels: what people say of each pair, on any scale. Scores are compared with a line through them.

    Raises:
        ValueError: there are no attributions, another number of labels, or labels that are no numbers.
    """
    if not len(xs):
        raise ValueError("summary() got no attributions; expected at least one.")
    scores = np.array([x.score for x in xs])
    apart = np.full(len(xs), np.nan) if labels is None else differences(scores, labels)
    found: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for x, apart_by in zip(xs, apart, strict=True):
        for pair, value in _sums(x.words()).items():
            found[pair].append((value, apart_by))
    made = [_word_pair(pair, np.array(values)) for pair, values in found.items()]
    known = () if labels is None else tuple(map(float, apart))
    return PairsSummary(len(xs), float(scores.mean()), known, tuple(sorted(made, key=lambda pair: -abs(pair.total))))


def differences(scores: np.ndarray, labels: Sequence[float]) -> np.ndarray:
    """Each score less what a line through all scores and labels gives for its label; 0 where all labels are equal."""
    gold = np.asarray(labels, dtype=float)
    if gold.shape != scores.shape or not np.isfinite(gold).all():
        raise ValueError(f"labels got {len(gold)} values for {len(scores)} pairs; expected a number for each.")
    if np.ptp(gold) == 0:
        return np.asarray(scores - scores.mean())
    return np.asarray(scores - np.polynomial.Polynomial.fit(gold, scores, 1)(gold))


def _sums(x: Attribution) -> dict[tuple[str, str], float]:
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for i, (word_a, at_a) in enumerate(zip(x.tokens_a, x.offsets_a, strict=True)):
        for j, (word_b, at_b) in enumerate(zip(x.tokens_b, x.offsets_b, strict=True)):
            if at_a and at_b:
                sums[word_a.casefold(), word_b.casefold()] += float(x.matrix[i, j])
    return sums


def _word_pair(pair: tuple[str, str], values: np.ndarray) -> WordPair:
    added, apart = values[:, 0], values[:, 1]
    weights = np.abs(added)
    excess = float((weights * apart).sum() / weights.sum()) if weights.sum() > 0 else float(apart.mean())
    return WordPair(*pair, float(added.sum()), float(added.mean()), len(added), excess)
