"""A file's documents: one a line, or one column of a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from xsbert import tables
from xsbert.command.inputs import STANDARD_INPUT, decoded
from xsbert.command.messages import say

Row = tuple[int, Any]
"""A line's number in its file, or an item's in an array, and what it holds: its columns' values, or a text."""


def read_documents(source: str, column: str | None) -> list[str]:
    """The documents, in their order, less white space at their ends; blank ones are left out, and counted aloud.

    Args:
        source: a file's name, or "-" for standard input. Comma- and tab-separated tables (.csv, .tsv; the first
            line names the columns) and JSON objects (a line each in .jsonl, an array in .json) have columns; JSON
            strings and the lines of other files are documents. A name may end in .gz.
        column: the column that holds the documents; may be None where there is one only.

    Raises:
        OSError: the file can't be read.
        ValueError: it is not what its name says, has no such column, or holds no document; with the line.
    """
    kind = tables.suffix(source) if source != STANDARD_INPUT else ""
    unit = "item" if kind == ".json" else "line"
    content = decoded(source)
    if kind in (".csv", ".tsv"):
        rows = _table(content, source)
    elif kind in (".jsonl", ".json"):
        read = tables.json_lines if kind == ".jsonl" else tables.json_items
        rows = _values(read(content, source), source, unit)
    elif column is not None:
        raise ValueError(
            f"--column got {column}, but {source} has no columns; expected a .csv, .tsv, .jsonl or .json file."
        )
    else:
        rows = enumerate(tables.lines(content), 1)
    found = [text.strip() for text in _column(rows, column, source, unit)]
    documents = list(filter(None, found))
    if not documents:
        raise ValueError(f"{source} holds no document; expected at least one {unit} with text.")
    if blank := len(found) - len(documents):
        say(f"skipped {blank} blank {unit}{'' if blank == 1 else 's'}")
    return documents


def _column(rows: Iterator[Row], column: str | None, source: str, unit: str) -> Iterator[str]:
    """One column's texts. The first row says which columns there are."""
    for number, row in rows:
        where = f"{source}, {unit} {number}"
        if isinstance(row, dict) and column is None:
            if len(row) != 1:
                raise ValueError(f"{source} has the columns {_named(row)}; expected --column with one of them.")
            (column,) = row
        yield _text(row, column, where)


def _text(row: Any, column: str | None, where: str) -> str:
    if isinstance(row, dict):
        if column not in row:
            raise ValueError(f"{where}, has no column {column!r}; it has {_named(row)}.")
        if not isinstance(row[column], str | None):
            raise ValueError(f"{where}: the column {column!r} holds {row[column]!r:.40}; expected a text.")
        return row[column] or ""
    if row and column is not None:
        raise ValueError(f"{where}, is a string; expected an object with the column {column!r}.")
    return row or ""


def _named(row: dict[str, Any]) -> str:
    return ", ".join(map(repr, row)) or "none"


def _table(content: str, source: str) -> Iterator[Row]:
    """The rows below the first, which names the columns."""
    rows = tables.rows(content, source)
    header = [name.strip() for name in next((row for _, row in rows if row), [])]
    for number, row in rows:
        if row and len(row) != len(header):
            raise ValueError(
                f"{source}, line {number}, has {len(row)} columns; expected {len(header)}, as in its first line. "
                "Put quotation marks around texts with commas."
            )
        yield number, dict(zip(header, row, strict=True)) if row else None


def _values(values: Iterator[Row], source: str, unit: str) -> Iterator[Row]:
    for number, value in values:
        if not isinstance(value, dict | str | None):
            raise ValueError(
                f"{source}, {unit} {number}, holds a {type(value).__name__}; expected a JSON object or a string."
            )
        yield number, value
