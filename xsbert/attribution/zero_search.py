"""A zero of a function near a start: f(r) = 0, D equations for S · H unknowns.

Of the many zeros one near the start is wanted, so steps are short ones. At a point with the Jacobian
J, `(D, S·H)`, the damped Gauss–Newton steps (Levenberg, Quarterly of Applied Mathematics 2, 1944)

    step(λ) = −Jᵀ (J Jᵀ + λ)⁻¹ f

run from the minimum-norm solution of J · step = −f, λ = 0, down to short ones along the gradient. One
eigendecomposition of J Jᵀ, `(D, D)`, gives them all, and one pass of the function tries them all.

What a step is worth is judged by the length of the correction that J still asks for after it,
‖Jᵀ (J Jᵀ)⁻¹ f‖ (Deuflhard, Newton Methods for Nonlinear Problems, 2004), not by ‖f‖: hidden states jump
in some directions within a millionth of their length, where f is large and its zero near. By ‖f‖
all-MiniLM-L6-v2's layer 0 took twice as many Jacobians. But where every step that a new Jacobian gives
is curved away and asks for a longer correction, ‖f‖ decides: without that the search ended at some
lengths, 18 tokens for one, at layer 0 with ‖f‖ at .6 of its start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from xsbert.attribution.integration.pullback import gradients

Pointwise = Callable[[Tensor], Tensor]

# What is tried at each point: λ as shares of the largest eigenvalue, and parts of the step of λ = 0.
DAMPINGS = (*(10.0 ** (-k / 2) for k in range(11)), 0.0)
PARTS = (1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32)
# The longest step, as a share of the start's length. Without a bound the first one goes five lengths far at
# layer 0, into flat country, and the search ends there.
STRIDE = 0.3
# The shortest step is taken that has this share of the best one's gain, in powers of ten: it stays nearer.
ENOUGH = 0.7
# Eigenvalues below this share of the largest are no directions of f: nearly dead dimensions of a layer norm
# (all-mpnet-base-v2 has one with γ = 6e-7) would draw r far away for a millionth of f.
LEAST = 1e-9
# But where f is steep, weak directions are below it that f is no zero without: in those of all-mpnet-base-v2 at
# layer 0 a hundred-thousandth of f stayed. What is left at the end is held against this share, and J Jᵀ is summed
# in float64 for it, as float32 would drown them.
FINE = 1e-12
# With so little of f in the directions that J can change, the search is at an end.
LITTLE = 0.1
# While steps by a Jacobian do so well, no new one is made: it is what costs.
WELL = 0.5
# A new Jacobian whose best step leaves so much stands at a minimum.
STUCK = 0.999
# A step that does nothing for the correction is taken if it leaves so much of ‖f‖.
FALL = 0.99
MOST = 60
"""Jacobians: all-MiniLM-L6-v2 takes 5 at layer 4, up to 22 at layer 0; all-mpnet-base-v2 44 at layer 0."""


@dataclass(frozen=True)
class Root:
    """Where the search ended.

    Args:
        point: r, `(S, H)`, float64.
        size: ‖f(r)‖.
        jacobians: how many Jacobians it took.
    """

    point: Tensor
    size: float
    jacobians: int


@torch.no_grad()
def find_root(
    function: Pointwise, start: Tensor, tolerance: float, moves: Tensor, memory: float, rows: int, most: int = MOST
) -> Root:
    """A zero of f near the start; where none is reached, the point where the search ended.

    Equations that hold exactly are left out: a maximum with 0 has no slope there.

    Args:
        function: f, `(N, S, H)` → `(N, D)`. Its values are taken in float64, its Jacobian in `start`'s precision.
        start: `(S, H)`.
        tolerance: ‖f(r)‖ to be reached. The last Jacobian is used for more, where it gives more.
        moves: `(S,)`, bool: the tokens that may move.
        memory: the bytes that rows of the Jacobian may hold; what does not fit is made again when needed.
        rows: how many tokens a pass may have.
        most: how many Jacobians may be made.

    Raises:
        ValueError: f has no derivative.
    """
    stride, many = STRIDE * _length(start.double()), max(1, rows // len(start))
    point = start.double()
    value = function(point[None])[0]
    count, fine = 0, False
    while _length(value) > tolerance and count < most:
        count += 1
        linear = _Linear(function, point.to(start.dtype), value != 0, moves, memory, many, fine)
        first, long, new = linear.missing(value[None]), _length(value), True
        while True:
            size, before = _length(value), linear.missing(value[None])
            point, value = _stepped(function, linear, point, value, stride, new)
            new = False
            gained = bool(linear.missing(value[None]) < WELL * before)
            if not gained or (size <= tolerance and _length(value) > WELL * size):
                break
        moved = linear.missing(value[None]) <= STUCK * first or _length(value) <= FALL * long
        if linear.share(value) < LITTLE or not moved:
            if fine:
                break
            fine = True
    return Root(point, _length(value), count)


def _stepped(
    function: Pointwise, linear: _Linear, point: Tensor, value: Tensor, stride: float, new: bool
) -> tuple[Tensor, Tensor]:
    """The point and its value after a step; where none is any good, as they are. `new` is the Jacobian's age."""
    steps = linear.steps(value)
    steps = torch.cat([steps, *(part * steps[-1:] for part in PARTS)])
    lengths = torch.linalg.vector_norm(steps.flatten(1), dim=1)
    lengths, order = lengths.sort()
    steps = steps[order] * (stride / lengths).clamp(max=1)[:, None, None]
    values = torch.cat([function(point + some) for some in steps.split(linear.many)])  # (K, D)
    gains = -(linear.missing(values) / linear.missing(value[None])).log10().nan_to_num(nan=torch.inf)
    best = float(gains.max())
    chosen = int((gains >= min(ENOUGH * best, best)).nonzero()[0])
    if not best > 0:
        sizes = torch.linalg.vector_norm(values, dim=1)
        chosen = int(sizes.argmin())
        if not new or not sizes[chosen] <= FALL * _length(value):
            return point, value
    return point + steps[chosen], values[chosen]


