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
        self_similarity: how much it weighs that each text scores 1 with itself; 0, as published, for not
            at all. Nothing else tells the model how long embeddings should be, and a dot product's
            errors on new texts are mostly errors of length.
    """

    def __init__(
        self, model: SentenceTransformer, loss_fct: nn.Module | None = None, self_similarity: float = 0.0
    ) -> None:
        super().__init__()
        self.model = model
        self.loss_fct = nn.MSELoss() if loss_fct is None else loss_fct
        self.self_similarity = self_similarity

    def forward(self, sentence_features: Iterable[dict[str, Tensor]], labels: Tensor) -> Tensor:
        """The loss of a batch: two texts' features, and their scores, `(B,)`."""
        a, b = (self.model(features)["sentence_embedding"] for features in sentence_features)
        loss = self.loss_fct(torch.sum(a * b, dim=-1), labels.float().view(-1))
        if self.self_similarity:
            squares = torch.sum(torch.cat([a, b]) ** 2, dim=-1)  # (2 B,)
            loss = loss + self.self_similarity * self.loss_fct(squares, torch.ones_like(squares))
        return loss

    def get_config_dict(self) -> dict[str, Any]:
        """For the model card."""
        return {"loss_fct": type(self.loss_fct).__name__, "self_similarity": self.self_similarity}
