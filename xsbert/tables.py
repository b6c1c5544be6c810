"""Tables of texts, from files: comma- or tab-separated, or JSON. What is damaged is refused, by file and line."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import regex

QUOTED = regex.compile(r'"(?:[^"]++|"")*+(?P<closed>"(?=[,\r\n]|\Z))?+|[^",\r\n][^,\r\n]*+|[,\r\n]')
"""A field of a comma-separated table, or what stands between two."""


def suffix(path: str | Path) -> str:
    """What a file is, by its name: ".csv" for "Reviews.CSV.gz"."""
    name = Path(str(path).lower())
    return Path(name.stem).suffix if name.suffix == ".gz" else name.suffix


def text_of(path: str | Path) -> str:
    """A file's text, unpacked where its name ends in .gz.

    Raises:
        OSError: there is no such file, or it can't be read.
        ValueError: it is not UTF-8, or no gzip.
    """
    content = Path(path).read_bytes()
    if str(path).lower().endswith(".gz"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as cause:
            raise ValueError(
                f"{path} can't be read ({cause}); expected what gzip wrote, for it ends in .gz."
            ) from cause
    return decoded(content, str(path))


def decoded(content: bytes, name: str) -> str:
    """UTF-8 as text, without a byte order mark.

    Raises:
        ValueError: it is not UTF-8; with the line.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        line = content.count(b"\n", 0, cause.start) + 1
        raise ValueError(
            f"{name}, line {line}, is not UTF-8 (byte 0x{content[cause.start]:02x}); expected UTF-8. "
            "Convert it first, as with iconv -t utf-8."
        ) from cause


def lines(text: str) -> list[str]:
    """The lines of a text; of Unicode's other line breaks, which stand in texts, none ends one."""
    return [line.rstrip("\n") for line in io.StringIO(text, newline=None)]


def rows(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """A table's rows, each behind the number of the line that it begins on; blank ones are empty.

    Args:
        text: the table.
        name: its file. In a .tsv a quotation mark is a character like any other, as in the STS benchmark's; else
            commas separate, and quotation marks stand around texts that hold some.

    Raises:
        ValueError: a quotation mark is not closed where its field ends; with the line that it opens on.
    """
    parts = list(io.StringIO(text, newline=""))
    tabs = suffix(name) == ".tsv"
    found = (
        csv.reader(parts, csv.excel_tab, quoting=csv.QUOTE_NONE, strict=True)
        if tabs
        else csv.reader(parts, strict=True)
    )
    limit = csv.field_size_limit(sys.maxsize >> 32)  # a document may be longer than csv's 131,072
    begins = 1
    try:
        for row in found:
            yield begins, row
            begins = found.line_num + 1
    except csv.Error as cause:
        opens = None if tabs else _opens("".join(parts[begins - 1 :]))
        if opens is None:
            raise ValueError(f"{name}, line {begins}, can't be read ({cause}); expected a table.") from cause
        raise ValueError(
            f"{name}, line {begins + opens}: a quotation mark opens a text here and is not closed before a comma or a "
            "line's end. Close it, and double each quotation mark inside."
        ) from cause
    finally:
        csv.field_size_limit(limit)


def _opens(text: str) -> int | None:
    """How many lines stand before the first quotation mark that is not closed."""
    for field in QUOTED.finditer(text):
        if field[0].startswith('"') and not field["closed"]:
            return len(list(io.StringIO(text[: field.start()] + '"', newline=""))) - 1
    return None


def json_lines(text: str, name: str) -> Iterator[tuple[int, Any]]:
    """The values of a .jsonl, each behind its line's number; None for blank lines.

    Raises:
        ValueError: a line is not JSON; with its number.
    """
    for number, line in enumerate(lines(text), 1):
        yield number, _parsed(line, f"{name}, line {number},", "an object a line") if line.strip() else None


def json_items(text: str, name: str) -> Iterator[tuple[int, Any]]:
    """The items of a .json that holds an array, counted from 1.

    Raises:
        ValueError: it is not JSON, or no array.
    """
    expected = "an array of strings or objects"
    found = _parsed(text, name, expected)
    if not isinstance(found, list):
        raise ValueError(f"{name} holds a {type(found).__name__}; expected {expected}.")
    yield from enumerate(found, 1)


def _parsed(text: str, where: str, expected: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as cause:
        raise ValueError(f"{where} is not JSON ({cause.msg}); expected {expected}.") from cause
    except (ValueError, RecursionError) as cause:
        raise ValueError(f"{where} is JSON that can't be read ({cause}); expected {expected}.") from cause
