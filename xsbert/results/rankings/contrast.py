"""Why one document is more similar to a query than another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xsbert.results.attribution import Attribution
from xsbert.results.record import Record, checked_count, decimals, setting, shortened


@dataclass(frozen=True, eq=False, repr=False)
class Contrast(Record):
    """The difference of two similarities, as a sum over the query's tokens.

    `differences.sum()` + `reference_difference` = `score_difference`, up to `error`: law 2 for one document
    less law 2 for the other, each matrix summed over its document. For exact models the second term vanishes.

    Args:
        query: the query's text.
        documents: the two documents.
        tokens: the query's S tokens.
        differences: what each adds to the first document's score more than to the second's, `(S,)`.
        reference_difference: the same for the reference terms, ra + rb − rr.
        scores: the two similarities.
        error: what the quadrature may miss in the sum, in units of the score.
    """

    query: str
    documents: tuple[str, str]
    tokens: tuple[str, ...]
    differences: np.ndarray
    reference_difference: float
    scores: tuple[float, float]
    error: float

    def __post_init__(self) -> None:
        self._freeze(self.differences.shape, (len(self.tokens),))

    @property
    def score_difference(self) -> float:
        """The first document's score less the second's."""
        return self.scores[0] - self.scores[1]

    def top(self, k: int = 5) -> list[tuple[str, float]]:
        """The k query tokens with the largest differences by magnitude, the largest first."""
        order = np.argsort(-np.abs(self.differences), kind="stable")[: checked_count(k)]
        return [(self.tokens[i], float(self.differences[i])) for i in order]

    def __repr__(self) -> str:
        first, second = map(shortened, self.documents)
        numbers = self.score_difference, self.differences.sum(dtype=np.float64), self.reference_difference
        score, tokens, references = (decimals(number, 4, "+") for number in numbers)
        return (
            f"Contrast({shortened(self.query)}: {first} − {second}, {score} = tokens {tokens}, "
            f"reference terms {references})"
        )


def contrast(x: Attribution, y: Attribution) -> Contrast:
    """Why x's document scores above y's, for the query that is text a of both.

    Args:
        x, y: attributions by the same model at the same layer; `x.words()` and `y.words()` for words.

    Raises:
        TypeError: not two attributions.
        ValueError: of different queries, models, layers, methods or similarities, or one by words, one by tokens.
    """
    for each in (x, y):
        if not isinstance(each, Attribution):
            raise TypeError(f"contrast got a {type(each).__name__}; expected two Attributions, as a ranking holds.")
    for name in ("text_a", "picture_a", "prompts", "tokens_a", "model", "layer", "method", "similarity"):
        one, other = (setting(each) if name == "method" else getattr(each, name) for each in (x, y))
        if name == "prompts":
            one, other = one[0], other[0]
        if one != other:
            raise ValueError(
                f"contrast got attributions whose {name} differ, {one!r:.80} and {other!r:.80}; expected one query, "
                "explained in one way: model.explain_ranking(query, documents) gives such."
            )
    sums = [each.matrix.sum(axis=1, dtype=np.float64) for each in (x, y)]
    references = [ra + rb - rr for ra, rb, rr in (x.reference_terms, y.reference_terms)]
    return Contrast(
        query=x.text_a,
        documents=(x.text_b, y.text_b),
        tokens=x.tokens_a,
        differences=sums[0] - sums[1],
        reference_difference=references[0] - references[1],
        scores=(x.score, y.score),
        error=x.error + y.error,
    )
