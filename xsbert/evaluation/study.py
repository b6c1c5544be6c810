"""The study: every row of the grid, on every pair, before every judge; results are kept as they come."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm.auto import tqdm

from xsbert.attribution.forward_mode.dual import Unsupported
from xsbert.evaluation.fingerprint import fingerprint
from xsbert.evaluation.grid import Row
from xsbert.evaluation.judges.encodings import Encodings
from xsbert.evaluation.judges.judge import Judge
from xsbert.evaluation.ledger import Key, Ledger
from xsbert.evaluation.methods.matrices import WordMatrix, Words
from xsbert.models import XSTransformer

Pair = tuple[str, str]
TOGETHER = 8
"""So many pairs are explained in one call: batches cost less."""
LONG = 4.0
"""Pairs that take longer, in seconds, are explained and kept one by one: a killed run loses little."""
VERSION = 1
"""Raised where a method or a judge gives other results than before: those that are kept are then made anew."""
KEPT = 1e-6
"""Numbers are kept to this share of their size."""
REFUSALS = (ValueError, Unsupported)
"""What a method raises for a model or a text that it can't explain."""


class Task(NamedTuple):
    """What is to be known: these rows on these pairs, before these judges, which have names."""

    rows: Sequence[Row]
    pairs: Sequence[Pair]
    judges: dict[str, Judge]


