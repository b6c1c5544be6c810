"""Judge: do the pairs that are kept sum to the score of what is kept?

Random sub-texts of both texts: each word stays with probability one half. A faithful additive account of
the score predicts theirs as the sum of A over the kept pairs; tokens that are no words are always kept.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from xsbert.evaluation.judges.judge import Encode
from xsbert.evaluation.methods.matrices import WordMatrix, Words
from xsbert.evaluation.statistics import pearson


class SubTexts(NamedTuple):
    """K sub-texts of each text: which words they keep, `(K, W_a)`, `(K, W_b)`, and their scores, `(K,)`."""

    kept_a: np.ndarray
    kept_b: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True)
class Coalitions:
    """R² between the score of random sub-texts and the sum of A over their pairs.

    `r2` is the squared Pearson correlation (its sign kept): how well the sums order and space the scores,
    whatever their scale. `fit` is 1 − SS_residual / SS_total with no regression: the sums must be the scores;
    it is below zero where the scores' mean would have been a better guess.

    Args:
        count: the number of sub-texts K of each pair.
        seed: of the draws, which depend on the two texts beside it.
    """

    count: int = 64
    seed: int = 0

    def evidence(self, a: Words, b: Words, encode: Encode) -> SubTexts:
        """The sub-texts and their scores."""
        random = np.random.default_rng([self.seed, zlib.crc32(a.text.encode()), zlib.crc32(b.text.encode())])
        kept_a, kept_b = (random.random((self.count, len(words))) < 0.5 for words in (a, b))
        embedded_a, embedded_b = (
            encode([words.kept(row) for row in kept]) for words, kept in ((a, kept_a), (b, kept_b))
        )
        return SubTexts(kept_a, kept_b, np.einsum("kd,kd->k", embedded_a, embedded_b))

    def figures(self, found: WordMatrix, evidence: SubTexts, encode: Encode) -> dict[str, float]:
        """`r2` and `fit`."""
        sums, scores = found.kept(evidence.kept_a, evidence.kept_b), evidence.scores
        correlation, spread = pearson(sums, scores), float(((scores - scores.mean()) ** 2).sum())
        fit = 1 - float(((scores - sums) ** 2).sum()) / spread if spread else float("nan")
        return {"r2": correlation * abs(correlation), "fit": fit}
