"""Judge: does the matrix agree with what the model does when words are taken away?

    I[i, j] = s(a, b) − s(a∖i, b) − s(a, b∖j) + s(a∖i, b∖j)

is how much less one word matters where the other is gone: the second difference of the score, as the
interactions of Tsang, Rambhatla and Liu (NeurIPS 2020, arXiv 2006.10965) and the discrete derivatives of
Grabisch and Roubens (1999) at the full texts. A similarity is a product of embeddings, so W_a + W_b + 2
encodings and a matrix product give all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from xsbert.evaluation.judges.judge import Encode
from xsbert.evaluation.methods.matrices import WordMatrix, Words
from xsbert.evaluation.statistics import spearman


class Deletions(NamedTuple):
    """What deleting words does to a similarity.

    Args:
        score: s(a, b).
        effects_a, effects_b: s(a, b) − s(a∖i, b), `(W_a,)`, and s(a, b) − s(a, b∖j), `(W_b,)`.
        interactions: I, `(W_a, W_b)`.
    """

    score: float
    effects_a: np.ndarray
    effects_b: np.ndarray
    interactions: np.ndarray


def deletions(a: Words, b: Words, encode: Encode, put: str = "") -> Deletions:
    """The effects and interactions of deleting single words.

    Args:
        a, b: the texts.
        encode: gives embeddings whose product is s.
        put: what stands in a deleted word's place, such as a mask token; by default nothing.
    """
    whole_a, changes_a = _changes(a, encode, put)
    whole_b, changes_b = _changes(b, encode, put)
    # s(a, b) − s(a∖i, b) − s(a, b∖j) + s(a∖i, b∖j) = (f(a) − f(a∖i)) · (f(b) − f(b∖j))
    return Deletions(float(whole_a @ whole_b), changes_a @ whole_b, changes_b @ whole_a, changes_a @ changes_b.T)


def _changes(words: Words, encode: Encode, put: str) -> tuple[np.ndarray, np.ndarray]:
    """f(a), `(D,)`, and f(a) − f(a∖i), `(W, D)`."""
    embeddings = encode([words.text, *(words.without(i, put) for i in range(len(words)))])
    return embeddings[0], embeddings[0] - embeddings[1:]


@dataclass(frozen=True)
class DeletionInteractions:
    """Spearman's correlation of A with I over word pairs, and of A's row and column sums with single effects.

    Args:
        put: "" to delete words; the model's mask token to mask them.
    """

    put: str = ""

    def evidence(self, a: Words, b: Words, encode: Encode) -> Deletions:
        """The model's own interactions and effects."""
        return deletions(a, b, encode, self.put)

    def figures(self, found: WordMatrix, evidence: Deletions, encode: Encode) -> dict[str, float]:
        """`pairs`, and `words`, the mean over both texts."""
        sides = [spearman(found.row_sums, evidence.effects_a), spearman(found.column_sums, evidence.effects_b)]
        return {"pairs": spearman(found.matrix, evidence.interactions), "words": mean_known(sides)}


def mean_known(values: list[float]) -> float:
    """The mean of the values that are not nan; nan where all are."""
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")
