"""A query and a file of documents: the best, each with the words that made it."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from xsbert.command import inputs, loading, output
from xsbert.command.actions import corpus
from xsbert.command.actions.pair import number
from xsbert.command.terminal import colours
from xsbert.command.terminal.characters import fitted, shown, width
from xsbert.command.terminal.messages import say
from xsbert.command.terminal.passage import excerpt, painted, passage
from xsbert.results.record import decimals
from xsbert.results.telling import ranking as telling
from xsbert.results.telling.pair import outsiders, with_outsiders

if TYPE_CHECKING:
    from xsbert.results.attribution import Attribution
    from xsbert.results.rankings.ranking import Ranking

PAIRS = 3
"""Word pairs shown for a document."""
LABEL = 20
"""Columns at most for a word in a pair."""
NARROWEST = 40
"""Columns that a ranking is set in where the terminal has fewer."""


def run(options: argparse.Namespace) -> str:
    """Ranks a file's documents, explains the best, writes the file, and gives what is printed."""
    output.check(options.output, output.FOR_RANKINGS)
    tokens, name = (_of_file if options.store is None else _of_store)(options)
    ranking = tokens if options.tokens else tokens.words()
    output.write(tokens, ranking, options.output)
    if options.json:
        return output.as_json(ranking)
    columns = shutil.get_terminal_size().columns
    unit = "token" if options.tokens else "word"
    coloured = colours.wanted(sys.stdout)
    return f"model  {shown(name)}\n{report(ranking, columns, unit, coloured)}"


def _of_file(options: argparse.Namespace) -> tuple[Ranking, str]:
    """The ranking of a file's documents, and the model's name."""
    if options.file is None:
        raise ValueError("got a query alone; expected a file of documents, or --store with a collection.")
    if len(options.id) > 1:
        raise ValueError(f"--id got {len(options.id)} columns; expected one.")
    inputs.check_once([options.query, options.file])
    (query,) = inputs.texts([options.query])
    id_column = options.id[0] if options.id else None
    documents, ids, unit, _ = inputs.documents(options.file, options.column, id_column)
    model, name = loading.load(options.model)
    best = min(options.top, len(documents))
    say(f"ranking {len(documents):,} documents, explaining {best:,} …")
    ranking = model.explain_ranking(
        query, documents, ids=ids, top=best, method=loading.method(options),
        similarity=options.similarity,
    )  # fmt: skip
    return replace(ranking, id_name=id_column or unit), name


def _of_store(options: argparse.Namespace) -> tuple[Ranking, str]:
    """The same of a store's documents: those of `--id`, or the nearest."""
    if options.file is not None or options.column is not None:
        raise ValueError(f"--store got {options.store} beside a file or its column; expected one of the two.")
    (query,) = inputs.texts([options.query])
    store = corpus.opened(options.store, options)
    store.check(method=loading.asked_method(options), similarity=options.similarity)
    if options.model is None:
        say("loading the model …")
    store.model  # noqa: B018  # loaded here
    say(f"explaining {len(options.id) or min(options.top, len(store)):,} of {len(store):,} documents …")
    ranking = store.explain(query, options.id) if options.id else store.search(query, options.top)
    return ranking, store.recipe.model


def report(ranking: Ranking, columns: int, unit: str = "word", coloured: bool = False) -> str:
    """A ranking as lines of text: for each document its place, its score, its id, and its strongest pairs.

    Args:
        ranking: the documents to show, by words or by tokens.
        columns: how wide a line may be; longer documents are shown around their strongest words.
        unit: what the documents are divided into, "word" or "token".
        coloured: whether to shade words by what the query finds in them, on one scale for all documents.
    """
    sums = [x.matrix.sum(axis=0, dtype=np.float64) for x in ranking]
    inside = [v for x, each in zip(ranking, sums, strict=True) for v, at in zip(each, x.offsets_b, strict=True) if at]
    shade = colours.shading(inside, coloured)
    places = len(str(len(ranking)))
    indent = " " * (places + 11)
    room = max(columns, NARROWEST) - len(indent)
    lines = [f"query  {shown(ranking.query)}", *_summary(ranking, unit)]
    lines += [f"sums   {colours.scale(inside, shade, unit)}, over the query"] if inside else []
    for place, (x, values) in enumerate(zip(ranking, sums, strict=True), 1):
        found = excerpt(passage(x.text_b, x.offsets_b, values), room)
        lines += ["", f"{place:>{places}}  {decimals(x.score, 4):>7}  {painted(found, shade)}"]
        named = [fitted(shown(f"{ranking.id_name} {ranking.ids[place - 1]}"), room)] if ranking.ids else []
        lines += [indent + line for line in _wrapped([*named, *_pairs(x)], room)]
    return "\n".join(lines)


def _summary(ranking: Ranking, unit: str) -> list[str]:
    first = ranking[0]
    error = max(x.error for x in ranking)
    worst = max(ranking, key=lambda x: max(x.errors))
    mark = [] if worst.is_reliable else [f"     ! {worst.to_dict()['warning']}"]
    cut = telling.unread_of_all(ranking)
    return [
        f"       {len(ranking):,} of {ranking.compared:,} documents, the most similar first; "
        f"{telling.meaning_of_all(ranking, number, unit)}",
        f"       {first.similarity} similarity, error up to {error:.0e}, {first.method}",
        *([f"       {cut}."] if cut else []),
        *mark,
    ]


def _pairs(x: Attribution) -> list[str]:
    """The strongest pairs of words that stand in both texts, and what all others add: those of special tokens."""
    x = x.trimmed()
    rows, columns = ([i for i, at in enumerate(offsets) if at] for offsets in (x.offsets_a, x.offsets_b))
    values = x.matrix[np.ix_(rows, columns)]
    order = np.argsort(-np.abs(values), axis=None, kind="stable")[:PAIRS]
    found = [
        f"{_label(x.tokens_a[rows[i]])} → {_label(x.tokens_b[columns[j]])} {decimals(values[i, j], 3)}"
        for i, j in zip(*np.unravel_index(order, values.shape), strict=True)
    ]
    if not (outside := outsiders(x)):
        return found
    return [*found, f"outside the texts ({_label(', '.join(outside))}) {decimals(with_outsiders(x), 3)}"]


def _label(word: str) -> str:
    return fitted(shown(word), LABEL)


def _wrapped(parts: Sequence[str], columns: int) -> list[str]:
    """The parts in a line, or in as many lines as it takes."""
    lines: list[str] = []
    for part in parts:
        if lines and width(lines[-1]) + 3 + width(part) <= columns:
            lines[-1] += "   " + part
        else:
            lines.append(part)
    return lines
