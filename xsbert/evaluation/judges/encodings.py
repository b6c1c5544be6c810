"""Embeddings of many variants of a text, each computed once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from sentence_transformers.sentence_transformer.modules import Normalize
from torch import nn

from xsbert.models import XSTransformer
from xsbert.models.inputs.prompts import routed


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
            with evaluating(self._model):
                found = np.asarray(self._model.encode(new, batch_size=64, show_progress_bar=False), dtype=np.float64)
            if self.similarity == "cosine":
                lengths = np.linalg.norm(found, axis=1, keepdims=True)
                found = np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0)
            self._known.update(zip(new, found, strict=True))
        return np.stack([self._known[text] for text in texts])

    def forget(self) -> None:
        """Frees the embeddings at hand."""
        self._known.clear()


def divides(model: XSTransformer) -> bool:
    """Whether the model's own similarity divides by the embeddings' lengths: cosine, or `Normalize` as last module.

    Raises:
        ValueError: it is neither cosine nor dot.
    """
    return Encodings(model).similarity == "cosine" or isinstance(routed(list(model), "")[-1], Normalize)


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Within the context, the model is in evaluation mode; each module's own mode is put back.

    What is no module, and so has no mode, is left alone.
    """
    if not isinstance(model, nn.Module):
        yield
        return
    training = [module for module in model.modules() if module.training]
    try:
        model.eval()
        yield
    finally:
        for module in training:
            module.training = True


def placeholder(tokenizer: Any) -> str:
    """What stands for a masked word: the tokenizer's mask token, else its unknown or padding token.

    Raises:
        ValueError: it has none of them.
    """
    for name in ("mask_token", "unk_token", "pad_token"):
        if token := getattr(tokenizer, name, None):
            return str(token)
    raise ValueError(f"{type(tokenizer).__name__} has no mask, unknown or padding token; expected one to mask with.")
