"""Softmax over keys of which each is there to a share: how attention sees presence.

    P_k = m_k exp(x_k) / Σ_j m_j exp(x_j) = softmax_k(x_k + log m_k)

With m = 1 it is the softmax, and with m_k = 0 key k is gone. Its derivative along (dx, dm) is

    dP = P (dx − Σ P dx) + E dm − P Σ E dm,   E_k = exp(x_k) / Σ_j m_j exp(x_j),

which is finite where m_k = 0, as log m_k is not. In the first layer that sees presence the scores do not depend on it,
and along the presence of one key dP = E_k dm_k (e_k − P): of rank one for each query.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from xsbert.attribution.forward_mode.dual import Dual
from xsbert.attribution.forward_mode.tangents import OneKey, OneToken

SEEN = 1e3
"""A key whose score is so much lower than another's is masked: a query does not see it."""


def presence_softmax(scores: Float[Tensor, "N heads Q S"], presence: Float[Tensor, "N S"]) -> Any:
    """P over the last axis, by ordinary functions of torch for tensors, by the rule above for `Dual`s.

    Args:
        scores: x, `(N, heads, S, S)`.
        presence: m, `(N, S)`, from 0 to 1. Where all keys that a query sees are gone, it sees them as if they
            were there: the limit for few, for the softmax does not depend on a common factor.
    """
    if not isinstance(scores, Dual) and not isinstance(presence, Dual):
        shares, there = _shares(scores, presence)
        return shares * there
    x, m = (value.primal if isinstance(value, Dual) else value for value in (scores, presence))
    shares, there = _shares(x, m)  # E, m
    value = shares * there
    lean = presence.tangent if isinstance(presence, Dual) and not isinstance(scores, Dual) else None
    if isinstance(lean, OneToken):
        along, tokens = lean.values, lean.tokens  # (N, T)
        columns = shares.index_select(-1, tokens).to(along.dtype) * along[:, None, None]
        return Dual(value, OneKey(columns.movedim(-1, 0)[..., None], value.to(along.dtype), tokens))
    tangents = []
    if isinstance(scores, Dual):
        along_scores = scores.dense()
        weights = value.to(along_scores.dtype)
        moved = along_scores * weights
        tangents.append(moved.addcmul_(weights, moved.sum(-1, keepdim=True), value=-1))
    if isinstance(presence, Dual):
        along_presence = presence.dense()[:, :, None, None]  # (T, N, 1, 1, S)
        shares, weights = shares.to(along_presence.dtype), value.to(along_presence.dtype)
        sums = shares @ along_presence.mT  # (T, N, heads, S, 1): Σ E dm
        moved = tangents.pop() if tangents else torch.zeros_like(sums * weights)
        tangents.append(moved.addcmul_(shares, along_presence).addcmul_(weights, sums, value=-1))
    return Dual(value, tangents[0])


def _shares(scores: Tensor, presence: Tensor) -> tuple[Tensor, Tensor]:
    """E, and m as each query sees it, `(N, heads, S, S)` both."""
    presence = presence[:, None, None]
    gone = presence == 0
    highest = scores.detach().amax(-1, keepdim=True)
    largest = scores.detach().masked_fill(gone, -torch.inf).amax(-1, keepdim=True)
    blind = largest < highest - SEEN
    largest = torch.where(blind, highest, largest)
    below = scores - largest
    weights = torch.exp(torch.where(gone, below.clamp(max=0), below))  # a clamp halves the slope where it begins
    there = torch.where(blind, torch.ones_like(weights), presence.expand_as(weights))
    return weights / (weights * there).sum(-1, keepdim=True), there
