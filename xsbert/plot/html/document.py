"""An explanation as one HTML page that needs nothing else: texts whose words show what they go with."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from xsbert.plot.html import summary
from xsbert.plot.html.kinds import NAMES, SPECIAL
from xsbert.plot.html.page_data import pieces, printable, readings, view
from xsbert.results.attribution import Attribution
from xsbert.results.check import NAMED, CheckReport
from xsbert.results.pair_sets import PairsSummary
from xsbert.results.rankings.ranking import Ranking

MOST_PAIRS = 4_000_000
"""Token pairs that a page holds: 21 megabytes, and as much again for its words."""
LONG = 200
"""Characters of a text from which on the two stand beside each other, each in a box that scrolls."""
STRONGEST = 10
"""Pairs in a page's table."""
SCRIPTS = {
    "pair.html": ("common.js", "heatmap.js", "picture.js", "table.js", "pair.js", "address.js"),
    "ranking.html": ("common.js", "ranking.js"),
    "check.html": (),
    "studies.html": (),
    "pairs.html": ("common.js", "pairs.js"),
}


def page(x: Attribution | Sequence[Attribution] | Ranking | CheckReport) -> str:
    """An attribution or a ranking as one self-contained HTML page.

    Pointing at a word, or moving to it by keyboard, colours the other text by its attributions with it.
    Nothing is fetched, and texts are data: the page's policy runs its own script alone, by its hash.

    Args:
        x: of a pair, by tokens (the page sums them into words) or by words; several of one pair, by methods, layers
            or models, between which a switch changes; of a ranking; or what a model hears.

    Returns:
        The page, in UTF-8 when written.

    Raises:
        TypeError: `x` is none of these.
        ValueError: the matrices have more than four million pairs, the ranking has no documents, or the attributions
            are of different texts.
    """
    if isinstance(x, CheckReport):
        return check_page(x)
    results: list[Any] = list(x) if isinstance(x, (Ranking, list, tuple)) else [x]
    if not all(isinstance(each, Attribution) for each in results):
        wrong = next(each for each in results if not isinstance(each, Attribution))
        raise TypeError(
            f"page got a {type(wrong).__name__}; expected an Attribution or a Ranking, as model.explain gives."
        )
    if not results:
        what = "a ranking of no documents" if isinstance(x, Ranking) else "no attributions"
        raise ValueError(f"page got {what}; expected at least one.")
    count = sum(each.matrix.size for each in results)
    if count > MOST_PAIRS:
        raise ValueError(
            f"page got {count:,} token pairs; expected at most {MOST_PAIRS:,}. Shorten it: x.words(), a part of the "
            "ranking (ranking[:10]), or x.top(k)."
        )
    return ranking_page(x) if isinstance(x, Ranking) else pair_page(results)


def pair_page(xs: Sequence[Attribution]) -> str:
    """Two texts, and their heatmap; a switch where there are several explanations of them."""
    first = xs[0]
    if any((x.text_a, x.text_b) != (first.text_a, first.text_b) for x in xs):
        raise ValueError("page got attributions of different texts; expected one pair, explained in several ways.")
    divided = [_views(x) for x in xs]
    explanations = [{"views": v, "score": x.score, "limit": x.limit} for v, x in zip(divided, xs, strict=True)]
    found = {kind for views in divided for view in views for kind in view["kinds_a"] + view["kinds_b"]}
    return _document(
        "pair.html",
        {"explanations": explanations},
        title=f"{first.similarity} {summary.number(first.score)}: {first.text_a[:40]} – {first.text_b[:40]}",
        abouts=[summary.about(x) for x in xs],
        names=summary.names(xs),
        views=[view["name"] for view in max(divided, key=len)],
        kinds=[(kind, shown) for kind, shown in NAMES.items() if kind in found],
        long=max(len(first.text_a), len(first.text_b)) > LONG,
        strongest=first.folded().trimmed().words().top(STRONGEST),
    )


def _views(x: Attribution) -> list[dict[str, Any]]:
    tokens = x.folded().trimmed()
    words = tokens.words()
    views = [view(words, "words")]
    return views if words.matrix.shape == tokens.matrix.shape else [*views, view(tokens, "tokens")]


