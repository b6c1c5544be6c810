"""Vectors pulled back to the tokens of a text, by reverse mode.

For cotangents v (C of them, each in R^D) and the path from r to x,

    p[c, s] = ∫₀¹ v_c · J(r + α (x − r)) (e_s ⊗ δ_s) dα = v_c · u_s:

the products of the v with the token vectors, without the token vectors: C backward passes at each
node, where these would take S forward ones. A short text's token vectors pulled back through a long
one give the pair's matrix for the price of the short text's length.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from xsbert.attribution.forward_mode.derivatives import NoDerivative, is_beyond, reason
from xsbert.attribution.integration.paths import Paths
from xsbert.attribution.integration.token_vectors import relative, settled
from xsbert.attribution.quadrature.rule import Nodes, Rule


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

    products: Float[Tensor, "C S"]
    start_value: Float[Tensor, D]
    end_value: Float[Tensor, D]
    error: float
    nodes: int
    converged: bool


def pulled_back(paths: Paths, rule: Rule, cotangents: Float[Tensor, "C D"]) -> Pulled:
    """The cotangents' products with the token vectors of a path.

    Args:
        paths: the function, the start and the end, of one text.
        rule: where to evaluate the Jacobian.
        cotangents: v, `(C, D)`.

    Returns:
        The products, `(C, S)`, with f at both ends and the error of law 1.

    Raises:
        NoDerivative: f's code writes over what its backward pass needs, or has none. Forward mode may pass.
    """
    start_value, end_value = paths.start_values[0], paths.end_values[0]
    (nodes,) = settled(paths, rule)
    change = end_value.double() - start_value.double()
    # The change itself is pulled back too: it makes the whole sum checkable, whatever the others are.
    pulled = torch.cat([cotangents.double(), change[None]])  # (C + 1, D)
    products = torch.zeros(len(pulled), paths.tokens, dtype=torch.float64, device=pulled.device)
    try:
        for double in (False, True):
            _add_weighted(products, paths, nodes, pulled, double)
    except Exception as cause:
        if not is_beyond(cause):
            raise
        raise NoDerivative(f"no gradient passes through the code: {reason(cause)}") from cause
    lengths = torch.linalg.vector_norm(pulled, dim=1) * torch.linalg.vector_norm(change)
    error = relative((products.sum(1) - pulled @ change).abs(), lengths)
    return Pulled(products[:-1], start_value, end_value, error, len(nodes), nodes.converged)


@torch.no_grad()
def _add_weighted(totals: Tensor, paths: Paths, nodes: Nodes, cotangents: Tensor, double: bool) -> None:
    """Adds Σ_n wₙ v_c · J(x(αₙ)) (e_s ⊗ δ_s) over the nodes of one precision to the totals, `(C, S)`."""
    alphas, weights = nodes.alphas[nodes.double == double], nodes.weights[nodes.double == double]

    def points_at_once() -> int:
        # Half the memory is for the graph that the backward passes go through, half for these.
        return min(paths.rows("graph", double) // 2, paths.rows("backward", double) // len(totals)) // paths.tokens

    def cotangents_at_once(rows: int) -> int:
        return paths.rows("backward", double) // (2 * rows)

    for part in paths.chunks(len(alphas), points_at_once):
        which = torch.zeros(len(alphas[part]), dtype=torch.long, device=paths.ends.device)
        points, deltas = paths.points(alphas[part], which, double), paths.deltas(which)
        rows = len(points) * paths.tokens
        points.requires_grad_()
        output = paths.measured("graph", rows, partial(_with_graph, paths, points, which), double)
        scaled = cotangents.to(output)[:, None] * weights[part].to(output)[:, None]  # (C, N, D)
        for some in paths.chunks(len(scaled), partial(cotangents_at_once, rows)):
            backward = partial(gradients, output, points, scaled[some])
            found = paths.measured("backward", len(scaled[some]) * rows, backward, double)  # (C, N, S, H)
            totals[some] += torch.einsum("cnsh,nsh->cs", found, deltas.to(found)).double()
            paths.progress(len(points) * len(scaled[some]) / (len(nodes) * len(scaled)))


@torch.enable_grad()
def _with_graph(paths: Paths, points: Tensor, texts: Tensor) -> Tensor:
    return paths.function(points, texts)


def gradients(
    output: Float[Tensor, "N D"], points: Float[Tensor, "N S H"], cotangents: Float[Tensor, "C N D"]
) -> Float[Tensor, "C N S H"]:
    """Each of C cotangents, `(N, D)`, pulled back to the points that the output was made of: `(C, N, S, H)`."""
    try:
        (found,) = torch.autograd.grad(output, points, cotangents, retain_graph=True, is_grads_batched=True)
        return found
    except Exception as cause:  # a function whose backward pass does not batch
        if not is_beyond(cause):
            raise
    return torch.stack([torch.autograd.grad(output, points, each, retain_graph=True)[0] for each in cotangents])
