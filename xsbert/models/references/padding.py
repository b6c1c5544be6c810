"""What a text is compared with: reference inputs, and their hidden states.

A reference is a value. TextInput the split encoder and B texts of one length it gives the hidden states r,
`(B, S, H)`, from which the paths to the texts start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from xsbert.models.exact.shift import padding_id
from xsbert.models.inputs.batches import Batch
from xsbert.models.splitting.split import Split


class Reference(Protocol):
    """A reference: where a text's path starts."""

    def hidden_states(self, split: Split, texts: Batch, tokenizer: PreTrainedTokenizerBase) -> Tensor:
        """r at the split's layer, `(B, S, H)`, for B texts with S tokens each."""
        ...


@dataclass(frozen=True)
class PaddingReference:
    """The papers' reference (EMNLP 2023, arXiv 2310.05703): as many tokens as the text, its special
    tokens kept, every other token the padding token, all attended.

    Patches have no such token: of a picture it is the grey picture, whose pixels are zero after normalisation. What the
    tower adds, such as a class token, is kept."""

    def features(self, texts: Batch, tokenizer: Any) -> dict[str, Any]:
        """The padded texts, or grey pictures, as the encoder is given them.

        Raises:
            ValueError: the tokenizer has no such token, or the reference has no meaning for a picture.
        """
        if texts.texts[0].picture is not None:
            return self._of_pictures(texts.features)
        padding = torch.full_like(texts.features["input_ids"], self._filler(tokenizer))
        changed = {
            "input_ids": torch.where(texts.special, texts.features["input_ids"], padding),
            "attention_mask": torch.ones_like(padding),
        }
        return texts.features | changed

    def hidden_states(self, split: Split, texts: Batch, tokenizer: PreTrainedTokenizerBase) -> Tensor:
        """The padded texts' hidden states at the split's layer, `(B, S, H)`."""
        return split.hidden_states(self.features(texts, tokenizer))

    def _of_pictures(self, features: dict[str, Any]) -> dict[str, Any]:
        return features | {"pixel_values": torch.zeros_like(features["pixel_values"])}

    def _filler(self, tokenizer: Any) -> int:
        return padding_id(tokenizer)
