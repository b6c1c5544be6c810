"""The adaptive rule: halve what misses the law, until the whole holds.

Law 1 holds on every part of the path: over [α₀, α₁] the integral of the slope is
f(x(α₁)) − f(x(α₀)). So the error of a panel is known, for one directional derivative at each of
its nodes and the values at its ends, before a single token has been looked at.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from xsbert.attribution.quadrature.fixed import GaussLegendre
from xsbert.attribution.quadrature.rule import Answer, Nodes, Plan, Question
from xsbert.results.arguments import at_least, real

# A float32 path resolves α to a few steps of this size. Where a step is a larger share of a panel
# than the tolerance allows, rounding shows in the panel's error.
FLOAT32_STEP = 2.0**-22
# Below this the nodes of a panel are no longer distinct in float64 to the digits that count.
NARROWEST_PANEL = 2.0**-44
# Nodes to a panel. With five, panels may be wide; three are enough for about half of them in the end
# (all-mpnet-base-v2: 20 % fewer nodes). Starting with 3, 4, 7 or 10, or trying 8 before a split, took more.
NODES, THIN_NODES = 5, 3
# A panel that misses by little is given two more before it is split: 6 % less work at the layers before the
# last, none more at the others.
MORE_NODES, MISS_WORTH_MORE_NODES = 7, 5.0
# One panel may be enough for the whole path, with so few nodes, or with more where it misses by little.
FEWEST_NODES, WHOLE_NODES, MISS_WORTH_A_WHOLE = 6, 9, 30.0
# Where panels miss by so many times the tolerance, their halves are halved on by values alone while they bend.
MISS_WORTH_LOCATING, BEND_OF_A_JUMP = 100.0, 0.35
# A float32 value tells where a jump is to about a hundredth of such a panel.
WIDTH_THAT_NEEDS_FLOAT64 = 100 * FLOAT32_STEP
# The error is about so many times larger with the fewest nodes, or more; panels that can't spare that are not asked.
THIN_ERROR = 4
# The share of the tolerance that giving up nodes may use: the rest is for the token passes' rounding.
SHARE_FOR_THINNING = 0.95
# Halves miss together by less than what they are halves of, or by as much where f jumps or swings. By twice as much
# they miss where values are rounded: more than this, for so many rounds on end, and halving is in vain.
GROWTH_BY_ROUNDING, ROUNDS_IN_VAIN = 1.5, 2


@dataclass(frozen=True)
class Adaptive:
    """Gauss–Legendre panels, halved where the law is missed.

    Takes one panel with 6 or 9 nodes where that is enough. Else it splits the panels with the largest errors until the
    error of the whole is at most `rtol` · ‖f(x) − f(r)‖, and so is the root of the sum of its panels' squared errors:
    no errors that cancel by chance. Jumps much narrower than a panel are looked for by values alone. A narrow panel
    that still misses is measured again in float64 before it is split, and so are all where halving makes errors grow;
    in float64 that ends the search. In the end panels that can spare nodes give up two of five.

    Where a pooling takes maxima, the slope jumps wherever another token takes over, and the error falls no
    faster than 1/n: all-MiniLM-L6-v2 with such a pooling takes 1,200 nodes to 1e-3, and a tenth of these to 1e-2.

    Hidden states of shallow layers jump within a millionth of the path; a uniform rule with a
    thousand nodes steps over them, and this one does not.

    Args:
        rtol: the relative error of law 1 to be reached.
        max_nodes: an upper bound on the nodes. Where it is met first, the rule gives up:
            `Nodes.converged` is False, and the caller warns.

    Raises:
        TypeError: `max_nodes` is no whole number.
        ValueError: `rtol` is not in (0, 1), or `max_nodes` is below 10 (two panels).
    """

    rtol: float = 1e-3
    max_nodes: int = 2000

    def __post_init__(self) -> None:
        rtol = real(self.rtol, 0, 1, "Adaptive(rtol)", "a number between 0 and 1, such as 1e-3")
        most = at_least(self.max_nodes, 2 * NODES, "Adaptive(max_nodes)", "a whole number, such as 2000")
        object.__setattr__(self, "rtol", rtol)
        object.__setattr__(self, "max_nodes", most)

    def plan(self, start: Tensor, end: Tensor) -> Plan:
        """The nodes on the panels that meet the tolerance together, in ascending order."""
        values: Values = {(0.0, False): start, (1.0, False): end}
        tolerance = self.rtol * float(torch.linalg.vector_norm(end.double() - start.double()))
        whole = _judged(values, (yield from _measured(values, [_Panel(0.0, 1.0, order=FEWEST_NODES)])))
        if whole[0].error <= MISS_WORTH_A_WHOLE * tolerance and not whole[0].error <= SHARE_FOR_THINNING * tolerance:
            whole = _judged(values, (yield from _measured(values, [_Panel(0.0, 1.0, order=WHOLE_NODES)])))
        if whole[0].error <= SHARE_FOR_THINNING * tolerance:
            return _collect(whole, converged=True)
        leaves = yield from _measured(values, [_Panel(0.0, 0.5), _Panel(0.5, 1.0)])
        parents: list[_Panel] = []
        rounds_in_vain = 0
        while True:
            leaves = _judged(values, leaves)
            missed = _missed(values, leaves)
            settled, worst = _sorted_out(leaves, tolerance, missed)
            if not worst:
                spare = SHARE_FOR_THINNING * tolerance - sum(p.error for p in leaves)
                able = [replace(p, order=THIN_NODES) for p in leaves if (THIN_ERROR - 1) * p.error <= spare]
                thin = _judged(values, (yield from _measured(values, able)))
                return _collect(_thinned(leaves, thin, spare), converged=True)
            rounds_in_vain = rounds_in_vain + 1 if _in_vain(parents, leaves) else 0
            rounding = rounds_in_vain >= ROUNDS_IN_VAIN
            finer = [part for p in worst for part in self._refined(p, tolerance, rounding)]
            parents = [p for p in worst if not rounding]
            if not rounding and max(p.error for p in worst) > MISS_WORTH_LOCATING * tolerance:
                finer = yield from _located(values, finer, MISS_WORTH_MORE_NODES * tolerance, self.max_nodes // NODES)
            hopeless = all(p.width <= NARROWEST_PANEL or (p.double and rounding) for p in worst)
            if hopeless or sum(p.order for p in settled + finer) > self.max_nodes:
                return _collect(leaves, converged=missed <= tolerance)
            leaves = settled + (yield from _measured(values, finer))

    def _refined(self, panel: _Panel, tolerance: float, rounding: bool) -> list[_Panel]:
        """The panel in float64 where rounding may be what it misses by, else with more nodes, else its halves."""
        if not panel.double and (FLOAT32_STEP / panel.width > self.rtol or rounding):
            return [replace(panel, double=True)]
        if panel.order == NODES and panel.error <= MISS_WORTH_MORE_NODES * tolerance:
            return [replace(panel, order=MORE_NODES)]
        return panel.halves()


_ORDERS = {THIN_NODES, NODES, MORE_NODES, FEWEST_NODES, WHOLE_NODES}
_RULES = {order: GaussLegendre(order).nodes() for order in _ORDERS}


@dataclass(frozen=True)
class _Panel:
    """One part [left, right] of the path, and how far its nodes miss law 1 there."""

    left: float
    right: float
    double: bool = False
    order: int = NODES
    integral: Tensor | None = field(default=None, compare=False)
    error: float = math.inf

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2

    def halves(self) -> list[_Panel]:
        return [
            replace(self, right=self.middle, order=NODES),
            replace(self, left=self.middle, order=NODES),
        ]

    @property
    def alphas(self) -> Tensor:
        return self.left + self.width * _RULES[self.order].alphas

    @property
    def weights(self) -> Tensor:
        return self.width * _RULES[self.order].weights


Values = dict[tuple[float, bool], Tensor]
"""f(x(α)) at the panels' ends, each asked for once: (α, in float64) → `(D,)`."""


