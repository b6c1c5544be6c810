"""An explanation as one HTML page that needs nothing else: texts whose words show what they go with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xsbert.plot.html import summary
from xsbert.plot.html.kinds import NAMES
from xsbert.plot.html.page_data import LONG, pictures, view
from xsbert.plot.html.patches import for_sums, has_picture, longest_text, sides_of
from xsbert.plot.html.ranking import ranking_page
from xsbert.plot.html.templates import document
from xsbert.results.attribution import Attribution
from xsbert.results.check import NAMED, CheckReport
from xsbert.results.pair_sets import PairsSummary
from xsbert.results.rankings.ranking import Ranking
from xsbert.results.telling.pair import unit_of

MOST_PAIRS = 4_000_000
"""Token pairs that a page holds: 21 megabytes, and as much again for its words."""
STRONGEST = 10
"""Pairs in a page's table."""


def page(x: Attribution | Sequence[Attribution] | Ranking | CheckReport) -> str:
    """An attribution or a ranking as one self-contained HTML page.

    Pointing at a word, or moving to it by keyboard, colours the other text, or the patches of the other picture, by its
    attributions with it; so does a box that is drawn on a picture.
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
    """Two texts and their heatmap, or a picture and what goes with it; a switch where there are several explanations.

    Of a picture that all of them explain the first one's is shown.
    """
    first = xs[0]
    if any((x.text_a, x.text_b) != (first.text_a, first.text_b) for x in xs):
        raise ValueError("page got attributions of different texts; expected one pair, explained in several ways.")
    if len({(x.picture_a is None, x.picture_b is None) for x in xs}) > 1:
        raise ValueError("page got a text and a picture of one name; expected one pair, explained in several ways.")
    divided = [_views(x) for x in xs]
    explanations = [{"views": v, "score": x.score, "limit": for_sums(x)} for v, x in zip(divided, xs, strict=True)]
    values: dict[str, Any] = {
        "title": f"{first.similarity} {summary.number(first.score)}: {first.text_a[:40]} – {first.text_b[:40]}",
        "abouts": [summary.about(x) for x in xs],
        "names": summary.names(xs),
        "views": [view["name"] for view in max(divided, key=len)],
        "long": longest_text([first]) > LONG,
    }
    if has_picture(first):
        for place, (explanation, x) in enumerate(zip(explanations, xs, strict=True)):
            explanation["pictures"] = pictures(x, images=place == 0)
        return document("pictured.html", {"explanations": explanations}, sides=sides_of(first), **values)
    found = {kind for views in divided for view in views for kind in view["kinds_a"] + view["kinds_b"]}
    return document(
        "pair.html",
        {"explanations": explanations},
        kinds=[(kind, shown) for kind, shown in NAMES.items() if kind in found],
        strongest=first.folded().trimmed().words().top(STRONGEST),
        **values,
    )


def _views(x: Attribution) -> list[dict[str, Any]]:
    tokens = x.folded().trimmed()
    words = tokens.words()
    views = [view(words, f"{unit_of(x)}s")]
    return views if words.matrix.shape == tokens.matrix.shape else [*views, view(tokens, "tokens")]


def check_page(report: CheckReport) -> str:
    """What a model hears: a table of families, and each minimal pair with the words that it hears it by."""
    results = {name: [x for x in report.results if x.pair.family == name] for name, *_ in report.families}
    return document(
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
    return document(
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
    return document("studies.html", {}, title=f"Studies of {model}", model=model, studies=studies)
