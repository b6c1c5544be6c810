"""The embedding as a function of which tokens are there: presence in attention and in pooling.

Everywhere behind layer l a token is attended to, and pooled, in proportion to how much it is there. Special tokens
and a prompt's always are.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, cast

import torch
from sentence_transformers.sentence_transformer.modules import Pooling, WordWeights
from sentence_transformers.sparse_encoder.modules import SpladePooling
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from xsbert.attribution.forward_mode.presence_softmax import presence_softmax

SOFTMAX = (functional.softmax, torch.softmax, Tensor.softmax)
GROWTH, GROWTH_FROM_THE_EMBEDDINGS = 5.0, 12.0
"""How much of the path small presence takes, behind the first layer and from it on: see `presence_of`."""
SUMS = ("mean", "mean_sqrt_len_tokens", "weightedmean")
"""Poolings that weigh all tokens."""


def presence_of(p: Tensor, layer: int) -> Tensor:
    """How much of a token is there at p, which goes from 0 to 1 evenly: m = (e^{g p} − 1) / (e^g − 1).

    A head that rests on special tokens lets go of them at a small m: a text's tokens have the share m E / (C + m E) of
    its attention, where special tokens have C. That bends at m = C / E, wherever this is, and in the logarithm of m it
    is smooth. The first layer's heads let go earlier than others, so from layer 0 on g is larger.
    """
    growth = GROWTH if layer else GROWTH_FROM_THE_EMBEDDINGS
    return torch.expm1(growth * p) / math.expm1(growth)


def share_of(p: Tensor, count: int) -> Tensor:
    """How much of a token is there at p, where all S come: m = exp(2 c (p − 1)), c = 1 + (H_S − 1) S / (S − 1).

    Softmax does not see a common factor: together, from little to all, tokens change nothing, and what counts is what
    one's presence weighs beside the others', the slope ∂f/∂m_s at m = 1, which is that at m = α times α. So along p
    mean(p) f(m) goes evenly from zero to f, and its integrals are f / S + c ∂f/∂m_s. With H_S = 1 + 1/2 + … + 1/S these
    are the Shapley values for a mean, f = Σ m v / Σ m: the first token to come brings its own v, and the k-th moves the
    mean by a k-th of how far it is from it.

    Args:
        p: from 0 to 1.
        count: S.
    """
    slopes = 1 + sum(1 / k for k in range(2, count + 1)) * count / max(1, count - 1)
    return torch.exp(2 * slopes * (p - 1))


def in_halves(embed: Callable[[Tensor, Tensor], Tensor], first: Tensor, layer: int) -> Callable[[Tensor, Tensor], Any]:
    """f of presence where no token stays: one half of the tokens comes alone, and stays while the other comes.

    The first half comes as `share_of` says, the second as `presence_of`; either half is the first once, and the mean is
    taken. It is zero at p = 0 and the model's own embedding at p = 1.

    Args:
        embed: presence m, `(N, S)`, and which of the texts each is of, `(N,)` → embeddings, `(N, D)`.
        first: one half of the tokens, `(S,)`, bool.
        layer: from which presence counts.
    """
    halves = [half for half in (first, ~first) if half.any()]

    def function(points: Tensor, texts: Tensor) -> Tensor:
        p = points[..., 0]
        parts: list[Tensor] = []
        for half in halves:
            there, count = half.to(points.dtype), int(half.sum())
            begins = (p * there).sum(1, keepdim=True) / count * embed(share_of(p, count) * there, texts)
            then = embed(presence_of(p, layer) * (1 - there) + there, texts)
            parts.append(begins + then - embed(there.expand(points.shape[:2]), texts))
        return cast(Tensor, sum(parts) / len(parts))

    return function


class PresenceInAttention(TorchFunctionMode):
    """Within the context, each softmax over a text's tokens sees them in proportion to their presence.

    Args:
        presence: m, `(N, S)`.
    """

    def __init__(self, presence: Tensor) -> None:
        super().__init__()
        self.presence = presence
        self.count = 0
        """How many such softmaxes there were."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func not in SOFTMAX:
            return func(*args, **kwargs)
        scores, dim = (args[i] if len(args) > i else kwargs.get(name) for i, name in enumerate(("input", "dim")))
        size = self.presence.shape[1]
        # One query is that of a pooling by attention, as SigLIP's.
        if scores.dim() != 4 or scores.shape[-1] != size or scores.shape[-2] not in (1, size) or dim not in (-1, 3):
            return func(*args, **kwargs)
        self.count += scores.shape[-2] == size
        scores = scores.to(torch.promote_types(scores.dtype, kwargs.get("dtype") or scores.dtype))
        return presence_softmax(scores, self.presence.to(scores.dtype))


@contextmanager
def present(modules: nn.Module, presence: Tensor) -> Iterator[PresenceInAttention]:
    """Within the context a pass through the modules sees tokens in proportion to their presence, `(N, S)`."""
    attention = PresenceInAttention(presence)
    with ExitStack() as stack:
        for module in modules.modules():
            if isinstance(module, Pooling):
                stack.enter_context(_forward_of(module, _pooled(module, presence)))
            elif isinstance(module, WordWeights | SpladePooling):
                hook = module.register_forward_pre_hook(lambda module, args: _with_mask(args[0], presence))
                stack.callback(hook.remove)
        stack.enter_context(attention)
        yield attention


def _with_mask(features: dict[str, Any], presence: Tensor) -> Any:
    return (features | {"attention_mask": presence},)


@contextmanager
def _forward_of(module: nn.Module, forward: Callable[..., Any]) -> Iterator[None]:
    module.forward = forward
    try:
        yield
    finally:
        del module.forward


def _pooled(pooling: Pooling, presence: Tensor) -> Callable[..., dict[str, Any]]:
    """The pooling's forward, with presence.

    Sums over tokens weigh each by its presence, Σ m z / Σ m. A maximum is over what is there at all, and what cls and
    last-token pooling take is one row: these see presence through attention alone.
    """

    def forward(features: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        modes = (pooling.pooling_mode,) if isinstance(pooling.pooling_mode, str) else pooling.pooling_mode
        parts = [_part(pooling, mode, features, presence) for mode in modes]
        features["sentence_embedding"] = torch.cat(parts, dim=-1)
        return features

    return forward


def _part(pooling: Pooling, mode: str, features: dict[str, Any], presence: Tensor) -> Tensor:
    """One mode's part of the embedding, `(N, D)`."""
    if mode not in SUMS or "token_weights_sum" in features:  # these have weighed the tokens by presence already
        alone: Any = copy.copy(pooling)
        alone.pooling_mode = (mode,)
        return type(pooling).forward(alone, dict(features))["sentence_embedding"]
    tokens, mask = features["token_embeddings"], features["attention_mask"]
    if not pooling.include_prompt:
        mask = mask.clone()
        mask[:, : prompt_length(features)] = 0
    weights = presence * mask.to(presence.dtype)
    if mode == "weightedmean":
        weights = weights * torch.arange(1, weights.shape[1] + 1, device=weights.device, dtype=weights.dtype)
    # As a product with a matrix, which a put-off product with weights waits for.
    pooled, total = (weights.unsqueeze(1) @ tokens).squeeze(1), weights.sum(1).unsqueeze(-1)
    return pooled / (total.sqrt() if mode == "mean_sqrt_len_tokens" else total)


def prompt_length(features: dict[str, Any]) -> int:
    """The tokens that the host counts as the prompt's; 0 where there is none."""
    length = features.get("prompt_length")
    return 0 if length is None else int(torch.as_tensor(length).flatten()[0])