def _asked(values: Values, alphas: set[float], double: bool) -> Generator[Question, Answer, None]:
    """Asks for the values that are not known yet."""
    if new := sorted(alpha for alpha in alphas if (alpha, double) not in values):
        answer = yield Question(new, torch.zeros(0, dtype=torch.float64, device="cpu"), double)
        values.update({(alpha, double): value for alpha, value in zip(new, answer.values, strict=True)})


def _located(
    values: Values, panels: list[_Panel], least: float, most: int
) -> Generator[Question, Answer, list[_Panel]]:
    """The panels, those halved on in which f jumps: half of the change lies on one side of the middle.

    That takes one value for a panel, where its error takes five slopes: a jump a millionth of the path
    wide is found for the price of two panels' errors. What is found is measured as any other panel, in
    float64 where it is narrow.
    """
    found: list[_Panel] = []
    while panels and len(found) + len(panels) <= most:
        panels = [replace(p, double=p.double or p.width < WIDTH_THAT_NEEDS_FLOAT64) for p in panels]
        for double in (False, True):
            group = [p for p in panels if p.double is double]
            yield from _asked(values, {a for p in group for a in (p.left, p.middle, p.right)}, double)
        bent = [p for p in panels if p.width > NARROWEST_PANEL and _bends(values, p, least)]
        found += [p for p in panels if p not in bent]
        panels = [half for p in bent for half in p.halves()]
    return found + panels


