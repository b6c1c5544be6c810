"""A file of pairs: a page for each, and an overview: which words carry the scores, which over-match."""

from __future__ import annotations

import argparse
import csv
import io
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xsbert.command import inputs, loading
from xsbert.command.terminal.characters import fitted, padded, shown, width
from xsbert.command.terminal.messages import is_watched, say
from xsbert.results.record import decimals

if TYPE_CHECKING:
    from xsbert.models import XSTransformer
    from xsbert.pairs import LabelledPair
    from xsbert.results.attribution import Attribution
    from xsbert.results.pair_sets import PairsSummary

PAIRS_AT_ONCE = 8
"""Pairs that a killed run loses at most."""
LABEL = 24
"""Columns at most for a word."""


def run(options: argparse.Namespace) -> str:
    """Explains a file's pairs, writes the folder, and gives what is printed."""
    from xsbert.pairs import read_pairs
    from xsbert.results.pair_sets import summary

    folder = Path(options.output)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--output got {options.output}, which is a file; expected a folder, new or one of before.")
    pairs = read_pairs(inputs.decoded(options.file), options.file, options.columns, options.label, options.id)
    model, name = loading.load(options.model)
    found = _explained(model, pairs, options, folder)
    labels = [pair.label for pair in pairs if pair.label is not None]
    made = summary(found, labels or None)
    _write(folder, pairs, found, made, options.sort)
    say(f"written: {folder / 'index.html'}")
    return f"model  {shown(name)}\n{report(made, options.top)}"


def _explained(
    model: XSTransformer, pairs: Sequence[LabelledPair], options: argparse.Namespace, folder: Path
) -> list[Attribution]:
    """Each pair's attribution by words; those of an earlier run in the folder as they are."""
    from xsbert.evaluation.fingerprint import fingerprint
    from xsbert.evaluation.ledger import Ledger
    from xsbert.models.progress import progress_of
    from xsbert.results.attribution import Attribution
    from xsbert.results.json_files import restored

    kept, method = Ledger(folder / "explanations.jsonl"), loading.method(options)
    of = fingerprint(model), repr(method), str(options.similarity)
    keys = [(*of, pair.text_a, pair.text_b) for pair in pairs]
    missing = [key for key in dict.fromkeys(keys) if key not in kept]
    if len(missing) < len(set(keys)):
        say(f"{len(set(keys)) - len(missing):,} pairs are there already")
    with progress_of(len(missing), None, "Pairs") as progress:
        for first in range(0, len(missing), PAIRS_AT_ONCE):
            start = time.perf_counter()
            some = missing[first : first + PAIRS_AT_ONCE]
            with progress.part(len(some)):
                found = model.explain_pairs([key[3:] for key in some], method=method, similarity=options.similarity)
            for key, x in zip(some, found, strict=True):
                kept.add(key, x.words().to_dict())
            if first == PAIRS_AT_ONCE and is_watched():  # the first ones also load what the later have
                seconds = (time.perf_counter() - start) / len(some) * (len(missing) - first - len(some))
                progress.say(f"explaining {len(missing):,} pairs, about {_duration(seconds)} …")
    return [restored(Attribution, kept[key], kept.path) for key in keys]


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} seconds"
    return f"{round(seconds / 60)} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def _write(
    folder: Path, pairs: Sequence[LabelledPair], found: Sequence[Attribution], made: PairsSummary, sort: str
) -> None:
    """Writes each pair's page, the overview, and the pairs of words as a table."""
    from xsbert.plot.html.document import page, pairs_page
    from xsbert.results.json_files import write_whole
    from xsbert.results.pair_sets import WordPair

    (folder / "pages").mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for number, (pair, x) in enumerate(zip(pairs, found, strict=True), 1):
        name = f"pages/{number:05}.html"
        write_whole(folder / name, page(x).encode("utf-8"))
        best = x.trimmed().top(1)
        strongest = f"{best[0].token_a} – {best[0].token_b} {decimals(best[0].value, 3, '+')}" if best else ""
        row = {"name": pair.name, "text_a": x.text_a, "text_b": x.text_b, "score": x.score, "page": name}
        difference = {"label": pair.label, "difference": made.differences[number - 1]} if made.differences else {}
        rows.append({**row, "strongest": strongest, **difference})
    key = sort if sort in rows[0] else "score"
    rows.sort(key=lambda row: -row[key])
    first = found[0]
    facts = [first.similarity, first.model, first.method, f"error up to {max(x.error for x in found):.0e}"]
    write_whole(folder / "index.html", pairs_page(rows, made, facts).encode("utf-8"))
    text = io.StringIO()
    csv.writer(text).writerows([WordPair._fields, *made.word_pairs])
    write_whole(folder / "word_pairs.csv", text.getvalue().encode("utf-8"))


def report(made: PairsSummary, top: int) -> str:
    """The summary as lines of text."""
    lines = [f"       {made.count:,} pairs, mean score {decimals(made.score, 4)}", ""]
    lines += _table("pairs of words that carry the scores", made.top(top), "in all", lambda pair: pair.total)
    if made.differences and (over := made.over_matching(top)):
        lines += ["", *_table("pairs of words that over-match", over, "too much", lambda pair: pair.excess)]
    return "\n".join(lines)


def _table(title: str, pairs: Sequence[Any], column: str, value: Any) -> list[str]:
    labels = [(fitted(shown(pair.word_a), LABEL), fitted(shown(pair.word_b), LABEL)) for pair in pairs]
    wide = max([len("word of A"), *(width(a) for a, _ in labels)])
    lines = [title, f"{padded('word of A', wide)}  {column:>9}  pairs  word of B"]
    for pair, (a, b) in zip(pairs, labels, strict=True):
        lines.append(f"{padded(a, wide)}  {decimals(value(pair), 3, '+'):>9}  {pair.pairs:5,}  {b}")
    return lines
