"""Encoders that know their reference: `ReferenceTransformer`, `ShiftingReferenceTransformer`.

An exact model embeds its reference as zero: from each token embedding that of the reference of the
same length is subtracted (EMNLP 2023, arXiv 2310.05703). Fine-tuned so, a model's token pairs sum to
its own score.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, cast

import torch
from sentence_transformers.base.modules import Transformer
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase


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


MOST_KEPT = 128
"""How many references, of as many lengths, are kept: some tens of megabytes."""
SHORT, BLOCK = 64, 8
"""References of up to SHORT tokens are computed BLOCK lengths at a time, nearly for the price of one."""


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
        return self.references_of([length])[0]

    def references_of(self, lengths: Sequence[int]) -> list[Tensor]:
        """The references' token embeddings, `(length, H)` each, from one pass."""
        ids = torch.full((len(lengths), max(lengths)), padding_id(self.tokenizer), device="cpu")  # (K, S)
        mask = torch.zeros_like(ids)
        for row, length in enumerate(lengths):
            ids[row, :length], mask[row, :length] = self.reference_ids(length), 1
        device = next(self.parameters()).device
        features = {"input_ids": ids.to(device), "attention_mask": mask.to(device)}
        with _without_dropout(self):
            embeddings = Transformer.forward(self, features)["token_embeddings"]  # (K, S, H)
        return [embeddings[row, :length] for row, length in enumerate(lengths)]

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
    texts beside it. In evaluation the references are kept by length until the weights, the device
    or the dtype change; in training gradients flow through them, and no dropout does.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kept = _Kept()

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
        shifted._kept = _Kept()
        return shifted

    def train(self, mode: bool = True) -> ShiftingReferenceTransformer:
        """Sets the mode; going into training drops the references that are kept."""
        if mode:
            self._kept = _Kept()  # a fused optimizer changes weights without a trace
        return super().train(mode)

    def _should_flatten_inputs(self, *args: Any, **kwargs: Any) -> bool:
        return False  # the shift needs to know which token belongs to which text

    def forward(self, features: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Adds `token_embeddings`, `(B, S, H)`, to the features. Padded positions are left as they are.

        Where the features hold `reference_embeddings`, `(B, S, H)`, these are subtracted as they are.
        """
        given = features.pop("reference_embeddings", None)
        features = super().forward(features, **kwargs)
        embeddings = features["token_embeddings"]
        references = self._references(features, embeddings) if given is None else given.to(embeddings.dtype)
        # A text that is its own reference is zero exactly: rounding would have a direction, and so a cosine.
        references = torch.where(self._are_references(features)[:, None, None], embeddings, references)
        features["token_embeddings"] = embeddings - references
        return features

    def _references(self, features: dict[str, Any], embeddings: Tensor) -> Tensor:
        """Each text's reference where the text is, zero where it is padded: `(B, S, H)`."""
        mask = features["attention_mask"].bool()
        lengths = mask.sum(dim=1).tolist()
        kept = self._by_length(sorted(set(lengths)))
        rows = torch.cat([kept[length] for length in lengths]).to(embeddings.dtype)  # (ΣS, H)
        return torch.zeros_like(embeddings).masked_scatter(mask[..., None], rows)

    def _are_references(self, features: dict[str, Any]) -> Tensor:
        """Whether each text is its own reference, `(B,)`."""
        mask, ids = features["attention_mask"].bool(), features["input_ids"]
        inputs = torch.cat([self.reference_ids(length) for length in mask.sum(dim=1).tolist()]).to(ids)  # (ΣS,)
        return (ids.masked_scatter(mask, inputs) == ids).all(dim=1)

    def _by_length(self, lengths: list[int]) -> dict[int, Tensor]:
        """The references of some lengths; in evaluation those that are kept."""
        if self.training or torch.is_grad_enabled():
            return dict(zip(lengths, self.references_of(lengths), strict=True))
        weights = tuple((p.data_ptr(), p.dtype, p.device, _version(p)) for p in self.parameters())
        kept = self._kept  # one look: another thread may put a new one in its place
        if kept.weights != weights:
            kept = self._kept = _Kept(weights)
        references = dict(kept.references)
        for length in lengths:
            if length not in references:
                together = self._together(length)
                found = {each: row.clone() for each, row in zip(together, self.references_of(together), strict=True)}
                references |= found
                if len(kept.references) + len(found) <= MOST_KEPT:
                    kept.references.update(found)
        return references

    def _together(self, length: int) -> range:
        """The lengths whose references one pass computes: always the same ones, so that rounding is the same."""
        if length > SHORT or self.max_seq_length is None:
            return range(length, length + 1)
        first = (length - 1) // BLOCK * BLOCK + 1
        return range(first, max(length, min(first + BLOCK - 1, self.max_seq_length)) + 1)


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


class _Kept:
    """References by length, and the state of the weights that they are of. A copy of it is empty."""

    def __init__(self, weights: tuple[Any, ...] = ()) -> None:
        self.weights = weights
        self.references: dict[int, Tensor] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> _Kept:
        return _Kept()


def _version(parameter: Tensor) -> int:
    return -1 if parameter.is_inference() else parameter._version


# The published checkpoints name the class by this path, and so do ours: files outlive modules.
ReferenceTransformer.__module__ = ShiftingReferenceTransformer.__module__ = "xsbert.models"
