"""Read, replace or pass a layer's input: context managers that leave nothing behind.

A layer is a module and one of its calls in a pass, `(module, turn)`: layers that share their weights
are one module that is called again and again. Each context is for one pass.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import Tensor, nn


class _Reached(Exception):
    """Ends a forward pass at the layer whose input was asked for."""

    def __init__(self, hidden: Tensor) -> None:
        super().__init__()
        self.hidden = hidden


def captured_input(layer: tuple[nn.Module, int], run: Callable[[], Any]) -> Tensor:
    """The hidden states that enter `layer` when `run` runs; nothing behind the layer is computed.

    Raises:
        ValueError: `run` ended without reaching the layer.
    """

    def stop(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        raise _Reached(_hidden(args, kwargs))

    try:
        with _at(layer, stop):
            run()
    except _Reached as reached:
        return reached.hidden
    raise ValueError(f"The forward pass did not reach {type(layer[0]).__name__}; expected a layer of the encoder.")


@contextmanager
def replaced_input(layer: tuple[nn.Module, int], hidden: Tensor) -> Iterator[None]:
    """Within the context, `layer` is given `hidden` in place of what reaches it."""

    def swap(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        return ((hidden, *args[1:]), kwargs) if args else (args, kwargs | {"hidden_states": hidden})

    with _at(layer, swap):
        yield


@contextmanager
def entered(layer: tuple[nn.Module, int], do: Callable[[], None]) -> Iterator[None]:
    """Within the context, `do` is called before `layer` runs."""
    with _at(layer, lambda args, kwargs: do()):
        yield


@contextmanager
def recorded_input(layer: tuple[nn.Module, int]) -> Iterator[list[Tensor]]:
    """Within the context, the hidden states that enter `layer` are appended to the list."""
    inputs: list[Tensor] = []
    with _at(layer, lambda args, kwargs: inputs.append(_hidden(args, kwargs))):
        yield inputs


@contextmanager
def recorded_calls(modules: Iterable[nn.Module]) -> Iterator[list[nn.Module]]:
    """Within the context, each module is appended to the list when it is called."""
    calls: list[nn.Module] = []
    with ExitStack() as stack:
        for module in dict.fromkeys(modules):
            stack.callback(module.register_forward_pre_hook(lambda module, _: calls.append(module)).remove)
        yield calls


@contextmanager
def recorded_outputs(layers: Iterable[tuple[nn.Module, int]]) -> Iterator[list[Any]]:
    """Within the context, what the layers' modules give is appended to the list."""
    outputs: list[Any] = []

    def record(module: nn.Module, args: Any, output: Any) -> None:
        outputs.append(output)

    with ExitStack() as stack:
        for module in dict.fromkeys(module for module, _ in layers):
            stack.callback(module.register_forward_hook(record).remove)
        yield outputs


@contextmanager
def passed_over(layers: Iterable[tuple[nn.Module, int]], outputs: int | None) -> Iterator[None]:
    """Within the context, these layers give back the hidden states that they are given.

    Args:
        layers: the layers: of each module, the first calls.
        outputs: how many values a layer gives, where it gives a tuple; None where it gives a tensor.
    """
    turns: dict[nn.Module, int] = defaultdict(int)
    for module, _ in layers:
        turns[module] += 1

    def passing(module: nn.Module, forward: Callable[..., Any]) -> Callable[..., Any]:
        def give_back(*args: Any, **kwargs: Any) -> Any:
            if not turns[module]:
                return forward(*args, **kwargs)
            turns[module] -= 1
            hidden = _hidden(args, kwargs)
            return hidden if outputs is None else (hidden, *[None] * (outputs - 1))

        return give_back

    with ExitStack() as stack:
        for module in list(turns):
            stack.callback(_restored(module))
            module.forward = passing(module, module.forward)
        yield


@contextmanager
def _at(layer: tuple[nn.Module, int], do: Callable[[tuple[Any, ...], dict[str, Any]], Any]) -> Iterator[None]:
    """Within the context, `do` is called with what a layer is given, and may give other arguments."""
    module, turn = layer
    calls = 0

    def hook(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        nonlocal calls
        calls += 1
        return do(args, kwargs) if calls == turn + 1 else None

    handle = module.register_forward_pre_hook(hook, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


def _hidden(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return args[0] if args else kwargs.get("hidden_states")


def _restored(module: nn.Module) -> Callable[[], None]:
    """A call that puts back the module's own forward, as an attribute or as its class's method."""
    if "forward" not in vars(module):
        return lambda: delattr(module, "forward")
    forward = module.forward
    return lambda: setattr(module, "forward", forward)
