"""A pair with a picture, as a page shows it: its patches, and the scales of their colours."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from xsbert.results.attribution import FLOOR, REGION, Attribution
from xsbert.results.parts.picture import Picture


def has_picture(x: Attribution) -> bool:
    """Whether a side of the pair is a picture."""
    return x.picture_a is not None or x.picture_b is not None


def sides_of(x: Attribution) -> tuple[str, str]:
    """What each side is: "text" or "picture"."""
    return "text" if x.picture_a is None else "picture", "text" if x.picture_b is None else "picture"


def longest_text(xs: Iterable[Attribution]) -> int:
    """The characters of the longest text; a picture's name is none."""
    sides = [side for x in xs for side in ((x.text_a, x.picture_a), (x.text_b, x.picture_b))]
    return max((len(text) for text, picture in sides if picture is None), default=0)


def patch_labels(picture: Picture) -> list[str]:
    """What the patches are called, row by row; counted from one."""
    return [f"row {row}, column {column}" for row in _from_one(picture.rows) for column in _from_one(picture.columns)]


def _from_one(count: int) -> range:
    return range(1, count + 1)


def for_sums(x: Attribution) -> float:
    """What sums are told by, in decimals: of a pair of texts where colours are full, of pictures the floor there."""
    return _floor(x) or x.limit if has_picture(x) else x.limit


def scales(x: Attribution) -> dict[str, float]:
    """From where on colours are full, in pairs with a picture.

    Returns:
        `limit`: of a word or a patch alone. `least`: the floor of such a pair. `least_a`, `least_b`: the floor of what
        a word or a patch of that side has in all.
    """
    floor, share_a, share_b = _floor(x), _share(x.picture_a), _share(x.picture_b)
    shares = {"least": share_a * share_b, "least_a": share_a, "least_b": share_b}
    return {"limit": x.limit, **{name: floor * share for name, share in shares.items()}}


def _floor(x: Attribution) -> float:
    alike = x.norms[0] * x.norms[1] / x.normalizer if x.normalizer else 0.0
    return FLOOR * alike if np.isfinite(alike) else 0.0


def _share(picture: Picture | None) -> float:
    return 1.0 if picture is None else min(1.0, 1 / (REGION * max(1, picture.patches)))
