"""The published algorithm, written plainly, to measure against: the full Jacobian by backward passes.

One backward pass for each of the D embedding dimensions, all nodes of a part at once (EMNLP 2023,
arXiv 2310.05703); the token vectors are contracted from it at the end.
"""

from __future__ import annotations

import torch
from torch import Tensor

from xsbert.attribution.integration.paths import Paths
from xsbert.attribution.quadrature.fixed import GaussLegendre, RightRiemann

NODES_AT_ONCE = 10


def by_dimension(paths: Paths, rule: GaussLegendre | RightRiemann) -> Tensor:
    """Token vectors `(S, D)` by one backward pass for each embedding dimension."""

    def jacobian(output: Tensor, points: Tensor, weights: Tensor) -> Tensor:
        rows = []
        for d in range(output.shape[1]):
            (gradient,) = torch.autograd.grad(output[:, d].sum(), points, retain_graph=True)  # (N, S, H)
            rows.append(torch.einsum("n,nsh->sh", weights, gradient))
        return torch.stack(rows)  # (D, S, H)

    return _integrated(paths, rule, jacobian)


def batched(paths: Paths, rule: GaussLegendre | RightRiemann, at_once: int = 64) -> Tensor:
    """The same with batched gradients: `is_grads_batched`, so many dimensions at once."""

    def jacobian(output: Tensor, points: Tensor, weights: Tensor) -> Tensor:
        nodes, dimensions = output.shape
        eye = torch.eye(dimensions)[:, None].expand(-1, nodes, -1)  # (D, N, D)
        parts = []
        for some in eye.split(at_once):
            (gradients,) = torch.autograd.grad(output, points, some, retain_graph=True, is_grads_batched=True)
            parts.append(torch.einsum("n,dnsh->dsh", weights, gradients))
        return torch.cat(parts)  # (D, S, H)

    return _integrated(paths, rule, jacobian)


def _integrated(paths: Paths, rule: GaussLegendre | RightRiemann, jacobian) -> Tensor:  # type: ignore[no-untyped-def]
    nodes, total = rule.nodes(), 0.0
    delta = (paths.ends - paths.starts)[0]
    with torch.enable_grad():
        for alphas, weights in zip(nodes.alphas.split(NODES_AT_ONCE), nodes.weights.split(NODES_AT_ONCE), strict=True):
            which = torch.zeros(len(alphas), dtype=torch.long)
            points = paths.points(alphas, which).detach().requires_grad_()
            total = total + jacobian(paths.function(points, which), points, weights.float())
    return torch.einsum("dsh,sh->sd", total, delta)
