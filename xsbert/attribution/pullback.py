"""Vectors pulled back to the tokens of a text, by reverse mode.

For cotangents v (C of them, each in R^D) and the path from r to x,

    p[c, s] = ∫₀¹ v_c · J(r + α (x − r)) (e_s ⊗ δ_s) dα = v_c · u_s:

the products of the v with the token vectors, without the token vectors: C backward passes at each
node, where these would take S forward ones. A short text's token vectors pulled back through a long
one give the pair's matrix for the price of the short text's length.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from xsbert.attribution.integrate import Path
from xsbert.attribution.quadrature import Nodes, Rule

# A backward pass keeps the forward one's results: rows of the graph count for so many.
GRAPH = 4


@dataclass(frozen=True)
class Pulled:
    """What pulling vectors back along a path gave.

    Args:
        products: v_c · u_s, `(C, S)`, float64.
        start_value: f(r), `(D,)`.
        end_value: f(x), `(D,)`.
        error: the relative error of law 1 in the directions pulled back and in that of f(x) − f(r):
            the largest |Σ_s p[c, s] − v_c · (f(x) − f(r))| over ‖v_c‖ ‖f(x) − f(r)‖.
        nodes: the number of nodes N.
        converged: False where an adaptive rule gave up.
    """

    products: Tensor
    start_value: Tensor
    end_value: Tensor
    error: float
    nodes: int
    converged: bool


def pulled_back(path: Path, rule: Rule, cotangents: Tensor) -> Pulled:
    """The cotangents' products with the token vectors of a path.

    Args:
        path: the function, the start and the end.
        rule: where to evaluate the Jacobian.
        cotangents: v, `(C, D)`.

    Returns:
        The products, `(C, S)`, with f at both ends and the error of law 1.
    """
    start_value, end_value = path.value(torch.tensor([0.0, 1.0], dtype=torch.float64))
    if torch.equal(path.start, path.end):
        zeros = torch.zeros(len(cotangents), path.tokens, dtype=torch.float64, device=end_value.device)
        return Pulled(zeros, end_value, end_value, 0.0, 0, True)
    change = end_value.double() - start_value.double()
    # The change itself is pulled back too: it makes the whole sum checkable, whatever the others are.
    pulled = torch.cat([cotangents.double(), change[None]])  # (C + 1, D)
    nodes = rule.nodes(path)
    groups = [_weighted(path, nodes, pulled, double) for double in (False, True) if (nodes.double == double).any()]
    products = torch.stack(groups).sum(0)
    lengths = torch.linalg.vector_norm(pulled, dim=1) * torch.linalg.vector_norm(change)
    misses = (products.sum(1) - pulled @ change).abs() / lengths.clamp(min=1e-30)
    return Pulled(products[:-1], start_value, end_value, float(misses.max()), len(nodes), nodes.converged)


@torch.no_grad()
def _weighted(path: Path, nodes: Nodes, cotangents: Tensor, double: bool) -> Tensor:
    """Σ_n wₙ v_c · J(x(αₙ)) (e_s ⊗ δ_s) over the nodes of one precision: `(C, S)`, float64."""
    chosen = nodes.double == double
    alphas, weights = nodes.alphas[chosen], nodes.weights[chosen]
    total = torch.zeros(len(cotangents), path.tokens, dtype=torch.float64, device=cotangents.device)
    for part in path.chunks(torch.stack([alphas, weights], dim=1), tangents=len(cotangents) + GRAPH):
        points, delta = path.points(part[:, 0], double)
        output, pullback, *_ = torch.func.vjp(path.function, points)
        rows = cotangents.to(output)[:, None].expand(-1, len(points), -1)  # (C, D) → (C, N, D)
        rows = rows * part[:, 1].to(output)[:, None]
        at_a_time = max(1, path.max_rows // (len(points) * path.tokens))
        (gradients,) = torch.func.vmap(pullback, chunk_size=at_a_time)(rows)  # (C, N, S, H)
        total += torch.einsum("cnsh,sh->cs", gradients, delta).double()
    return total
