"""Baseline: the final token embeddings, handed back to the tokens along the attention weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from xsbert.evaluation.judges.encodings import divides
from xsbert.evaluation.methods.explainer import Pairs
from xsbert.evaluation.methods.matrices import Matrix, PairMatrix
from xsbert.models import HiddenStates, XSTransformer
from xsbert.models.encoders.engine import Engine, undisturbed
from xsbert.models.inputs.batches import batched
from xsbert.models.inputs.text import read
from xsbert.models.splitting.split import Split, transformers_model


@dataclass(frozen=True)
class AttentionRollout:
    """Attention rollout (Abnar and Zuidema, ACL 2020, arXiv 2005.00928), made into pairs.

    Two texts of a bi-encoder never attend to each other, so attention alone says nothing of pairs.
    Rollout says how much of output token t comes from input token s: R = Π_l (½ I + ½ mean over heads),
    each row of which sums to 1. Token s gets v_s = 1/S Σ_t R[t, s] e_t, its share of the mean-pooled
    output embeddings e; the pair gets v_s(a) · v_t(b) / n, where n is ‖Σ v(a)‖ ‖Σ v(b)‖ if the model's own
    similarity divides by the embeddings' lengths, else 1. Without truncation this sums to the score, cosine or dot.

    It needs mean pooling, nothing but a normalisation behind it, and an encoder that gives its
    attention weights: in others it raises ValueError.
    """

    model: XSTransformer = field(repr=False)

    def explain(self, pairs: Pairs) -> Sequence[Matrix]:
        """The products, `(S_a, S_b)` for each pair.

        Raises:
            ValueError: the encoder gives no attention weights, or its embedding is no mean, or the model's
                similarity is neither cosine nor dot.
        """
        normalize = divides(self.model)
        with undisturbed(self.model.device):
            engine = Engine(self.model, HiddenStates(0))
            texts = {text: read(self.model, text) for pair in pairs for text in pair}
            shares = {text: _shares(engine, batched([known])) for text, known in texts.items()}
        found = []
        for a, b in pairs:
            n = np.linalg.norm(shares[a].sum(axis=0)) * np.linalg.norm(shares[b].sum(axis=0)) if normalize else 1.0
            found.append(PairMatrix(a, b, texts[a].offsets, texts[b].offsets, shares[a] @ shares[b].T / n))
        return found


def _shares(engine: Engine, batch: Any) -> np.ndarray:
    """v: each token's share of the embedding, `(S, D)`."""
    split = engine.split(batch)
    features = split.at_hand(batch.features)
    _, embedding = split.embedded(features)  # (1, D)
    rolled = rollout(attentions(split, features))  # (S, S)
    outputs = split.modules[0](features)["token_embeddings"][0].double()
    shares = rolled.T @ outputs / len(outputs)  # (S, D)
    if shares.shape[1] != embedding.shape[1] or not torch.allclose(shares.sum(0), embedding[0].double(), atol=1e-3):
        raise ValueError(
            "AttentionRollout got an embedding that is not the mean of its token embeddings; expected mean pooling "
            "and no module behind it but Normalize. Leave this method out for this model."
        )
    return shares.cpu().numpy()


def attentions(split: Split, features: dict[str, Any]) -> list[Tensor]:
    """Each layer's attention weights for one text, `(heads, S, S)`, by eager attention.

    Raises:
        ValueError: the encoder gives none.
    """
    inputs = {name: value for name, value in features.items() if isinstance(value, Tensor)}
    encoder: Any = transformers_model(split.modules)
    with torch.no_grad():
        weights = getattr(encoder(**inputs, output_attentions=True), "attentions", None)
    if not weights or any(each is None for each in weights):
        raise ValueError(
            f"{type(encoder).__name__} gives no attention weights; expected an encoder with eager softmax attention. "
            "Leave AttentionRollout out for this model."
        )
    return [each[0].double() for each in weights]


def rollout(weights: Sequence[Tensor]) -> Tensor:
    """R[t, s]: how much of output token t comes from input token s, `(S, S)`; its rows sum to 1."""
    size = weights[0].shape[-1]
    rolled = torch.eye(size, dtype=torch.float64, device=weights[0].device)
    for each in weights:
        mixed = (each.mean(dim=0) + torch.eye(size, device=each.device)) / 2
        rolled = mixed @ rolled
    return rolled
