"""Rules of a fixed number of nodes, which do not look at the path."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from xsbert.attribution.quadrature.rule import Nodes, Plan
from xsbert.results.arguments import at_least


class _Fixed:
    """A rule that does not look at the path."""

    def nodes(self) -> Nodes:
        """The nodes and weights."""
        raise NotImplementedError

    def plan(self, start: Tensor, end: Tensor) -> Plan:
        """No questions: the nodes are the same for every path."""
        return self.nodes()
        yield


@dataclass(frozen=True)
class RightRiemann(_Fixed):
    """The rule of the papers (EMNLP 2023, arXiv 2310.05703): α = 1, 1 − 1/n, …, 1/n, equal weights.

    Its error falls as 1/n where the integrand is smooth.

    Args:
        n: the number of nodes, at least 1.

    Raises:
        TypeError, ValueError: `n` is no whole number, or below 1.
    """

    n: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", _checked_count(self.n, "RightRiemann"))

    def nodes(self) -> Nodes:
        """`n` nodes, from 1 down to 1/n."""
        alphas = torch.arange(self.n, 0, -1, dtype=torch.float64, device="cpu") / self.n
        return _fixed(alphas, torch.full_like(alphas, 1 / self.n))


@dataclass(frozen=True)
class GaussLegendre(_Fixed):
    """The Gauss–Legendre rule with `n` nodes: exact for polynomials up to degree 2n − 1.

    Args:
        n: the number of nodes, at least 1.

    Raises:
        TypeError, ValueError: `n` is no whole number, or below 1.
    """

    n: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", _checked_count(self.n, "GaussLegendre"))

    def nodes(self) -> Nodes:
        """`n` nodes in ascending order. The curve is not looked at."""
        points, weights = np.polynomial.legendre.leggauss(self.n)  # on [-1, 1], weights sum to 2
        return _fixed(torch.from_numpy((points + 1) / 2), torch.from_numpy(weights / 2))


def _fixed(alphas: Tensor, weights: Tensor) -> Nodes:
    return Nodes(alphas, weights, torch.zeros_like(alphas, dtype=torch.bool))


def _checked_count(n: object, rule: str) -> int:
    return at_least(n, 1, f"{rule}(n)", f"a whole number of nodes, such as {rule}(50)")
