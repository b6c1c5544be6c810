"""A query and two documents: why one scores above the other."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from xsbert.command import inputs, loading, output
from xsbert.command.terminal import colours
from xsbert.command.terminal.characters import fitted, padded, shown, width
from xsbert.command.terminal.messages import say
from xsbert.results.record import decimals

if TYPE_CHECKING:
    from xsbert.results.rankings.contrast import Contrast

LABEL = 40
"""Columns at most for a word."""


def run(options: argparse.Namespace) -> str:
    """Explains both documents, and gives what is printed."""
    from xsbert.results.rankings.contrast import contrast

    query, *documents = inputs.texts([options.query, options.first, options.second])
    model, name = loading.load(options.model)
    say("explaining …")
    method = loading.method(options)
    ranking = model.explain_ranking(query, documents, method=method, similarity=options.similarity)
    by_place = dict(zip(ranking.positions, ranking, strict=True))
    first, second = (by_place[place] if options.tokens else by_place[place].words() for place in (0, 1))
    made = contrast(first, second)
    if options.json:
        return output.as_json(made)
    unit = "token" if options.tokens else "word"
    return f"{report(made, options.top, unit, colours.wanted(sys.stdout))}\nmodel  {shown(name)}"


def report(made: Contrast, top: int, unit: str = "word", coloured: bool = False) -> str:
    """A contrast as lines of text: both scores, their difference as a sum, and the words that make it."""
    scores, difference = made.scores, made.score_difference
    most = [(word, value) for word, value in made.top(top) if value]
    shade = colours.shading([value for _, value in most], coloured)
    terms = decimals(made.reference_difference, 4, "+")
    rest = f" and the reference terms {terms}" if made.reference_difference else ""
    lines = [
        f"query  {shown(made.query)}",
        f"1      {decimals(scores[0], 4)}  {shown(made.documents[0])}",
        f"2      {decimals(scores[1], 4)}  {shown(made.documents[1])}",
        "",
        f"{decimals(difference, 4, '+')} more similar = the sum of all {unit}s of the query{rest}",
        "",
    ]
    labels = [fitted(shown(word), LABEL) for word, _ in most]
    columns = max([len(f"{unit} of the query"), *map(width, labels)])
    lines.append(f"{padded(f'{unit} of the query', columns)}   adds to 1 more than to 2")
    for label, (_, value) in zip(labels, most, strict=True):
        number = decimals(value, 4, "+")
        lines.append(f"{padded(label, columns)}   {' ' * (24 - len(number))}{shade(number, value)}")
    return "\n".join([*lines, "", f"error up to {made.error:.0e}"])
