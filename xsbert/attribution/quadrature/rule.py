"""Nodes and weights on [0, 1]: the rules that integrate along the path from a reference to a text.

A rule is a value. Its plan gives `Nodes`; the rules here do not look at the path, and
`xsbert.attribution.Adaptive` does.

Law: the weights of every rule sum to 1.

Nodes are few numbers that Python looks at: they lie on the processor, whatever the default device is.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from xsbert.results.arguments import at_least


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


@dataclass(frozen=True)
class Question:
    """What a rule asks of the embedding along a path.

    Args:
        ends: the α at which it asks for the values f(x(α)).
        inner: the α at which it asks for the slopes d f(x(α)) / dα.
        double: whether in float64.
    """

    ends: Sequence[float]
    inner: Tensor
    double: bool


@dataclass(frozen=True)
class Answer:
    """The values `(E, D)` and the slopes `(N, D)` that were asked for."""

    values: Tensor
    slopes: Tensor


Plan = Generator[Question, Answer, Nodes]
"""A rule at work on one path: it asks, is answered, and in the end returns its nodes."""


class Rule(Protocol):
    """A quadrature rule on [0, 1]."""

    def plan(self, start: Tensor, end: Tensor) -> Plan:
        """The way to the nodes of one path.

        A generator, so that the questions of many paths can be answered together.

        Args:
            start: f(r), `(D,)`.
            end: f(x), `(D,)`.
        """
        ...


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
