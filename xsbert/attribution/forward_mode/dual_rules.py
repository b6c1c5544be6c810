"""How tangents pass through what encoders are made of.

Each rule gives the function's value and its derivative along each tangent, or NotImplemented where
the arguments are not what it knows; then `torch.func.jvp` serves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from xsbert.attribution.forward_mode.dual import FORWARD_MODE, RULES, Dual, rule
from xsbert.attribution.forward_mode.tangents import (
    ROUNDED,
    Deferred,
    OneKey,
    OneToken,
    Tangent,
    normed,
    product,
    total,
)

# Up to so many rows a product with weights is faster together with another than alone.
ROWS_TOGETHER = 512


@rule(functional.linear)
def _linear(x: Any, weight: Any, bias: Any = None) -> Any:
    if not isinstance(x, Dual) or isinstance(weight, Dual) or isinstance(bias, Dual):
        return NotImplemented
    tangent = x.tangent
    if isinstance(tangent, OneToken) and tangent.axis < x.primal.dim() - 1:
        value, moved = _both(x.primal, tangent.values, weight, bias)
        return Dual(value, OneToken(moved, tangent.axis, tangent.tokens, tangent.size))
    # A product that makes its input smaller is cheaper behind the sum over tokens, where one follows.
    if (
        x.primal.dim() == 3
        and weight.shape[1] > weight.shape[0]
        and x.dense().numel() > ROWS_TOGETHER * weight.shape[1]
    ):
        return Dual(functional.linear(x.primal, weight, bias), Deferred(x.dense(), weight))
    return Dual(*_both(x.primal, x.dense(), weight, bias))


def _both(primal: Tensor, tangent: Tensor, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
    """The value and the tangents of a linear map; where rows are few, in one product."""
    inputs = weight.shape[1]
    if tangent.numel() > ROWS_TOGETHER * inputs or tangent.dtype != primal.dtype or ROUNDED.get():
        return functional.linear(primal, weight, bias), product(tangent, weight)
    rows = torch.cat([primal.reshape(-1, inputs), tangent.reshape(-1, inputs)])
    value, moved = functional.linear(rows, weight).split([primal.numel() // inputs, tangent.numel() // inputs])
    if bias is not None:
        value += bias
    return value.view(*primal.shape[:-1], -1), moved.view(*tangent.shape[:-1], -1)


@rule(functional.layer_norm)
def _layer_norm(x: Any, shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    if not isinstance(x, Dual) or len(shape) != 1 or isinstance(weight, Dual) or isinstance(bias, Dual):
        return NotImplemented
    value, mean, scale = torch.native_layer_norm(x.primal, shape, weight, bias, eps)
    tangent = x.tangent
    dtype = (tangent if isinstance(tangent, Tensor) else _values(tangent)).dtype
    normalized = ((x.primal - mean) * scale).to(dtype)
    gamma = scale.new_ones(shape, dtype=dtype) if weight is None else weight.to(dtype)
    scale = scale.to(dtype)
    if isinstance(tangent, Deferred) and tangent.norm is None and tangent.scale is None:
        later = Deferred(tangent.inputs, tangent.weight, tangent.rest, (normalized, scale, gamma))
        return Dual(value, later)
    if isinstance(tangent, OneToken) and tangent.axis < x.primal.dim() - 1:
        moved = normed(tangent.values, tangent.of(normalized), tangent.of(scale), gamma)
        return Dual(value, OneToken(moved, tangent.axis, tangent.tokens, tangent.size))
    return Dual(value, normed(x.dense(), normalized, scale, gamma))


@rule(functional.softmax, torch.softmax, Tensor.softmax)
def _softmax(x: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    if not isinstance(dim, int) or not isinstance(_stacklevel, int) or dtype not in (None, x.primal.dtype):
        return NotImplemented  # torch.softmax takes a dtype where its other form takes a stack level
    value, dense = torch.softmax(x.primal, dim), x.dense()
    p, axis = value.to(dense.dtype), dim if dim < 0 else dim + 1
    weighted = dense * p
    return Dual(value, weighted.addcmul_(p, weighted.sum(axis, keepdim=True), value=-1))


def _elementwise(function: Any) -> Callable[..., Any]:
    def push(x: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(x, Dual) or any(isinstance(value, Tensor) for value in (*args, *kwargs.values())):
            return NotImplemented
        value, slope = _with_slope(lambda y: function(y, *args, **kwargs), x.primal)
        return Dual(value, _scaled(x, slope))

    return push


def _with_slope(function: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    """The value of an elementwise function, and its derivative at each element."""
    try:  # one pass backwards: forward mode would load torch's decompositions first, for a third of a second
        with torch.enable_grad():
            leaf = x.detach().requires_grad_()
            value = function(leaf)
            (slope,) = torch.autograd.grad(value, leaf, torch.ones_like(value))
        return value.detach(), slope
    except RuntimeError:  # inside a transform of torch.func, or of an inference tensor
        with FORWARD_MODE:
            value, slope, *_ = torch.func.jvp(function, (x,), (torch.ones_like(x),))
        return value, slope


_NAMES = (
    "gelu",
    "relu",
    "silu",
    "mish",
    "leaky_relu",
    "elu",
    "softplus",
    "tanh",
    "sigmoid",
    "erf",
    "exp",
    "expm1",
    "log",
)
for _name in (*_NAMES, "sqrt", "rsqrt", "sin", "cos", "square", "pow"):
    for _place in (functional, torch, Tensor):
        if (_function := getattr(_place, _name, None)) is not None:
            RULES[_function] = _elementwise(_function)


@rule(functional.dropout)
def _dropout(x: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    return NotImplemented if training and p else x


@rule(torch.add, Tensor.add, Tensor.__add__, Tensor.__radd__)
def _add(x: Any, y: Any, **kwargs: Any) -> Any:
    return _sum(x, y, torch.add, kwargs)


@rule(torch.sub, Tensor.sub, Tensor.__sub__)
def _sub(x: Any, y: Any, **kwargs: Any) -> Any:
    return _sum(x, y, torch.sub, kwargs) if isinstance(x, Dual) and not isinstance(y, Dual) else NotImplemented


def _sum(x: Any, y: Any, function: Any, kwargs: Any) -> Any:
    value = function(_primal(x), _primal(y))
    if kwargs or not _keeps_shape(value, x, y):
        return NotImplemented
    if isinstance(x, Dual) and isinstance(y, Dual):
        return Dual(value, total(x.tangent, y.tangent))
    return Dual(value, x.tangent if isinstance(x, Dual) else y.tangent)


@rule(torch.mul, Tensor.mul, Tensor.__mul__, Tensor.__rmul__)
def _mul(x: Any, y: Any) -> Any:
    value = _primal(x) * _primal(y)
    if not _keeps_shape(value, x, y):
        return NotImplemented
    if isinstance(x, Dual) and isinstance(y, Dual):
        return Dual(value, total(_scaled(x, y.primal), _scaled(y, x.primal)))
    return Dual(value, _scaled(x, y) if isinstance(x, Dual) else _scaled(y, x))


@rule(torch.div, Tensor.div, Tensor.__truediv__, torch.true_divide)
def _div(x: Any, y: Any, **kwargs: Any) -> Any:
    if not isinstance(x, Dual) or kwargs:
        return NotImplemented
    if isinstance(y, Dual):
        return _quotient(x, y)
    value = x.primal / y
    return NotImplemented if value.shape != x.primal.shape else Dual(value, _scaled(x, 1 / y))


def _quotient(x: Dual, y: Dual) -> Any:
    value = x.primal / y.primal
    dtype = x.dense().dtype
    if x.primal.dim() != y.primal.dim() or {value.dtype} != {x.primal.dtype, y.primal.dtype}:
        return NotImplemented
    moved = x.dense() - y.dense().to(dtype) * value.to(dtype)
    return Dual(value, moved.div_(y.primal.to(dtype)))


@rule(torch.matmul, Tensor.matmul, Tensor.__matmul__, torch.bmm, Tensor.bmm)
def _matmul(x: Any, y: Any) -> Any:
    a, b = _primal(x), _primal(y)
    if a.dim() < 3 or a.dim() != b.dim() or a.shape[:-2] != b.shape[:-2]:
        return NotImplemented
    value = a @ b
    if not isinstance(y, Dual):
        if isinstance(x.tangent, OneKey):
            return Dual(value, x.tangent.times(*(each.to(x.tangent.columns.dtype) for each in (b, value))))
        return Dual(value, _times(x, b))
    if not isinstance(x, Dual):
        return Dual(value, _after(a, y))
    if isinstance(y.tangent, OneToken) and y.tangent.axis == b.dim() - 2:
        return Dual(value, _add_outer(_times(x, b), a, y.tangent))
    return Dual(value, total(_times(x, b), _after(a, y)))


def _keeps_shape(value: Tensor, *terms: Any) -> bool:
    return all(term.primal.shape == value.shape for term in terms if isinstance(term, Dual))


def _primal(x: Any) -> Any:
    return x.primal if isinstance(x, Dual) else x


def _values(tangent: Tangent) -> Tensor:
    if isinstance(tangent, Tensor):
        return tangent
    if isinstance(tangent, OneKey):
        return tangent.columns
    return tangent.values if isinstance(tangent, OneToken) else tangent.inputs


def _scaled(x: Dual, factor: Any) -> Tangent:
    """The tangents times a number, or a tensor that broadcasts to the primal's shape."""
    tangent = x.tangent
    if not isinstance(factor, Tensor) or factor.dim() == 0:
        if isinstance(tangent, OneToken):
            return OneToken(tangent.values * factor, tangent.axis, tangent.tokens, tangent.size)
        return torch.mul(x.dense(), factor)
    factor = factor.to(_values(tangent).dtype)
    if isinstance(tangent, Deferred) and factor.shape == (*x.primal.shape[:-1], 1):
        scale = factor if tangent.scale is None else tangent.scale * factor
        return Deferred(tangent.inputs, tangent.weight, tangent.rest, tangent.norm, scale)
    if isinstance(tangent, OneToken):
        at_tokens = tangent.of(factor.expand(x.primal.shape))
        return OneToken(tangent.values * at_tokens, tangent.axis, tangent.tokens, tangent.size)
    return torch.mul(x.dense(), factor)


