"""What is said of a pair: what sums to its similarity, what lies outside the texts, how it was computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from xsbert.results.attribution import Attribution


class Number(Protocol):
    """Writes a number; with its sign where `signed`, else a minus alone."""

    def __call__(self, value: float, signed: bool = False) -> str:
        """The number as text."""
        ...


def meaning(x: Attribution, number: Number, unit: str = "word") -> str:
    """What the similarity is in relation to the pairs, behind its figure."""
    if x.is_exact:
        return f"= the sum of all {unit} pairs"
    return f"where all {unit} pairs add {number(x.explained)}, compared with {x.compared_with}"


def terms(x: Attribution, number: Number) -> tuple[str, str]:
    """The similarity as a sum with reference terms, and what these are."""
    ra, rb, rr = x.reference_terms
    signed = " ".join(number(term, signed=True) for term in (ra, rb, -rr))
    return (
        f"{number(x.score)} = {number(x.explained)} {signed}",
        "the terms are those of the reference of A with text B, of text A with the reference of B, and of both "
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
    sides = ((x.offsets_a, x.matrix.sum(1, dtype=np.float64)), (x.offsets_b, x.matrix.sum(0, dtype=np.float64)))
    sums = (
        number(sum(value for value, at in zip(values, offsets, strict=True) if not at)) for offsets, values in sides
    )
    return f"{' and '.join(sums)} outside the texts ({named(', '.join(names))})"


def outsiders(x: Attribution) -> list[str]:
    """The tokens that are not in the texts, each once."""
    sides = ((x.tokens_a, x.offsets_a), (x.tokens_b, x.offsets_b))
    return list(
        dict.fromkeys(token for tokens, offsets in sides for token, at in zip(tokens, offsets, strict=True) if not at)
    )


def with_outsiders(x: Attribution) -> float:
    """What the pairs add in which one or both are not in the texts."""
    rows, columns = ([i for i, at in enumerate(offsets) if at] for offsets in (x.offsets_a, x.offsets_b))
    return x.explained - float(x.matrix[np.ix_(rows, columns)].sum(dtype=np.float64))


def unread(x: Attribution) -> str:
    """Which texts were cut; empty where none was."""
    cut = " and ".join(side for side, was in zip("AB", x.truncated, strict=True) if was)
    return f"The model did not read all of {cut}" if cut else ""


def computed(x: Attribution) -> list[str]:
    """The similarity's name, the error, and the nodes of both texts."""
    return [f"{x.similarity} similarity", f"error {x.error:.0e}", f"{x.nodes[0]} + {x.nodes[1]} nodes"]
