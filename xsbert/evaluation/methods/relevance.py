"""Baseline: layer-wise relevance propagation for pairs.

In layer-wise relevance propagation for transformers the attention weights, the layer norms' deviations
and the activations' gates are taken as constants (Ali et al., ICML 2022, arXiv 2202.07304). What is left
of the encoder is linear, and the relevance of token s for an embedding's dimension is its gradient times
its input. BiLRP multiplies the relevances of two texts (Eberle et al., TPAMI 2022):
A[s, t] = R_s(a) · R_t(b) / n, where n is ‖f(a)‖ ‖f(b)‖ if the model's own similarity divides by these, else 1.
There is no reference but zero hidden states, and no path.

A directional derivative of the linear rest gives R_s, so forward mode does it in S passes, not D: the
functions of torch that make an encoder nonlinear pass their tangents on as linear ones would.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from xsbert.attribution.forward_mode.derivatives import by_duals
from xsbert.attribution.forward_mode.dual import Dual
from xsbert.attribution.forward_mode.tangents import OneToken
from xsbert.evaluation.judges.encodings import divides
from xsbert.evaluation.methods.explainer import Pairs
from xsbert.evaluation.methods.matrices import Matrix, PairMatrix
from xsbert.models import HiddenStates, XSTransformer
from xsbert.models.encoders.engine import Engine, undisturbed
from xsbert.models.inputs.batches import batched
from xsbert.models.inputs.text import Text, read


@dataclass(frozen=True)
class Relevance:
    """BiLRP with the rules for transformers, from a layer's input on.

    Where an encoder's nonlinear functions are others than softmax, layer norm, root mean squares and the
    activations named here, these keep their gradients, and the rule is gradient × input there. A product of
    two activations, as in gated feed-forward networks, keeps both its derivatives, so there relevance is
    not conserved.

    Raises:
        Unsupported: the encoder's code is not open to forward mode.
        ValueError: the model's similarity is neither cosine nor dot.
    """

    model: XSTransformer = field(repr=False)
    layer: int = 0

    def explain(self, pairs: Pairs) -> Sequence[Matrix]:
        """The products of relevances, `(S_a, S_b)` for each pair."""
        normalize = divides(self.model)
        texts = {text: read(self.model, text) for pair in pairs for text in pair}
        with undisturbed(self.model.device):
            engine = Engine(self.model, HiddenStates(self.layer))
            known = {text: relevances(engine, each) for text, each in texts.items()}
        found = []
        for a, b in pairs:
            (left, embedding_a), (right, embedding_b) = known[a], known[b]
            n = np.linalg.norm(embedding_a) * np.linalg.norm(embedding_b) if normalize else 1.0
            found.append(PairMatrix(a, b, texts[a].offsets, texts[b].offsets, left @ right.T / n))
        return found


def relevances(engine: Engine, text: Text) -> tuple[np.ndarray, np.ndarray]:
    """Each token's relevance for each dimension, `(S, D)`, and the embedding, `(D,)`."""
    batch = batched([text])
    split = engine.split(batch)
    hidden, tail = split.hidden_states(batch.features), split.tail(batch.features)  # (1, S, H)
    size, alone = hidden.shape[1], torch.zeros(1, dtype=torch.long, device=hidden.device)
    each = OneToken(hidden, 1, torch.arange(size, device=hidden.device), size)
    with torch.no_grad(), Constants():
        value, found = by_duals(lambda points: tail(points, alone), hidden, each)  # (1, D), (S, 1, D)
    return found[:, 0].double().cpu().numpy(), value[0].double().cpu().numpy()


class Constants(TorchFunctionMode):
    """Within the context, attention weights, deviations and gates have no derivative; values stay as they are."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        linear = _LINEAR.get(func)
        if linear is None or not args or not isinstance(args[0], Dual):
            return func(*args, **kwargs or {})
        return linear(func, *args, **kwargs or {})


def _constant(func: Callable[..., Any], x: Dual, *args: Any, **kwargs: Any) -> Tensor:
    return func(x.primal, *args, **kwargs)


def _layer_norm(
    func: Callable[..., Any], x: Dual, shape: Any, weight: Any = None, bias: Any = None, eps: Any = 1e-5
) -> Dual:
    value, _, scale = torch.native_layer_norm(x.primal, shape, weight, bias, eps)
    tangent = x.dense()
    moved = (tangent - tangent.mean(-1, keepdim=True)) * scale
    return Dual(value, moved if weight is None else moved * weight)


def _gated(func: Callable[..., Any], x: Dual, *args: Any, **kwargs: Any) -> Dual:
    value = func(x.primal, *args, **kwargs)  # value = x · gate
    gate = torch.where(x.primal == 0, torch.zeros_like(value), value / x.primal)
    return Dual(value, x.dense() * gate)


_LINEAR: dict[Any, Callable[..., Any]] = {
    **dict.fromkeys((functional.softmax, torch.softmax, Tensor.softmax, torch.rsqrt, Tensor.rsqrt), _constant),
    functional.layer_norm: _layer_norm,
    **dict.fromkeys((functional.gelu, functional.silu, functional.relu, torch.relu, functional.mish), _gated),
}
