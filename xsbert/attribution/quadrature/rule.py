"""Nodes and weights on [0, 1]: the rules that integrate along the path from a reference to a text.

A rule is a value. Its plan gives `Nodes`, and may ask for values and slopes along the path first.

Law: the weights of every rule sum to 1.

Nodes are few numbers that Python looks at: they lie on the processor, whatever the default device is.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

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


@runtime_checkable
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
