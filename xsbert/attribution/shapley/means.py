"""Shapley values of a mean, in closed form: of static embeddings, whose mean is the text's.

Player i brings n_i tokens whose embeddings sum to t_i, and v(K) = Σ_K t / Σ_K n. By 1/N = ∫₀¹ z^{N−1} dz, and with each
other player there by the chance q, 0 to 1 (Owen 1972), the values are integrals of polynomials over the unit square,

    u_i = ∫∫ t_i z^{n_i − 1} Π_{k≠i} P_k + Σ_{j≠i} t_j q z^{n_j − 1} (z^{n_i} − 1) Π_{k≠i,j} P_k  dz dq,
    P_k = 1 − q + q z^{n_k},

which Gauss–Legendre nodes give exactly. With one token for each player it is u_i = (t_i + (H_W − 1) (t_i − m_i)) / W,
where m_i is the mean of the others and H_W = 1 + 1/2 + … + 1/W.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

LARGEST_BLOCK = 2**22
"""Numbers that are at hand at once: nodes times players."""


def values_of_mean(sums: Float[np.ndarray, "W D"], counts: Int[np.ndarray, W]) -> Float[np.ndarray, "W D"]:
    """The players' Shapley values, `(W, D)`, which sum to the mean.

    Args:
        sums: t, the sum of each player's token embeddings, `(W, D)`.
        counts: n, how many tokens each player has, `(W,)`, at least one.
    """
    players = len(counts)
    if (counts == counts[0]).all():
        means, harmonic = sums / counts[0], float((1 / np.arange(1, players + 1)).sum())
        others = (means.sum(axis=0) - means) / max(1, players - 1)
        values: np.ndarray = (means + (harmonic - 1) * (means - others)) / players
    else:
        values = _shares(counts) @ sums
    return values


def _shares(counts: Int[np.ndarray, W]) -> Float[np.ndarray, "W W"]:
    """How much of each player's sum is in each player's value, `(W, W)`."""
    players = len(counts)
    q, q_weights = _nodes(players // 2 + 1)
    z, z_weights = _nodes(int(counts.sum()) // 2 + 1)
    powers = z[:, None] ** counts  # (Z, W)
    own, others = np.zeros(players), np.zeros((players, players))
    size = max(1, LARGEST_BLOCK // (len(z) * players))
    for start in range(0, len(q), size):
        chance = q[start : start + size, None, None]
        parts = 1 - chance + chance * powers  # (Q, Z, W)
        weights = q_weights[start : start + size, None] * z_weights * np.exp(np.log(parts).sum(axis=2))  # (Q, Z)
        left = ((powers - 1) / parts * weights[..., None]).reshape(-1, players)
        right = (chance * powers / z[:, None] / parts).reshape(-1, players)
        others += left.T @ right
        own += (weights[..., None] * powers / z[:, None] / parts).reshape(-1, players).sum(axis=0)
    others[np.diag_indices(players)] = own
    return others


def _nodes(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss–Legendre nodes and weights on [0, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (nodes + 1) / 2, weights / 2
