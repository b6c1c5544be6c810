"""`DotSimilarityLoss`: for exact models whose similarity is the dot product."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn


class DotSimilarityLoss(nn.Module):
    """The distance between the dot product of two embeddings and a score, as in the published package.

    The host's `CosineSimilarityLoss` for the dot product: pairs of texts with a score each.

    Args:
        model: the model to train.
        loss_fct: the distance of the predicted scores `(B,)` from the given ones; by default the mean
            squared error.
    """

    def __init__(self, model: SentenceTransformer, loss_fct: nn.Module | None = None) -> None:
        super().__init__()
        self.model = model
        self.loss_fct = nn.MSELoss() if loss_fct is None else loss_fct

    def forward(self, sentence_features: Iterable[dict[str, Tensor]], labels: Tensor) -> Tensor:
        """The loss of a batch: two texts' features, and their scores, `(B,)`."""
        a, b = (self.model(features)["sentence_embedding"] for features in sentence_features)
        return self.loss_fct(torch.sum(a * b, dim=-1), labels.float().view(-1))

    def get_config_dict(self) -> dict[str, Any]:
        """For the model card."""
        return {"loss_fct": type(self.loss_fct).__name__}
