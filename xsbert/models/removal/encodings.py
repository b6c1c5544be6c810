"""Embeddings of many texts from any function that gives them, each text once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from xsbert.models.checks import say_once
from xsbert.models.removal.kept_embeddings import KeptEmbeddings

ALIKE, UNLIKE = 1e-3, 0.1
"""Shares of an embedding's length by which two of one text may differ: from the first a user is told, at the second
there is nothing to explain."""
MOST_AT_HAND = 2**29
"""Bytes of embeddings that are kept in memory, where they can be had again for nothing but time."""
EXPECTED = "expected an array of numbers with a row for each text, (texts, dimensions)"


class EncodeError(RuntimeError):
    """A function that gives embeddings failed. What it gave before is not lost.

    Args:
        encoder: the `XSFunction` that has what was paid for: the same question to it goes on from there.
    """

    encoder: Any = None


class Encodings:
    """A function's embeddings, each text's once, in full batches.

    Args:
        encode: texts → an array, a tensor or lists of numbers, `(N, D)`.
        batch_size: how many texts a call has at most.
        per_minute: how many calls a minute may have; None for as many as can be.
        disk: where embeddings are kept.
        paid: whether a call costs more than time: then nothing is forgotten, and one text is asked for again in the
            last call, to see whether the function changes its mind.
    """

    def __init__(
        self,
        encode: Callable[[list[str]], Any],
        batch_size: int = 64,
        per_minute: float | None = None,
        disk: KeptEmbeddings | None = None,
        paid: bool = False,
    ) -> None:
        self._encode, self.batch_size, self._per_minute = encode, batch_size, per_minute
        self._disk, self.paid = disk, paid
        self._at_hand: dict[str, np.ndarray] = {}
        self._next_call = 0.0
        self.advance: Callable[[int], None] = _unseen
        """Is told of each text that was encoded."""

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """The embeddings of texts, `(N, D)`; errors as of `fetch`."""
        self.fetch(texts)
        return np.stack([self._at_hand[text] for text in texts])

    def fetch(self, texts: Sequence[str]) -> None:
        """Asks for the embeddings of texts that are not known, and keeps each call's at once.

        Raises:
            EncodeError: the function raised an exception, which is the cause.
            TypeError, ValueError: it gave no array of numbers, another number of rows or of dimensions, NaN or
                infinity, or another embedding of a text than before.
        """
        new = self.new(texts)
        count = self.calls(len(new))
        known = next(iter(self._at_hand), None)
        for call in range(count):
            texts = new[call * self.batch_size : (call + 1) * self.batch_size]
            asked_again = [known or new[0]] if self.paid and call == count - 1 else []
            vectors = self._checked(self._called([*texts, *asked_again], call, count), len(texts) + len(asked_again))
            if self._disk is not None:
                self._disk.keep(texts, vectors[: len(texts)])
            for text, vector in zip(asked_again, vectors[len(texts) :], strict=True):
                self._compare(self._at_hand[text], vector, text)
            self._at_hand |= zip(texts, vectors, strict=False)
            self.advance(len(texts))

    def forget(self, most: int = 0) -> None:
        """Frees what is at hand, if it is more than so many bytes and costs nothing but time."""
        if not self.paid and sum(vector.nbytes for vector in self._at_hand.values()) > most:
            self._at_hand.clear()

    def new(self, texts: Sequence[str]) -> list[str]:
        """The texts whose embeddings are neither at hand nor on disk, each once."""
        new = [text for text in dict.fromkeys(texts) if text not in self._at_hand]
        if new and self._disk is not None:
            self._at_hand |= self._disk.found(new)
            new = [text for text in new if text not in self._at_hand]
        return new

    def calls(self, new: int) -> int:
        """How many calls so many texts take that are neither at hand nor on disk."""
        alone = self.paid and 0 < new <= self.batch_size and not self._at_hand
        return 2 if alone else -(-(new + (self.paid and new > 0)) // self.batch_size)

    def _called(self, texts: list[str], call: int, count: int) -> Any:
        if self._per_minute is not None:
            time.sleep(max(0.0, self._next_call - time.monotonic()))
            self._next_call = time.monotonic() + 60 / self._per_minute
        try:
            return self._encode(texts)
        except Exception as cause:
            if not self.paid:
                raise
            where = "in memory" if self._disk is None else f"in {self._disk.path.name}"
            raise EncodeError(
                f"encode failed in call {call + 1} of {count} ({type(cause).__name__}: {cause}). The embeddings of the "
                f"calls before are kept {where}: ask again, and it goes on from there."
            ) from cause

    def _checked(self, found: Any, count: int) -> np.ndarray:
        """The embeddings as an array, `(N, D)`, float32; float64 where they came so."""
        if isinstance(found, torch.Tensor):
            found = (found.to_dense() if found.is_sparse else found).detach().cpu()
            found = (found if found.dtype == torch.float64 else found.float()).numpy()
        try:
            vectors: np.ndarray = np.asarray(found, dtype=_dtype_of(found))
        except (TypeError, ValueError) as cause:
            raise TypeError(f"encode gave a {type(found).__name__} for {count} texts; {EXPECTED}.") from cause
        dimensions = next((len(vector) for vector in self._at_hand.values()), None)
        if vectors.ndim != 2 or len(vectors) != count or not vectors.shape[1]:
            raise ValueError(f"encode gave shape {vectors.shape} for {count} texts; {EXPECTED}.")
        if dimensions not in (None, vectors.shape[1]):
            raise ValueError(
                f"encode gave {vectors.shape[1]} dimensions, and {dimensions} before; expected the same in each call."
            )
        if not np.isfinite(vectors).all():
            raise ValueError("encode gave an embedding that holds NaN or infinity; expected finite numbers.")
        return vectors

    def _compare(self, before: np.ndarray, vector: np.ndarray, text: str) -> None:
        """Says how far a text's embedding is from the one before.

        Raises:
            ValueError: by a tenth of its length or more.
        """
        apart = float(np.linalg.norm(vector - before)) / max(float(np.linalg.norm(before)), 1e-24)
        if apart >= UNLIKE:
            raise ValueError(
                f"encode gave embeddings of {text[:40]!r} that differ by {apart:.0%} of their length; expected "
                "the same for the same text. A cache may be another model's: give each model a name of its own."
            )
        if apart > ALIKE:
            say_once(
                f"encode changes its mind: two embeddings of {text[:40]!r} differ by {apart:.1%} of their length. What "
                "is smaller in an explanation is chance."
            )


def of_unit_length(vectors: np.ndarray) -> np.ndarray:
    """Embeddings over their lengths, `(N, D)`, float64; zeros stay zeros."""
    vectors = vectors.astype(np.float64)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


def _dtype_of(found: Any) -> type:
    return np.float64 if getattr(found, "dtype", None) == np.float64 else np.float32


def _unseen(count: int) -> None:
    pass
