"""What a field of a saved result may hold, by its declared type: anything else is refused where it is read."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Error = float
"""A relative error; infinite where what was missed has no size."""
DTYPES = {"float32": np.float32, "float64": np.float64}
LARGEST_WHOLE = 2**53
"""Whole numbers beyond are not those that were written: JSON's are floats elsewhere."""


def restored(value: Any, declared: str, dtype: str) -> Any:
    """A field's value from its plain one.

    Args:
        value: what the file holds.
        declared: the field's annotation, such as "tuple[float, float]".
        dtype: of arrays, "float32" or "float64".

    Raises:
        TypeError, ValueError, OverflowError: it is no such value.
    """
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
    if array.dtype.kind != "f" or not np.isfinite(array).all():
        raise ValueError("got numbers that are not finite")
    return array.astype(DTYPES[dtype])


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
}
"""By annotation."""


def check_places(text: str, offsets: Any, *positions: Any) -> None:
    """Raises ValueError for offsets beyond a text, or positions of tokens that are none."""
    if beyond := [offset for offset in offsets if offset and offset[1] > len(text)]:
        raise ValueError(f"got the offset {list(beyond[0])} in a text of {len(text)} characters")
    if outside := [at for several in positions for at in several if not 0 <= at < len(offsets)]:
        raise ValueError(f"got the position {outside[0]} among {len(offsets)} tokens")