def ranking_page(ranking: Ranking) -> str:
    """A query, and its documents with their words shaded by what it finds in them."""
    unknown = summary.unknown_of_all(ranking)
    ranking = _trimmed(ranking.folded().words())
    first = ranking[0]  # for the query, whose tokens are the same in all
    cut = any(x.truncated[0] for x in ranking)
    data = {
        "query": list(pieces(ranking.query, first.tokens_a, first.offsets_a, cut, first.unknown_a)),
        "read": readings(first.read_a),
        "labels": list(map(printable, first.tokens_a)),
        "limit": max(x.limit for x in ranking),
        "scores": ranking.scores,
        "documents": [{"view": view(x, "words"), "about": _about(x)} for x in ranking],
        "pair": _document("pair.html", {}, **_of_a_pair(ranking)),
    }
    of = f" of {ranking.compared:,}" if ranking.compared > len(ranking) else ""
    return _document(
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


def check_page(report: CheckReport) -> str:
    """What a model hears: a table of families, and each minimal pair with the words that it hears it by."""
    results = {name: [x for x in report.results if x.pair.family == name] for name, *_ in report.families}
    return _document(
        "check.html",
        {},
        title=f"What {report.model} hears",
        report=report,
        results={name: sorted(some, key=lambda x: x.fall) for name, some in results.items()},
        named=NAMED,
    )


def pairs_page(rows: Sequence[Mapping[str, Any]], summary_of_all: PairsSummary, facts: Sequence[str]) -> str:
    """The overview of many pairs: which words carry the scores, and a row for each pair, which opens its page.

    Args:
        rows: for each its name, text_a, text_b, score, strongest pair in words, page, and with labels its label and
            difference.
        summary_of_all: of all of them.
        facts: how they were explained, the similarity first.
    """
    labelled = bool(summary_of_all.differences)
    names = ["id", "score", *(["label", "difference"] if labelled else []), "text A", "text B", "strongest"]
    numbers = ("id", "score", "label", "difference")
    return _document(
        "pairs.html",
        {},
        title=f"{len(rows):,} pairs",
        count=f"{len(rows):,}",
        similarity=facts[0],
        mean=summary_of_all.score,
        facts=facts,
        word_pairs=summary_of_all.top(STRONGEST),
        over=summary_of_all.over_matching(STRONGEST) if labelled else (),
        columns=[{"name": name, "number": name in numbers, "sorted": name == "score"} for name in names],
        rows=rows,
        labelled=labelled,
    )


def studies_page(model: str, studies: Sequence[Mapping[str, Any]]) -> str:
    """All studies of a model: the claims beside what was found, and each study's picture and table.

    Args:
        model: what the model is called.
        studies: for each its name, question, header, rows, note, claims, and its picture as SVG in base64.
    """
    return _document("studies.html", {}, title=f"Studies of {model}", model=model, studies=studies)


def _trimmed(ranking: Ranking) -> Ranking:
    """The documents trimmed, where that leaves all the same query."""
    results = tuple(x.trimmed() for x in ranking)
    return replace(ranking, results=results) if len({x.tokens_a for x in results}) == 1 else ranking


def _document(name: str, data: dict[str, Any], others: Sequence[str] = (), **values: Any) -> str:
    """A page from its template. Values are text, and escaped; style, script and data are the package's own.

    Args:
        name: the template's.
        data: what the script reads.
        others: templates of pages that this one opens, whose scripts its policy lets run there.
        **values: what the template says.
    """
    style, script = _read("page.css"), _script(name)
    # Of all that could be run or loaded, these two alone, and pictures that stand in the page; whatever a text holds.
    scripts = " ".join(f"'{_hash(_script(each))}'" for each in (name, *others))
    allowed = f"style-src '{_hash(style)}'; script-src {scripts}; img-src data:"
    policy = f"default-src 'none'; {allowed}; base-uri 'none'"
    ours = {"style": style, "script": script, "data": _json(data), "policy": policy}
    return templates().get_template(name).render(values | {part: Markup(text) for part, text in ours.items()})


def _script(name: str) -> str:
    return "\n".join(map(_read, SCRIPTS[name]))


def _json(data: dict[str, Any]) -> str:
    """JSON in which nothing ends the script that holds it."""
    plain = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        plain = plain.replace(char, f"\\u{ord(char):04x}")
    return plain


@cache
def templates() -> Environment:
    """The markup of pages, in assets. What is put into it is escaped, and what no page can hold is replaced."""
    environment = Environment(
        loader=PackageLoader("xsbert.plot.html", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else printable(str(value)),
        keep_trailing_newline=True,
    )
    environment.filters["number"] = summary.number
    return environment


@cache
def _read(name: str) -> str:
    return (resources.files("xsbert.plot.html") / "assets" / name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode()