def _times(x: Dual, right: Tensor) -> Tangent:
    """Each tangent of x, times a matrix."""
    tangent, right = x.tangent, right.to(_values(x.tangent).dtype)
    if isinstance(tangent, OneToken) and tangent.axis == right.dim() - 2:
        return OneToken(tangent.values @ right, tangent.axis, tangent.tokens, tangent.size)
    return x.dense() @ right


def _after(left: Tensor, y: Dual) -> Tangent:
    """A matrix times each tangent of y."""
    tangent, left = y.tangent, left.to(_values(y.tangent).dtype)
    if isinstance(tangent, OneToken) and tangent.axis == left.dim() - 1:
        return OneToken(left @ tangent.values, tangent.axis, tangent.tokens, tangent.size)
    if isinstance(tangent, Deferred) and left.dim() == 3 and left.shape[1] == 1:  # a pooling with weights
        scaled = _scaled(y, left.transpose(1, 2))
        return scaled.pooled()[:, :, None] if isinstance(scaled, Deferred) else left @ y.dense()
    return left @ y.dense()


def _add_outer(products: Tangent, left: Tensor, right: OneToken) -> Tensor:
    """Adds left @ right where tangent t of `right` is one row: an outer product for each t."""
    columns = left.to(right.values.dtype).index_select(-1, right.tokens).movedim(-1, 0)[..., None]
    rows = right.values.movedim(-2, 0)[..., None, :]  # (T, …, 1, d)
    out = products if isinstance(products, Tensor) else products.dense()
    return out.addcmul_(columns, rows)
