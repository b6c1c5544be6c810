"""The adaptive rule: halve what misses the law, until the whole holds.

Law 1 holds on every part of the path: over [α₀, α₁] the integral of the slope is
f(x(α₁)) − f(x(α₀)). So the error of a panel is known, for one directional derivative at each of
its nodes and the values at its ends, before a single token has been looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from xsbert.attribution.quadrature import Curve, GaussLegendre, Nodes

# A float32 path resolves α to a few steps of this size. Where a step is a larger share of a panel
# than the tolerance allows, rounding shows in the panel's error.
FLOAT32_STEP = 2.0**-22
# Below this the nodes of a panel are no longer distinct in float64 to the digits that count.
NARROWEST = 2.0**-44


@dataclass(frozen=True)
class Adaptive:
    """Gauss–Legendre panels, halved where the law is missed.

    Splits the panels with the largest errors until the sum of all panels' errors is at most
    `rtol` · ‖f(x) − f(r)‖. A narrow panel that still misses is measured again in float64 before it
    is split. Hidden states of shallow layers jump within a millionth of the path; a uniform rule
    with a thousand nodes steps over them, and this one does not.

    Args:
        rtol: the relative error of law 1 to be reached.
        max_nodes: an upper bound on the nodes. Where it is met first, the rule gives up:
            `Nodes.converged` is False, and the caller warns.

    Raises:
        ValueError: `rtol` is not in (0, 1), or `max_nodes` is below 5 (one panel).
    """

    rtol: float = 1e-3
    max_nodes: int = 2000

    def __post_init__(self) -> None:
        if not isinstance(self.rtol, (int, float)) or not 0 < self.rtol < 1:
            raise ValueError(f"Adaptive(rtol) got {self.rtol!r}; expected a number between 0 and 1, such as 1e-3.")
        if not isinstance(self.max_nodes, int) or self.max_nodes < len(_POINTS):
            raise ValueError(
                f"Adaptive(max_nodes) got {self.max_nodes!r}; expected a whole number, at least {len(_POINTS)}."
            )

    def nodes(self, curve: Curve) -> Nodes:
        """The nodes on the panels that meet the tolerance together, in ascending order."""
        values = _Values(curve)
        tolerance = self.rtol * values.distance()
        leaves = _measure(values, [_Panel(0.0, 1.0)])
        while True:
            worst = _to_refine(leaves, tolerance)
            if not worst:
                return _collect(leaves, converged=True)
            settled = [p for p in leaves if p not in worst]
            rounded = [p for p in worst if not p.double and FLOAT32_STEP / p.width > self.rtol]
            splits = [p for p in worst if p not in rounded and p.width > NARROWEST]
            stuck = [p for p in worst if p not in rounded and p.width <= NARROWEST]
            again = [p.in_double() for p in rounded]
            halves = [half for p in splits for half in p.halves()]
            count = len(settled) + len(again) + len(halves) + len(stuck)
            if count * len(_POINTS) > self.max_nodes or not (again or halves):
                return _collect(leaves, converged=False)
            leaves = settled + stuck + _measure(values, again + halves)


_RULE = GaussLegendre(5).nodes()
_POINTS, _WEIGHTS = _RULE.alphas, _RULE.weights


@dataclass(frozen=True)
class _Panel:
    """One part [left, right] of the path, and how far its nodes miss law 1 there."""

    left: float
    right: float
    double: bool = False
    error: float = math.inf

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def alphas(self) -> Tensor:
        return self.left + self.width * _POINTS

    def in_double(self) -> _Panel:
        return _Panel(self.left, self.right, double=True)

    def halves(self) -> tuple[_Panel, _Panel]:
        middle = (self.left + self.right) / 2
        return _Panel(self.left, middle, self.double), _Panel(middle, self.right, self.double)


class _Values:
    """The curve's values at panel ends, each computed once."""

    def __init__(self, curve: Curve) -> None:
        self.curve = curve
        self.known: dict[tuple[float, bool], Tensor] = {}

    def distance(self) -> float:
        self.compute([0.0, 1.0], double=False)
        return float(torch.linalg.vector_norm(self.at(1.0, False) - self.at(0.0, False)))

    def at(self, alpha: float, double: bool) -> Tensor:
        return self.known[alpha, double]

    def compute(self, alphas: Iterable[float], double: bool) -> None:
        new = sorted({alpha for alpha in alphas if (alpha, double) not in self.known})
        if new:
            rows = self.curve.value(torch.tensor(new, dtype=torch.float64), double=double)
            self.known.update({(alpha, double): row for alpha, row in zip(new, rows, strict=True)})


def _measure(values: _Values, panels: list[_Panel]) -> list[_Panel]:
    """The same panels with their errors: ‖Σ wᵢ slope(αᵢ) − (f(right) − f(left))‖."""
    return [
        measured
        for double in (False, True)
        if (group := [p for p in panels if p.double is double])
        for measured in _measure_group(values, group, double)
    ]


def _measure_group(values: _Values, panels: list[_Panel], double: bool) -> list[_Panel]:
    values.compute((end for p in panels for end in (p.left, p.right)), double)
    slopes = values.curve.slope(torch.cat([p.alphas for p in panels]), double=double)
    slopes = slopes.unflatten(0, (len(panels), len(_POINTS)))  # (P·5, D) → (P, 5, D)
    weights = torch.stack([p.width * _WEIGHTS for p in panels]).to(slopes)  # (P, 5)
    integrals = torch.einsum("pn,pnd->pd", weights, slopes)
    steps = torch.stack([values.at(p.right, double) - values.at(p.left, double) for p in panels])
    errors = torch.linalg.vector_norm(integrals - steps, dim=-1).tolist()
    return [_Panel(p.left, p.right, double, error) for p, error in zip(panels, errors, strict=True)]


def _to_refine(panels: list[_Panel], tolerance: float) -> list[_Panel]:
    """The fewest panels without which the errors of the rest sum to at most half the tolerance;
    none where the whole sum is within it."""
    if sum(p.error for p in panels) <= tolerance:
        return []
    kept, worst = 0.0, sorted(panels, key=lambda p: p.error)
    while worst and kept + worst[0].error <= tolerance / 2:
        kept += worst.pop(0).error
    return worst


def _collect(panels: list[_Panel], converged: bool) -> Nodes:
    panels = sorted(panels, key=lambda p: p.left)
    return Nodes(
        alphas=torch.cat([p.alphas for p in panels]),
        weights=torch.cat([p.width * _WEIGHTS for p in panels]),
        double=torch.tensor([p.double for p in panels]).repeat_interleave(len(_POINTS)),
        converged=converged,
    )
