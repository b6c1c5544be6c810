"""How a text is put to the model: behind which prompt, and as a query or a document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sentence_transformers.base.model import BaseModel
from sentence_transformers.base.modules import Router
from torch import nn

from xsbert.models.host import resolved_prompt, route_of
from xsbert.models.pictures.given import GivenPicture, is_picture, opened

Both = str | None | tuple[str | None, str | None]
"""A choice for both texts of a pair, or one for each."""
NAMES = {"query": ("query",), "document": ("document", "passage", "corpus")}
"""The prompts that `encode_query` and `encode_document` look for, in their order."""


class TextInput(NamedTuple):
    """A text as the model is given it; empty strings for no prompt, and for no task.

    Of a picture the string is its name, and there is no prompt.
    """

    string: str
    prompt: str = ""
    task: str = ""
    picture: GivenPicture | None = None

    @property
    def modality(self) -> str:
        """As the host calls it."""
        return "image" if self.picture else "text"


def text_inputs(
    model: BaseModel, strings: Sequence[Any], prompt: str | None, name: str | None, task: str | None
) -> list[TextInput]:
    """Texts as `encode` gives them to the model; with a task, as `encode_query` or `encode_document` does.

    Pictures among them are opened, and get no prompt, as there.

    Raises:
        TypeError: an option is not a string.
        ValueError: the model has no prompt of this name, or a picture can't be read.
    """
    for option, value in (("prompt", prompt), ("prompt_name", name), ("task", task)):
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{option} got {value!r} ({type(value).__name__}); expected a string, or a pair of them.")
    if name is not None and name not in model.prompts:
        raise ValueError(
            f"prompt_name got {name!r}; this model's prompts are {', '.join(map(repr, model.prompts)) or 'none'}. "
            "Name one of these, or pass the prompt itself: prompt='query: '."
        )
    if prompt is None and name is None and task is not None:
        name = next((name for name in NAMES.get(task, ()) if name in model.prompts), None)
    resolved = resolved_prompt(model, prompt, name)
    return [
        _picture_input(string, task or "") if is_picture(model, string) else TextInput(string, resolved, task or "")
        for string in strings
    ]


def _picture_input(value: Any, task: str) -> TextInput:
    name, picture = opened(value)
    return TextInput(name, "", task, picture)


def both(value: Any) -> tuple[Any, Any]:
    """A choice for each text of a pair.

    Raises:
        ValueError: a tuple or list of another length.
    """
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise ValueError(f"Got {value!r} for a pair of texts; expected one choice for both, or (for a, for b).")
        return value[0], value[1]
    return value, value


def routed(modules: Sequence[nn.Module], task: str, modality: str = "text") -> tuple[nn.Module, ...]:
    """The modules that a text of this task, or a picture, runs through: a `Router` gives way to those of its route.

    Raises:
        ValueError: the router has no such route.
    """
    found: list[nn.Module] = []
    for module in modules:
        if isinstance(module, Router):
            route: Any = module.sub_modules[route_of(module, task, modality)]
            found += route
        else:
            found.append(module)
    return tuple(found)
