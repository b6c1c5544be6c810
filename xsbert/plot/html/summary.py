"""What a page says in figures: what sums to the similarity, how it was computed, the strongest pairs."""

from __future__ import annotations

from html import escape

from xsbert.plot.html.page_data import printable
from xsbert.results.attribution import Attribution, unreliable
from xsbert.results.decimals import decimals


def number(value: float, signed: bool = False) -> str:
    """Three decimals, with a true minus."""
    return decimals(value, 3, "+" if signed else "").replace("-", "−")


def text(value: str) -> str:
    """A text as HTML: data, never markup."""
    return escape(printable(value))


def equation(x: Attribution) -> str:
    """The similarity as the sum of the pairs and the reference terms."""
    ra, rb, rr = x.reference_terms
    terms = [("=", x.explained, "the pairs explain"), ("+", ra, "f(r<sub>a</sub>)·f(b)")]
    terms += [("+", rb, "f(a)·f(r<sub>b</sub>)"), ("−", rr, "f(r<sub>a</sub>)·f(r<sub>b</sub>)")]
    total = f'<div class="total"><b>{number(x.score)}</b><small>similarity ({x.similarity})</small></div>'
    parts = "".join(
        f'<span class="sign">{sign}</span><div><b>{number(value)}</b><small>{name}</small></div>'
        for sign, value, name in terms[: 1 if x.is_exact else None]
    )
    return f'<div class="sum">{total}{parts}</div><p class="quiet"><span class="badge">{meaning(x)}</span></p>'


def meaning(x: Attribution) -> str:
    """What exact or approximate means here, with the reference terms."""
    terms = ", ".join(number(term) for term in x.reference_terms)
    if not x.is_reliable:
        return unreliable(max(x.errors))
    if x.is_exact:
        return f"exact: the pairs sum to the similarity (reference terms {terms})"
    return "approximate: the reference terms are what the pairs leave unexplained"


def facts(x: Attribution) -> str:
    """How it was computed, in one line."""
    parts = [f"quadrature error {x.error:.0e}", f"layer {x.layer}", x.model]
    parts += [f"{x.nodes[0]} + {x.nodes[1]} nodes", x.method]
    cut = " and ".join(side for side, was in zip("AB", x.truncated, strict=True) if was)
    parts += [f"the model did not read all of {cut}"] if cut else []
    return f'<p class="quiet facts">{" · ".join(map(text, parts))}</p>'


def strongest(x: Attribution, k: int = 10) -> str:
    """The strongest pairs as a table, which a screen reader can read; the page's script brings it up to date."""
    rows = "".join(
        f"<tr><td><bdi>{text(pair.token_a)}</bdi></td><td><bdi>{text(pair.token_b)}</bdi></td>"
        f'<td class="num">{number(pair.value, signed=True)}</td></tr>'
        for pair in x.top(k)
    )
    head = '<tr><th scope="col">text A</th><th scope="col">text B</th><th scope="col" class="num">attribution</th></tr>'
    caption = "<caption>The strongest pairs</caption>"
    return f'<table>{caption}<thead>{head}</thead><tbody id="pairs">{rows}</tbody></table>'
