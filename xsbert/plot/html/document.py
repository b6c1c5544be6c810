"""An explanation as one HTML page that needs nothing else: texts whose words show what they go with."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from importlib import resources
from typing import Any

from xsbert.plot.html import ranking_summary, summary
from xsbert.plot.html.page_data import packed as packed_matrix
from xsbert.plot.html.page_data import pieces, printable, view
from xsbert.results.attribution import Attribution
from xsbert.results.ranking import Ranking

MOST_PAIRS = 4_000_000
"""Token pairs that a page holds: 21 megabytes, and as much again for its words."""


def page(x: Attribution | Ranking) -> str:
    """An attribution or a ranking as one self-contained HTML page.

    Pointing at a word, or moving to it by keyboard, colours the other text by its attributions with it.
    Nothing is fetched, and texts are data: the page's policy runs its own script alone, by its hash.

    Args:
        x: of a pair, by tokens (the page sums them into words) or by words; or of a ranking.

    Returns:
        The page, in UTF-8 when written.

    Raises:
        TypeError: `x` is neither.
        ValueError: the matrices have more than four million pairs, or the ranking has no documents.
    """
    if not isinstance(x, (Attribution, Ranking)):
        raise TypeError(f"page got a {type(x).__name__}; expected an Attribution or a Ranking, as model.explain gives.")
    results = [x] if isinstance(x, Attribution) else list(x)
    if not results:
        raise ValueError("page got a ranking of no documents; expected at least one.")
    count = sum(each.matrix.size for each in results)
    if count > MOST_PAIRS:
        raise ValueError(
            f"page got {count:,} token pairs; expected at most {MOST_PAIRS:,}. Shorten it: x.words(), a part of the "
            "ranking (ranking[:10]), or x.top(k)."
        )
    return pair_page(x) if isinstance(x, Attribution) else ranking_page(x)


def pair_page(x: Attribution) -> str:
    """Two texts side by side, and their heatmap."""
    tokens = x.folded()
    words = tokens.words()
    views = [view(words, "words")]
    if words.matrix.shape != tokens.matrix.shape:
        views.append(view(tokens, "tokens"))
    values = {
        "head": f"<h1>Why are these two texts similar?</h1>{summary.equation(x)}{summary.facts(x)}",
        "switch": _switch() if len(views) > 1 else "",
        "table": summary.strongest(words),
    }
    data = {"views": views, "limit": abs(x.score) or 1.0}
    title = f"{x.similarity} {summary.number(x.score)}: {x.text_a[:40]} – {x.text_b[:40]}"
    return _document(title, _asset("pair.html", **values), data, ["common.js", "heatmap.js", "pair.js"])


def ranking_page(ranking: Ranking) -> str:
    """A query, and its documents with their words shaded by what it finds in them."""
    ranking = ranking.folded().words()
    first = ranking[0]  # for the query, whose tokens are the same in all
    cut = any(x.truncated[0] for x in ranking)
    data = {
        "query": list(pieces(ranking.query, first.tokens_a, first.offsets_a, cut, first.unknown_a)),
        "labels": list(map(printable, first.tokens_a)),
        "documents": [
            {
                "pieces": list(pieces(x.text_b, x.tokens_b, x.offsets_b, x.truncated[1], x.unknown_b)),
                "labels": list(map(printable, x.tokens_b)),
                "matrix": packed_matrix(x.matrix),
            }
            for x in ranking
        ],
    }
    most = max(max(ranking.scores), 1e-9)
    places = "".join(
        f'<li><div class="place"><b>{i + 1}</b><div>{summary.number(x.score)}</div>'
        f'<meter min="0" max="{most:.6f}" value="{max(0.0, x.score):.6f}" aria-hidden="true"></meter></div>'
        f'<p class="words" id="document-{i}" dir="auto" role="group" aria-label="Document {i + 1}, similarity '
        f'{summary.number(x.score)}. Arrow keys move from word to word."></p>{_id(ranking, i)}</li>'
        for i, x in enumerate(ranking)
    )
    stated = ranking_summary.summary(ranking)
    body = _asset("ranking.html", head=f"<h1>What does the query find?</h1>{stated}", places=places)
    return _document(f"Ranking: {ranking.query[:60]}", body, data, ["common.js", "ranking.js"])


def _id(ranking: Ranking, i: int) -> str:
    return f'<p class="id">id <bdi>{summary.text(ranking.ids[i])}</bdi></p>' if ranking.ids else ""


def _document(title: str, body: str, data: dict[str, Any], scripts: list[str]) -> str:
    style, script = _read("page.css"), "\n".join(_read(name) for name in scripts)
    # Of all that could be run or loaded, these two alone; whatever a text holds.
    policy = f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'"
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{summary.text(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n{body}\n"
        f'<script type="application/json" id="data">{_json(data)}</script>\n'
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


def _json(data: dict[str, Any]) -> str:
    """JSON in which nothing ends the script that holds it."""
    plain = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        plain = plain.replace(char, f"\\u{ord(char):04x}")
    return plain


def _switch() -> str:
    options = "".join(
        f'<label><input type="radio" name="view" value="{name}"{" checked" if name == "words" else ""}> {name}</label>'
        for name in ("words", "tokens")
    )
    return f"<fieldset><legend>What the texts are divided into</legend>{options}</fieldset>"


def _asset(name: str, **values: str) -> str:
    """An asset with its places, {{like_this}}, filled."""
    return re.sub(r"{{(\w+)}}", lambda place: values[place[1]], _read(name))


@cache
def _read(name: str) -> str:
    return (resources.files("xsbert.plot.html") / "assets" / name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode()
