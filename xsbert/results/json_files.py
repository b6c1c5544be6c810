"""Results as JSON: one object, with its kind and a version in it."""

from __future__ import annotations

import json
import math
import os
import uuid
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

import numpy as np

from xsbert.results.parts.picture import Picture, restored_picture

VERSION = 2
"""Of the files that are written; those of version 1 hold a reference and a quadrature in place of a method."""
OTHER_METHODS = {"zero, as of no tokens": "StaticEmbedding", "none": "MaxSim"}
"""What the references of version 1 stood for, where no hidden states were integrated."""
DAMAGE = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
"""What reading a value that is none of ours may raise."""


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
    except (ValueError, RecursionError) as cause:  # no UTF-8, no JSON, or JSON of absurd numbers or depth
        raise ValueError(f"{path} is not JSON that can be read ({cause}); {expected}.") from cause
    if not isinstance(data, dict) or data.get("format") != f"xsbert.{kind.__name__}":
        found = data.get("format", "no format") if isinstance(data, dict) else type(data).__name__
        raise ValueError(f"{path} holds {found!r}; {expected}.")
    version = data.get("version")
    if isinstance(version, bool) or version not in range(1, VERSION + 1):
        raise ValueError(
            f"{path} has version {version!r}, and this xsbert reads versions 1 to {VERSION}; "
            "update xsbert, or make the file again."
        )
    return data, expected


def restored(kind: type, data: Any, path: str | Path) -> Any:
    """A result from its plain values."""
    try:
        data = _as_now(data)
        there = [f for f in fields(kind) if f.name in data or f.default is MISSING]  # the others came later
        result = kind(**{f.name: _field(f, data) for f in there})
        result.check_places()
        return result
    except DAMAGE as cause:
        expected = f"expected a file written by {kind.__name__}.save"
        raise ValueError(f"{path} is damaged ({type(cause).__name__}: {cause}); {expected}.") from cause


def _as_now(data: dict[str, Any]) -> dict[str, Any]:
    """What a file of an earlier version would hold today."""
    if data["version"] != 1 or "quadrature" not in data:
        return data
    quadrature, _, rounding = data["quadrature"].partition(", products in ")
    method = f"HiddenStates(layer={data['layer']}, reference={data['reference']}, quadrature={quadrature})"
    if data["reference"] in OTHER_METHODS:
        method = OTHER_METHODS[data["reference"]]
    method += f", products in {rounding}" if rounding else ""
    return data | {"method": method, "quadrature": quadrature}


def _field(field: Field[Any], data: Any) -> Any:
    try:
        return restored_field(data[field.name], str(field.type), data["dtype"])
    except (TypeError, ValueError, OverflowError) as cause:
        raise ValueError(f"{field.name}: {cause}") from cause


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
    if isinstance(value, float) and math.isinf(value):
        return None  # an error without a size
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


Error = float
"""A relative error; infinite where what was missed has no size."""
DTYPES = {"float32": np.float32, "float64": np.float64}
OPTIONAL = " | None"
"""How the annotation of a field ends that may hold nothing."""
LARGEST_WHOLE = 2**53
"""Whole numbers beyond are not those that were written: JSON's are floats elsewhere."""


def restored_field(value: Any, declared: str, dtype: str) -> Any:
    """A field's value from its plain one.

    Args:
        value: what the file holds.
        declared: the field's annotation, such as "tuple[float, float]".
        dtype: of arrays, "float32" or "float64".

    Raises:
        TypeError, ValueError, OverflowError: it is no such value.
    """
    if declared.endswith(OPTIONAL):
        if value is None:
            return None
        declared = declared.removesuffix(OPTIONAL)
    if declared == "np.ndarray":
        return _array(value, dtype)
    if not declared.startswith("tuple["):
        return KINDS[declared](value)
    kinds = declared.removeprefix("tuple[").removesuffix("]").split(", ")
    if not isinstance(value, list):
        raise TypeError(f"got {value!r:.60}, expected a list")
    if kinds[-1] == "...":
        kinds = kinds[:1] * len(value)
    if len(value) != len(kinds):
        raise ValueError(f"got {len(value)} values, expected {len(kinds)}")
    return tuple(KINDS[kind](item) for kind, item in zip(kinds, value, strict=True))


def _array(value: Any, dtype: str) -> np.ndarray:
    array = np.array(value, dtype=np.float64)
    with np.errstate(over="ignore"):
        kept = array.astype(DTYPES[dtype])
    if array.dtype.kind != "f" or not np.isfinite(kept).all():
        raise ValueError(f"got numbers that are not finite {dtype}")
    return kept


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"got {value!r:.60}, expected a text")
    value.encode("utf-8")  # raises for half a surrogate pair
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST_WHOLE:
        raise TypeError(f"got {value!r:.60}, expected a whole number")
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"got {value!r:.60}, expected true or false")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise TypeError(f"got {value!r:.60}, expected a finite number")
    return float(value)


def _error(value: Any) -> float:
    """An error is infinite where what was missed has no size; JSON has no such number."""
    return math.inf if value is None else _number(value)


def _offset(value: Any) -> tuple[int, int] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise TypeError(f"got {value!r:.60}, expected a pair [start, end] or null")
    start, end = map(_whole, value)
    if not 0 <= start <= end:
        raise ValueError(f"got the offset {value}, expected 0 ≤ start ≤ end")
    return start, end


KINDS: dict[str, Callable[[Any], Any]] = {
    "str": _text,
    "int": _whole,
    "bool": _truth,
    "float": _number,
    "Error": _error,
    "Offset": _offset,
    "Picture": restored_picture,
}
"""By annotation."""


def check_places(text: str, offsets: Any, *positions: Any, picture: Picture | None = None) -> None:
    """Raises ValueError for offsets beyond a text, positions of tokens that are none, or a picture's wrong grid."""
    if picture is not None:
        picture.check(len(offsets))
    if beyond := [offset for offset in offsets if offset and offset[1] > len(text)]:
        raise ValueError(f"got the offset {list(beyond[0])} in a text of {len(text)} characters")
    if outside := [at for several in positions for at in several if not 0 <= at < len(offsets)]:
        raise ValueError(f"got the position {outside[0]} among {len(offsets)} tokens")
