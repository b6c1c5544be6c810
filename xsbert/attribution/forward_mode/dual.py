"""Forward mode with rules of our own: a value and its tangents, as one tensor.

A `Dual` carries a value and T tangents through whatever code is given it. The value is computed once
for all tangents. What encoders spend their time on has a rule in `xsbert.attribution.forward_mode.dual_rules`; every
other function of torch is pushed through by `torch.func.jvp`, so each gives what it gives there.

Against `torch.func.vmap` over `torch.func.jvp` alone, which computes the same: activations are
differentiated once and not for each tangent, layer norm and softmax take three passes over memory
and not ten, products before tokens mix take S rows and not S², and tangents may be of a lower
precision than the value.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_leaves, tree_unflatten

from xsbert.attribution.forward_mode.aliasing import laid_out_as, name_of, sharing, without_write, writes
from xsbert.attribution.forward_mode.tangents import Tangent, dense

# torch counts the nesting of its forward-mode transforms in one variable for the whole process.
FORWARD_MODE = threading.RLock()
RULES: dict[Any, Callable[..., Any]] = {}
"""Functions of torch, and what pushes a `Dual` through them; a rule may give NotImplemented.

A rule's parameters have the names that the function's have, but for the first: a `Dual` that is
passed by name goes by `torch.func.jvp`."""


def rule(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enters a dual rule into the table for these functions of torch."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        RULES.update(dict.fromkeys(functions, function))
        return function

    return enter


class Unsupported(RuntimeError):
    """A `Dual` met code that it can't pass through.

    No TypeError: torch turns one in `x += y` into a plain addition, and the write would be lost.
    """


class Dual(Tensor):
    """A value with T tangents.

    Args:
        primal: the value, `(N, …)`.
        tangent: `(T, N, …)`, or one of the lean forms of it. Of any floating dtype.

    A write in place gives the Dual another value and tangent. Where other tensors share its memory
    (`aliased`), they would have to change too, and it is refused.
    """

    primal: Tensor
    tangent: Tangent
    aliased: bool

    @staticmethod
    def __new__(cls, primal: Tensor, tangent: Tangent) -> Dual:
        """A tensor of the primal's shape and dtype, without memory of its own."""
        make: Any = Tensor._make_wrapper_subclass
        dual: Dual = make(cls, primal.shape, dtype=primal.dtype, device=primal.device)
        return dual

    def __init__(self, primal: Tensor, tangent: Tangent) -> None:
        self.primal, self.tangent, self.aliased = primal, tangent, False

    def dense(self) -> Tensor:
        """The tangents, `(T, *shape)`; computed once."""
        self.tangent = dense(self.tangent)
        return self.tangent

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in _ABOUT:
            return func(args[0].primal, *args[1:], **kwargs)
        if writes(func, args, kwargs):
            return _written(func, args, kwargs)
        rule = None if any(isinstance(value, Dual) for value in kwargs.values()) else RULES.get(func)
        result = NotImplemented if rule is None else rule(*args, **kwargs)
        if result is NotImplemented:
            result = by_jvp(func, args, kwargs)
        _mark_aliases(func, result, (args, kwargs))
        return result

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        raise Unsupported(f"{func} was reached past torch's Python functions")


def by_jvp(func: Any, args: Any, kwargs: Any) -> Any:
    """Any function of torch, by `torch.func.jvp`: what is a floating tensor comes back with tangents."""
    flat, spec = tree_flatten((args, kwargs))
    places = [i for i, value in enumerate(flat) if isinstance(value, Dual)]

    def call(*values: Tensor) -> Any:
        given = list(flat)
        for place, value in zip(places, values, strict=True):
            given[place] = value
        args, kwargs = tree_unflatten(given, spec)
        return func(*args, **kwargs)

    primals = tuple(flat[i].primal for i in places)
    results, result_spec = tree_flatten(call(*primals))
    if any(isinstance(result, Tensor) and result.is_complex() for result in results):
        raise Unsupported(f"{name_of(func)} gives complex numbers")
    if not any(_is_floating(result) for result in results):
        return tree_unflatten(results, result_spec)
    tangents = tuple(flat[i].dense() for i in places)
    dtype = tangents[0].dtype
    with FORWARD_MODE:
        pushed = torch.func.vmap(
            lambda *each: tuple(tree_flatten(torch.func.jvp(call, primals, each)[1])[0]),
        )(*(tangent.to(primal.dtype) for tangent, primal in zip(tangents, primals, strict=True)))
    paired = zip(results, pushed, strict=True)
    duals = [Dual(result, tangent.to(dtype)) if _is_floating(result) else result for result, tangent in paired]
    return tree_unflatten(duals, result_spec)


def _written(func: Any, args: Any, kwargs: Any) -> Dual:
    """The first argument, with what the call writes over it."""
    values, target = without_write(func, args, kwargs), args[0] if args else None
    if values is None:
        raise Unsupported(f"{name_of(func)} writes into a tensor")
    if not isinstance(target, Dual) or target.aliased:
        raise Unsupported(f"{name_of(func)} writes into memory that something else may read")
    result = values(*args, **kwargs)
    if not isinstance(result, Dual) or result.aliased or (result.shape, result.dtype) != (target.shape, target.dtype):
        raise Unsupported(f"{name_of(func)} writes another shape or dtype, or what shares memory")
    if result is not target:
        target.primal, target.tangent = laid_out_as(target.primal, result.primal), result.tangent
    return target


def _mark_aliases(func: Any, result: Any, given: Any) -> None:
    """Marks what shares memory, of what a function gives and what it was given.

    Raises:
        Unsupported: it gives something that writes could reach, and that has no tangents.
    """
    results = tree_leaves(result)
    if strange := [value for value in results if not isinstance(value, _PLAIN)]:
        raise Unsupported(f"{name_of(func)} gives a {type(strange[0]).__name__}")
    tensors = [value for value in results if isinstance(value, Tensor)]
    for group in sharing([*tensors, *(value for value in tree_leaves(given) if isinstance(value, Tensor))]):
        duals = [tensor for tensor in group if isinstance(tensor, Dual)]
        if duals and any(tensor is other for tensor in group for other in tensors if not isinstance(other, Dual)):
            raise Unsupported(f"{name_of(func)} gives the same memory without tangents")
        for dual in duals:
            dual.aliased = True


def _is_floating(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point()


_PROPERTIES: Any = (Tensor.shape, Tensor.dtype, Tensor.device, Tensor.ndim, Tensor.layout, Tensor.is_cuda)
# What a tensor says of itself, which has no derivative.
_ABOUT = {
    *(Tensor.dim, Tensor.size, Tensor.numel, Tensor.stride, Tensor.is_contiguous, Tensor.is_floating_point),
    *(Tensor.__len__, Tensor.element_size, Tensor.get_device, Tensor.storage_offset),
    *(each.__get__ for each in _PROPERTIES),
}
# What a function may give: tensors, and what says something of them.
_PLAIN = (Tensor, int, float, complex, str, torch.Size, torch.dtype, torch.device, torch.layout, type(None))
