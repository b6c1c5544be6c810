"""What a whole ranking says of single words: which of the query carry it, which of the documents match."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from xsbert.results import dataframes
from xsbert.results.parts.picture import inside
from xsbert.results.record import checked_count, decimals, shortened

if TYPE_CHECKING:
    from xsbert.results.attribution import Attribution


class QueryWord(NamedTuple):
    """A word of the query.

    Args:
        word: the word.
        mean: what it adds to a document's score, in the mean over all documents.
        spread: the standard deviation of that over the documents: what it does for their order.
    """

    word: str
    mean: float
    spread: float


class DocumentWord(NamedTuple):
    """A word of the documents, in small letters.

    Args:
        word: the word.
        mean: what it adds to a document's score, in the mean over all documents.
        where: the same in the mean over those that have it.
        documents: how many have it.
    """

    word: str
    mean: float
    where: float
    documents: int


@dataclass(frozen=True, repr=False)
class RankingSummary:
    """The words of a ranking, over all its documents.

    Args:
        query: the query's text.
        documents: how many documents there are.
        score: their mean score.
        query_words: the query's words, in its order; a picture's patches.
        document_words: the documents' words, by falling magnitude of their means. Pictures have none.
    """

    query: str
    documents: int
    score: float
    query_words: tuple[QueryWord, ...]
    document_words: tuple[DocumentWord, ...]

    def top(self, k: int = 10) -> list[DocumentWord]:
        """The k words of the documents that add most to the scores, or take most, by magnitude."""
        return list(self.document_words[: checked_count(k)])

    def to_dataframe(self) -> Any:
        """A pandas table: a row for each word of the query, then one for each word of the documents.

        Raises:
            ImportError: pandas is not installed.
        """
        query = [{"side": "query", **word._asdict(), "documents": self.documents} for word in self.query_words]
        return dataframes.pandas().DataFrame(
            query + [{"side": "documents", **word._asdict()} for word in self.document_words]
        )

    def __repr__(self) -> str:
        best = max(self.query_words, key=lambda word: word.mean, default=None)
        first = f", first {best.word!r} {decimals(best.mean, 4, '+')}" if best else ""
        return f"RankingSummary({shortened(self.query)}, {self.documents} documents{first})"


def summary_of(ranking: Sequence[Attribution]) -> RankingSummary:
    """Which words of the query carry a ranking, and which words of its documents match most.

    Raises:
        ValueError: the ranking is empty.
    """
    if not len(ranking):
        raise ValueError("summary() got an empty ranking; expected at least one document.")
    by_words = [x.words() for x in ranking]
    rows = np.stack([x.matrix.sum(axis=1, dtype=np.float64) for x in by_words])  # (documents, words of the query)
    first, found = by_words[0], dict[str, list[float]]()
    query_words = [
        QueryWord(first.tokens_a[i], float(rows[:, i].mean()), float(rows[:, i].std()))
        for i in inside(first.offsets_a, first.picture_a)
    ]
    for x in by_words:
        sums = dict[str, float]()
        # A picture has no offsets, and adds no words: its patches are no other picture's.
        for word, at, value in zip(x.tokens_b, x.offsets_b, x.matrix.sum(axis=0, dtype=np.float64), strict=True):
            if at is not None:
                sums[word.casefold()] = sums.get(word.casefold(), 0.0) + float(value)
        for word, value in sums.items():
            found.setdefault(word, []).append(value)
    document_words = [
        DocumentWord(word, sum(values) / len(ranking), sum(values) / len(values), len(values))
        for word, values in found.items()
    ]
    return RankingSummary(
        query=first.text_a,
        documents=len(ranking),
        score=float(np.mean([x.score for x in ranking])),
        query_words=tuple(query_words),
        document_words=tuple(sorted(document_words, key=lambda word: -abs(word.mean))),
    )
