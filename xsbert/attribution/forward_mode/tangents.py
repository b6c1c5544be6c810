"""What a tangent can look like: dense, at one token, of one key's presence, or a matrix product that is put off.

T tangents of a value of shape `(N, S, …)` are `(T, N, S, …)`. Three forms say the same with less:
before tokens mix, tangent t is zero but at token t; where attention first sees the presence of key t,
all queries turn to it alike; and before tokens are pooled, a product with a weight matrix can wait
until they are, for a sum over tokens and a matrix product commute.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import linear


@dataclass(frozen=True)
class OneToken:
    """Tangent t is zero but at index `tokens[t]` of one axis.

    Args:
        values: the primal's shape, with T in place of S at `axis`.
        axis: the tokens' axis of the primal, counted from 0.
        tokens: `(T,)`.
        size: S.
    """

    values: Float[Tensor, ...]
    axis: int
    tokens: Int[Tensor, T]
    size: int

    def dense(self) -> Tensor:
        """`(T, *shape)`."""
        shape = list(self.values.shape)
        shape[self.axis] = self.size
        return self.add_to(self.values.new_zeros(len(self.tokens), *shape))

    def add_to(self, dense: Tensor) -> Tensor:
        """Adds the values in place to tangents of all tokens."""
        each = torch.arange(len(self.tokens), device=self.tokens.device)
        view = dense.movedim(self.axis + 1, 1)  # (T, S, …)
        view[each, self.tokens] += self.values.movedim(self.axis, 0)
        return dense

    def of(self, primal: Tensor) -> Tensor:
        """The primal's values at the tokens: the shape of `values`."""
        return primal.index_select(self.axis, self.tokens)


@dataclass(frozen=True)
class OneKey:
    """Tangent t of attention's shares P moves them towards key `tokens[t]`: dP = c (e_key − P), of rank one a query.

    Args:
        columns: c, `(T, N, heads, Q, 1)`.
        shares: P, `(N, heads, Q, S)`.
        tokens: the keys, `(T,)`.
    """

    columns: Float[Tensor, "T N heads Q 1"]
    shares: Float[Tensor, "N heads Q S"]
    tokens: Int[Tensor, T]

    def dense(self) -> Tensor:
        """`(T, N, heads, Q, S)`."""
        dense = -self.columns * self.shares
        each = torch.arange(len(self.tokens), device=self.tokens.device)
        dense.movedim(-1, 1)[each, self.tokens] += self.columns[..., 0]
        return dense

    def times(self, values: Tensor, pooled: Tensor) -> Tensor:
        """dP @ V from V `(N, heads, S, d)` and P @ V `(N, heads, Q, d)`: c (V_key − P V), `(T, N, heads, Q, d)`."""
        rows = values.index_select(-2, self.tokens).movedim(-2, 0)[..., None, :]
        return (rows - pooled).mul_(self.columns)


