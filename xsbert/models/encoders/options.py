"""What an explanation can be asked for: one declaration for all encoders and all their methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypedDict, TypeVar, cast

import torch

from xsbert.models.inputs.prompts import Both
from xsbert.models.methods.hidden_states import HiddenStates
from xsbert.models.methods.method import Method, check_method
from xsbert.models.methods.presence import Presence
from xsbert.models.methods.removal import Removal
from xsbert.results.arguments import at_least


class WorkOptions(TypedDict, total=False):
    """How token vectors are computed.

    Keys:
        method: what is integrated, and how: by default `Presence()`; the papers' is `HiddenStates()`; `Removal()` takes
            words away for real.
        memory: the bytes that a pass may hold beyond the model; by default a quarter of what is free. What doesn't
            fit is done in parts, down to one tangent at one point.
        matmul_dtype: a lower precision for products with weights, such as torch.bfloat16 where the device has matrix
            units for it; by default their own. `x.errors` tells what it cost. A text that another's vectors are
            pulled back through keeps its precision.
        show_progress_bar: True or False; by default where the work takes longer than two seconds, at a terminal or
            in a notebook. It moves within a long text too.
    """

    method: Method | Removal
    memory: int | None
    matmul_dtype: torch.dtype | None
    show_progress_bar: bool | None


class VectorOptions(WorkOptions, total=False):
    """How texts are put to the model, each like the others.

    Keys:
        prompt, prompt_name, task: what `encode` puts before a text, as there; with the task "query" or "document"
            what `encode_query` and `encode_document` put there, and the route that they take. The prompt's tokens are
            in the result, and `x.folded()` makes them one.
    """

    prompt: str | None
    prompt_name: str | None
    task: str | None


class MatchOptions(TypedDict, total=False):
    """How the texts of a pair are put to a model of late interaction, which has its token vectors already.

    Keys:
        prompt, prompt_name, task: as of `PairOptions`; by default one is a query, and one a document.
        show_progress_bar: as of `encode`.
    """

    prompt: Both
    prompt_name: Both
    task: Both
    show_progress_bar: bool | None


class PairOptions(WorkOptions, total=False):
    """How the texts of a pair are put to the model, and compared.

    Keys:
        similarity: "cosine" or "dot"; by default the model's own `similarity_fn_name`.
        prompt, prompt_name, task: as of `VectorOptions`; one for both texts, or a pair.
    """

    similarity: str | None
    prompt: Both
    prompt_name: Both
    task: Both


FOR_WORK: WorkOptions = {"method": Presence(), "memory": None, "matmul_dtype": None, "show_progress_bar": None}
FOR_VECTORS: VectorOptions = {**FOR_WORK, "prompt": None, "prompt_name": None, "task": None}
FOR_PAIRS: PairOptions = {**FOR_WORK, "similarity": None, "prompt": None, "prompt_name": None, "task": None}
FOR_MATCHES: MatchOptions = {
    "prompt": None,
    "prompt_name": None,
    "task": ("query", "document"),
    "show_progress_bar": None,
}
"""The options' defaults."""
METHODS = (Presence, HiddenStates, Removal)
Options = TypeVar("Options", VectorOptions, PairOptions, MatchOptions)


def settled(options: Mapping[str, Any], defaults: Options, function: str) -> Options:
    """All options of a function, those that were left out by their defaults.

    Raises:
        TypeError: there is no such option, or `method` is no method, or `memory` no whole number.
        ValueError: `memory` is not positive, or `matmul_dtype` no lower precision.
    """
    for name in options:
        homes = [f"{kind.__name__}({name}=…)" for kind in METHODS if name in {each.name for each in fields(kind)}]
        if homes and "method" in defaults:
            raise TypeError(
                f"{function} got {name}={options[name]!r:.60}; expected it within the method: "
                f"method={' or '.join(homes)}."
            )
        if name not in defaults:
            raise TypeError(f"{function} got an unexpected option {name!r}; expected some of {', '.join(defaults)}.")
    chosen: Any = {**defaults, **options}
    if "method" in chosen:
        if not isinstance(chosen["method"], Removal):
            check_method(chosen["method"])
        if chosen["memory"] is not None:
            chosen["memory"] = at_least(chosen["memory"], 1, "memory", "bytes, such as 2 * 2**30")
        if (dtype := chosen["matmul_dtype"]) not in (None, torch.bfloat16, torch.float16):
            raise ValueError(f"matmul_dtype got {dtype!r}; expected None, torch.bfloat16 or torch.float16.")
    return cast(Options, chosen)