@dataclass
class Study:
    """Explains, judges and keeps.

    A method's matrices and a judge's figures are kept apart, by the model's weights, the method, the judge and
    the pair: another judge needs no new explanations, and nothing that is there is computed again.

    Args:
        subjects: the models by name.
        folder: where matrices.jsonl and figures.jsonl are, or will be.
    """

    subjects: dict[str, XSTransformer]
    folder: Path
    refused: dict[tuple[str, str], dict[Pair, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.matrices = Ledger(self.folder / "matrices.jsonl")
        self.judged = Ledger(self.folder / "figures.jsonl")
        self._names = {name: f"{name} {fingerprint(model)} v{VERSION}" for name, model in self.subjects.items()}
        self._encodings = {name: Encodings(model) for name, model in self.subjects.items()}
        self._pace: dict[tuple[str, str], float] = {}  # seconds a pair, of a row's last call

    def run(self, task: Task, title: str = "", progress: bool = True) -> None:
        """Does what is missing. Pairs that a method can't explain are in `refused`, with the reason."""
        with tqdm(total=len(task.rows) * len(task.pairs), desc=title, disable=not progress) as bar:
            for start in range(0, len(task.pairs), TOGETHER):
                pairs = task.pairs[start : start + TOGETHER]
                selves = any(map(_needs_selves, task.judges.values()))
                groups = [[pair, *(_selves(pair) if selves else [])] for pair in pairs]
                for row in task.rows:
                    bar.set_postfix_str(row.label)
                    for done in self._explain(row, groups):
                        bar.update(done)
                bar.set_postfix_str("judging")
                self._judge(task, pairs)
                for encode in self._encodings.values():
                    encode.forget()

    def known(self, row: Row, pairs: Sequence[Pair]) -> list[WordMatrix | None]:
        """A row's matrix for each pair; None where there is none."""
        return [
            _restored(pair, self.matrices[key]) if (key := self._key(row, pair)) in self.matrices else None
            for pair in pairs
        ]

    def figures(self, row: Row, judge: Judge, pairs: Sequence[Pair]) -> list[dict[str, float]]:
        """A row's figures before a judge for each pair; nothing where there are none."""
        keys = [self._key(row, pair, judge) for pair in pairs]
        return [
            {name: math.nan if value is None else value for name, value in self.judged[key].items()}
            if key in self.judged
            else {}
            for key in keys
        ]

    def seconds(self, row: Row, pairs: Sequence[Pair]) -> float:
        """How long the row took for a pair, in the mean; nan where nothing is known."""
        keys = [self._key(row, pair) for pair in pairs]
        took = [self.matrices[key]["seconds"] for key in keys if key in self.matrices]
        return float(np.mean(took)) if took else math.nan

    def _key(self, row: Row, pair: Pair, judge: Judge | None = None) -> Key:
        return (self._names[row.subject], repr(row.method), *([] if judge is None else [repr(judge)]), *pair)

    def _explain(self, row: Row, groups: Sequence[Sequence[Pair]]) -> Iterator[int]:
        """Explains what is missing, and says after each call how many more of the groups are done with."""
        missing = [group for group in groups if any(self._key(row, pair) not in self.matrices for pair in group)]
        yield len(groups) - len(missing)
        while missing:
            size = TOGETHER if self._pace.get((row.subject, repr(row.method)), math.inf) < LONG else 1
            some, missing = missing[:size], missing[size:]
            pairs = dict.fromkeys(pair for group in some for pair in group)
            if new := [pair for pair in pairs if self._key(row, pair) not in self.matrices]:
                self._attempt(row, new)
            yield len(some)

    def _attempt(self, row: Row, pairs: Sequence[Pair]) -> None:
        try:
            self._add(row, pairs)
        except REFUSALS as cause:
            if len(pairs) == 1:
                self.refused.setdefault((row.subject, row.label), {})[pairs[0]] = str(cause)
                return
            for pair in pairs:  # which of them it was
                self._attempt(row, [pair])

    def _add(self, row: Row, pairs: Sequence[Pair]) -> None:
        began = time.perf_counter()
        found = [WordMatrix.of(x) for x in row.method.explain(pairs)]
        seconds = (time.perf_counter() - began) / max(1, sum(a != b for a, b in pairs))  # a text itself is no more work
        self._pace[row.subject, repr(row.method)] = seconds
        for pair, words in zip(pairs, found, strict=True):
            self.matrices.add(self._key(row, pair), _kept(words, seconds))

    def _judge(self, task: Task, pairs: Sequence[Pair]) -> None:
        for judge in task.judges.values():
            for pair in pairs:
                evidence: dict[Any, Any] = {}  # shared by the methods
                for row, words in self._unjudged(task.rows, judge, pair):
                    encode = self._encodings[row.subject]
                    about: tuple[str, Words, Words] = (row.subject, words.a, words.b)
                    if about not in evidence:
                        evidence[about] = judge.evidence(words.a, words.b, encode)
                    figures = judge.figures(words, evidence[about], encode)
                    values = {name: None if math.isnan(value) else value for name, value in figures.items()}
                    self.judged.add(self._key(row, pair, judge), values)

    def _unjudged(self, rows: Sequence[Row], judge: Judge, pair: Pair) -> Iterator[tuple[Row, WordMatrix]]:
        for row in rows:
            if getattr(row.method, "judge", None) == judge or self._key(row, pair, judge) in self.judged:
                continue  # a method that is the judge itself would win
            words, *selves = self.known(row, [pair, *(_selves(pair) if _needs_selves(judge) else [])])
            if words is not None:
                both = [each for each in selves if each is not None]
                yield row, replace(words, selves=(both[0], both[1])) if len(both) == 2 else words


def _needs_selves(judge: Judge) -> bool:
    return getattr(judge, "selves", False)


def _selves(pair: Pair) -> list[Pair]:
    """Each text with itself."""
    return [(text, text) for text in pair]


def _kept(words: WordMatrix, seconds: float) -> dict[str, Any]:
    whole = [[float(f"{value:.6g}") for value in row] for row in words.whole]  # to KEPT
    return {"spans_a": words.a.spans, "spans_b": words.b.spans, "whole": whole, "seconds": round(seconds, 4)}


def _restored(pair: Pair, kept: dict[str, Any]) -> WordMatrix:
    spans_a, spans_b = (tuple((start, end) for start, end in kept[name]) for name in ("spans_a", "spans_b"))
    return WordMatrix(Words(pair[0], spans_a), Words(pair[1], spans_b), np.array(kept["whole"]))
