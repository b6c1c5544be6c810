"""Other references: mask tokens, zero, and a corpus's mean. A model embeds none of them as zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from xsbert.models.inputs.batches import Batch
from xsbert.models.references.padding import PaddingReference
from xsbert.models.references.weights_digest import digest_of
from xsbert.models.splitting.split import Split

OF_TEXTS = (
    "has no meaning for a picture, whose patches are no tokens of a vocabulary; expected PaddingReference(), which is "
    "a grey picture, or ZeroReference()."
)
_MEANS: WeakKeyDictionary[Split, dict[tuple[tuple[str, ...], str], Tensor]] = WeakKeyDictionary()


@dataclass(frozen=True)
class MaskReference(PaddingReference):
    """`PaddingReference` with mask tokens in place of padding tokens."""

    def _of_pictures(self, features: dict[str, Any]) -> dict[str, Any]:
        raise ValueError(f"{self!r} {OF_TEXTS}")

    def _filler(self, tokenizer: Any) -> int:
        if tokenizer is None or tokenizer.mask_token_id is None:
            raise ValueError(f"{type(tokenizer).__name__} has no mask token; expected one. Use PaddingReference().")
        return int(tokenizer.mask_token_id)


@dataclass(frozen=True)
class ZeroReference:
    """Hidden states that are all zero, the special tokens' too; of a picture as of a text."""

    def hidden_states(self, split: Split, texts: Batch, tokenizer: Any) -> Tensor:
        """Zeros, `(B, S, H)`."""
        return torch.zeros_like(split.hidden_states(texts.features))


@dataclass(frozen=True, repr=False)
class MeanReference:
    """At each token the mean hidden state of all tokens of a corpus, which is cut and prompted as the texts are.

    Args:
        corpus: the texts, as a tuple of strings.

    Raises:
        TypeError: the corpus is no tuple of strings.
        ValueError: it is empty.
    """

    corpus: tuple[str, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.corpus, tuple) or not all(isinstance(text, str) for text in self.corpus):
            raise TypeError(f"corpus got a {type(self.corpus).__name__}; expected a tuple of strings.")
        if not self.corpus:
            raise ValueError("corpus got an empty tuple; expected at least one text.")

    def __repr__(self) -> str:
        return f"MeanReference({len(self.corpus)} texts, {digest_of(*self.corpus)[:8]})"

    def hidden_states(self, split: Split, texts: Batch, tokenizer: Any) -> Tensor:
        """The mean, repeated: `(B, S, H)`."""
        if texts.texts[0].picture is not None:
            raise ValueError(f"{self!r} {OF_TEXTS}")
        means, prompt = _MEANS.setdefault(split, {}), texts.texts[0].input.prompt
        if (self.corpus, prompt) not in means:
            rows = [split.hidden_states(split.preprocess(text, prompt))[0] for text in self.corpus]  # (S, H) each
            means[self.corpus, prompt] = torch.cat(rows).double().mean(0).to(rows[0])
        return means[self.corpus, prompt].expand(*texts.features["input_ids"].shape, -1)
