"""Every private name of sentence-transformers and transformers that is used, each with the release it was checked on.

They may change with any release: `setup.py` bounds the hosts, and `.ci/newest` says what a new one breaks.
"""

from __future__ import annotations

import copy
from typing import Any

from sentence_transformers.base.model import BaseModel
from sentence_transformers.base.modules import Router
from transformers import PreTrainedModel

OVERRIDDEN = {
    "sentence_transformers.base.modules.Transformer._should_flatten_inputs": "sentence-transformers 6.2",
    "sentence_transformers.SentenceTransformer._module_classes": "sentence-transformers 6.2",
}
"""What classes of ours override: whether texts are packed into one row; what saved class names are resolved with."""


def resolved_prompt(model: BaseModel, prompt: str | None, name: str | None) -> str:
    """What `encode` puts before a text, given a prompt or its name; "" for nothing. sentence-transformers 6.2."""
    return model._resolve_prompt(prompt, None if prompt is not None else name) or ""


def route_of(router: Router, task: str, modality: str = "text") -> str:
    """The name of the route that texts of this task, or pictures, take; "" for no task. sentence-transformers 6.2.

    Raises:
        ValueError: the router has no such route.
    """
    return str(router._resolve_route(task or None, modality))


def without_flattening(transformer: Any) -> Any:
    """The same module, that packs no texts into one row as it does for flash attention. sentence-transformers 6.2."""
    if not getattr(transformer, "can_flatten_inputs", False):
        return transformer
    reader = copy.copy(transformer)
    reader.can_flatten_inputs = False
    return reader


def loaded_name(model: BaseModel) -> str:
    """The name or path that a model's encoder was loaded by; "" where it was not. transformers 5.23."""
    return str(getattr(model.config, "_name_or_path", "") or "")


def set_loaded_name(encoder: Any, name: str) -> None:
    """Calls an encoder by another name than that it was loaded by. transformers 5.23."""
    encoder.config._name_or_path = name


def make_eager(encoder: PreTrainedModel) -> None:
    """Lets an encoder compute attention step by step. transformers 5.23."""
    if encoder.config._attn_implementation != "eager":
        encoder.set_attn_implementation("eager")
