"""A text as the encoder sees it: features, tokens, and where the tokens stand in the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from sentence_transformers.base.model import BaseModel
from torch import Tensor

from xsbert.models.checks import say_once
from xsbert.models.host import without_flattening
from xsbert.models.inputs.encoding import encoding_of
from xsbert.models.inputs.prompts import TextInput, routed, text_inputs
from xsbert.models.inputs.wording import wording
from xsbert.models.pictures.given import is_picture, reads_pictures
from xsbert.models.pictures.reading import added_tokens, labels, read_picture
from xsbert.results.parts.picture import Picture
from xsbert.results.parts.words import Offset

MANY_UNKNOWN = 0.1
"""The share of a text's tokens from which a user is told that they are unknown."""


@dataclass(frozen=True)
class Text:
    """One text, tokenized as `encode` tokenizes it; or a picture, cut into patches.

    Args:
        input: the text as the user gave it, its prompt and its task.
        features: what the host's `preprocess` gives for this text alone, a batch of one, on the model's device.
        tokens: the S tokens as the characters that they stand for.
        pieces: the S tokens as the tokenizer spells them ("##ing", "Ġdog").
        offsets: where each token stands in `string`; None for special and prompt tokens, and where it is not
            known.
        special: `(S,)`, bool: the tokens that the tokenizer added around the text.
        prompted: the positions of the prompt's tokens.
        truncated: whether the tokenizer cut the text.
        unknown: the positions of the tokens that the tokenizer does not know.
        picture: of a picture, its grid. Its tokens are in the encoder's order, which puts a class token first.
        read: what the model reads of each token where it is not as written, else ""; () where all is as written.
    """

    input: TextInput
    features: dict[str, Any]
    tokens: tuple[str, ...]
    pieces: tuple[str, ...]
    offsets: tuple[Offset, ...]
    special: Tensor
    prompted: tuple[int, ...]
    truncated: bool
    unknown: tuple[int, ...] = ()
    read: tuple[str, ...] = ()
    picture: Picture | None = None

    @property
    def order(self) -> list[int]:
        """The tokens in the order of results: of a picture, first its patches, then what the model adds."""
        positions = range(len(self.tokens))
        return sorted(positions, key=self.special.tolist().__getitem__) if self.picture else list(positions)


def read(model: BaseModel, text: str | TextInput) -> Text:
    """Tokenizes one text, behind its prompt; a string behind the model's default prompt, where it has one.

    Raises:
        TypeError: `string` is not a string.
        ValueError: it holds half a surrogate pair, which no tokenizer can read; or a picture is cut into patches in a
            way that is not known.

    Warns:
        UserWarning: once for each text, where a tenth or more of its tokens is unknown.
    """
    if not isinstance(text, TextInput):
        check_string(text)
        (text,) = text_inputs(model, [text], None, None, None)
    if text.picture:
        return _read_picture(model, text)
    string, prompt = text.string, text.prompt
    check_string(string)
    features = _preprocessed(model, text)
    first: Any = routed(list(model), text.task)[0]
    tokenizer = getattr(first, "tokenizer", None) or model.tokenizer
    encoding = encoding_of(features, tokenizer, prompt + string)
    offsets = tuple(
        None if place is None else _within(string, place[0] - len(prompt), place[1] - len(prompt))
        for place in encoding.offsets
    )
    prompted = tuple(i for i, place in enumerate(encoding.offsets) if place is not None and offsets[i] is None)
    tokens = [_shown(string, piece, offset) for piece, offset in zip(encoding.pieces, offsets, strict=True)]
    for i in prompted:
        tokens[i] = prompt[slice(*encoding.offsets[i] or ())].strip() or tokens[i]
    own = len(encoding.special) - sum(encoding.special)
    if encoding.unknown and len(encoding.unknown) >= MANY_UNKNOWN * own:
        say_once(
            f"Of the text {string[:60]!r} the model knows only {own - len(encoding.unknown)} of {own} tokens. The "
            "others are not in its vocabulary: it reads them all as one and the same."
        )
    return Text(
        input=text,
        features={name: _moved(value, model.device) for name, value in features.items()},
        tokens=tuple(tokens),
        pieces=encoding.pieces,
        offsets=offsets,
        special=torch.tensor(encoding.special, device=model.device),
        prompted=prompted,
        truncated=encoding.cut,
        unknown=encoding.unknown,
        read=wording(tokenizer, string, offsets, encoding.unknown),
    )


def _preprocessed(model: BaseModel, text: TextInput) -> Any:
    options = {"prompt": text.prompt or None} | ({"task": text.task} if text.task else {})
    # With flash attention the host packs texts into one row, without masks or offsets; not on this copy.
    reader = model if (first := without_flattening(model[0])) is model[0] else first
    return reader.preprocess([text.picture.image if text.picture else text.string], **options)


def _read_picture(model: BaseModel, given: TextInput) -> Text:
    features = _preprocessed(model, given)
    first: Any = routed(list(model), given.task, given.modality)[0]
    image: Any = given.picture and given.picture.image
    encoder: Any = model.transformers_model
    grid, picture = read_picture(encoder, features, image, first.processor)
    tokens = labels(grid)
    return Text(
        input=given,
        features={name: _moved(value, model.device) for name, value in features.items()},
        tokens=tokens,
        pieces=tokens,
        offsets=(None,) * len(tokens),
        special=added_tokens(grid).to(model.device),
        prompted=(),
        truncated=False,
        picture=picture,
    )


def check_string(string: object, place: str = "A text") -> None:
    """Raises TypeError for what is not a string, ValueError for half a surrogate pair; both name its place."""
    if not isinstance(string, str):
        raise TypeError(
            f"{place} got {string!r:.60} ({type(string).__name__}); expected a string, such as 'The coffee is bad.'. "
            "For many texts use token_vectors(texts) or explain_pairs(pairs); leave out what is missing in a table."
        )
    for position, char in enumerate(string):
        if "\ud800" <= char <= "\udfff":
            raise ValueError(
                f"{place} holds half a surrogate pair ({char!r} at position {position}); expected whole characters. "
                "Decode it with errors='replace', or text.encode('utf-16', 'surrogatepass').decode('utf-16')."
            )


def check_side(model: BaseModel, value: object, place: str) -> None:
    """Raises, as `check_string`, for what is neither text nor picture; TypeError for a picture that no model reads."""
    if not is_picture(model, value):
        check_string(value, place)
    elif not reads_pictures(model):
        raise TypeError(
            f"{place} got a picture ({type(value).__name__}), and this model reads texts alone; expected a string, "
            "such as 'The coffee is bad.'. Pictures take a model of both, such as CLIP or SigLIP."
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
