"""Texts, pairs and ids as users pass them: lists, or what pandas and NumPy hold; what is none is named by its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from numbers import Integral
from typing import Any

from xsbert.models.inputs.text import check_string

Check = Callable[[Any, str], None]
"""Raises for what is no text, with its place; of a model of pictures, for what is no picture either."""


def listed_texts(texts: Any, name: str = "texts", check: Check = check_string) -> list[Any]:
    """A list of strings, a pandas Series or an array of strings, as a list; pictures where `check` lets them pass.

    Raises:
        TypeError: it is no such list, or an item is no string; with its position.
        ValueError: it is empty, or an item holds half a surrogate pair.
    """
    found = _listed(texts, name, "a list of strings")
    if not found:
        raise ValueError(f"{name} got an empty list; expected at least one text.")
    for position, text in enumerate(found):
        check(text, f"{name}[{position}]")
    return found


def listed_pairs(pairs: Any, check: Check = check_string) -> list[tuple[Any, Any]]:
    """Any iterable of (text_a, text_b), or an array of two columns, as a list.

    Raises:
        TypeError, ValueError: they are no pairs of texts; with the first that is none.
    """
    expected = "expected a list of (text_a, text_b); of a table's columns, zip(table['a'], table['b'])"
    if isinstance(pairs, (str, bytes)) or hasattr(pairs, "columns") or not isinstance(pairs, Iterable):
        raise TypeError(f"explain_pairs got {pairs!r:.60} ({type(pairs).__name__}); {expected}.")
    found = _listed(pairs if _is_sequence(pairs) else list(pairs), "pairs", expected.removeprefix("expected "))
    if not found:
        raise ValueError(f"explain_pairs got no pairs; {expected}.")
    checked: list[tuple[Any, Any]] = []
    for position, pair in enumerate(found):
        pair = pair.tolist() if hasattr(pair, "tolist") else pair
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise ValueError(f"explain_pairs got {pair!r:.60} among the pairs, at position {position}; {expected}.")
        for side, text in enumerate(pair):
            check(text, f"pairs[{position}][{side}]")
        checked.append((pair[0], pair[1]))
    return checked


def listed_ids(ids: Any, count: int) -> list[str]:
    """What tells documents apart, as strings; none for None.

    Raises:
        TypeError: they are no list, or one is neither a string nor a whole number; with its position.
        ValueError: there are not as many as documents.
    """
    if ids is None:
        return []
    expected = "expected a string or a whole number for each document"
    found = _listed(ids, "ids", "a list with a string or a whole number for each document")
    if len(found) != count:
        raise ValueError(f"ids got {len(found)} for {count} documents; {expected}.")
    for position, each in enumerate(found):
        if isinstance(each, bool) or not isinstance(each, str | Integral):
            raise TypeError(f"ids[{position}] got {each!r:.60} ({type(each).__name__}); {expected}.")
    return list(map(str, found))


def _is_sequence(values: Any) -> bool:
    return isinstance(values, Sequence) or hasattr(values, "tolist") or hasattr(values, "to_list")


def _listed(values: Any, name: str, expected: str) -> list[Any]:
    if getattr(values, "ndim", 0) == 4:  # an array of pictures
        return list(values)
    for method in ("tolist", "to_list"):  # of NumPy and pandas, of polars
        if hasattr(values, method):
            values = getattr(values, method)()
    if isinstance(values, (str, bytes)) or not isinstance(values, Sequence):
        raise TypeError(f"{name} got {values!r:.60} ({type(values).__name__}); expected {expected}.")
    return list(values)