class _Linear:
    """f as a linear function around a point. The Jacobian's rows are held only while J Jᵀ is made of them."""

    def __init__(
        self, function: Pointwise, point: Tensor, live: Tensor, moves: Tensor, memory: float, many: int, fine: bool
    ) -> None:
        self.function, self.point, self.moves, self.many = function, point, moves.to(point.device), many
        self.live = live.nonzero()[:, 0]  # the equations that do not hold
        self._fine = fine
        size = point.element_size() + fine * 8  # bytes
        gram = self._gram(max(1, int(memory / (2 * point.numel() * size))))
        if not torch.isfinite(gram).all():
            raise ValueError("The Jacobian holds NaN or infinity there; expected finite numbers.")
        eigenvalues, self._vectors = torch.linalg.eigh(gram)
        self._largest = float(eigenvalues[-1])
        seen = eigenvalues > (FINE if fine else LEAST) * self._largest
        self._eigenvalues, self._vectors = eigenvalues[seen], self._vectors[:, seen]

    def steps(self, value: Tensor) -> Tensor:
        """step(λ) for each λ, the largest λ first: `(K, S, H)`."""
        dampings = self._largest * self._eigenvalues.new_tensor(DAMPINGS)[:, None]
        solved = self._seen(value) / (self._eigenvalues + dampings) @ self._vectors.T  # (K, D)
        return -self._pulled(solved).double().unflatten(1, self.point.shape)

    def missing(self, values: Tensor) -> Tensor:
        """How long the minimum-norm step is that J asks for at each of K values: `(K, D)` → `(K,)`."""
        return torch.linalg.vector_norm(self._seen(values) / self._eigenvalues.sqrt(), dim=1)

    def share(self, value: Tensor) -> float:
        """The share of a value that lies in the directions that J can change."""
        return _length(self._seen(value)) / (_length(value) or 1.0)

    def _seen(self, values: Tensor) -> Tensor:
        """Values in the directions that J can change: `(…, D)` → `(…, directions)`."""
        return values[..., self.live].double().cpu() @ self._vectors

    def _gram(self, held: int) -> Tensor:
        """J Jᵀ of the equations that do not hold, from so many rows of J at a time."""
        count = len(self.live)
        eye = torch.eye(count, dtype=torch.float64, device="cpu")
        gram = torch.zeros_like(eye)
        for start in range(0, count, held):
            block = slice(start, start + held)
            rows = self._summed(eye[block])
            gram[block, block] = (rows @ rows.T).double().cpu()
            for later in range(block.stop, count, held):
                other = slice(later, later + held)
                gram[block, other] = (rows @ self._summed(eye[other]).T).double().cpu()
                gram[other, block] = gram[block, other].T
        return gram

    def _summed(self, cotangents: Tensor) -> Tensor:
        """Rows of J in the precision in which J Jᵀ is summed."""
        rows = self._pulled(cotangents)
        return rows.double() if self._fine else rows

    def _pulled(self, cotangents: Tensor) -> Tensor:
        """Jᵀ v for each of C cotangents of the equations that do not hold: `(C, S·H)`."""
        with torch.enable_grad():
            point = self.point[None].clone().requires_grad_()
            output = self.function(point)  # (1, D)
        scattered = output.new_zeros(len(cotangents), *output.shape)  # (C, 1, D)
        scattered[:, 0, self.live] = cotangents.to(output)
        try:
            pulled = torch.cat([gradients(output, point, some) for some in scattered.split(self.many)])[:, 0]
        except (NotImplementedError, RuntimeError) as cause:
            if isinstance(cause, torch.OutOfMemoryError):
                raise
            raise ValueError(
                f"No gradients pass through the function ({cause}); expected a differentiable one."
            ) from cause
        return (pulled * self.moves[:, None]).flatten(1)


def _length(value: Tensor) -> float:
    return float(torch.linalg.vector_norm(value))
