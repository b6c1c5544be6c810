"""Writes in place, and tensors that share memory: what a value with tangents must not lose."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import Any

import torch
from torch import Tensor

_NUMBERS = {"__int__", "__index__", "__invert__"}  # named like writes, and none


def writes(func: Any, args: Any, kwargs: Any) -> bool:
    """Whether a call of a function of torch writes into a tensor that it is given."""
    schema = getattr(func, "_schema", None)  # of torch.ops
    if kwargs.get("out") is not None or (schema is not None and schema.is_mutable) or _inplace(func, args, kwargs):
        return True
    name = name_of(func)
    if name in ("__setitem__", "__set__", "__delete__"):
        return True
    return (name.startswith("__i") and name not in _NUMBERS) or (name.endswith("_") and not name.endswith("__"))


def without_write(func: Any, args: Any, kwargs: Any) -> Callable[..., Any] | None:
    """What gives the values that a call of `func` writes over its first argument; None where none is known.

    It is given the same arguments.
    """
    if kwargs.get("out") is not None:
        return None
    if _inplace(func, args, kwargs):
        return partial(_not_in_place, func)
    return _IN_PLACE.get(func)


def name_of(func: Any) -> str:
    """A function's name, for messages."""
    return str(getattr(func, "__name__", func))


def sharing(tensors: Iterable[Tensor]) -> list[list[Tensor]]:
    """The tensors that share memory with another: a list for each memory."""
    by_memory: dict[int, list[Tensor]] = {}
    for tensor in {id(tensor): tensor for tensor in tensors}.values():
        memory = getattr(tensor, "primal", tensor).untyped_storage().data_ptr()
        if memory:
            by_memory.setdefault(memory, []).append(tensor)
    return [group for group in by_memory.values() if len(group) > 1]


def laid_out_as(target: Tensor, value: Tensor) -> Tensor:
    """The value with the strides of the tensor that it takes the place of: they decide what is a view of it."""
    if value.stride() == target.stride():
        return value
    return torch.empty_strided(target.shape, target.stride(), dtype=value.dtype, device=value.device).copy_(value)


def _inplace(func: Any, args: Any, kwargs: Any) -> bool:
    if "inplace" in kwargs:
        return bool(kwargs["inplace"])
    place = _place_of_inplace(func)
    return place is not None and len(args) > place and bool(args[place])


def _not_in_place(func: Any, *args: Any, **kwargs: Any) -> Any:
    place = _place_of_inplace(func)
    if "inplace" in kwargs or place is None:
        return func(*args, **{**kwargs, "inplace": False})
    return func(*args[:place], False, *args[place + 1 :], **kwargs)


@lru_cache(maxsize=1024)
def _place_of_inplace(func: Any) -> int | None:
    try:
        names = list(inspect.signature(func).parameters)
    except (TypeError, ValueError):  # built in: none of these takes it
        return None
    return names.index("inplace") if "inplace" in names else None


_IN_PLACE: dict[Any, Any] = {
    **dict.fromkeys((Tensor.__iadd__, Tensor.add_), torch.add),
    **dict.fromkeys((Tensor.__isub__, Tensor.sub_), torch.sub),
    **dict.fromkeys((Tensor.__imul__, Tensor.mul_), torch.mul),
    **dict.fromkeys((Tensor.__itruediv__, Tensor.div_), torch.div),
    Tensor.masked_fill_: torch.masked_fill,
    **{
        getattr(Tensor, f"{name}_"): getattr(torch, name)
        for name in ("relu", "log1p", "exp", "log", "tanh", "sigmoid", "clamp", "abs", "sqrt", "rsqrt", "neg", "square")
    },
}
