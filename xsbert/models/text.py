"""A text as the encoder sees it: features, tokens, and where the tokens stand in the text."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor

from xsbert.attribution.words import Offset


@dataclass(frozen=True)
class Text:
    """One text, tokenized as `encode` tokenizes it.

    Args:
        string: the text as the user gave it.
        features: what the host's `preprocess` gives for this text alone, a batch of one, on the model's device.
        tokens: the S tokens as the characters that they stand for.
        pieces: the S tokens as the tokenizer spells them ("##ing", "Ġdog").
        offsets: where each token stands in `string`; None for special and prompt tokens.
        special: `(S,)`, bool: the tokens that the tokenizer added around the text.
        truncated: whether the tokenizer cut the text.
    """

    string: str
    features: dict[str, Any]
    tokens: tuple[str, ...]
    pieces: tuple[str, ...]
    offsets: tuple[Offset, ...]
    special: Tensor
    truncated: bool


def read(model: SentenceTransformer, string: str) -> Text:
    """Tokenizes one text, behind the model's default prompt where it has one.

    Raises:
        TypeError: `string` is not a string.
        ValueError: it holds half a surrogate pair, which no tokenizer can read, or the model's
            tokenizer gives no offsets.
    """
    check_string(string)
    prompt = model._resolve_prompt(None, None) or ""
    features = _preprocessed(model, string, prompt or None)
    encoding = (getattr(features, "encodings", None) or [None])[0]
    if encoding is None:
        raise ValueError(
            f"The tokenizer of this model ({type(model.tokenizer).__name__}) gives no character offsets; "
            "expected a fast tokenizer. Load the model with processor_kwargs={'use_fast': True}."
        )
    special = torch.tensor(encoding.special_tokens_mask, dtype=torch.bool)
    offsets = tuple(
        None if mark else _within(string, start - len(prompt), end - len(prompt))
        for mark, (start, end) in zip(special.tolist(), encoding.offsets, strict=True)
    )
    pieces = tuple(encoding.tokens)
    return Text(
        string=string,
        features={name: _moved(value, model.device) for name, value in features.items()},
        tokens=tuple(_shown(string, piece, offset) for piece, offset in zip(pieces, offsets, strict=True)),
        pieces=pieces,
        offsets=offsets,
        special=special.to(model.device),
        truncated=bool(encoding.overflowing),
    )


def _preprocessed(model: SentenceTransformer, string: str, prompt: str | None) -> Any:
    if not getattr(model[0], "can_flatten_inputs", False):
        return model.preprocess([string], prompt=prompt)
    # With flash attention the host packs texts into one row, without masks or offsets; not on this copy.
    reader: Any = copy.copy(model[0])
    reader.can_flatten_inputs = False
    return reader.preprocess([string], prompt=prompt)


def check_string(string: object) -> None:
    """Raises TypeError for what is not a string, ValueError for half a surrogate pair."""
    if not isinstance(string, str):
        raise TypeError(
            f"A text got {string!r:.60} ({type(string).__name__}); expected a string, such as 'The coffee is bad.'. "
            "For many texts use token_vectors(texts) or explain_pairs(pairs)."
        )
    for position, char in enumerate(string):
        if "\ud800" <= char <= "\udfff":
            raise ValueError(
                f"A text holds half a surrogate pair ({char!r} at position {position}); expected whole characters. "
                "Decode it with errors='replace', or text.encode('utf-16', 'surrogatepass').decode('utf-16')."
            )


def _within(string: str, start: int, end: int) -> Offset:
    """The offset less white space at its ends; None for a token of the prompt."""
    if start < 0 and end <= 0:
        return None  # in the prompt
    start = max(start, 0)
    inner = string[start:end].strip()
    if inner:
        start += string[start:end].index(inner)
    return start, start + len(inner)


def _shown(string: str, piece: str, offset: Offset) -> str:
    if offset and offset[0] < offset[1]:
        return string[slice(*offset)]
    return piece.strip("Ġ▁ ") or "␣"  # a token of white space alone


def _moved(value: Any, device: torch.device) -> Any:
    return value.to(device) if isinstance(value, Tensor) else value
