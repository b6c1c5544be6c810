"""Whether presence is complete: what is not there has no part in an embedding."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from sentence_transformers.sentence_transformer.modules import Pooling
from sentence_transformers.sparse_encoder.modules import SpladePooling
from torch import Tensor, nn

from xsbert.models.splitting.presence import present, prompt_length
from xsbert.models.splitting.split import Split

REMEDY = "Use HiddenStates(), the papers' method, for it; or Removal(), which takes words away for real."


def check_complete(
    split: Split, features: dict[str, Any], hidden: Tensor, players: Tensor, pictures: bool = False
) -> None:
    """Looks whether tokens that are gone are gone: those that stay must not depend on what stood in their places.

    Args:
        split: the encoder.
        features: the texts, as the encoder is given them.
        hidden: their hidden states at the layer, `(B, S, H)`.
        players: the tokens that come and go, `(B, S)`.
        pictures: whether they are pictures, of which all tokens may go.

    Raises:
        ValueError: nothing of a text stays; the embedding is read from a token that goes; or tokens are mixed by
            something else than softmax attention.
    """
    if players.all(dim=1).any() and not pictures:
        raise ValueError(
            "Presence got a text without a token that stays; expected special tokens or a prompt beside its words, "
            f"for of nothing there is no embedding. {REMEDY}"
        )
    for module in split.modules.modules():
        if isinstance(module, Pooling):
            _check_rows(module, features, players)
    if split.checked or not players.any():
        return
    gone = players.clone()
    if players.all():
        gone[:, ::2] = False  # of nothing there is no embedding
    features, texts = split.prepared(features), torch.arange(len(hidden), device=hidden.device)
    changed = torch.where(gone[..., None], hidden.flip(2) + hidden.std(), hidden)
    rows: list[Tensor] = []
    embeddings: list[Tensor] = []
    softmaxes = 0
    for states in (hidden, changed):
        with torch.no_grad():
            watched = _Watched((~gone).to(hidden), rows)
            embeddings.append(split.embed(features, states, texts, watched.within))
            softmaxes = watched.softmaxes
    one, other = (each[~gone] for each in rows) if rows else embeddings  # CLIP and its kind pool by themselves
    alike = torch.allclose(one, other, rtol=1e-3, atol=1e-4 * float(one.abs().max()))
    if softmaxes < split.count or not alike:
        raise ValueError(
            f"{split.name} can't be explained by Presence: it mixes tokens by something else than softmax attention "
            f"over them, so that a word can't be left out. {REMEDY}"
        )
    split.checked = True


class _Watched:
    """A pass with presence that tells what is pooled, `(B, S, H)`, and how many softmaxes over tokens there were."""

    def __init__(self, presence: Tensor, rows: list[Tensor]) -> None:
        self.presence, self.rows, self.softmaxes = presence, rows, 0

    @contextmanager
    def within(self, modules: nn.Module) -> Iterator[None]:
        poolings = [module for module in modules.modules() if isinstance(module, Pooling | SpladePooling)]
        with present(modules, self.presence) as attention:
            handles = [module.register_forward_pre_hook(self._keep) for module in poolings[:1]]
            try:
                yield
            finally:
                self.softmaxes = attention.count
                for handle in handles:
                    handle.remove()

    def _keep(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        self.rows.append(args[0]["token_embeddings"])


def _check_rows(pooling: Pooling, features: dict[str, Any], players: Tensor) -> None:
    """Raises ValueError where an embedding is read from a token that goes."""
    modes = (pooling.pooling_mode,) if isinstance(pooling.pooling_mode, str) else pooling.pooling_mode
    first = 0 if pooling.include_prompt else prompt_length(features)
    places = {"cls": first, "lasttoken": players.shape[1] - 1}
    for mode in modes:
        if mode in places and players[:, places[mode]].any():
            raise ValueError(
                f"Presence got an embedding that is read from a token of the text itself ({mode} pooling), which can't "
                f"be left out; expected a special token there. {REMEDY}"
            )
    if first and players[:, first:].all(dim=1).any():
        raise ValueError(
            "Presence got a pooling that leaves out the prompt and the special tokens before it; expected a special "
            f"token behind the text, for of nothing there is no embedding. {REMEDY}"
        )
