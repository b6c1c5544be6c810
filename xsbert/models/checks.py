"""What a user passes to an encoder, and what a user should know of the result."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xsbert.models.text import Text, check_string

MODEL_FILES = ("modules.json", "config.json", "adapter_config.json")


def check_folder(name: str) -> None:
    """Raises ValueError for a folder that holds no model; names that are no folder pass.

    Raises:
        TypeError: `name` is not a string.
        ValueError: the folder has none of the files that a saved model starts with.
    """
    if not isinstance(name, str):
        raise TypeError(
            f"model_name_or_path got {name!r:.60} ({type(name).__name__}); expected a name on the hub or a folder's "
            "path, as a string. A model that is loaded already is wrapped: XSTransformer.wrap(model)."
        )
    if Path(name).is_dir() and not any(Path(name, file).is_file() for file in MODEL_FILES):
        raise ValueError(
            f"The folder {name} has none of {', '.join(MODEL_FILES)}; expected a saved model. "
            "Name the folder that a model was saved to, or a model on the hub."
        )


def check_texts(texts: Any) -> None:
    """Raises TypeError for what is no list of strings, ValueError for an empty one."""
    if isinstance(texts, str) or not isinstance(texts, Sequence):
        raise TypeError(f"texts got {texts!r:.60} ({type(texts).__name__}); expected a list of strings.")
    if not texts:
        raise ValueError("texts got an empty list; expected at least one text.")
    for text in texts:
        check_string(text)


def check_method(rule: Any, reference: Any) -> None:
    """Raises TypeError for what is no quadrature rule or no reference."""
    if not hasattr(rule, "nodes"):
        raise TypeError(f"quadrature got {rule!r}; expected a rule, such as Adaptive(1e-3) or GaussLegendre(50).")
    if not hasattr(reference, "hidden_states"):
        raise TypeError(f"reference got {reference!r}; expected a reference, such as PaddingReference().")


def warn(text: Text, layer: int, converged: bool, error: float, max_length: int | None) -> None:
    """Warns of a text that was cut, and of a quadrature that gave up."""
    shown = repr(text.string if len(text.string) <= 60 else text.string[:59] + "…")
    if text.truncated:
        warnings.warn(
            f"The text {shown} is longer than the model takes and was cut to {len(text.tokens)} tokens, as encode "
            f"cuts it (max_seq_length = {max_length}). What was cut is not explained.",
            stacklevel=5,
        )
    if not converged:
        warnings.warn(
            f"The quadrature gave up on {shown} at layer {layer}: the relative error of law 1 is {error:.1e}. "
            "Allow more nodes, Adaptive(max_nodes=…), or choose a deeper layer.",
            stacklevel=5,
        )
