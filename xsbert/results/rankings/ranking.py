"""A ranking: one query, and the documents in the order of their similarity to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, overload

from xsbert.results import dataframes, json_files
from xsbert.results.attribution import Attribution
from xsbert.results.html import Shown
from xsbert.results.json_files import restored_field
from xsbert.results.rankings.summary import RankingSummary, summary_of
from xsbert.results.record import decimals, shortened


@dataclass(frozen=True, eq=False, repr=False)
class Ranking(Shown, Sequence[Attribution]):
    """One query's documents, the most similar first, each with its attribution.

    A sequence of `Attribution`s: `ranking[0]` explains the first place, `ranking[:3]` is a ranking of three.

    Args:
        results: the attributions, text a the query, text b a document, by falling score.
        positions: for each, the position of its document in the list that was ranked.
        ids: for each, what its document is called elsewhere, such as its key in a table; empty where none were given.
        id_name: what the ids are called: "id", or the column or the lines that they are of.
        query: the query's text; by default that of the attributions. A part of a ranking may be empty, and keeps it.
        compared: how many documents the query was compared with; by default as many as the positions tell of.
    """

    results: tuple[Attribution, ...]
    positions: tuple[int, ...]
    ids: tuple[str, ...] = field(default=(), kw_only=True)
    id_name: str = field(default="id", kw_only=True)
    query: str = field(default=None, kw_only=True)  # type: ignore[assignment]
    compared: int = field(default=None, kw_only=True)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.query is None and self.results:
            object.__setattr__(self, "query", self.results[0].text_a)
        if self.compared is None:
            object.__setattr__(self, "compared", max((len(self.results), *(each + 1 for each in self.positions))))
        if self.query is None or len(self.results) != len(self.positions):
            raise ValueError(
                f"Ranking got {len(self.results)} attributions and {len(self.positions)} positions; "
                "expected at least one, and as many of both. Use ranked(attributions)."
            )
        if (self.ids and len(self.ids) != len(self.results)) or not all(isinstance(each, str) for each in self.ids):
            raise ValueError(
                f"Ranking got {len(self.results)} attributions and the ids {self.ids!r:.60}; expected a string for "
                "each, or none at all."
            )
        if not isinstance(self.query, str) or not isinstance(self.compared, int) or self.compared < len(self.results):
            raise ValueError(
                f"Ranking got the query {self.query!r:.60} and {self.compared!r:.60} compared documents; expected a "
                f"string, and a whole number of at least {len(self.results)}."
            )
        if other := [x.text_a for x in self.results if x.text_a != self.query]:
            raise ValueError(
                f"Ranking got two queries, {shortened(self.query)} and {shortened(other[0])}; expected one, as text_a "
                "of every attribution."
            )
        for name in ("tokens_a", "offsets_a", "picture_a", "similarity"):
            if len(ways := list(dict.fromkeys(getattr(x, name) for x in self.results))) > 1:
                raise ValueError(
                    f"Ranking got attributions whose {name} differ, {ways[0]!r:.80} and {ways[1]!r:.80}; expected one "
                    "query, explained in one way: model.explain_ranking(query, documents) gives such."
                )

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
        return replace(self, results=tuple(x.words() for x in self.results))

    def folded(self) -> Ranking:
        """The same with each prompt as one token, as `Attribution.folded`."""
        return replace(self, results=tuple(x.folded() for x in self.results))

    def summary(self) -> RankingSummary:
        """Which words of the query carry the ranking, and which words of its documents match most, over all of it.

        Raises:
            ValueError: the ranking is empty.
        """
        return summary_of(self)

    def to_dict(self) -> dict[str, Any]:
        """Everything in plain Python values, as `save` writes it."""
        head = {"format": "xsbert.Ranking", "version": json_files.VERSION}
        rows = {"positions": list(self.positions), "ids": list(self.ids), "id_name": self.id_name}
        return (
            head
            | {"query": self.query, "compared": self.compared}
            | rows
            | {"results": [x.to_dict() for x in self.results]}
        )

    @classmethod
    def load(cls, path: str | Path) -> Ranking:
        """Reads what `save("….json")` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is not JSON, holds something else, or is of a later version.
        """
        data, expected = json_files.read(cls, path)
        try:
            results = tuple(json_files.restored(Attribution, each, path) for each in data["results"])
            declared = {f.name: str(f.type).removesuffix(" | None") for f in fields(cls) if f.name != "results"}
            there = {name: kind for name, kind in declared.items() if name in data}  # older files have fewer
            ranking = cls(results, **{name: restored_field(data[name], kind, "") for name, kind in there.items()})
            places, count = ranking.positions, ranking.compared
            if len(set(places)) < len(places) or not all(0 <= at < count for at in places):
                raise ValueError(f"got the positions {places!r:.60} of {count} documents")
            return ranking
        except json_files.DAMAGE as cause:
            raise ValueError(f"{path} is damaged ({type(cause).__name__}: {cause}); {expected}.") from cause

    def to_dataframe(self) -> Any:
        """A pandas table: a row for each document, with its rank from 1, position, score and what the pairs explain.

        Where the documents have ids, these are a column too.

        Raises:
            ImportError: pandas is not installed.
        """
        named = {"id": self.ids} if self.ids else {}
        return dataframes.pandas().DataFrame(
            named
            | {
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
            return replace(self, results=self.results[index], positions=self.positions[index], ids=self.ids[index])
        return self.results[index]

    def __iter__(self) -> Iterator[Attribution]:
        return iter(self.results)

    def __repr__(self) -> str:
        first = f", first {decimals(self.scores[0], 4)} {shortened(self.documents[0])}" if self.results else ""
        return f"Ranking({shortened(self.query)}, {len(self)} documents{first})"


def ranked(found: Sequence[Attribution], ids: Sequence[str] = ()) -> Ranking:
    """The ranking of attributions of one query, each document at its position in the list; ties in its order.

    Args:
        found: the attributions.
        ids: what tells their documents apart, one each; or none.

    Raises:
        ValueError: no attribution, attributions of several queries, or ids for some only.
    """
    if ids and len(ids) != len(found):
        raise ValueError(f"ranked got {len(ids)} ids for {len(found)} attributions; expected one each, or none.")
    order = sorted(range(len(found)), key=lambda i: -found[i].score)
    return Ranking(tuple(found[i] for i in order), tuple(order), ids=tuple(ids[i] for i in order) if ids else ())


def ranked_among(found: Sequence[Attribution], places: Sequence[int], ids: Sequence[str], compared: int) -> Ranking:
    """The ranking of attributions of some of a query's documents, each at its place among all that were compared.

    Args:
        found: the attributions.
        places: where their documents stand among all.
        ids: what tells all documents apart, one each; or none.
        compared: how many documents there are.
    """
    ranking = ranked(found, [ids[i] for i in places] if ids else ())
    return replace(ranking, positions=tuple(places[i] for i in ranking.positions), compared=compared)
