"""Documents, from files: one a line, or one column of a table. What is damaged is refused, by file and line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from xsbert import tables

Row = tuple[int, Any]
"""A line's number in its file, or an item's in an array, and what it holds: its columns' values, or a text."""
OPTIONS = ("column=", "id_column=")
"""What the caller's options for the columns are called, in errors."""


class Documents(NamedTuple):
    """The texts that a file holds, and what tells them apart.

    Args:
        texts: the documents, in the file's order.
        ids: for each, its line's number (in an array its item's), or the value of its row's id column.
        unit: what has a number: "line" or "item".
        blank: how many were left out, for they hold no text.
    """

    texts: list[str]
    ids: list[str]
    unit: str
    blank: int


def read_documents(
    content: str,
    name: str,
    column: str | None = None,
    id_column: str | None = None,
    options: tuple[str, str] = OPTIONS,
) -> Documents:
    """The documents, in their order, less white space at their ends; blank ones are left out.

    Args:
        content: what the file holds.
        name: the file's name, which says what it is. Comma- and tab-separated tables (.csv, .tsv; the first
            line names the columns) and JSON objects (a line each in .jsonl, an array in .json) have columns; JSON
            strings and the lines of other files are documents. It may end in .gz.
        column: the column that holds the documents; may be None where there is one only, beside the ids'.
        id_column: the column that holds their ids; None for the numbers of their lines.
        options: what the caller calls these two.

    Raises:
        ValueError: it is not what its name says, has no such column, or holds no document; with the line.
    """
    kind = tables.suffix(name)
    unit = "item" if kind == ".json" else "line"
    rows = _rows(content, name, kind, unit, dict(zip(options, (column, id_column), strict=True)))
    found = list(_chosen(rows, column, id_column, name, unit, options[0]))
    documents = [(text, key) for text, key in found if text]
    if not documents:
        raise ValueError(f"{name} holds no document; expected at least one {unit} with text.")
    texts, ids = map(list, zip(*documents, strict=True))
    return Documents(texts, ids, unit, len(found) - len(documents))


def _rows(content: str, source: str, kind: str, unit: str, columns: dict[str, str | None]) -> Iterator[Row]:
    if kind in (".csv", ".tsv"):
        return _table(content, source, list(columns.values()))
    if kind in (".jsonl", ".json"):
        read = tables.json_lines if kind == ".jsonl" else tables.json_items
        return _values(read(content, source), source, unit)
    for option, column in columns.items():
        if column is not None:
            raise ValueError(
                f"{option} got {column}, but {source} has no columns; expected a .csv, .tsv, .jsonl or .json file."
            )
    return enumerate(tables.lines(content), 1)


def _chosen(
    rows: Iterator[Row], column: str | None, id_column: str | None, source: str, unit: str, option: str
) -> Iterator[tuple[str, str]]:
    """Each row's text and id. The first row says which columns there are."""
    for number, row in rows:
        where = f"{source}, {unit} {number}"
        if isinstance(row, dict) and column is None:
            others = [name for name in row if name != id_column]
            if len(others) != 1:
                raise ValueError(f"{source} has the columns {_named(row)}; expected {option} with one of them.")
            (column,) = others
        text = _text(row, column, where).strip()
        yield text, str(number) if id_column is None or not text else _id(row, id_column, where)


def _text(row: Any, column: str | None, where: str) -> str:
    if not row or column is None:
        return row or ""
    text = _value(row, column, where)
    if not isinstance(text, str | None):
        raise ValueError(f"{where}: the column {column!r} holds {text!r:.40}; expected a text.")
    return text or ""


def _id(row: Any, column: str, where: str) -> str:
    value = _value(row, column, where)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(
            f"{where}: the column {column!r} holds {value!r:.40}; expected an id, a string or whole number."
        )
    return str(value)


def _value(row: Any, column: str, where: str) -> Any:
    if isinstance(row, str):
        raise ValueError(f"{where}, is a string; expected an object with the column {column!r}.")
    if column not in row:
        raise ValueError(f"{where}, has no column {column!r}; it has {_named(row)}.")
    return row[column]


def _named(row: dict[str, Any]) -> str:
    return ", ".join(map(repr, row)) or "none"


def _table(content: str, source: str, wanted: list[str | None]) -> Iterator[Row]:
    """The rows below the first, which names the columns; each wanted one once."""
    rows = tables.rows(content, source)
    header = [name.strip() for name in next((row for _, row in rows if row), [])]
    chosen = header if wanted[0] is None else wanted
    if twice := [name for name in header if name in chosen and header.count(name) > 1]:
        raise ValueError(f"{source} has two columns {twice[0]!r}; expected one of that name.")
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
