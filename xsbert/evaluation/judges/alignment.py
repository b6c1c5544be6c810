"""Judge of plausibility: do people align the words that the matrix pairs?

This is not truth: a model may find two texts similar for reasons that no person has, and an explanation
that says so is right.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from xsbert.evaluation.judges.ists import AlignedPair
from xsbert.evaluation.judges.judge import Encode
from xsbert.evaluation.methods.matrices import WordMatrix, Words
from xsbert.evaluation.statistics import area_under_curve
from xsbert.models.references.weights_digest import digest_of
from xsbert.results.parts.words import Span


@dataclass(frozen=True, repr=False)
class HumanAlignments:
    """Area under the curve, and F1 of mutual best pairs, against gold alignments.

    The matrix is summed over the annotators' own words. `auc` is the chance that an aligned pair of words
    has a larger A, signed, than one that is not: what people align speaks for a similarity. `f1` predicts
    the pairs that are the largest of their row and their column, and positive: no threshold to choose, and
    a word may stay alone. Chunks are aligned as wholes, so precision counts pairs and recall counts words:
    an aligned word is found where one right pair has it.

    Args:
        gold: the aligned pairs.
    """

    gold: Collection[AlignedPair]

    def __repr__(self) -> str:
        return f"HumanAlignments({len(self.gold)} pairs, {self._digest})"

    @cached_property
    def _digest(self) -> str:
        return digest_of(*((each.words_a, each.words_b, sorted(each.aligned)) for each in self.gold))[:8]

    def evidence(self, a: Words, b: Words, encode: Encode) -> AlignedPair | None:
        """The pair's gold; None where there is none."""
        found = (each for each in self.gold if each.text_a == a.text and each.text_b == b.text)
        return next(found, None)

    def figures(self, found: WordMatrix, evidence: AlignedPair | None, encode: Encode) -> dict[str, float]:
        """`auc` and `f1`; nan without gold, or where no words are aligned."""
        if evidence is None:
            return {"auc": np.nan, "f1": np.nan}
        left, right = membership(found.a.spans, evidence.words_a), membership(found.b.spans, evidence.words_b)
        values = left @ found.matrix @ right.T  # (V_a, V_b)
        return {"auc": area_under_curve(values, evidence.matrix), "f1": f1(values, evidence.matrix)}


def membership(spans: Sequence[Span], words: Sequence[str]) -> np.ndarray:
    """Which of the annotators' V words, with spaces between, each of our W words lies in: `(V, W)`."""
    ends = np.cumsum([len(word) + 1 for word in words])
    starts = np.array([start for start, _ in spans], dtype=int)
    which = np.searchsorted(ends, starts, side="right")
    return (np.arange(len(words))[:, None] == which).astype(float)


def f1(values: np.ndarray, gold: np.ndarray) -> float:
    """F1 of the mutual best pairs: precision over pairs, recall over aligned words."""
    if not gold.any():
        return float("nan")
    best = (values == values.max(axis=1, keepdims=True)) & (values == values.max(axis=0)) & (values > 0)
    right = best & gold
    if not right.any():
        return 0.0
    precision = right.sum() / best.sum()
    found = right.any(axis=1).sum() + right.any(axis=0).sum()
    recall = found / (gold.any(axis=1).sum() + gold.any(axis=0).sum())
    return float(2 * precision * recall / (precision + recall))