def _bends(values: Values, panel: _Panel, least: float) -> bool:
    left, middle, right = (values[a, panel.double] for a in (panel.left, panel.middle, panel.right))
    bend = float(torch.linalg.vector_norm(middle - (left + right) / 2))
    return bend > max(least, BEND_OF_A_JUMP * float(torch.linalg.vector_norm(right - left)))


def _measured(values: Values, panels: list[_Panel]) -> Generator[Question, Answer, list[_Panel]]:
    """The same panels with their integrals, Σ wᵢ slope(αᵢ), and the values at their ends known."""
    measured = []
    for double in sorted({p.double for p in panels}):
        group = [p for p in panels if p.double is double]
        new = sorted({end for p in group for end in (p.left, p.right)} - {a for a, d in values if d is double})
        answer = yield Question(new, torch.cat([p.alphas for p in group]), double)
        values.update({(alpha, double): value for alpha, value in zip(new, answer.values, strict=True)})
        slopes = answer.slopes.split([p.order for p in group])  # (n, D) each
        measured += [replace(p, integral=p.weights.to(each) @ each) for p, each in zip(group, slopes, strict=True)]
    return measured


def _judged(values: Values, panels: list[_Panel]) -> list[_Panel]:
    """The same panels with their errors: ‖integral − (f(right) − f(left))‖.

    Where panels of both precisions meet, the float64 value counts for both: so what the errors add up
    to is the error of the whole, and rounding where they meet is in it.
    """
    if not panels:
        return []

    def best(alpha: float) -> Tensor:
        return values.get((alpha, True), values.get((alpha, False)))  # type: ignore[return-value]

    steps = torch.stack([best(p.right).double() - best(p.left).double() for p in panels])
    integrals = torch.stack([p.integral.double() for p in panels if p.integral is not None])
    errors = torch.linalg.vector_norm(integrals - steps, dim=-1).tolist()
    return [replace(p, error=error) for p, error in zip(panels, errors, strict=True)]


def _missed(values: Values, panels: list[_Panel]) -> float:
    """How far the panels together miss f(x) − f(r)."""
    whole = sum(p.integral.double() for p in panels if p.integral is not None)
    return float(torch.linalg.vector_norm(whole - (values[1.0, False].double() - values[0.0, False].double())))


def _in_vain(parents: list[_Panel], panels: list[_Panel]) -> bool:
    """Whether the halves among the panels miss by more together than what they are halves of."""
    errors = {(p.left, p.right): p.error for p in panels}
    halved = [p for p in parents if all((half.left, half.right) in errors for half in p.halves())]
    after = sum(errors[half.left, half.right] for p in halved for half in p.halves())
    return bool(halved) and after > GROWTH_BY_ROUNDING * sum(p.error for p in halved)


def _sorted_out(panels: list[_Panel], tolerance: float, missed: float) -> tuple[list[_Panel], list[_Panel]]:
    """The panels that may stay, and those to refine: the fewest without which the errors of the rest
    sum to at most half the tolerance; none where the whole misses by no more than it.

    Panels miss in directions of their own, so that the whole misses by about the root of their squares' sum, and
    by far less than their sum where there are many (a maximum makes a kink in most). Where it misses by less than
    that root, errors cancel by chance.
    """
    if missed <= tolerance and math.hypot(*(p.error for p in panels)) <= tolerance:
        return panels, []
    kept, ordered = 0.0, sorted(panels, key=lambda p: p.error)
    for count, panel in enumerate(ordered):
        kept += panel.error
        if not kept <= tolerance / 2:
            return ordered[:count], ordered[count:]
    return ordered, []


def _thinned(panels: list[_Panel], thin: list[_Panel], spare: float) -> list[_Panel]:
    """The panels, the thin ones in place of others where `spare` allows it, those first that it costs least."""
    chosen = {(p.left, p.double): p for p in panels}
    costs = [(p.error - chosen[p.left, p.double].error, p) for p in thin]
    for cost, panel in sorted(costs, key=lambda pair: pair[0]):
        if cost <= spare:
            chosen[panel.left, panel.double] = panel
            spare -= cost
    return list(chosen.values())


def _collect(panels: list[_Panel], converged: bool) -> Nodes:
    panels = sorted(panels, key=lambda p: p.left)
    return Nodes(
        alphas=torch.cat([p.alphas for p in panels]),
        weights=torch.cat([p.weights for p in panels]),
        double=torch.cat([torch.full((p.order,), p.double, device="cpu") for p in panels]),
        converged=converged,
    )
