"""What is said of a pair: what sums to its similarity, what lies outside the texts, how it was computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

import numpy as np

from xsbert.results.parts.picture import inside
from xsbert.results.record import effort, sureness

if TYPE_CHECKING:
    from xsbert.results.attribution import Attribution


class Number(Protocol):
    """Writes a number; with its sign where `signed`, else a minus alone."""

    def __call__(self, value: float, signed: bool = False) -> str:
        """The number as text."""
        ...


def unit_of(x: Attribution) -> str:
    """What is one in the pair once its tokens are summed: a word, or a sentence where these came and went as one."""
    return "sentence" if "units='sentences'" in x.method else "word"


def pairs_of(xs: Iterable[Attribution], unit: str = "word") -> str:
    """What the pairs of these are pairs of."""
    counts = {(x.picture_a is not None) + (x.picture_b is not None) for x in xs}
    names = [f"{unit} pairs", f"pairs of a {unit} and a patch", "pairs of patches"]
    return names[counts.pop()] if len(counts) == 1 else f"pairs of {unit}s and patches"


def meaning(x: Attribution, number: Number, unit: str = "word") -> str:
    """What the similarity is in relation to the pairs, behind its figure."""
    if x.is_exact:
        return f"= the sum of all {pairs_of([x], unit)}"
    return f"where all {pairs_of([x], unit)} add {number(x.explained)}, compared with {x.compared_with}"


def terms(x: Attribution, number: Number) -> tuple[str, str]:
    """The similarity as a sum with reference terms, and what these are."""
    ra, rb, rr = x.reference_terms
    signed = " ".join(number(term, signed=True) for term in (ra, rb, -rr))
    a, b = ("text" if picture is None else "picture" for picture in (x.picture_a, x.picture_b))
    return (
        f"{number(x.score)} = {number(x.explained)} {signed}",
        f"the terms are those of the reference of A with {b} B, of {a} A with the reference of B, and of both "
        "references",
    )


def outside(x: Attribution, number: Number, named: Callable[[str], str] = str) -> str:
    """What of each text's sum special tokens and a prompt add, which are not in it; empty where there are none.

    Args:
        x: the pair.
        number: writes a number.
        named: shortens the tokens' names.
    """
    if not (names := outsiders(x)):
        return ""
    sides = zip(_outside(x), (x.matrix.sum(1, dtype=np.float64), x.matrix.sum(0, dtype=np.float64)), strict=True)
    sums = (number(sum(values[i] for i in places)) for places, values in sides)
    return f"{' and '.join(sums)} outside the {_kinds(x)} ({named(', '.join(names))})"


def outsiders(x: Attribution) -> list[str]:
    """The tokens that are not in the texts, nor patches of the pictures, each once."""
    sides = zip((x.tokens_a, x.tokens_b), _outside(x), strict=True)
    return list(dict.fromkeys(tokens[i] for tokens, places in sides for i in places))


def with_outsiders(x: Attribution) -> float:
    """What the pairs add in which one or both are not in the texts."""
    rows, columns = inside(x.offsets_a, x.picture_a), inside(x.offsets_b, x.picture_b)
    return x.explained - float(x.matrix[np.ix_(rows, columns)].sum(dtype=np.float64))


def _outside(x: Attribution) -> tuple[list[int], list[int]]:
    """The positions on both sides of what is no word and no patch."""
    own = set(inside(x.offsets_a, x.picture_a)), set(inside(x.offsets_b, x.picture_b))
    rows, columns = (
        [i for i in range(len(tokens)) if i not in mine]
        for tokens, mine in zip((x.tokens_a, x.tokens_b), own, strict=True)
    )
    return rows, columns


def _kinds(x: Attribution) -> str:
    kinds = ("texts" if picture is None else "pictures" for picture in (x.picture_a, x.picture_b))
    return " and ".join(dict.fromkeys(kinds))


def unread(x: Attribution) -> str:
    """Which texts were cut; empty where none was."""
    cut = " and ".join(side for side, was in zip("AB", x.truncated, strict=True) if was)
    return f"The model did not read all of {cut}" if cut else ""


def computed(x: Attribution) -> list[str]:
    """The similarity's name, the error, how sure the pairs are where orders were drawn, and what both texts took."""
    return [f"{x.similarity} similarity", f"error {x.error:.0e}", *sureness(x), effort(x)]
