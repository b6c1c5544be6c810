"""A pair with a picture, as a page shows it: its patches, and the scales of their colours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from xsbert.results.attribution import FLOOR, Attribution
from xsbert.results.parts.picture import Picture

PART = 0.2
"""The share of a picture that a thing in it may take: on so many patches a word's attribution is spread."""


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


def trimmed(x: Attribution) -> Attribution:
    """The same less what is not in the texts and has no part; of a picture everything stays, for a grid has no gaps."""
    if not has_picture(x):
        return x.trimmed()
    in_place = ((0, 0),)
    offsets_a = x.offsets_a if x.picture_a is None else in_place * len(x.tokens_a)
    offsets_b = x.offsets_b if x.picture_b is None else in_place * len(x.tokens_b)
    kept = replace(x, offsets_a=offsets_a, offsets_b=offsets_b).trimmed()
    return replace(
        kept,
        offsets_a=kept.offsets_a if x.picture_a is None else x.offsets_a,
        offsets_b=kept.offsets_b if x.picture_b is None else x.offsets_b,
    )


def scales(x: Attribution) -> dict[str, float]:
    """From where on colours are full.

    A patch's attribution is small, because hundreds share a score. So the strongest pair of a word and a patch is full;
    but no less than what a quarter of the similarity of equals gives, spread over a fifth of the picture. Of unlike
    pairs that leaves all pale.

    Returns:
        `limit`: of a word or a patch alone. `least`: the floor of such a pair. `least_a`, `least_b`: the floor of what
        a word or a patch of that side has in all.
    """
    alike = x.norms[0] * x.norms[1] / x.normalizer if x.normalizer else 0.0
    floor = FLOOR * alike if np.isfinite(alike) else 0.0
    share_a, share_b = _share(x.picture_a), _share(x.picture_b)
    strongest = float(np.abs(x.matrix[np.ix_(_drawn(x, "a"), _drawn(x, "b"))]).max(initial=0))
    least = floor * share_a * share_b
    limit = max(strongest, least) or 1.0
    return {"limit": limit, "least": least, "least_a": floor * share_a, "least_b": floor * share_b}


def _share(picture: Picture | None) -> float:
    return 1.0 if picture is None else min(1.0, 1 / (PART * max(1, len(picture.boxes))))


def _drawn(x: Attribution, side: str) -> list[int]:
    """The positions of words and patches; not of what a model adds to them."""
    picture: Picture | None = getattr(x, f"picture_{side}")
    if picture is not None:
        return list(range(len(picture.boxes)))
    return [i for i, offset in enumerate(getattr(x, f"offsets_{side}")) if offset]
