"""Numbers that a caller passes: Python's, NumPy's, or any that says what it is."""

from __future__ import annotations

import math
import numbers
import operator
from typing import Any


def whole(value: Any, name: str, example: str) -> int:
    """A whole number, as an int.

    Args:
        value: what was passed.
        name: what it is called where it was passed.
        example: what was expected, such as "a whole number, such as 5".

    Raises:
        TypeError: it is none. True and False are none either.
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} got {value!r:.60} ({type(value).__name__}); expected {example}.") from None


def at_least(value: Any, least: int, name: str, example: str) -> int:
    """A whole number from `least` on, as an int.

    Raises:
        TypeError: as `whole`.
        ValueError: it is less.
    """
    number = whole(value, name, example)
    if number < least:
        raise ValueError(f"{name} got {number}; expected at least {least}: {example}.")
    return number


def real(value: Any, low: float, high: float, name: str, example: str) -> float:
    """A number between two bounds, as a float; `high` itself is outside, and so is `low` where it is zero.

    Raises:
        ValueError: it is none.
    """
    number = float(value) if isinstance(value, numbers.Real) and not isinstance(value, bool) else math.nan
    if not (low <= number < high and number):
        raise ValueError(f"{name} got {value!r:.60}; expected {example}.")
    return number
