"""The published algorithm, written plainly, to measure against: the full Jacobian by backward passes.

One backward pass for each of the D embedding dimensions, all nodes of a part at once (EMNLP 2023,
arXiv 2310.05703); the token vectors are contracted from it at the end.
"""

from __future__ import annotations

import torch
from torch import Tensor

from xsbert.attribution.integrate import Path
from xsbert.attribution.quadrature import Rule

NODES_AT_ONCE = 10


def by_dimension(path: Path, rule: Rule) -> Tensor:
    """Token vectors `(S, D)` by one backward pass for each embedding dimension."""

    def jacobian(output: Tensor, points: Tensor, weights: Tensor) -> Tensor:
        rows = []
        for d in range(output.shape[1]):
            (gradient,) = torch.autograd.grad(output[:, d].sum(), points, retain_graph=True)  # (N, S, H)
            rows.append(torch.einsum("n,nsh->sh", weights, gradient))
        return torch.stack(rows)  # (D, S, H)

    return _integrated(path, rule, jacobian)


def batched(path: Path, rule: Rule, at_once: int = 64) -> Tensor:
    """The same with batched gradients: `is_grads_batched`, so many dimensions at once."""

    def jacobian(output: Tensor, points: Tensor, weights: Tensor) -> Tensor:
        nodes, dimensions = output.shape
        eye = torch.eye(dimensions)[:, None].expand(-1, nodes, -1)  # (D, N, D)
        parts = []
        for some in eye.split(at_once):
            (gradients,) = torch.autograd.grad(output, points, some, retain_graph=True, is_grads_batched=True)
            parts.append(torch.einsum("n,dnsh->dsh", weights, gradients))
        return torch.cat(parts)  # (D, S, H)

    return _integrated(path, rule, jacobian)


def _integrated(path: Path, rule: Rule, jacobian) -> Tensor:  # type: ignore[no-untyped-def]
    nodes, total = rule.nodes(path), 0.0
    delta = path.end - path.start
    with torch.enable_grad():
        for alphas, weights in zip(nodes.alphas.split(NODES_AT_ONCE), nodes.weights.split(NODES_AT_ONCE), strict=True):
            points = path.points(alphas, False)[0].detach().requires_grad_()
            total = total + jacobian(path.function(points), points, weights.float())
    return torch.einsum("dsh,sh->sd", total, delta)
