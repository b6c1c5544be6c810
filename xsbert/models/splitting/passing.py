"""Where derivatives end: the module that is given tangents, and passes none on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from xsbert.attribution.forward_mode.dual import Dual


def blocking(modules: nn.Module, run: Callable[[], Any]) -> str | None:
    """The first module, by its path and class, whose output does not move as its input does; None where all pass.

    Quantised layers are such: they round their input to a few hundred steps.

    Args:
        modules: where to look.
        run: a pass with `Dual`s through some of the modules.
    """
    found: list[str] = []

    def look(name: str, module: nn.Module, given: Any, output: Any) -> None:
        moves = [value for value in tree_leaves(output) if isinstance(value, Tensor) and value.is_floating_point()]
        if not found and moves and _moves(given) and not _moves(output):
            found.append(f"'{name}' ({type(module).__name__})")

    with ExitStack() as stack:
        for name, module in modules.named_modules():  # those inside end before those around them
            stack.callback(module.register_forward_hook(partial(look, name)).remove)
        run()
    return found[0] if found else None


def _moves(values: Any) -> bool:
    return any(isinstance(value, Dual) and bool(value.dense().any()) for value in tree_leaves(values))
