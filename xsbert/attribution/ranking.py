"""A ranking: one query, and the documents in the order of their similarity to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

from xsbert.attribution import frames, storage
from xsbert.attribution.record import shortened
from xsbert.attribution.result import Attribution
from xsbert.attribution.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Ranking(Shown, Sequence[Attribution]):
    """One query's documents, the most similar first, each with its attribution.

    A sequence of `Attribution`s: `ranking[0]` explains the first place, `ranking[:3]` is a ranking of three.

    Args:
        results: the attributions, text a the query, text b a document, by falling score.
        positions: for each, the position of its document in the list that was ranked.
    """

    results: tuple[Attribution, ...]
    positions: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.results or len(self.results) != len(self.positions):
            raise ValueError(
                f"Ranking got {len(self.results)} attributions and {len(self.positions)} positions; "
                "expected at least one, and as many of both. Use ranked(attributions)."
            )
        if other := [x.text_a for x in self.results if x.text_a != self.query]:
            raise ValueError(
                f"Ranking got two queries, {shortened(self.query)} and {shortened(other[0])}; expected one, as text_a "
                "of every attribution."
            )

    @property
    def query(self) -> str:
        """The query's text."""
        return self.results[0].text_a

    @property
    def documents(self) -> tuple[str, ...]:
        """The documents, the most similar first."""
        return tuple(x.text_b for x in self.results)

    @property
    def scores(self) -> tuple[float, ...]:
        """Their similarities to the query."""
        return tuple(x.score for x in self.results)

    def words(self) -> Ranking:
        """The same by words, as `Attribution.words`."""
        return Ranking(tuple(x.words() for x in self.results), self.positions)

    def folded(self) -> Ranking:
        """The same with each prompt as one token, as `Attribution.folded`."""
        return Ranking(tuple(x.folded() for x in self.results), self.positions)

    def to_dict(self) -> dict[str, Any]:
        """Everything in plain Python values, as `save` writes it."""
        head = {"format": "xsbert.Ranking", "version": storage.VERSION}
        return head | {"positions": list(self.positions), "results": [x.to_dict() for x in self.results]}

    @classmethod
    def load(cls, path: str | Path) -> Ranking:
        """Reads what `save("….json")` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is not JSON, holds something else, or is of a later version.
        """
        data, expected = storage.read(cls, path)
        try:
            results = tuple(storage.restored(Attribution, each, path) for each in data["results"])
            return cls(results, tuple(int(position) for position in data["positions"]))
        except (KeyError, TypeError, ValueError) as cause:
            raise ValueError(f"{path} is damaged ({type(cause).__name__}: {cause}); {expected}.") from cause

    def to_dataframe(self) -> Any:
        """A pandas table: a row for each document, with its rank from 1, position, score and what the pairs explain.

        Raises:
            ImportError: pandas is not installed.
        """
        return frames.pandas().DataFrame(
            {
                "rank": range(1, len(self) + 1),
                "position": self.positions,
                "score": self.scores,
                "explained": [x.explained for x in self.results],
                "document": self.documents,
            }
        )

    def __len__(self) -> int:
        return len(self.results)

    @overload
    def __getitem__(self, index: int) -> Attribution: ...
    @overload
    def __getitem__(self, index: slice) -> Ranking: ...
    def __getitem__(self, index: int | slice) -> Attribution | Ranking:
        if isinstance(index, slice):
            return Ranking(self.results[index], self.positions[index])
        return self.results[index]

    def __iter__(self) -> Iterator[Attribution]:
        return iter(self.results)

    def __repr__(self) -> str:
        first = f"{self.scores[0]:.4f} {shortened(self.documents[0])}"
        return f"Ranking({shortened(self.query)}, {len(self)} documents, first {first})"


def ranked(found: Sequence[Attribution]) -> Ranking:
    """The ranking of attributions of one query, each document at its position in the list; ties in its order.

    Raises:
        ValueError: none, or of several queries.
    """
    order = sorted(range(len(found)), key=lambda i: -found[i].score)
    return Ranking(tuple(found[i] for i in order), tuple(order))
