"""Where documents come from: lists, iterators, tables, files; each with its id."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from numbers import Integral
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from xsbert import tables
from xsbert.corpus.schema import DOCUMENTS
from xsbert.documents import OPTIONS, read_documents
from xsbert.models.inputs.text import check_string

EXPECTED = (
    "expected a list or an iterator of texts, a datasets.Dataset, a pandas table, or the name of a .csv, .tsv, .jsonl, "
    ".json, .txt or .parquet file"
)


class Source(NamedTuple):
    """Documents, and how many there are; None where that is not known before."""

    documents: Iterator[tuple[str, str]]
    total: int | None


def source_of(
    texts: Any,
    ids: Iterable[Any] | None = None,
    column: str | None = None,
    id_column: str | None = None,
    options: tuple[str, str] = OPTIONS,
) -> Source:
    """Documents with their ids. Without ids a text is called by a digest of itself; blank texts are left out.

    Args:
        texts: a list or an iterator of texts, a pandas Series or table, a `datasets.Dataset`, or a file's name.
        ids: strings or whole numbers, one a text, in the same order.
        column, id_column: of tables and files: the column with the texts, and that with the ids.
        options: what the caller calls these two, for errors.

    Raises:
        OSError: the file can't be read.
        TypeError: a text is no string, or an id neither a string nor a whole number; with its position.
        ValueError: ids and texts are not as many, there is no such column, or the file is damaged.
    """
    total = len(texts) if hasattr(texts, "__len__") and not isinstance(texts, (str, Path)) else None
    if ids is not None and id_column is not None:
        raise ValueError(f"got ids and {options[1]}{id_column}; expected one of the two.")
    if isinstance(texts, (str, Path)):
        return _of_file(str(texts), ids, column, id_column, options)
    names = getattr(texts, "column_names", None)
    names = list(texts.columns) if names is None and hasattr(texts, "columns") else names
    if names is not None:
        chosen = _column(names, column, id_column, options[0])
        for name in (chosen, id_column):
            if name is not None and name not in names:
                raise ValueError(f"got the column {name!r}; the table has {', '.join(map(repr, names))}.")
        if not hasattr(texts, "__len__"):  # a datasets.IterableDataset
            rows = ((row[chosen], row[id_column] if id_column else None) for row in texts)
            return Source(_checked(rows), None)
        ids = texts[id_column] if id_column else ids
        texts = texts[chosen]
    elif column is not None or id_column is not None:
        raise ValueError(f"got {options[0]}{column} and a {type(texts).__name__}, which has no columns; {EXPECTED}.")
    if isinstance(texts, (bytes, dict)) or not isinstance(texts, Iterable):
        raise TypeError(f"texts got {texts!r:.60} ({type(texts).__name__}); {EXPECTED}.")
    return Source(_checked(_paired(texts, ids)), total)


def chunks(documents: Iterator[tuple[str, str]], size: int) -> Iterator[pa.Table]:
    """So many documents at a time, as `id` and `text`; the same id once.

    Raises:
        ValueError: the same id stands before two texts.
    """
    while part := list(islice(documents, size)):
        texts = dict(part)
        for name, text in part:
            if texts[name] != text:
                raise ValueError(f"the id {name!r} stands before two texts, {text!r:.40} and {texts[name]!r:.40}.")
        yield pa.table([list(texts), list(texts.values())], schema=DOCUMENTS)


def _of_file(
    name: str, ids: Iterable[Any] | None, column: str | None, id_column: str | None, options: tuple[str, str]
) -> Source:
    if not Path(name).is_file():
        raise FileNotFoundError(f"texts got {name!r:.80}, which is no file; {EXPECTED}.")
    if name.lower().endswith(".parquet"):
        file = pq.ParquetFile(name)
        chosen = _column(file.schema_arrow.names, column, id_column, options[0])
        wanted = [chosen] if id_column is None else [chosen, id_column]
        if unknown := [each for each in wanted if each not in file.schema_arrow.names]:
            raise ValueError(f"{name} has no column {unknown[0]!r}; it has {', '.join(file.schema_arrow.names)}.")
        rows = (row for batch in file.iter_batches(columns=wanted) for row in batch.to_pylist())
        found: Iterator[tuple[Any, Any]] = ((row[chosen], row[id_column] if id_column else None) for row in rows)
        if ids is not None:
            found = _paired((text for text, _ in found), ids)
        return Source(_checked(found), file.metadata.num_rows)
    documents = read_documents(tables.text_of(name), name, column, id_column, options)
    keys: Iterable[Any] | None = documents.ids if id_column else ids
    return Source(_checked(_paired(documents.texts, keys)), len(documents.texts))


def _column(names: list[str], column: str | None, id_column: str | None, option: str) -> str:
    if column is not None:
        return column
    others = [name for name in names if name != id_column]
    if len(others) != 1:
        raise ValueError(
            f"the table has the columns {', '.join(map(repr, names))}; expected {option} with one of them."
        )
    return others[0]


def _paired(texts: Iterable[Any], ids: Iterable[Any] | None) -> Iterator[tuple[Any, Any]]:
    if ids is None:
        yield from ((text, None) for text in texts)
        return
    others = iter(ids)
    end = object()
    count = 0
    for count, text in enumerate(texts, 1):
        if (name := next(others, end)) is end:
            raise ValueError(f"ids got {count - 1} for more texts; expected one each.")
        yield text, name
    if next(others, end) is not end:
        raise ValueError(f"ids got more than {count} for {count} texts; expected one each.")


def _checked(pairs: Iterable[tuple[Any, Any]]) -> Iterator[tuple[str, str]]:
    for position, (text, name) in enumerate(pairs):
        if text is None or (isinstance(text, str) and not text.strip()):
            continue
        check_string(text, f"texts[{position}]")
        if name is None:
            yield digest_of_text(text), text
        elif isinstance(name, bool) or not isinstance(name, str | Integral):
            raise TypeError(
                f"ids[{position}] got {name!r:.60} ({type(name).__name__}); expected a string or a whole number."
            )
        else:
            yield str(name), text


def digest_of_text(text: str) -> str:
    """What a text is called where it has no id: 20 hexadecimal digits; two of a billion texts differ in them."""
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()
