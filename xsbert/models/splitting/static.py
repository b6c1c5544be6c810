"""Encoders without a transformer: the mean of static token embeddings, which are the hidden states."""

from __future__ import annotations

from typing import Any

import torch
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from torch import Tensor, nn

from xsbert.attribution.integration.paths import Function, Paths
from xsbert.models.splitting.private_copy import in_float64, private_copy
from xsbert.models.splitting.split import Split, attribution_dtype, without_trailing_normalize


class StaticSplit(Split):
    """A model whose first module is a `StaticEmbedding`, split behind its token embeddings e, `(B, S, H)`.

    With nothing but a normalisation behind it, f(x) = Σ_s e_s / S, so that u_s = e_s / S and f(r) = 0.

    Args:
        modules: the model's modules, in their order.
        truncate_dim: how many dimensions of the embedding are kept; None for all.
    """

    def __init__(self, modules: list[nn.Module], truncate_dim: int | None = None) -> None:
        kept = without_trailing_normalize(modules)
        self.normalizes = len(kept) < len(modules)
        self.truncate_dim, self.layer = truncate_dim, 0
        self.modules = private_copy(kept, attribution_dtype(modules))
        behind = nn.Sequential(*list(self.modules)[1:])
        self._behind = (behind, in_float64(behind, []))

    def hidden_states(self, features: dict[str, Any]) -> Tensor:
        """The token embeddings of B texts of one length, `(B, S, H)`."""
        ids = features["input_ids"].to(self._embedding.weight.device)
        return self._embedding.weight[ids.view(len(features["offsets"]), -1)].detach()

    def embedded(self, features: dict[str, Any], others: Any = None) -> tuple[Tensor, Tensor]:
        """e, `(B, S, H)`, and the whole encoder's embeddings, `(B, D)`, up to trailing normalisation."""
        hidden = self.hidden_states(features)
        starts = torch.arange(len(hidden), device=hidden.device) * hidden.shape[1]
        whole = {"input_ids": features["input_ids"].to(hidden.device), "offsets": starts}
        return hidden, self.modules(whole)["sentence_embedding"]

    def tail(self, features: dict[str, Any]) -> Function:
        """f of token embeddings, `(N, S, H)` → `(N, D)`."""

        def embed(hidden: Tensor, texts: Tensor) -> Tensor:
            behind = self._behind[hidden.dtype == torch.float64]
            embeddings = behind({"sentence_embedding": hidden.mean(dim=1)})["sentence_embedding"]
            return embeddings[..., : self.truncate_dim]

        return embed

    def paths(self, features: dict[str, Any], memory: float) -> tuple[Paths, Tensor]:
        """The paths from zero to the texts' token embeddings, and the texts' embeddings, `(B, D)`.

        Raises:
            ValueError: the modules behind the token embeddings give another embedding than the whole model.
        """
        hidden, embeddings = self.embedded(features)
        paths = Paths(self.tail(features), torch.zeros_like(hidden), hidden, memory)
        self.check(embeddings, paths.end_values)
        return paths, embeddings

    @property
    def _embedding(self) -> Any:
        return self.modules[0].embedding

    @property
    def name(self) -> str:
        """What texts are summed of."""
        return "StaticEmbedding"


def is_static(modules: list[nn.Module]) -> bool:
    """Whether texts become sums of static embeddings before all else."""
    return isinstance(modules[0], StaticEmbedding)
