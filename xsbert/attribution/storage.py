"""Results as JSON: one object, with its kind and a version in it."""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import numpy as np

VERSION = 1


def to_dict(result: Any) -> dict[str, Any]:
    """The fields of a result as plain Python values, behind its kind and the format's version."""
    values = {f.name: getattr(result, f.name) for f in fields(result)}
    dtype = next(str(value.dtype) for value in values.values() if isinstance(value, np.ndarray))
    head = {"format": f"xsbert.{type(result).__name__}", "version": VERSION, "dtype": dtype}
    return head | {name: _plain(value) for name, value in values.items()}


def save(result: Any, path: str | Path) -> None:
    """Writes `to_dict` as JSON, whole or not at all."""
    path = Path(path)
    if path.suffix.lower() != ".json":
        raise ValueError(f"save() got {str(path)!r}; expected a file name that ends in .json, such as 'pair.json'.")
    write_whole(path, json.dumps(result.to_dict(), ensure_ascii=False, allow_nan=False).encode("utf-8"))


def load(kind: type, path: str | Path) -> Any:
    """Reads a result of the given kind."""
    return restored(kind, read(kind, path)[0], path)


def read(kind: type, path: str | Path) -> tuple[dict[str, Any], str]:
    """What a file holds, its kind and version checked; and what was expected, for errors."""
    expected = f"expected a file written by {kind.__name__}.save"
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as cause:
        raise ValueError(f"{path} is not JSON ({cause}); {expected}.") from cause
    if not isinstance(data, dict) or data.get("format") != f"xsbert.{kind.__name__}":
        found = data.get("format", "no format") if isinstance(data, dict) else type(data).__name__
        raise ValueError(f"{path} holds {found!r}; {expected}.")
    if data.get("version") != VERSION:
        raise ValueError(
            f"{path} has version {data.get('version')!r}, and this xsbert reads version {VERSION}; "
            "update xsbert, or make the file again."
        )
    return data, expected


def restored(kind: type, data: Any, path: str | Path) -> Any:
    """A result from its plain values."""
    try:
        there = [f for f in fields(kind) if f.name in data or f.default is MISSING]  # the others came later
        return kind(**{f.name: _restored(data[f.name], str(f.type), data["dtype"]) for f in there})
    except (KeyError, TypeError, ValueError, AttributeError) as cause:
        expected = f"expected a file written by {kind.__name__}.save"
        raise ValueError(f"{path} is damaged ({type(cause).__name__}: {cause}); {expected}.") from cause


def write_whole(path: Path, content: bytes) -> None:
    """Writes beside `path` and moves into place, so that no half-written file is ever there."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value]
    if isinstance(value, np.floating):
        return float(str(value))  # the shortest number that reads back as the same float32
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _restored(value: Any, declared: str, dtype: str) -> Any:
    if declared == "np.ndarray":
        return np.array(value, dtype={"float32": np.float32, "float64": np.float64}[dtype])
    if declared.startswith("tuple"):
        return tuple(tuple(item) if isinstance(item, list) else item for item in value)
    expected: tuple[type, ...] = {"str": (str,), "int": (int,), "bool": (bool,), "float": (float, int)}[declared]
    if not isinstance(value, expected):
        raise TypeError(f"got {value!r}, expected {declared}")
    return value
