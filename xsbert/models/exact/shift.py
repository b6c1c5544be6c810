"""Encoders that know their reference: `ReferenceTransformer`, `ShiftingReferenceTransformer`.

An exact model embeds its reference as zero: from each token embedding that of the reference of the
same length is subtracted (EMNLP 2023, arXiv 2310.05703). Fine-tuned so, a model's token pairs sum to
its own score.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, cast

import torch
from sentence_transformers.base.modules import Transformer
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from xsbert.models.exact.shared import MOST_REFERENCES, references_of


def padding_id(tokenizer: PreTrainedTokenizerBase | None) -> int:
    """The id of the padding token.

    Raises:
        ValueError: the tokenizer has none.
    """
    if tokenizer is None or tokenizer.pad_token_id is None:
        raise ValueError(
            f"{type(tokenizer).__name__} has no padding token, which the padding reference is made of; "
            "expected one. Set model.tokenizer.pad_token, for example to the end-of-text token."
        )
    return int(tokenizer.pad_token_id)


ROWS = ("input_ids", "attention_mask", "token_type_ids")
"""What a text's features hold a row of. References run beside texts that have these alone."""


class ReferenceTransformer(Transformer):
    """A `Transformer` that can also embed the padding reference of any length."""

    def get_word_embedding_dimension(self) -> int:
        """H: the size of a token embedding (the host's older name for `get_embedding_dimension`)."""
        return self.get_embedding_dimension()

    def reference_ids(self, length: int) -> Tensor:
        """The reference's input for `length` tokens, `(length,)`: the special tokens that the
        tokenizer puts around a text, and padding tokens between them."""
        prefix, suffix = self._special_ids
        between = [padding_id(self.tokenizer)] * (length - len(prefix) - len(suffix))
        return torch.tensor([*prefix, *between, *suffix][:length], device="cpu")

    def reference_embeddings(self, length: int) -> Tensor:
        """The reference's token embeddings, `(length, H)`, all its tokens attended."""
        ids = self.reference_ids(length)[None].to(next(self.parameters()).device)
        return self._without_dropout({"input_ids": ids, "attention_mask": torch.ones_like(ids)})[0]

    def _without_dropout(self, features: dict[str, Any]) -> Tensor:
        """Token embeddings, `(B, S, H)`, as the plain transformer gives them in evaluation."""
        with _without_dropout(self):
            return Transformer.forward(self, features)["token_embeddings"]

    @cached_property
    def _special_ids(self) -> tuple[list[int], list[int]]:
        """What the tokenizer puts before a text, and what it puts after."""
        encoding: Any = cast(Any, self.tokenizer)("a", return_special_tokens_mask=True)
        ids, special = encoding["input_ids"], encoding["special_tokens_mask"]
        first, last = special.index(0), len(special) - special[::-1].index(0)
        return ids[:first], ids[last:]


