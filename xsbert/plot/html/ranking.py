"""The page of a ranking: the query, and the documents with what it finds in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from xsbert.plot.html import summary
from xsbert.plot.html.kinds import NAMES, SPECIAL
from xsbert.plot.html.page_data import LONG, pictures, pieces, printable, readings, view
from xsbert.plot.html.patches import for_sums, longest_text, sides_of
from xsbert.plot.html.templates import document, templates
from xsbert.results.attribution import Attribution
from xsbert.results.rankings.ranking import Ranking


def ranking_page(ranking: Ranking) -> str:
    """A query, and its documents with their words shaded by what it finds in them."""
    unknown = summary.unknown_of_all(ranking)
    ranking = _trimmed(ranking.folded().words())
    first = ranking[0]  # for the query, whose tokens are the same in all
    cut = any(x.truncated[0] for x in ranking)
    query = pieces(ranking.query, first.tokens_a, first.offsets_a, cut, first.unknown_a)
    kinds = [sides_of(x)[1] for x in ranking]
    opened = {kind: _template(first.picture_a is not None, kind) for kind in dict.fromkeys(kinds)}
    data = {
        "query": list(query) if first.picture_a is None else [],
        "picture": pictures(first)["a"],
        "read": readings(first.read_a),
        "labels": view(first, "words")["labels_a"],
        "limit": max(map(for_sums, ranking)),
        "scores": ranking.scores,
        "documents": [{"view": view(x, "words"), "about": _about(x), "picture": pictures(x)["b"]} for x in ranking],
        "pages": {kind: document(name, {}, **_of_a_pair(ranking, kind)) for kind, name in opened.items()},
    }
    of = f" of {ranking.compared:,}" if ranking.compared > len(ranking) else ""
    return document(
        "ranking.html",
        data,
        title=f"Ranking: {ranking.query[:60]}",
        count=f"{len(ranking):,}{of} document{'s' if ranking.compared > 1 else ''}",
        meaning=summary.meaning_of_all(ranking),
        warnings=[line for line in (summary.unread_of_all(ranking), unknown) if line],
        facts=summary.facts_of_all(ranking),
        scores=ranking.scores,
        most=max(max(ranking.scores), 1e-9),
        ids=ranking.ids,
        id_name=ranking.id_name,
        kinds=kinds,
        query_kind=sides_of(first)[0],
        names=[printable(text) for text in ranking.documents],
        others=tuple(dict.fromkeys(opened.values())),
    )


def _about(x: Attribution) -> str:
    """What stands above a document's own page."""
    about = templates().get_template("about.html").render(about=summary.about(x))
    return f'<div class="about" data-explanation="0">{about}</div>'


def _template(query_is_picture: bool, kind: str) -> str:
    """The template of a document's own page."""
    return "pictured.html" if query_is_picture or kind == "picture" else "pair.html"


def _of_a_pair(ranking: Ranking, kind: str) -> dict[str, Any]:
    """What a document's own page has before it is opened: all but its texts, its matrix and what stands above."""
    functions = {kind: shown for kind, shown in NAMES.items() if kind != SPECIAL}
    return {
        "title": f"Ranking: {ranking.query[:60]}",
        "abouts": (),
        "names": (),
        "views": ("words",),
        "kinds": list(functions.items()),
        "sides": (sides_of(ranking[0])[0], kind),
        "long": longest_text(ranking) > LONG,
        "strongest": (),
    }


def _trimmed(ranking: Ranking) -> Ranking:
    """The documents trimmed, where that leaves all the same query."""
    results = tuple(x.trimmed() for x in ranking)
    return replace(ranking, results=results) if len({x.tokens_a for x in results}) == 1 else ranking
