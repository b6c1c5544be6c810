"""Baseline: the deletion interactions themselves, before the other judges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from xsbert.evaluation.judges.deletion import DeletionInteractions, deletions
from xsbert.evaluation.judges.encodings import Encodings
from xsbert.evaluation.methods.explainer import Pairs
from xsbert.evaluation.methods.matrices import Matrix, PairMatrix, WordMatrix
from xsbert.models import XSTransformer
from xsbert.models.inputs.text import read


@dataclass(frozen=True)
class LeaveOneOut:
    """I[i, j] of `DeletionInteractions` as a method: W_a + W_b + 2 encodings a pair, and no gradient.

    Args:
        put: "" to delete words; a mask token to mask them.
    """

    model: XSTransformer = field(repr=False)
    put: str = ""

    @property
    def judge(self) -> DeletionInteractions:
        """The judge that it is itself, and is not held against."""
        return DeletionInteractions(self.put)

    def explain(self, pairs: Pairs) -> Sequence[Matrix]:
        """The interactions of words; words are its tokens."""
        encode = Encodings(self.model)
        return [self._of(*pair, encode) for pair in pairs]

    def _of(self, text_a: str, text_b: str, encode: Encodings) -> PairMatrix:
        offsets_a, offsets_b = (read(self.model, text).offsets for text in (text_a, text_b))
        empty = np.zeros((len(offsets_a), len(offsets_b)))
        words = WordMatrix.of(PairMatrix(text_a, text_b, offsets_a, offsets_b, empty))
        interactions = deletions(words.a, words.b, encode, self.put).interactions
        return PairMatrix(text_a, text_b, words.a.spans, words.b.spans, interactions)
