"""Two texts: the similarity as a sum, the texts with their words shaded, the strongest pairs."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

import numpy as np

from xsbert.command import inputs, loading, output
from xsbert.command.terminal import colours
from xsbert.command.terminal.characters import fitted, padded, shown, width
from xsbert.command.terminal.messages import say
from xsbert.command.terminal.passage import painted, passage
from xsbert.results.parts.picture import inside
from xsbert.results.record import decimals
from xsbert.results.telling import pair as telling

if TYPE_CHECKING:
    from xsbert.results.attribution import Attribution

LABEL = 40
"""Columns at most for a token in the table."""


def run(options: argparse.Namespace) -> str:
    """Explains a pair, writes its file, and gives what is printed."""
    output.check(options.output, output.FOR_PAIRS)
    text_a, text_b = inputs.texts([options.text_a, options.text_b])
    model, name = loading.load(options.model)
    say("explaining …")
    method = loading.method(options)
    tokens = model.explain(text_a, text_b, method=method, similarity=options.similarity)
    x = tokens if options.tokens else tokens.words()
    output.write(tokens, x, options.output)
    if options.json:
        return output.as_json(x)
    unit = "token" if options.tokens else telling.unit_of(x)
    return f"{report(x, options.top, unit, colours.wanted(sys.stdout))}\nmodel  {shown(name)}"


def report(x: Attribution, top: int, unit: str = "word", coloured: bool = False) -> str:
    """An attribution as lines of text: what sums to the similarity, and the strongest pairs.

    Args:
        x: by tokens or by words.
        top: how many pairs to list.
        unit: what the rows and columns are, "word" or "token".
        coloured: whether to shade words by their sums, and pairs by their attributions. Without the escape
            sequences that shade it is the same text.
    """
    x = x.trimmed()
    mark = [] if x.is_reliable else [f"! {x.to_dict()['warning']}"]
    lead = [*_sum(x, unit), *mark]
    parts = [lead, _texts(x, unit, coloured), _pairs(x, top, unit, coloured), _computed(x)]
    return "\n\n".join("\n".join(part) for part in parts)


def _texts(x: Attribution, unit: str, coloured: bool) -> list[str]:
    """Both texts, each token with its row's or its column's sum, and the range of these."""
    rows, columns = (x.matrix.sum(axis=axis, dtype=np.float64) for axis in (1, 0))
    own = [float(rows[i]) for i in inside(x.offsets_a, x.picture_a)]
    own += [float(columns[j]) for j in inside(x.offsets_b, x.picture_b)]
    shade = colours.shading(own, coloured)
    lines = [
        f"A      {painted(passage(x.text_a, x.offsets_a, rows), shade)}",
        f"B      {painted(passage(x.text_b, x.offsets_b, columns), shade)}",
    ]
    if unknown := [shown(x.tokens_a[i]) for i in x.unknown_a] + [shown(x.tokens_b[i]) for i in x.unknown_b]:
        lines.append(f"       not in the model's vocabulary: {fitted(', '.join(dict.fromkeys(unknown)), LABEL)}")
    if cut := telling.unread(x):
        lines.append(f"       {cut}.")
    if not own:
        return lines
    outside = telling.outside(x, number, lambda names: fitted(shown(names), LABEL))
    sums = f"sums   {colours.scale(own, shade, unit)}, over the other text"
    return [*lines, f"{sums}; {outside}" if outside else sums]


def number(value: float, signed: bool = False) -> str:
    """Four decimals."""
    return decimals(value, 4, "+" if signed else "")


def _sum(x: Attribution, unit: str) -> list[str]:
    """The score and what it is the sum of."""
    first = f"{number(x.score)} similar {telling.meaning(x, number, unit)}"
    return [first] if x.is_exact else [first, *telling.terms(x, number)]


def _computed(x: Attribution) -> list[str]:
    """How the attribution was computed, in small print."""
    return [", ".join(telling.computed(x)), f"method {x.method}"]


def _pairs(x: Attribution, top: int, unit: str, coloured: bool) -> list[str]:
    """The strongest pairs as a table."""
    pairs = x.top(top)
    shade = colours.shading([pair.value for pair in pairs], coloured)
    labels = [fitted(shown(pair.token_a), LABEL) for pair in pairs]
    columns = max(width(f"{unit} of A"), *map(width, labels))
    lines = [f"{padded(f'{unit} of A', columns)}   attribution   {unit} of B"]
    for label, pair in zip(labels, pairs, strict=True):
        value = decimals(pair.value, 4)
        number = " " * (11 - len(value)) + shade(value, pair.value)
        lines.append(f"{padded(label, columns)}   {number}   {fitted(shown(pair.token_b), LABEL)}")
    return lines
