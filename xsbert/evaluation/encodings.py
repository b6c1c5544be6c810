"""Embeddings of many variants of a text, each computed once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


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
        self._model = model
        self._known: dict[str, np.ndarray] = {}

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """The embeddings, `(B, D)`; of length 1 (or 0) for cosine."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            found = np.asarray(self._model.encode(new, batch_size=64, show_progress_bar=False), dtype=np.float64)
            if self.similarity == "cosine":
                lengths = np.linalg.norm(found, axis=1, keepdims=True)
                found = np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0)
            self._known.update(zip(new, found, strict=True))
        return np.stack([self._known[text] for text in texts])

    def forget(self) -> None:
        """Frees the embeddings at hand."""
        self._known.clear()


def placeholder(tokenizer: Any) -> str:
    """What stands for a masked word: the tokenizer's mask token, else its unknown or padding token.

    Raises:
        ValueError: it has none of them.
    """
    for name in ("mask_token", "unk_token", "pad_token"):
        if token := getattr(tokenizer, name, None):
            return str(token)
    raise ValueError(f"{type(tokenizer).__name__} has no mask, unknown or padding token; expected one to mask with.")
