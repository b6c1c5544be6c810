"""The page of a ranking: the query, and the documents with what it finds in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from xsbert.plot.html import summary
from xsbert.plot.html.kinds import NAMES, SPECIAL
from xsbert.plot.html.page_data import LONG, pieces, printable, view
from xsbert.plot.html.templates import document, templates
from xsbert.results.attribution import Attribution
from xsbert.results.rankings.ranking import Ranking


def ranking_page(ranking: Ranking) -> str:
    """A query, and its documents with their words shaded by what it finds in them."""
    ranking = _trimmed(ranking.folded().words())
    first = ranking[0]  # for the query, whose tokens are the same in all
    cut = any(x.truncated[0] for x in ranking)
    data = {
        "query": list(pieces(ranking.query, first.tokens_a, first.offsets_a, cut, first.unknown_a)),
        "labels": list(map(printable, first.tokens_a)),
        "limit": max(x.limit for x in ranking),
        "scores": ranking.scores,
        "documents": [{"view": view(x, "words"), "about": _about(x)} for x in ranking],
        "pair": document("pair.html", {}, **_of_a_pair(ranking)),
    }
    of = f" of {ranking.compared:,}" if ranking.compared > len(ranking) else ""
    return document(
        "ranking.html",
        data,
        title=f"Ranking: {ranking.query[:60]}",
        count=f"{len(ranking):,}{of} document{'s' if ranking.compared > 1 else ''}",
        meaning=summary.meaning_of_all(ranking),
        unread=summary.unread_of_all(ranking),
        facts=summary.facts_of_all(ranking),
        scores=ranking.scores,
        most=max(max(ranking.scores), 1e-9),
        ids=ranking.ids,
        others=("pair.html",),
    )


def _about(x: Attribution) -> str:
    """What stands above a document's own page."""
    about = templates().get_template("about.html").render(about=summary.about(x))
    return f'<div class="about" data-explanation="0">{about}</div>'


def _of_a_pair(ranking: Ranking) -> dict[str, Any]:
    """What a document's own page has before it is opened: all but its texts, its matrix and what stands above."""
    functions = {kind: shown for kind, shown in NAMES.items() if kind != SPECIAL}
    long = max(len(text) for text in (ranking.query, *ranking.documents)) > LONG
    return {
        "title": f"Ranking: {ranking.query[:60]}",
        "abouts": (),
        "names": (),
        "views": ("words",),
        "kinds": list(functions.items()),
        "long": long,
        "strongest": (),
    }


def _trimmed(ranking: Ranking) -> Ranking:
    """The documents trimmed, where that leaves all the same query."""
    results = tuple(x.trimmed() for x in ranking)
    return replace(ranking, results=results) if len({x.tokens_a for x in results}) == 1 else ranking
