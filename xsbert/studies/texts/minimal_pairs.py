"""Minimal pairs: the package's own, and those of a file."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from xsbert import tables
from xsbert.results.check import MinimalPair

OURS = "minimal_pairs.csv"


def read_minimal_pairs(path: str | Path | None = None) -> list[MinimalPair]:
    """The minimal pairs of a .csv or .tsv with the columns family, text, same and different; without one, our own.

    Raises:
        OSError: the file can't be read.
        ValueError: a column is missing, a text is blank, or a row has too many columns; with the line.
    """
    if path is None:
        content = (resources.files("xsbert.studies") / "data" / OURS).read_text(encoding="utf-8")
    else:
        content = tables.text_of(path)
    name = str(path or OURS)
    rows = ((number, [value.strip() for value in row]) for number, row in tables.rows(content, name) if row)
    header = next(rows, (1, []))[1]
    if missing := [column for column in MinimalPair._fields if column not in header]:
        raise ValueError(f"{name} has no column {missing[0]!r}; expected {', '.join(MinimalPair._fields)}.")
    found = []
    for number, row in rows:
        values = dict(zip(header, row, strict=False))
        if len(row) != len(header) or not all(values[column] for column in MinimalPair._fields):
            raise ValueError(
                f"{name}, line {number}: got {', '.join(row)!r:.80}; expected {len(header)} columns, none of them "
                "blank. Put quotation marks around texts with commas."
            )
        found.append(MinimalPair(*(values[column] for column in MinimalPair._fields)))
    if not found:
        raise ValueError(f"{name} holds no pairs; expected a row for each.")
    return found
