"""Judge: do the vectors of the words that are kept point where the embedding of what is kept points?

A cosine model gives each sub-text a length of its own, of which no sum of vectors knows. So this judge asks for angles
alone. A matrix knows its method's token vectors u by their products, that is up to a rotation, and with the matrices
of each text and itself all angles between sums of them are known:

    cos(Σ_K u(a), Σ_L u(b)) = ΣA(a, b)[K, L] / √(ΣA(a, a)[K, K] · ΣA(b, b)[L, L]).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from xsbert.evaluation.judges.coalitions import Coalitions
from xsbert.evaluation.judges.judge import Encode
from xsbert.evaluation.methods.matrices import WordMatrix, Words
from xsbert.evaluation.statistics import pearson


class Angles(NamedTuple):
    """K sub-texts of each text, `(K, W_a)`, `(K, W_b)`, and cosines of their embeddings, `(K,)` each.

    `between` is of the k-th sub-texts of both; `within_a` and `within_b` of the k-th of a text and its next.
    """

    kept_a: np.ndarray
    kept_b: np.ndarray
    between: np.ndarray
    within_a: np.ndarray
    within_b: np.ndarray


@dataclass(frozen=True)
class Directions:
    """Cosines of random sub-texts' embeddings, against those of the sums of their words' vectors.

    `r2` is the squared Pearson correlation (its sign kept) between sub-texts of both texts, `fit` 1 − SS_residual /
    SS_total with no regression, and `within` the same between two sub-texts of one text, in the mean of both texts.
    A sum that has no length has the cosine 0.

    Args:
        count: the number of sub-texts K of each text.
        seed: of the draws, which are those of `Coalitions`.
    """

    count: int = 64
    seed: int = 0
    selves: bool = True
    """It needs the matrices of each text and itself."""

    def __repr__(self) -> str:
        return f"Directions(count={self.count}, seed={self.seed})"

    def evidence(self, a: Words, b: Words, encode: Encode) -> Angles:
        """The sub-texts and their cosines."""
        kept_a, kept_b, _ = Coalitions(self.count, self.seed).evidence(a, b, encode)
        left, right = (encode([words.kept(row) for row in kept]) for words, kept in ((a, kept_a), (b, kept_b)))
        return Angles(kept_a, kept_b, _cosines(left, right), _cosines(left, _next(left)), _cosines(right, _next(right)))

    def figures(self, found: WordMatrix, evidence: Angles, encode: Encode) -> dict[str, float]:
        """`r2`, `fit` and `within`; nan where the matrices of each text and itself are not known."""
        if found.selves is None:
            return dict.fromkeys(("r2", "fit", "within"), np.nan)
        kept_a, kept_b, between, within_a, within_b = evidence
        self_a, self_b = found.selves
        lengths_a, lengths_b = self_a.kept(kept_a, kept_a), self_b.kept(kept_b, kept_b)
        sums = _divided(found.kept(kept_a, kept_b), lengths_a, lengths_b)
        sums_a = _divided(self_a.kept(kept_a, _next(kept_a)), lengths_a, _next(lengths_a))
        sums_b = _divided(self_b.kept(kept_b, _next(kept_b)), lengths_b, _next(lengths_b))
        correlation = pearson(sums, between)
        within = np.mean([_fit(sums_a, within_a), _fit(sums_b, within_b)])
        return {"r2": correlation * abs(correlation), "fit": _fit(sums, between), "within": float(within)}


def _next(rows: np.ndarray) -> np.ndarray:
    return np.roll(rows, -1, axis=0)


def _cosines(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    squares = (np.einsum("kd,kd->k", rows, rows) for rows in (left, right))
    return _divided(np.einsum("kd,kd->k", left, right), *squares)


def _divided(products: np.ndarray, squares_a: np.ndarray, squares_b: np.ndarray) -> np.ndarray:
    """Products by both lengths; 0 where a length is none. A matrix that is no products may have negative squares."""
    there = (squares_a > 0) & (squares_b > 0)
    lengths = np.sqrt(np.where(there, squares_a * squares_b, 1))
    return np.where(there, products / lengths, 0)


def _fit(sums: np.ndarray, values: np.ndarray) -> float:
    spread = float(((values - values.mean()) ** 2).sum())
    return 1 - float(((values - sums) ** 2).sum()) / spread if spread else float("nan")