class ShiftingReferenceTransformer(ReferenceTransformer):
    """A `Transformer` whose token embeddings are those of the reference of the text's own length less.

    The length is the text's own, not that of its batch, so an embedding does not depend on the
    texts beside it. References are embedded anew in each call, once for each length: the batches of
    an `XSTransformer`'s `encode` share them. In training gradients flow through them, and no dropout does.
    """

    @classmethod
    def of(cls, transformer: nn.Module) -> ShiftingReferenceTransformer:
        """The same transformer with the shift: shares its encoder, tokenizer and settings.

        Raises:
            TypeError: it is no `Transformer`.
        """
        if not isinstance(transformer, Transformer):
            raise TypeError(f"The shift got a {type(transformer).__name__}; expected a Transformer module.")
        shifted = cls.__new__(cls)
        vars(shifted).update({name: value for name, value in vars(transformer).items() if name != "_special_ids"})
        return shifted

    def _should_flatten_inputs(self, *args: Any, **kwargs: Any) -> bool:
        return False  # the shift needs to know which token belongs to which text

    def forward(self, features: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Adds `token_embeddings`, `(B, S, H)`, to the features. Padded positions are left as they are.

        Where the features hold `reference_embeddings`, `(B, S, H)`, these are subtracted as they are.
        """
        references = features.pop("reference_embeddings", None)
        if references is None:
            references = self._embed_with_references(features, kwargs)
        else:
            features = super().forward(features, **kwargs)
        embeddings = features["token_embeddings"]
        # A text that is its own reference is zero exactly: rounding would have a direction, and so a cosine.
        own = self._are_references(features)[:, None, None]
        features["token_embeddings"] = embeddings - torch.where(own, embeddings, references.to(embeddings.dtype))
        return features

    def _embed_with_references(self, features: dict[str, Any], options: dict[str, Any]) -> Tensor:
        """Adds the plain transformer's token embeddings to the features, and gives each text's reference's.

        Returns:
            The references' token embeddings where the text is, zero where it is padded: `(B, S, H)`.
        """
        inputs, which = self._reference_inputs(features)
        masks = inputs["attention_mask"].bool()  # (K, S)
        lengths = masks.sum(dim=1).tolist()
        training = any(module.training for module in self.modules())
        known = {} if training or torch.is_grad_enabled() else references_of(self)
        new = [k for k, length in enumerate(lengths) if length not in known]
        found = self._embed_both(features, {name: value[new] for name, value in inputs.items()}, training, options)
        known.update((lengths[k], rows[masks[k]]) for k, rows in zip(new, found, strict=True))
        embeddings = features["token_embeddings"]
        rows = torch.cat([known[length] for length in lengths]).to(embeddings.dtype)
        for length in list(known)[:-MOST_REFERENCES]:
            del known[length]
        references = embeddings.new_zeros(*masks.shape, embeddings.shape[-1]).masked_scatter(masks[..., None], rows)
        return references[which]

    def _embed_both(
        self, features: dict[str, Any], inputs: dict[str, Tensor], training: bool, options: dict[str, Any]
    ) -> Tensor:
        """Adds the token embeddings of B texts to the features, and gives those of K references, `(K, S, H)`."""
        more = [name for name, value in (features | options).items() if _has_rows(value) and name not in ROWS]
        if not training and not more:
            # One pass for both: that of a few references takes as long as one for many.
            return self._embed_together(features, inputs, options)
        features.update(super().forward(features, **options))
        return self._without_dropout(inputs) if len(inputs["input_ids"]) else features["token_embeddings"][:0]

    def _embed_together(self, features: dict[str, Any], inputs: dict[str, Tensor], options: dict[str, Any]) -> Tensor:
        """As `_embed_both`, in one pass."""
        count, rows = len(features["input_ids"]), {name: features[name] for name in ROWS if name in features}
        both = {
            name: torch.cat([value, inputs.get(name, torch.zeros_like(inputs["input_ids"])).to(value)])
            for name, value in rows.items()
        }
        found = super().forward(features | both, **options)
        features["token_embeddings"] = found["token_embeddings"][:count]
        if "all_layer_embeddings" in found:
            features["all_layer_embeddings"] = tuple(layer[:count] for layer in found["all_layer_embeddings"])
        return found["token_embeddings"][count:]

    def _reference_inputs(self, features: dict[str, Any]) -> tuple[dict[str, Tensor], Tensor]:
        """The references of B texts, each once: their K inputs, `(K, S)`, and which of them is each text's, `(B,)`.

        A reference stands where its texts stand among the padding.
        """
        ids, mask = features["input_ids"], features["attention_mask"]
        masks, which = mask.cpu().unique(dim=0, return_inverse=True)  # (K, S), (B,)
        tokens = torch.cat([self.reference_ids(length) for length in masks.bool().sum(dim=1).tolist()])
        padding = torch.full(masks.shape, padding_id(self.tokenizer), device="cpu")
        inputs = padding.masked_scatter(masks.bool(), tokens)
        return {"input_ids": inputs.to(ids), "attention_mask": masks.to(mask)}, which.to(mask.device)

    def _are_references(self, features: dict[str, Any]) -> Tensor:
        """Whether each text is its own reference, `(B,)`."""
        inputs, which = self._reference_inputs(features)
        alike = inputs["input_ids"][which] == features["input_ids"]
        return (alike | ~features["attention_mask"].bool()).all(dim=1)


@contextmanager
def _without_dropout(module: nn.Module) -> Iterator[None]:
    """Within the context, the module is as in evaluation.

    A reference's noise would be that of all texts of its length: with it all-MiniLM-L6-v2 ended half a
    point lower on the STS benchmark (85.3 and 85.9).
    """
    training = [each for each in module.modules() if each.training]
    for each in training:
        each.training = False
    try:
        yield
    finally:
        for each in training:
            each.training = True


def _has_rows(value: Any) -> bool:
    return isinstance(value, Tensor) and value.dim() > 0


# The published checkpoints name the class by this path, and so do ours: files outlive modules.
ReferenceTransformer.__module__ = ShiftingReferenceTransformer.__module__ = "xsbert.models"
