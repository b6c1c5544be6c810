"""Three ways to a function's values and its derivatives along tangents; each passes through more code.

All three take f: `(N, S, H)` → `(N, D)`, N points, and T tangents at each, and give f, `(N, D)`, and
J · tangent, `(T, N, D)`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

import xsbert.attribution.forward_mode.dual_rules  # enters the rules
import xsbert.attribution.forward_mode.dual_shapes  # noqa: F401  # the same
from xsbert.attribution.forward_mode.dual import FORWARD_MODE, Dual, Unsupported
from xsbert.attribution.forward_mode.tangents import OneToken, dense

Pointwise = Callable[[Tensor], Tensor]

TRANSFORMS = (
    *("functorch", "torch.func", "vmap", "forward AD", "in-place", "inplace", "Batching rule"),
    *("TorchScript interpreter", "data pointer of Tensor", "numpy() on Tensor"),
)
"""Words of what torch says where a transform of its does not pass through code; it has no class of errors for that."""
NO_GRADIENT = (
    *("does not require grad", "is not implemented", "appears to not have been used"),
    *("support automatic differentiation", "no autograd formula", "incompatible with .grad()"),
)


class NoDerivative(ValueError):
    """No derivative passes through a function's code."""


def is_beyond(error: Exception) -> bool:
    """Whether an error says that a way to a derivative does not pass through some code.

    Any other error is the code's own, and another way would meet it again.
    """
    if isinstance(error, (Unsupported, NotImplementedError)):
        return True
    said = str(error)
    return type(error) is RuntimeError and any(word in said for word in (*TRANSFORMS, *NO_GRADIENT))


def reason(error: BaseException) -> str:
    """What an error says, in a line."""
    first = str(error).strip().split("\n")[0]
    return first if len(first) <= 160 else first[:159] + "…"


def by_duals(f: Pointwise, points: Tensor, tangent: Tensor | OneToken) -> tuple[Tensor, Tensor]:
    """Forward mode by rules of our own: the fast way.

    Raises:
        Unsupported: f's code writes into tensors, or leaves the functions of torch.
    """
    result = f(Dual(points, tangent))
    if isinstance(result, Dual):
        return result.primal, result.dense()
    count = len(tangent) if isinstance(tangent, Tensor) else len(tangent.tokens)
    return result, result.new_zeros(count, *result.shape)  # f does not depend on the points


def by_torch(f: Pointwise, points: Tensor, tangent: Tensor | OneToken) -> tuple[Tensor, Tensor]:
    """Forward mode of torch.func.

    Raises:
        NotImplementedError, RuntimeError: a function of f's has no forward mode, or does not batch.
    """

    def along(each: Tensor) -> Any:
        return torch.func.jvp(f, (points,), (each,))

    with FORWARD_MODE:
        value, tangents = torch.func.vmap(along)(dense(tangent).to(points.dtype))
    return value[0], tangents


def by_gradients(f: Pointwise, points: Tensor, tangent: Tensor | OneToken) -> tuple[Tensor, Tensor]:
    """A backward pass for each dimension of f, as the published implementation: the way of last resort.

    The points are independent of each other, so the gradient of a sum over them holds each one's.
    """
    tangents = dense(tangent).to(points.dtype)  # (T, N, S, H)
    slopes = []
    with torch.enable_grad():
        inputs = points.detach().requires_grad_()
        value = f(inputs)  # (N, D)
        for total in value.sum(dim=0).unbind():
            (gradient,) = torch.autograd.grad(total, inputs, retain_graph=True)  # (N, S, H)
            slopes.append(torch.einsum("tnsh,nsh->tn", tangents, gradient))
    return value.detach(), torch.stack(slopes, dim=2)


Way = Callable[[Pointwise, Tensor, "Tensor | OneToken"], tuple[Tensor, Tensor]]
WAYS: tuple[tuple[str, Way], ...] = (
    ("rules of our own", by_duals),
    ("torch's forward mode", by_torch),
    ("backward passes", by_gradients),
)
"""By name, the fastest first."""
