"""How tangents pass through what changes a value's shape, order or precision, and through sums over an axis.

As in `dual_rules`, each gives the value and its tangents, or NotImplemented where the arguments are not what it knows.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from xsbert.attribution.forward_mode.dual import Dual, rule
from xsbert.attribution.forward_mode.tangents import Deferred, OneToken


@rule(Tensor.view, Tensor.reshape, torch.reshape)
def _view(x: Any, *shape: Any, **kwargs: Any) -> Any:
    if kwargs or any(isinstance(size, torch.dtype) for size in shape):
        return NotImplemented
    value, tangent = x.primal.reshape(*shape), x.tangent
    if isinstance(tangent, OneToken):
        kept = tangent.axis + 1
        if value.shape[:kept] == x.primal.shape[:kept]:
            sizes = [*value.shape[: kept - 1], len(tangent.tokens), *value.shape[kept:]]
            return Dual(value, OneToken(tangent.values.reshape(sizes), tangent.axis, tangent.tokens, tangent.size))
    dense = x.dense()
    return Dual(value, dense.reshape(len(dense), *value.shape))


@rule(Tensor.transpose, torch.transpose)
def _transpose(x: Any, dim0: int, dim1: int) -> Any:
    axes = list(range(x.primal.dim()))
    axes[dim0], axes[dim1] = axes[dim1], axes[dim0]
    return _permute(x, *axes)


@rule(Tensor.permute, torch.permute)
def _permute(x: Any, *dims: Any, **kwargs: Any) -> Any:
    if kwargs:
        return NotImplemented
    axes = [axis % x.primal.dim() for axis in (dims if isinstance(dims[0], int) else dims[0])]
    value, tangent = x.primal.permute(axes), x.tangent
    if isinstance(tangent, OneToken):
        moved = tangent.values.permute(axes)
        return Dual(value, OneToken(moved, axes.index(tangent.axis), tangent.tokens, tangent.size))
    return Dual(value, x.dense().permute(0, *(axis + 1 for axis in axes)))


@rule(Tensor.to)
def _to(x: Any, *args: Any, **kwargs: Any) -> Any:
    """Nothing where the value stays what it is, as behind a softmax in a precision of its own."""
    kept = isinstance(x, Dual) and args in ((x.primal.dtype,), (x.primal.device,)) and not kwargs
    return x if kept else NotImplemented


@rule(Tensor.contiguous)
def _contiguous(x: Any, **kwargs: Any) -> Any:
    if kwargs:
        return NotImplemented
    return Dual(x.primal.contiguous(), x.tangent)


@rule(torch.sum, Tensor.sum)
def _sum_over(x: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, **kwargs: Any) -> Any:
    if kwargs or not isinstance(dim, int) or keepdim or dtype not in (None, x.primal.dtype):
        return NotImplemented
    value, tangent = x.primal.sum(dim), x.tangent
    if isinstance(tangent, Deferred) and dim % 3 == 1:
        return Dual(value, tangent.pooled())
    return Dual(value, x.dense().sum(dim if dim < 0 else dim + 1))


@rule(Tensor.squeeze, torch.squeeze)
def _squeeze(x: Any, dim: Any = None) -> Any:
    if not isinstance(dim, int):
        return NotImplemented
    return Dual(x.primal.squeeze(dim), x.dense().squeeze(_behind_tangents(dim)))


@rule(Tensor.unsqueeze, torch.unsqueeze)
def _unsqueeze(x: Any, dim: int) -> Any:
    return Dual(x.primal.unsqueeze(dim), x.dense().unsqueeze(_behind_tangents(dim)))


@rule(torch.cat)
def _cat(tensors: Any, dim: Any = 0, **kwargs: Any) -> Any:
    parts = list(tensors)
    if kwargs or not isinstance(dim, int) or not all(isinstance(part, Dual) for part in parts):
        return NotImplemented
    if len({(part.primal.dim(), part.primal.dtype, part.dense().dtype) for part in parts}) > 1:
        return NotImplemented
    value = torch.cat([part.primal for part in parts], dim)
    return Dual(value, torch.cat([part.dense() for part in parts], _behind_tangents(dim)))


def _behind_tangents(dim: int) -> int:
    """The axis of the tangents that is the value's."""
    return dim if dim < 0 else dim + 1


@rule(Tensor.__getitem__)
def _getitem(x: Any, index: Any) -> Any:
    if not isinstance(x, Dual):
        return NotImplemented
    if isinstance(x.tangent, Deferred) and (one := _one_token(x, x.tangent, index)) is not None:
        return one
    places = index if isinstance(index, tuple) else (index,)
    if not all(each is None or type(each) in (int, slice, type(...)) for each in places):
        return NotImplemented
    behind = (slice(None), *places)
    return Dual(x.primal[index], x.dense()[behind])


def _one_token(x: Dual, tangent: Deferred, index: Any) -> Dual | None:
    """One token of what is put off, such as BERT's pooler takes: the rest stays put off. None for another index."""
    if not isinstance(index, tuple) or len(index) != 2:
        return None
    first, token = index
    if first != slice(None) or type(token) is not int:
        return None
    at = slice(token % x.primal.shape[1], token % x.primal.shape[1] + 1)
    norm = tangent.norm and (tangent.norm[0][:, at], tangent.norm[1][:, at], tangent.norm[2])
    one = Deferred(
        tangent.inputs[:, :, at],
        tangent.weight,
        None if tangent.rest is None else tangent.rest[:, :, at],
        norm,
        None if tangent.scale is None else tangent.scale[:, at],
    )
    return Dual(x.primal[index], one.dense()[:, :, 0])
