"""What is said of a ranking, of all its documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xsbert.results.telling.pair import Number, pairs_of

if TYPE_CHECKING:
    from xsbert.results.rankings.ranking import Ranking

MOST_NAMED = 5
"""Documents that a line names by their places; of more it says how many."""


def meaning_of_all(ranking: Ranking, number: Number, unit: str = "word") -> str:
    """What the similarities of all documents are in relation to their pairs."""
    apart = [place for place, x in enumerate(ranking, 1) if not x.is_exact]
    if not apart:
        return f"each similarity = the sum of all its {pairs_of(ranking, unit)}"
    most = max(abs(ra + rb - rr) for ra, rb, rr in (x.reference_terms for x in ranking))
    which = "" if len(apart) == len(ranking) else f" in {documents(apart)}"
    return f"reference terms of up to {number(most)} are what the {pairs_of(ranking, unit)} leave unexplained{which}"


def unread_of_all(ranking: Ranking) -> str:
    """Which of the query and the documents were cut; empty where none was."""
    cut = ["the query"] if any(x.truncated[0] for x in ranking) else []
    if places := [place for place, x in enumerate(ranking, 1) if x.truncated[1]]:
        cut.append(documents(places))
    return f"The model did not read all of {' and '.join(cut)}" if cut else ""


def documents(places: Sequence[int]) -> str:
    """Documents by their places; of many only how many."""
    if len(places) > MOST_NAMED:
        return f"{len(places):,} documents"
    return f"document{'s' if len(places) > 1 else ''} {', '.join(map(str, places))}"
