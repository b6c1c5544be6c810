"""Nodes and weights on [0, 1]: the rules that integrate along the path from a reference to a text.

A rule is a value. `rule.nodes(curve)` gives `Nodes`; the rules here do not look at the curve, and
`xsbert.attribution.Adaptive` does.

Law: the weights of every rule sum to 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Nodes:
    """Where a rule evaluates the integrand, and what each evaluation counts.

    Args:
        alphas: the nodes, `(N,)`, float64, in (0, 1].
        weights: their weights, `(N,)`, float64, summing to 1.
        double: `(N,)`, bool: the nodes whose integrand needs float64.
        converged: False where the rule gave up before it reached its tolerance.
    """

    alphas: Tensor
    weights: Tensor
    double: Tensor
    converged: bool = True

    def __len__(self) -> int:
        return len(self.alphas)


class Curve(Protocol):
    """An embedding along the path, as a function of α in [0, 1]: what an adaptive rule looks at."""

    def value(self, alphas: Tensor, *, double: bool) -> Tensor:
        """f(x(α)): `(N,)` → `(N, D)`; in float64 where `double`."""
        ...

    def slope(self, alphas: Tensor, *, double: bool) -> Tensor:
        """d f(x(α)) / dα: `(N,)` → `(N, D)`; in float64 where `double`."""
        ...


class Rule(Protocol):
    """A quadrature rule on [0, 1]."""

    def nodes(self, curve: Curve) -> Nodes:
        """The nodes and weights for the integral of `curve`'s slope over [0, 1]."""
        ...


@dataclass(frozen=True)
class RightRiemann:
    """The rule of the papers (EMNLP 2023, arXiv 2310.05703): α = 1, 1 − 1/n, …, 1/n, equal weights.

    Its error falls as 1/n where the integrand is smooth.

    Args:
        n: the number of nodes, at least 1.

    Raises:
        TypeError, ValueError: `n` is no whole number, or below 1.
    """

    n: int

    def __post_init__(self) -> None:
        _check_count(self.n, "RightRiemann")

    def nodes(self, curve: Curve | None = None) -> Nodes:
        """`n` nodes, from 1 down to 1/n. The curve is not looked at."""
        alphas = torch.arange(self.n, 0, -1, dtype=torch.float64) / self.n
        return _fixed(alphas, torch.full((self.n,), 1 / self.n, dtype=torch.float64))


@dataclass(frozen=True)
class GaussLegendre:
    """The Gauss–Legendre rule with `n` nodes: exact for polynomials up to degree 2n − 1.

    Args:
        n: the number of nodes, at least 1.

    Raises:
        TypeError, ValueError: `n` is no whole number, or below 1.
    """

    n: int

    def __post_init__(self) -> None:
        _check_count(self.n, "GaussLegendre")

    def nodes(self, curve: Curve | None = None) -> Nodes:
        """`n` nodes in ascending order. The curve is not looked at."""
        points, weights = np.polynomial.legendre.leggauss(self.n)  # on [-1, 1], weights sum to 2
        return _fixed(torch.from_numpy((points + 1) / 2), torch.from_numpy(weights / 2))


def _fixed(alphas: Tensor, weights: Tensor) -> Nodes:
    return Nodes(alphas, weights, torch.zeros(len(alphas), dtype=torch.bool))


def _check_count(n: object, rule: str) -> None:
    if isinstance(n, bool) or not isinstance(n, int):
        raise TypeError(f"{rule}(n) got {n!r} ({type(n).__name__}); expected a whole number of nodes, such as 50.")
    if n < 1:
        raise ValueError(f"{rule}(n) got n = {n}; expected at least 1 node. Try {rule}(50).")
