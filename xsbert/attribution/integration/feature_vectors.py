"""The uncompressed attribution: one number for every (token, feature) pair of both texts.

The published code can return it (`compress_embedding_dim=False`). Its size is
(S_a · H) · (S_b · H) numbers, so it is built only when asked for by name.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from xsbert.attribution.integration.paths import Paths
from xsbert.attribution.integration.token_vectors import settled
from xsbert.attribution.quadrature.rule import Rule

MAX_BYTES = 4 * 2**30


@torch.no_grad()
def feature_vectors(paths: Paths, rule: Rule) -> Float[Tensor, "S H D"]:
    """∫ J[:, s, h] dα · δ[s, h] for each token s and feature h of one text, `(S, H, D)`, float64.

    Law: the sum over h is the token vector u_s.
    """
    (nodes,) = settled(paths, rule)
    one = torch.zeros(1, dtype=torch.long, device=paths.ends.device)
    jacobian: Any = 0.0  # becomes (D, S, H)
    for n in range(len(nodes)):
        points = paths.points(nodes.alphas[n : n + 1], one, bool(nodes.double[n]))
        output, pullback, *_ = torch.func.vjp(lambda hidden: paths.function(hidden, one), points)  # (1, S, H) → (1, D)
        rows = torch.eye(output.shape[-1], dtype=output.dtype, device=output.device)[:, None]  # (D, 1, D)
        at_a_time = max(1, paths.rows("backward") // paths.tokens)
        (pulled,) = torch.func.vmap(pullback, chunk_size=at_a_time)(rows)  # (D, 1, S, H)
        jacobian = jacobian + float(nodes.weights[n]) * pulled[:, 0].double()
    deltas = paths.deltas(one)[0].double()
    if not len(nodes):
        return deltas.new_zeros(*deltas.shape, paths.end_values.shape[1])
    return torch.einsum("dsh,sh->shd", jacobian, deltas)


def check_size(tokens_a: int, tokens_b: int, *, hidden: int, max_bytes: int = MAX_BYTES) -> None:
    """Raises ValueError, with the size that it would take, where `(S_a, H, S_b, H)` float32 numbers
    are more than `max_bytes`."""
    needed = 4 * tokens_a * hidden * tokens_b * hidden
    if needed > max_bytes:
        raise ValueError(
            f"The uncompressed attribution ({tokens_a}, {hidden}, {tokens_b}, {hidden}) would take "
            f"{needed / 2**30:.1f} GiB; at most {max_bytes / 2**30:.1f} GiB are built. "
            "Use compress_embedding_dim=True for the (S_a, S_b) matrix, or shorter texts."
        )


def uncompressed(
    vectors_a: Float[Tensor, "S H D"], vectors_b: Float[Tensor, "T H D"], normalizer: float
) -> Float[Tensor, "S H T H"]:
    """Their products, `(S_a, H, D)` × `(S_b, H, D)` → `(S_a, H, S_b, H)`, float32, over the normaliser."""
    scaled = (vectors_a / normalizer if normalizer else torch.zeros_like(vectors_a)).float()
    return torch.einsum("shd,tgd->shtg", scaled, vectors_b.float())
