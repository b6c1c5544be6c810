"""Pairs of texts with scores, from files: what exact models are trained on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from xsbert import tables

COLUMNS = ("sentence1", "sentence2", "score")
SPLITS = {"train": ("train",), "dev": ("dev", "validation"), "test": ("test",)}
SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")


class ScoredPair(NamedTuple):
    """Two texts, and how similar they are, from 0 to 1."""

    text_a: str
    text_b: str
    score: float


def read_splits(path: str | Path) -> dict[str, list[ScoredPair]]:
    """The splits "train", "dev" and "test" of a dataset.

    Args:
        path: a folder with train, dev (or validation) and test as .csv or .tsv, gzipped or not; or one
            such file with a column "split", such as the STS benchmark's own tsv.gz. Columns are
            sentence1, sentence2 and score; a file without a header has these three. Scores from 0 to 1
            are taken as they are, scores up to 5 divided by 5.

    Raises:
        ValueError: a file or a column is missing, a score is not a number from 0 to 5, a text or a split
            is empty; with the file and the line.
    """
    path = Path(path)
    rows: dict[str, list[ScoredPair]] = {name: [] for name in SPLITS}
    if path.is_dir():
        for name, spellings in SPLITS.items():
            file = _file_of(path, spellings)
            rows[name] = [pair for _, pair in _rows(file)]
    elif path.is_file():
        for split, pair in _rows(path):
            names = [name for name, spellings in SPLITS.items() if split in spellings]
            if not names:
                raise ValueError(f"{path} has no column 'split' with train, dev or test; got {split!r}.")
            rows[names[0]].append(pair)
    else:
        raise ValueError(f"{path} is neither a file nor a folder; expected train, dev and test as csv or tsv in it.")
    for name, pairs in rows.items():
        if not pairs:
            raise ValueError(f"{path}: the split {name!r} is empty; expected at least one pair.")
    scale = 5.0 if max(pair.score for pairs in rows.values() for pair in pairs) > 1 else 1.0
    return {name: [pair._replace(score=pair.score / scale) for pair in pairs] for name, pairs in rows.items()}


def _file_of(folder: Path, spellings: Sequence[str]) -> Path:
    for name in (spelling + suffix for spelling in spellings for suffix in SUFFIXES):
        if (folder / name).is_file():
            return folder / name
    raise ValueError(
        f"{folder} has no {spellings[0]} split; expected a file {spellings[0]}.csv or {spellings[0]}.tsv, "
        "gzipped or not."
    )


def _rows(file: Path) -> Iterator[tuple[str | None, ScoredPair]]:
    """Each line's split, where there is such a column, and its pair."""
    found = tables.rows(tables.text_of(file), str(file))
    rows = ((f"{file}, line {number}", row) for number, row in found if row)
    first = next(rows, None)
    if first is None:
        return
    columns = _columns(first[1], first[0])
    exactly = None if tables.suffix(file) == ".tsv" else len(first[1])  # a comma too many divides a text in two
    for where, row in rows if _is_header(first[1]) else chain([first], rows):
        least = max(columns.values()) + 1
        if len(row) < least or (exactly and len(row) != exactly):
            remedy = (
                ", as in the first line. Put quotation marks around texts with commas." if exactly else " at least."
            )
            raise ValueError(f"{where}: got {len(row)} columns; expected {exactly or least}{remedy}")
        yield _pair(row, columns, where)


def _is_header(row: list[str]) -> bool:
    return bool(set(_names(row)) & set(COLUMNS))


def _names(row: list[str]) -> list[str]:
    return [name.strip().lower() for name in row]


def _columns(row: list[str], where: str) -> dict[str, int]:
    """Where each column is, as the first row says, or by default."""
    names = _names(row)
    if not _is_header(row):
        if len(row) != len(COLUMNS):
            raise ValueError(f"{where}: got {len(row)} columns without a header; expected {', '.join(COLUMNS)}.")
        return {name: i for i, name in enumerate(COLUMNS)}
    if missing := [name for name in COLUMNS if name not in names]:
        raise ValueError(f"{where}: the column {missing[0]!r} is missing; got {', '.join(names)}.")
    if twice := [name for name in (*COLUMNS, "split") if names.count(name) > 1]:
        raise ValueError(f"{where}: the column {twice[0]!r} stands there twice; expected it once.")
    return {name: names.index(name) for name in (*COLUMNS, "split") if name in names}


