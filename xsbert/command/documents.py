"""A file's documents: one a line, or one column of a table."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xsbert.command.inputs import STANDARD_INPUT, decoded
from xsbert.command.messages import say

Row = tuple[int, dict[str, Any]]
"""A line's number in its file, and the values of its columns."""


class _Tabs(csv.excel_tab):
    """Tab-separated files, in which a quotation mark is a character like any other, as in the STS benchmark's."""

    quoting = csv.QUOTE_NONE


def read_documents(source: str, column: str | None) -> list[str]:
    """The documents, in their order, less white space at their ends; blank ones are left out, and counted aloud.

    Args:
        source: a file's name, or "-" for standard input. Comma- and tab-separated tables (.csv, .tsv; the first
            line names the columns) and lines of JSON objects (.jsonl) have columns; else a line is a document.
        column: the column that holds the documents; may be None where there is one only.

    Raises:
        OSError: the file can't be read.
        ValueError: it is not what its name says, has no such column, or holds no document; with the line.
    """
    suffix = Path(source).suffix.lower() if source != STANDARD_INPUT else ""
    content = decoded(source)
    if reader := {".csv": _csv, ".tsv": _tsv, ".jsonl": _jsonl}.get(suffix):
        found = [text.strip() for text in _column(reader(content, source), column, source)]
    elif column is not None:
        raise ValueError(f"--column got {column}, but {source} has no columns; expected a .csv, .tsv or .jsonl file.")
    else:
        found = [line.strip() for line in io.StringIO(content, newline=None)]
    documents = list(filter(None, found))
    if not documents:
        raise ValueError(f"{source} holds no document; expected at least one line with text.")
    if blank := len(found) - len(documents):
        say(f"skipped {blank} blank {'line' if blank == 1 else 'lines'}")
    return documents


def _column(rows: Iterator[Row], column: str | None, source: str) -> Iterator[str]:
    """One column's texts. The first row says which columns there are."""
    for number, row in rows:
        if column is None:
            if len(row) != 1:
                raise ValueError(f"{source} has the columns {_named(row)}; expected --column with one of them.")
            (column,) = row
        if column not in row:
            raise ValueError(f"{source}, line {number}, has no column {column!r}; it has {_named(row)}.")
        text = row[column]
        if not isinstance(text, str | None):
            raise ValueError(f"{source}, line {number}: the column {column!r} holds {text!r:.40}; expected a text.")
        yield text or ""


def _named(row: dict[str, Any]) -> str:
    return ", ".join(map(repr, row)) or "none"


def _csv(content: str, source: str) -> Iterator[Row]:
    return _table(content, source, csv.excel)


def _tsv(content: str, source: str) -> Iterator[Row]:
    return _table(content, source, _Tabs)


def _table(content: str, source: str, dialect: type[csv.Dialect]) -> Iterator[Row]:
    limit = csv.field_size_limit(sys.maxsize >> 32)  # a document may be longer than csv's 131,072
    lines = csv.reader(io.StringIO(content, newline=""), dialect)
    try:
        header = [name.strip() for name in next(lines, [])]
        for row in lines:
            if not row:
                row = [""] * len(header)
            if len(row) != len(header):
                raise ValueError(
                    f"{source}, line {lines.line_num}, has {len(row)} columns; expected {len(header)}, as in its first "
                    "line. Put quotation marks around texts with commas."
                )
            yield lines.line_num, dict(zip(header, row, strict=True))
    except csv.Error as cause:
        raise ValueError(f"{source}, line {lines.line_num}, can't be read ({cause}).") from cause
    finally:
        csv.field_size_limit(limit)


def _jsonl(content: str, source: str) -> Iterator[Row]:
    names: dict[str, Any] = {}
    for number, line in enumerate(io.StringIO(content, newline=None), 1):
        try:
            row = json.loads(line) if line.strip() else dict.fromkeys(names)
        except json.JSONDecodeError as cause:
            raise ValueError(
                f"{source}, line {number}, is not JSON ({cause.msg}); expected an object a line."
            ) from cause
        if not isinstance(row, dict):
            raise ValueError(f"{source}, line {number}, holds a {type(row).__name__}; expected a JSON object a line.")
        names = names or row
        if names:
            yield number, row