@dataclass(frozen=True)
class Deferred:
    """z = inputs @ weightᵀ + rest, then perhaps a layer norm's derivative, then a factor for each token.

    Args:
        inputs: `(T, N, S, I)`.
        weight: `(H, I)`.
        rest: `(T, N, S, H)`, or None.
        norm: x̂ `(N, S, H)`, 1/σ `(N, S, 1)` and the weights γ `(H,)` of a layer norm, or None.
        scale: a factor for each token, `(N, S, 1)`, or None.
    """

    inputs: Float[Tensor, "T N S I"]
    weight: Float[Tensor, "H I"]
    rest: Float[Tensor, "T N S H"] | None = None
    norm: tuple[Float[Tensor, "N S H"], Float[Tensor, "N S 1"], Float[Tensor, H]] | None = None
    scale: Float[Tensor, "N S 1"] | None = None

    def dense(self) -> Tensor:
        """`(T, N, S, H)`."""
        z = product(self.inputs, self.weight)
        if self.rest is not None:
            z += self.rest
        z = z if self.norm is None else normed(z, *self.norm)
        return z if self.scale is None else z * self.scale

    def plus(self, rest: Tensor) -> Deferred:
        """With another summand, before the layer norm."""
        return replace(self, rest=rest if self.rest is None else self.rest + rest)

    def pooled(self) -> Tensor:
        """The sum over tokens, `(T, N, H)`: the product with the weights is made once for all tokens.

        A layer norm's derivative is γ/σ (z − mean z − x̂ mean(x̂ z)). The first two terms can be summed
        over tokens before the product; for the third, x̂·(W g) = (Wᵀ x̂)·g.
        """
        hidden, factor = self.weight.shape[0], self.scale
        if self.norm is not None:
            factor = self.norm[1] if factor is None else factor * self.norm[1]
        if factor is None:
            factor = self.inputs.new_ones(*self.inputs.shape[1:3], 1)
        pooled = product(_summed(self.inputs, factor), self.weight)
        if self.rest is not None:
            pooled += _summed(self.rest, factor)
        if self.norm is None:
            return pooled
        normalized, _, gamma = self.norm
        along = torch.linalg.vecdot(self.inputs, normalized @ self.weight.to(normalized.dtype))  # (T, N, S)
        if self.rest is not None:
            along += torch.linalg.vecdot(self.rest, normalized)
        pooled -= pooled.mean(-1, keepdim=True)
        pooled -= torch.einsum("tns,nsh->tnh", along / hidden, normalized * factor)
        return pooled * gamma


class Rounded:
    """The weights that float32 tangents are multiplied with, in another precision than theirs: each once."""

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype
        self._known: dict[int, tuple[Tensor, Tensor]] = {}

    def weight(self, weight: Tensor) -> Tensor:
        """The weight in this precision."""
        if id(weight) not in self._known:
            self._known[id(weight)] = weight, weight.to(self.dtype)
        return self._known[id(weight)][1]


ROUNDED: ContextVar[Rounded | None] = ContextVar("ROUNDED", default=None)


@contextmanager
def products_in(rounded: Rounded | None) -> Iterator[None]:
    """Within the context float32 tangents are multiplied with rounded weights; with None, as they are."""
    token = ROUNDED.set(rounded)
    try:
        yield
    finally:
        ROUNDED.reset(token)


def product(values: Tensor, weight: Tensor) -> Tensor:
    """values @ weightᵀ."""
    rounded = ROUNDED.get()
    if rounded is None or values.dtype != torch.float32:
        return linear(values, weight)
    return linear(values.to(rounded.dtype), rounded.weight(weight)).to(values.dtype)


Tangent = Tensor | OneToken | OneKey | Deferred


def normed(z: Tensor, normalized: Tensor, scale: Tensor, gamma: Tensor) -> Tensor:
    """The derivative of a layer norm along z: γ/σ (z − mean z − x̂ mean(x̂ z)), over the last axis."""
    along = torch.linalg.vecdot(z, normalized)[..., None] / z.shape[-1]
    out = z - z.mean(-1, keepdim=True)
    out.addcmul_(along, normalized, value=-1)
    return out.mul_(scale * gamma)


def total(x: Tangent, y: Tangent) -> Tangent:
    """x + y, in the leanest form that holds both."""
    if isinstance(x, OneToken) and isinstance(y, OneToken):
        if x.axis == y.axis:
            return replace(x, values=x.values + y.values)
        return y.add_to(x.dense())
    if isinstance(x, OneToken) or isinstance(y, Deferred):
        x, y = y, x
    if isinstance(x, Deferred) and x.norm is None and x.scale is None:
        return x.plus(dense(y))
    if isinstance(y, OneToken):
        return y.add_to(dense(x).clone())
    return dense(x) + dense(y)


def dense(tangent: Tangent) -> Tensor:
    """The tangents of all tokens, `(T, *shape)`."""
    return tangent if isinstance(tangent, Tensor) else tangent.dense()


def _summed(values: Tensor, factor: Tensor) -> Tensor:
    """Σ_s factor[n, s] values[t, n, s]: `(T, N, S, K)` → `(T, N, K)`."""
    t, n, s, k = values.shape
    weights = factor[..., 0].expand(t, n, s).reshape(t * n, 1, s)
    return (weights @ values.reshape(t * n, s, k)).view(t, n, k)
