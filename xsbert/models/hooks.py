"""Read, replace or pass a layer's input: context managers that leave nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import Tensor, nn


class _Reached(Exception):
    """Ends a forward pass at the layer whose input was asked for."""

    def __init__(self, hidden: Tensor) -> None:
        super().__init__()
        self.hidden = hidden


def captured_input(layer: nn.Module, run: Callable[[], Any]) -> Tensor:
    """The hidden states that enter `layer` when `run` runs; nothing behind the layer is computed.

    Raises:
        ValueError: `run` ended without reaching the layer.
    """

    def stop(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        raise _Reached(args[0] if args else kwargs["hidden_states"])

    handle = layer.register_forward_pre_hook(stop, with_kwargs=True)
    try:
        run()
    except _Reached as reached:
        return reached.hidden
    finally:
        handle.remove()
    raise ValueError(f"The forward pass did not reach {type(layer).__name__}; expected a layer of the encoder.")


@contextmanager
def replaced_input(layer: nn.Module, hidden: Tensor) -> Iterator[None]:
    """Within the context, `layer` is given `hidden` in place of what reaches it.

    Raises:
        ValueError: the layer runs twice, as layers that share their weights do.
    """
    ran = False

    def swap(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        nonlocal ran
        if ran:
            raise ValueError(
                f"{type(layer).__name__} runs more than once in a pass; expected layers that do not share weights, "
                "such as BERT's or MPNet's. This encoder can't be explained yet."
            )
        ran = True
        return ((hidden, *args[1:]), kwargs) if args else (args, kwargs | {"hidden_states": hidden})

    handle = layer.register_forward_pre_hook(swap, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def recorded_input(layer: nn.Module) -> Iterator[list[Tensor]]:
    """Within the context, the hidden states that enter `layer` are appended to the list."""
    inputs: list[Tensor] = []

    def record(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        inputs.append(args[0] if args else kwargs["hidden_states"])

    handle = layer.register_forward_pre_hook(record, with_kwargs=True)
    try:
        yield inputs
    finally:
        handle.remove()


@contextmanager
def recorded_outputs(layers: Iterable[nn.Module]) -> Iterator[list[Any]]:
    """Within the context, what each of these layers gives is appended to the list."""
    outputs: list[Any] = []

    def record(module: nn.Module, args: Any, output: Any) -> None:
        outputs.append(output)

    with ExitStack() as stack:
        for layer in layers:
            stack.callback(layer.register_forward_hook(record).remove)
        yield outputs


@contextmanager
def passed_over(layers: Iterable[nn.Module], outputs: int | None) -> Iterator[None]:
    """Within the context, these layers give back the hidden states that they are given.

    Args:
        layers: the layers.
        outputs: how many values a layer gives, where it gives a tuple; None where it gives a tensor.
    """

    def give_back(*args: Any, **kwargs: Any) -> Any:
        hidden = args[0] if args else kwargs["hidden_states"]
        return hidden if outputs is None else (hidden, *[None] * (outputs - 1))

    with ExitStack() as stack:
        for layer in layers:
            stack.callback(_restored(layer))
            layer.forward = give_back
        yield


def _restored(layer: nn.Module) -> Callable[[], None]:
    """A call that puts back the layer's own forward, as an attribute or as its class's method."""
    if "forward" not in vars(layer):
        return lambda: delattr(layer, "forward")
    forward = layer.forward
    return lambda: setattr(layer, "forward", forward)
