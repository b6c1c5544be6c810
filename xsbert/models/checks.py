"""What a user passes to an encoder, and what a user should know of the result."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from xsbert.attribution.integration.pullback import Pulled
from xsbert.attribution.integration.token_vectors import Integral
from xsbert.attribution.quadrature.rule import Rule
from xsbert.results.attribution import MISSED
from xsbert.results.record import shortened

if TYPE_CHECKING:
    from xsbert.models.inputs.text import Text

MODEL_FILES = ("modules.json", "config.json", "adapter_config.json")


def check_folder(name: str) -> None:
    """Looks at a model's name before the host does; names that are no path pass.

    Raises:
        TypeError: `name` is not a string.
        ValueError: it is a path to no folder, or to one that has none of the files that a saved model
            starts with.
    """
    if not isinstance(name, str):
        raise TypeError(
            f"model_name_or_path got {name!r:.60} ({type(name).__name__}); expected a name on the hub or a folder's "
            "path, as a string. A model that is loaded already is wrapped: XSTransformer.wrap(model)."
        )
    remedy = "Name the folder that a model was saved to, or a model on the hub, such as 'organisation/name'."
    path = Path(name)
    if not path.is_dir() and (path.exists() or path.is_absolute() or len(path.parts) > 2 or name.startswith(".")):
        raise ValueError(f"{name!r} is no folder; expected a saved model. {remedy}")
    if path.is_dir() and not any((path / file).is_file() for file in MODEL_FILES):
        raise ValueError(f"The folder {name} has none of {', '.join(MODEL_FILES)}; expected a saved model. {remedy}")


def warn(
    text: Text, layer: int, found: Integral | Pulled, rule: Rule, rounds: str | None, max_length: int | None
) -> None:
    """Warns of a text that was cut, of a quadrature that gave up, of products that round too much."""
    shown = shortened(text.input.string, 60)
    if text.truncated:
        warn_of_cut(text.input.string, len(text.tokens), max_length)
    if not found.converged and found.error > getattr(rule, "rtol", 0):
        _warn(
            f"The quadrature gave up on {shown} at layer {layer}, {found.nodes} nodes: the relative error of law 1 is "
            f"{found.error:.1e}. Allow that, Adaptive({1.5 * found.error:.1g}), which takes no more nodes; or more "
            "nodes, Adaptive(max_nodes=…); or choose a deeper layer."
        )
    elif not found.error <= MISSED:  # a NaN too
        _warn(
            f"Law 1 is missed by {found.error:.0%} for {shown} at layer {layer}, by {rule!r}: the pairs do not account "
            "for the embedding. Take more nodes, or Adaptive(), which says when there are enough; or a deeper layer."
        )
    elif rounds and found.error > getattr(rule, "rtol", 1):
        _warn(
            f"The products in {rounds} leave a relative error of law 1 of {found.error:.1e} for {shown}, which "
            f"{rule!r} does not allow. Leave out matmul_dtype=, or allow a larger rtol."
        )


def warn_of_cut(string: str, tokens: int, max_length: int | None) -> None:
    """Warns of a text of which the model reads so many tokens only."""
    _warn(
        f"The text {shortened(string, 60)} is longer than the model takes and was cut to {tokens} tokens, as encode "
        f"cuts it (max_seq_length = {max_length}). What was cut is not explained."
    )


_SAID: set[str] = set()


def say_once(message: str) -> None:
    """Warns, the first time in this process."""
    if message not in _SAID:
        _SAID.add(message)
        _warn(message)


def _warn(message: str) -> None:
    """Warns where the caller of the package is."""
    depth, frame = 1, sys._getframe(0)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("xsbert"):
        depth, frame = depth + 1, frame.f_back
    warnings.warn(message, stacklevel=depth)
