"""Judge: does the explanation account for the score?"""

from __future__ import annotations

from dataclasses import dataclass

from xsbert.evaluation.judges.judge import Encode
from xsbert.evaluation.methods.matrices import WordMatrix, Words


@dataclass(frozen=True)
class Completeness:
    """How far the sum of all pairs is from the model's score: |ΣA − s(a, b)|, law 2 without reference terms.

    Special tokens count: a score is that of whole texts.
    """

    def evidence(self, a: Words, b: Words, encode: Encode) -> float:
        """The model's score."""
        left, right = encode([a.text, b.text])
        return float(left @ right)

    def figures(self, found: WordMatrix, evidence: float, encode: Encode) -> dict[str, float]:
        """`missing`."""
        return {"missing": abs(float(found.whole.sum()) - evidence)}
