"""Judge: does the order of the words by relevance rebuild, or destroy, the embedding and the score?

Insertion and deletion curves as in the study of BiLRP for transformers (Vasileiou and Eberle, NAACL 2024,
arXiv 2405.06604). The words of one text are ordered by their row sums, signed and decreasing: a word that
speaks against the similarity comes last. They are inserted, or deleted, one by one, while the other text
stays whole; the figures are means over the inner points of the curve (its ends are the same for all
methods) and over both texts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xsbert.evaluation.judges.deletion import mean_known
from xsbert.evaluation.judges.judge import Encode
from xsbert.evaluation.methods.matrices import WordMatrix, Words


@dataclass(frozen=True)
class Curves:
    """Areas under the insertion and deletion curves.

    `insert: score` and `delete: score` are the similarity of the sub-text less the full text's,
    s(a_k, b) − s(a, b): high is good when inserting, low when deleting. `insert: distance` and
    `delete: distance` are ‖f(a_k) − f(a)‖: low is good when inserting, high when deleting.
    """

    def evidence(self, a: Words, b: Words, encode: Encode) -> None:
        """Nothing: the sub-texts depend on the method's order."""

    def figures(self, found: WordMatrix, evidence: None, encode: Encode) -> dict[str, float]:
        """The four areas."""
        sides = [
            _areas(found.a, found.row_sums, found.b.text, encode),
            _areas(found.b, found.column_sums, found.a.text, encode),
        ]
        return {name: mean_known([side[name] for side in sides]) for name in sides[0]}


def _areas(words: Words, relevance: np.ndarray, other: str, encode: Encode) -> dict[str, float]:
    place = np.argsort(np.argsort(-relevance, kind="stable"))  # each word's place in the order
    sizes = np.arange(1, len(words))[:, None]
    chosen = {"insert": place < sizes, "delete": place >= sizes}  # (W − 1, W) each
    full, against = encode([words.text, other])
    found = {}
    for name, rows in chosen.items():
        if not len(rows):
            return dict.fromkeys(("insert: score", "insert: distance", "delete: score", "delete: distance"), np.nan)
        change = encode([words.kept(row) for row in rows]) - full  # (W − 1, D)
        found[f"{name}: score"] = float((change @ against).mean())
        found[f"{name}: distance"] = float(np.linalg.norm(change, axis=1).mean())
    return found
