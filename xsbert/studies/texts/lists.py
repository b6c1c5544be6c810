"""The package's own lists of words and texts, in the folder data."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from xsbert import tables


def records(name: str, columns: Sequence[str]) -> list[tuple[str, ...]]:
    """The rows of one of the package's tables; its columns are named, so that a list and its reader stay together.

    Raises:
        ValueError: the table has other columns.
    """
    content = (resources.files("xsbert.studies") / "data" / name).read_text(encoding="utf-8")
    header, *rows = (tuple(row) for _, row in tables.rows(content, name) if row)
    if header != tuple(columns):
        raise ValueError(f"{name} has the columns {', '.join(header)}; expected {', '.join(columns)}.")
    return rows
