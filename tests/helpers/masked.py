"""Pictures with some of their patches really masked out of attention: what explanations of them are held against."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch

from xsbert import XSTransformer
from xsbert.models import Presence
from xsbert.models.encoders.engine import Engine
from xsbert.models.inputs.batches import batched
from xsbert.models.inputs.prompts import text_inputs
from xsbert.models.inputs.text import read
from xsbert.models.splitting.presence import present


class MaskedPicture:
    """A picture's embedding as a function of which patches are there.

    Args:
        model: a dual encoder.
        picture: as `explain` takes it.
    """

    def __init__(self, model: XSTransformer, picture: Any) -> None:
        text = read(model, text_inputs(model, [picture], None, None, None)[0])
        batch = batched([text])
        self._split = Engine(model, Presence(0)).split(batch)
        self._features = self._split.prepared(batch.features)
        self._hidden = self._split.embedded(batch.features)[0]
        self._special = text.special
        self.patches = int((~text.special).sum())

    @torch.no_grad()
    def embed(self, kept: np.ndarray) -> np.ndarray:
        """Which patches are kept, `(N, patches)`, bool → embeddings, `(N, D)`; of none, where nothing else is, zero."""
        presence = torch.ones(len(kept), len(self._special))
        presence[:, ~self._special] = torch.from_numpy(kept).float()
        which = torch.zeros(len(kept), dtype=torch.long)
        hidden = self._hidden.expand(len(kept), -1, -1)
        embeddings = self._split.embed(self._features, hidden, which, partial(present, presence=presence))
        return (embeddings * (presence.sum(1, keepdim=True) > 0)).numpy().astype(np.float64)

    def shapley_values(self, rounds: int, seed: int = 0) -> np.ndarray:
        """Sampled Shapley values of the embedding, `(patches, D)`: the value of no patches is zero.

        Args:
            rounds: how many orders of the patches, each with its reverse.
            seed: of the orders.
        """
        random, values = np.random.default_rng(seed), 0.0
        orders = [order for _ in range(rounds) for order in _with_reverse(random.permutation(self.patches))]
        for order in orders:
            place = np.argsort(order)
            embeddings = self.embed(place[None] < np.arange(self.patches + 1)[:, None])
            embeddings[0] = 0
            values = values + np.diff(embeddings, axis=0)[place]
        return np.asarray(values / len(orders))


def _with_reverse(order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return order, order[::-1].copy()
