"""What a text is compared with: reference inputs, and their hidden states.

A reference is a value. Given the split encoder and a text it gives the hidden states r, `(S, H)`,
from which the path to the text starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from xsbert.models.shift import padding_id
from xsbert.models.tail import Split
from xsbert.models.text import Text


class Reference(Protocol):
    """A reference: where a text's path starts."""

    def hidden_states(self, split: Split, text: Text, tokenizer: PreTrainedTokenizerBase) -> Tensor:
        """r at the split's layer, `(S, H)`, for a text with S tokens."""
        ...


@dataclass(frozen=True)
class PaddingReference:
    """The papers' reference (EMNLP 2023, arXiv 2310.05703): as many tokens as the text, its special
    tokens kept, every other token the padding token, all attended."""

    def hidden_states(self, split: Split, text: Text, tokenizer: PreTrainedTokenizerBase) -> Tensor:
        """The padded text's hidden states at the split's layer, `(S, H)`."""
        padding = torch.full_like(text.features["input_ids"], padding_id(tokenizer))
        changed = {
            "input_ids": torch.where(text.special, text.features["input_ids"], padding),
            "attention_mask": torch.ones_like(padding),
        }
        return split.hidden_states(text.features | changed)
