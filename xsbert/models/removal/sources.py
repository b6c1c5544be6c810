"""What embeddings are asked of: a model of sentence-transformers, or any function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import numpy as np
from sentence_transformers.base.model import BaseModel
from tokenizers import Tokenizer
from torch import nn
from transformers import PreTrainedTokenizerBase

from xsbert.models.checks import warn_of_cut
from xsbert.models.inputs.prompts import TextInput, routed
from xsbert.models.inputs.text import check_string, read
from xsbert.models.inputs.units import Units, grouped_by
from xsbert.models.names import name_of
from xsbert.models.removal.encodings import Encodings
from xsbert.models.splitting.split import without_trailing_normalize
from xsbert.models.splitting.static import StaticSplit, is_static
from xsbert.results.parts.words import Group, Offset, touching

TEXTS_OF_A_CALL = 1024
"""Sub-texts that a model is given at once: it sorts them by length, and fills its own batches."""


class Players(NamedTuple):
    """A text, and what comes and goes in it.

    Args:
        input: the text as the user gave it, its prompt and its task.
        groups: the players: the tokens of each, and where they stand.
        truncated: whether the model cuts the text.
        unknown: the positions of players that hold a token which the tokenizer does not know.
        end: where the model stops reading the text.
    """

    input: TextInput
    groups: tuple[Group, ...]
    truncated: bool
    unknown: tuple[int, ...]
    end: int


class Source(Protocol):
    """What embeddings are asked of."""

    @property
    def name(self) -> str:
        """What results call it."""
        ...

    @property
    def at_once(self) -> int:
        """How many texts are worked on together."""
        ...

    def players(self, text: TextInput, units: Units) -> Players:
        """A text's players."""
        ...

    def encodings(self, text: TextInput) -> Encodings:
        """The embeddings of texts that are put to the model as this one is."""
        ...

    def parts(self, text: TextInput) -> tuple[np.ndarray, float] | None:
        """What the embedding is the mean of, `(S, D)`, and its length if the model divides by it, else 1; or None."""
        ...


class OfModel:
    """A model of sentence-transformers, whatever it computes with.

    Args:
        model: the model; it is not changed.
    """

    at_once = 64

    def __init__(self, model: BaseModel) -> None:
        self._model = model
        self._encodings: dict[tuple[str, str], Encodings] = {}

    @property
    def name(self) -> str:
        """The model's name."""
        return name_of(self._model)

    def players(self, text: TextInput, units: Units) -> Players:
        """The units of the tokens that the model reads; of characters, where it has no tokenizer that is known."""
        if text.picture is not None:
            raise ValueError(
                f"Removal got the picture {text.string!r}; expected a text, to leave words out of. Use Presence(): it "
                "leaves out a picture's patches."
            )
        first: Any = routed(list(self._model), text.task)[0]
        if not isinstance(getattr(first, "tokenizer", None), PreTrainedTokenizerBase | Tokenizer):
            return players_of(text, units)
        tokens = read(self._model, text)
        if tokens.truncated:
            warn_of_cut(text.string, len(tokens.tokens), self._model.max_seq_length)
        found = _players(text, tokens.offsets, units)
        end = max((group.offset[1] for group in found.groups if group.offset), default=0)
        unknown = touching(found.groups, tokens.unknown)
        return found._replace(truncated=tokens.truncated, unknown=unknown, end=end)

    def encodings(self, text: TextInput) -> Encodings:
        """As `encode` gives them, behind the text's prompt and along its route."""
        prompt, task = text.prompt, text.task
        if (prompt, task) not in self._encodings:
            options = {"prompt": prompt or None} | ({"task": task} if task else {})
            self._encodings[prompt, task] = Encodings(encode_of(self._model, **options), TEXTS_OF_A_CALL)
        return self._encodings[prompt, task]

    def parts(self, text: TextInput) -> tuple[np.ndarray, float] | None:
        """The token embeddings of a mean of static embeddings."""
        modules = list(routed(list(self._model), text.task))
        if text.prompt or not is_static(modules) or len(without_trailing_normalize(modules)) > 1:
            return None
        split = StaticSplit(modules, getattr(self._model, "truncate_dim", None))
        hidden, embeddings = split.embedded(split.at_hand(read(self._model, text).features))
        return hidden[0, :, : split.truncate_dim].double().cpu().numpy(), split.norm(embeddings[0])


class OfFunction:
    """A function of which nothing is known but the embeddings that it gives.

    Args:
        name: what results call it.
        encodings: its embeddings.
    """

    at_once = 2**31  # all texts, so that it is known before how many calls there are

    def __init__(self, name: str, encodings: Encodings) -> None:
        self.name, self._encodings = name, encodings

    def players(self, text: TextInput, units: Units) -> Players:
        """The units of the text's characters."""
        return players_of(text, units)

    def encodings(self, text: TextInput) -> Encodings:
        """The function's, whatever the text."""
        return self._encodings

    def parts(self, text: TextInput) -> None:
        """Nothing is known of how an embedding is made."""


def players_of(text: TextInput, units: Units) -> Players:
    """The units of a text without tokens: each character is one."""
    return _players(text, [(i, i + 1) for i, char in enumerate(text.string) if not char.isspace()], units)


def _players(text: TextInput, offsets: Any, units: Units) -> Players:
    places: list[Offset] = list(offsets)
    groups = (group for group in grouped_by(text.string, places, units) if group.offset)
    found = tuple(group for group in groups if text.string[slice(*group.offset or ())].strip())
    return Players(text, found, False, (), len(text.string))


def encode_of(model: Any, **options: Any) -> Callable[[list[str]], Any]:
    """A model's embeddings of texts, in evaluation mode, as tensors."""

    def encode(texts: list[str]) -> Any:
        with evaluating(model):
            return model.encode(texts, batch_size=64, show_progress_bar=False, convert_to_tensor=True, **options)

    return encode


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


def checked_input(text: Any, place: str) -> TextInput:
    """A text for a function, which has no prompts.

    Raises:
        TypeError, ValueError: as `check_string`.
    """
    check_string(text, place)
    return TextInput(text)
