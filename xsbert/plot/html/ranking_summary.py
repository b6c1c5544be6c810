"""What a ranking's page says in figures: how many documents, and how they were explained, of all of them."""

from __future__ import annotations

from collections.abc import Iterable

from xsbert.plot.html.summary import number, text
from xsbert.results.attribution import unreliable
from xsbert.results.ranking import Ranking

MOST_NAMED = 5
"""Documents that a line names by their places; of more it says how many."""


def summary(ranking: Ranking) -> str:
    """How many documents there are, of how many that were compared; what exact means here; how it was computed."""
    of = f" of {ranking.compared:,}" if ranking.compared > len(ranking) else ""
    count = f"{len(ranking):,}{of} document{'s' if ranking.compared > 1 else ''}, the most similar first"
    badge = f'<span class="badge">{text(meaning(ranking))}</span>'
    facts_of_all = f'<p class="quiet facts">{" · ".join(map(text, facts(ranking)))}</p>'
    return f'<p class="quiet">{count}. {badge}</p>{facts_of_all}'


def meaning(ranking: Ranking) -> str:
    """What exact or approximate means here; of all documents, or which are otherwise."""
    missed = [place for place, x in enumerate(ranking, 1) if not x.is_reliable]
    if missed:
        return f"{unreliable(max(max(x.errors) for x in ranking))} ({_documents(missed)})"
    terms = number(max(abs(term) for x in ranking for term in x.reference_terms))
    apart = [place for place, x in enumerate(ranking, 1) if not x.is_exact]
    if not apart:
        return f"exact: each document's pairs sum to its similarity (reference terms up to {terms})"
    which = "" if len(apart) == len(ranking) else f" in {_documents(apart)}"
    return f"approximate: the reference terms, up to {terms}, are what the pairs leave unexplained{which}"


def facts(ranking: Ranking) -> list[str]:
    """How the documents were explained: the largest error, the range of nodes, all layers, models and methods."""
    nodes = sorted(count for x in ranking for count in x.nodes)
    layers = sorted({x.layer for x in ranking})
    found = [f"quadrature error up to {max(x.error for x in ranking):.0e}"]
    found += [f"layer{'s' if len(layers) > 1 else ''} {', '.join(map(str, layers))}"]
    found += [_each(x.model for x in ranking)]
    found += [f"{nodes[0]} to {nodes[-1]} nodes a text", _each(x.method for x in ranking)]
    cut = ["the query"] if any(x.truncated[0] for x in ranking) else []
    if places := [place for place, x in enumerate(ranking, 1) if x.truncated[1]]:
        cut.append(_documents(places))
    return [*found, f"the model did not read all of {' and '.join(cut)}"] if cut else found


def _each(values: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(values))


def _documents(places: list[int]) -> str:
    if len(places) > MOST_NAMED:
        return f"{len(places):,} documents"
    return f"document{'s' if len(places) > 1 else ''} {', '.join(map(str, places))}"
