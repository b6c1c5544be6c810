"""Embeddings of many variants of a text, each computed once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sentence_transformers.sentence_transformer.modules import Normalize

from xsbert.models import XSTransformer
from xsbert.models.inputs.prompts import routed
from xsbert.models.removal import encodings as embeddings
from xsbert.models.removal.sources import encode_of


class Encodings:
    """A model's embeddings, in float64, such that a similarity is a product of two.

    Args:
        model: what has `encode(texts, …)` as a SentenceTransformer has it, and is not changed.
        similarity: "cosine" or "dot"; by default the model's own.

    Raises:
        ValueError: another similarity.
    """

    def __init__(self, model: Any, similarity: str | None = None) -> None:
        self.similarity = str(model.similarity_fn_name) if similarity is None else similarity
        if self.similarity not in ("cosine", "dot"):
            raise ValueError(f"similarity got {self.similarity!r}; expected 'cosine' or 'dot'.")
        self._all = embeddings.Encodings(encode_of(model))

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """The embeddings, `(B, D)`; of length 1 (or 0) for cosine."""
        found = self._all(texts)
        return embeddings.of_unit_length(found) if self.similarity == "cosine" else found.astype(np.float64)

    def forget(self) -> None:
        """Frees the embeddings at hand."""
        self._all.forget()


def divides(model: XSTransformer) -> bool:
    """Whether the model's own similarity divides by the embeddings' lengths: cosine, or `Normalize` as last module.

    Raises:
        ValueError: it is neither cosine nor dot.
    """
    return Encodings(model).similarity == "cosine" or isinstance(routed(list(model), "")[-1], Normalize)


def placeholder(tokenizer: Any) -> str:
    """What stands for a masked word: the tokenizer's mask token, else its unknown or padding token.

    Raises:
        ValueError: it has none of them.
    """
    for name in ("mask_token", "unk_token", "pad_token"):
        if token := getattr(tokenizer, name, None):
            return str(token)
    raise ValueError(f"{type(tokenizer).__name__} has no mask, unknown or padding token; expected one to mask with.")
