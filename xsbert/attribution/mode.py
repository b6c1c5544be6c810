"""Which way a pair's matrix is computed. A mode is a value.

Both ways give the same matrix, to rounding and the quadrature's error.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from xsbert.results.arguments import real


class Mode(Protocol):
    """A choice between forward and reverse mode."""

    def reverses(self, shorter: int, longer: int) -> bool:
        """Whether to pull the shorter text's token vectors back through the longer text."""
        ...


@dataclass(frozen=True)
class Forward:
    """Both texts' token vectors, one forward-mode pass for each token, and their products."""

    def reverses(self, shorter: int, longer: int) -> bool:
        """Never."""
        return False


@dataclass(frozen=True)
class Reverse:
    """The shorter text's token vectors forward, then pulled back through the longer text."""

    def reverses(self, shorter: int, longer: int) -> bool:
        """Always."""
        return True


@dataclass(frozen=True)
class ByLength:
    """`Reverse` where the longer text has over `ratio` times as many tokens as the shorter, else `Forward`.

    Args:
        ratio: what a backward pass costs, with the pass that it goes back through, in forward-mode
            passes. Forward mode also gives token vectors, which may serve again.
    """

    ratio: float = 1.5

    def __post_init__(self) -> None:
        ratio = real(self.ratio, 1, math.inf, "ByLength(ratio)", "a number, at least 1")
        object.__setattr__(self, "ratio", ratio)

    def reverses(self, shorter: int, longer: int) -> bool:
        """Whether the lengths differ enough."""
        return longer > self.ratio * shorter