def _pair(row: list[str], columns: dict[str, int], where: str) -> tuple[str | None, ScoredPair]:
    a, b, score = (row[columns[name]].strip() for name in COLUMNS)
    if not a or not b:
        raise ValueError(f"{where}: a text is empty; expected two texts and a score.")
    try:
        value = float(score)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 5:
        raise ValueError(f"{where}: the score is {score!r}; expected a number from 0 to 5.")
    return row[columns["split"]] if "split" in columns else None, ScoredPair(a, b, value)


NAMED = (
    ("sentence1", "sentence2"),
    ("text_a", "text_b"),
    ("a", "b"),
    ("query", "document"),
    ("question1", "question2"),
    ("premise", "hypothesis"),
    ("anchor", "positive"),
)
"""What the columns of pairs are often called, in small letters."""
LABELS = ("score", "label", "similarity", "similarity_score", "is_duplicate", "relatedness_score")


class LabelledPair(NamedTuple):
    """Two texts, what people say of them where that is known, and what tells the pair apart."""

    text_a: str
    text_b: str
    label: float | None
    name: str


def read_pairs(
    content: str,
    source: str,
    columns: Sequence[str] | None = None,
    label: str | None = None,
    id_column: str | None = None,
) -> list[LabelledPair]:
    """Pairs of texts from a table, whose first line names the columns, or from JSON objects.

    Args:
        content: what the file holds.
        source: the file's name, which says what it is: .csv, .tsv, .jsonl or .json.
        columns: the two columns of texts; by default those with usual names, or the only two there are.
        label: the column with what people say; by default one with a usual name, where there is one.
        id_column: the column that tells the pairs apart; by default the numbers of lines.

    Raises:
        ValueError: the columns can't be told, a text is blank, or a label is no number; with the line.
    """
    rows = list(_records(content, source))
    if not rows:
        raise ValueError(f"{source} holds no pairs; expected a row for each, below a line that names the columns.")
    names = list(rows[0][1])
    a, b = _text_columns(names, columns, [label, id_column], source)
    if label is None:
        label = next((name for name in names if name.lower() in LABELS and name not in (a, b)), None)
    found = []
    for number, row in rows:
        where = f"{source}, line {number}"
        if missing := [name for name in (a, b, label, id_column) if name and name not in row]:
            raise ValueError(f"{where}, has no column {missing[0]!r}; it has {', '.join(map(repr, row))}.")
        text_a, text_b = (row[name].strip() if isinstance(row[name], str) else "" for name in (a, b))
        if not text_a or not text_b:
            raise ValueError(f"{where}: a text is blank; expected two texts.")
        name = str(row[id_column] if id_column else number)
        found.append(LabelledPair(text_a, text_b, _label(row, label, where), name))
    return found


def _records(content: str, source: str) -> Iterator[tuple[int, dict[str, Any]]]:
    kind = tables.suffix(source)
    if kind in (".csv", ".tsv"):
        rows = ((number, row) for number, row in tables.rows(content, source) if row)
        header = [name.strip() for name in next(rows, (0, []))[1]]
        for number, row in rows:
            if len(row) != len(header):
                raise ValueError(
                    f"{source}, line {number}, has {len(row)} columns; expected {len(header)}, as in its first line. "
                    "Put quotation marks around texts with commas."
                )
            yield number, dict(zip(header, row, strict=True))
    elif kind in (".jsonl", ".json"):
        for number, value in (tables.json_lines if kind == ".jsonl" else tables.json_items)(content, source):
            if value is None:  # a blank line
                continue
            if not isinstance(value, dict):
                raise ValueError(f"{source}, line {number}, holds a {type(value).__name__}; expected a JSON object.")
            yield number, value
    else:
        raise ValueError(f"{source} is no table; expected a .csv, .tsv, .jsonl or .json file.")


def _text_columns(
    names: list[str], wanted: Sequence[str] | None, others: Sequence[str | None], source: str
) -> tuple[str, str]:
    if wanted is not None:
        if len(wanted) != 2:
            raise ValueError(f"columns got {', '.join(wanted)}; expected two.")
        return wanted[0], wanted[1]
    plain = {name.lower(): name for name in names}
    for a, b in NAMED:
        if a in plain and b in plain:
            return plain[a], plain[b]
    left = [name for name in names if name not in others and name.lower() not in LABELS]
    if len(left) != 2:
        raise ValueError(f"{source} has the columns {', '.join(map(repr, names))}; say which two hold the texts.")
    return left[0], left[1]


def _label(row: dict[str, Any], label: str | None, where: str) -> float | None:
    if label is None:
        return None
    try:
        value = float(row[label])
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{where}: the column {label!r} holds {row[label]!r:.40}; expected a number.")
    return value
