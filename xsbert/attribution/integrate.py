"""Token vectors of a function along a straight path, by forward mode.

For f: (N, S, H) → (N, D), a start r and an end x (both (S, H)), token s's vector is

    u_s = ∫₀¹ J(r + α (x − r)) · (e_s ⊗ δ_s) dα,   δ = x − r,

the integrated Jacobian (EMNLP 2023, arXiv 2310.05703) contracted with the token's displacement: an
integral of directional derivatives, one forward-mode pass for each token.

Law 1: Σ_s u_s = f(x) − f(r), up to the quadrature's error.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from xsbert.attribution.quadrature import Nodes, Rule

Function = Callable[[Tensor], Tensor]

# Rows (tangents × nodes × tokens) that one pass holds. More is not faster, and takes more memory:
# temporaries over about 30 MB are given back to the system, and zeroed anew each time.
MAX_ROWS = 2048
# torch counts the nesting of its forward-mode transforms in one variable for the whole process.
_FORWARD_MODE = threading.RLock()


@dataclass(frozen=True)
class Integral:
    """What integrating a function's Jacobian along a path gave.

    Args:
        vectors: the token vectors u, `(S, D)`, float64.
        start_value: f(r), `(D,)`.
        end_value: f(x), `(D,)`.
        nodes: the number of nodes N.
        converged: False where an adaptive rule gave up.
    """

    vectors: Tensor
    start_value: Tensor
    end_value: Tensor
    nodes: int
    converged: bool

    @property
    def error(self) -> float:
        """The relative error of law 1: ‖Σ_s u_s − (f(x) − f(r))‖ / ‖f(x) − f(r)‖; 0 where both are 0."""
        change = self.end_value.double() - self.start_value.double()
        miss = float(torch.linalg.vector_norm(self.vectors.sum(0) - change))
        return miss / float(torch.linalg.vector_norm(change)) if miss else 0.0


class Path:
    """f along the straight line from `start` to `end`: the `Curve` that adaptive rules look at.

    Args:
        function: f, `(N, S, H)` → `(N, D)`. It is given float64 where a rule asks for it.
        start: r, `(S, H)`.
        end: x, `(S, H)`.
        max_rows: how many rows (points × tokens) one call of f is given at most; never less than a point.
    """

    def __init__(self, function: Function, start: Tensor, end: Tensor, max_rows: int = MAX_ROWS) -> None:
        self.function, self.start, self.end, self.max_rows = function, start, end, max_rows

    @property
    def tokens(self) -> int:
        return len(self.start)

    def points(self, alphas: Tensor, double: bool) -> tuple[Tensor, Tensor]:
        """The hidden states at each α, `(N, S, H)`, and the displacement δ, `(S, H)`."""
        dtype = torch.float64 if double else self.start.dtype
        start, delta = self.start.to(dtype), self.end.to(dtype) - self.start.to(dtype)
        alphas = alphas.to(delta)
        return start + alphas[:, None, None] * delta, delta

    def chunks(self, alphas: Tensor, tangents: int = 1) -> tuple[Tensor, ...]:
        """The nodes in parts that keep within `max_rows`, with so many tangents at each."""
        return alphas.split(max(1, self.max_rows // (self.tokens * tangents)))

    @torch.no_grad()
    def value(self, alphas: Tensor, *, double: bool = False) -> Tensor:
        """f(x(α)): `(N,)` → `(N, D)`."""
        return torch.cat([self.function(self.points(part, double)[0]) for part in self.chunks(alphas)])

    @torch.no_grad()
    def slope(self, alphas: Tensor, *, double: bool = False) -> Tensor:
        """d f(x(α)) / dα = J · δ: `(N,)` → `(N, D)`."""
        slopes = []
        for part in self.chunks(alphas, tangents=2):
            points, delta = self.points(part, double)
            slopes.append(_pushed(self.function, points, delta.expand_as(points)))
        return torch.cat(slopes)


def token_vectors(path: Path, rule: Rule) -> Integral:
    """The token vectors of a function along a path.

    Args:
        path: the function, the start and the end.
        rule: where to evaluate the Jacobian.

    Returns:
        The vectors, `(S, D)`, with f at both ends and the law-1 error.
    """
    if torch.equal(path.start, path.end):
        value = path.value(torch.ones(1))[0]
        return Integral(value.new_zeros(path.tokens, len(value), dtype=torch.float64), value, value, 0, True)
    start_value, end_value = path.value(torch.tensor([0.0, 1.0], dtype=torch.float64))
    nodes = rule.nodes(path)
    groups = [_weighted(path, nodes, double) for double in (False, True) if (nodes.double == double).any()]
    return Integral(torch.stack(groups).sum(0), start_value, end_value, len(nodes), nodes.converged)


@torch.no_grad()
def _weighted(path: Path, nodes: Nodes, double: bool) -> Tensor:
    """Σ_n wₙ J(x(αₙ)) · (e_s ⊗ δ_s) over the nodes of one precision: `(S, D)`, float64."""
    chosen = nodes.double == double
    alphas, weights = nodes.alphas[chosen], nodes.weights[chosen]
    total: Any = 0.0
    for part in path.chunks(torch.stack([alphas, weights], dim=1), tangents=path.tokens + 1):
        points, delta = path.points(part[:, 0], double)
        at_a_time = max(1, path.max_rows // (len(points) * path.tokens))
        pushed = torch.cat(
            [
                _pushed_each(path.function, points, _token_tangents(tokens, delta, len(points)))
                for tokens in torch.arange(path.tokens, device=points.device).split(at_a_time)
            ]
        )  # (S, N, D)
        total = total + torch.einsum("n,snd->sd", part[:, 1].to(pushed.device), pushed.double())
    return total


def _token_tangents(tokens: Tensor, delta: Tensor, nodes: int) -> Tensor:
    """e_s ⊗ δ_s for each of the T tokens, at each node: `(T,)` → `(T, N, S, H)`."""
    tangents = delta.new_zeros(len(tokens), nodes, *delta.shape)
    tangents[torch.arange(len(tokens), device=tokens.device), :, tokens] = delta[tokens][:, None]  # (T, N, H)
    return tangents


def _pushed(function: Function, points: Tensor, tangent: Tensor) -> Tensor:
    """J · tangent at each point: `(N, S, H)` → `(N, D)`."""
    with _FORWARD_MODE:
        return torch.func.jvp(function, (points,), (tangent,))[1]


def _pushed_each(function: Function, points: Tensor, tangents: Tensor) -> Tensor:
    """J · tangent for each of T tangents, `(T, N, S, H)` → `(T, N, D)`; f itself is computed once."""
    with _FORWARD_MODE:
        return torch.func.vmap(lambda tangent: torch.func.jvp(function, (points,), (tangent,))[1])(tangents)
