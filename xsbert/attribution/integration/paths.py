"""A function along straight lines from references to texts: its values and its derivatives there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, partial
from typing import TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from xsbert.attribution.forward_mode.derivatives import WAYS, NoDerivative, is_beyond, reason
from xsbert.attribution.forward_mode.tangents import OneToken, Rounded, products_in
from xsbert.attribution.integration.free_memory import share_of_free
from xsbert.attribution.integration.pass_memory import Budget

T = TypeVar("T")
Function = Callable[[Tensor, Tensor], Tensor]
"""f: hidden states `(N, S, H)` and which of the texts each is of, `(N,)` → embeddings `(N, D)`."""


class Paths:
    """f along the lines from `starts` to `ends`, for B texts of one length.

    Args:
        function: f. It is given float64 where a rule asks for it.
        starts: r, `(B, S, H)`.
        ends: x, `(B, S, H)`.
        memory: the bytes that one pass may hold; by default a quarter of what is free. Never less than
            one point with one tangent is computed.
        width: the size of the hidden states that f computes with for each token; by default H.
        leaders: the position of the token that stands for each token, `(B, S)`: tokens that have one leader move
            together, and the leader gets the vector of them all. By default each stands for itself.
    """

    def __init__(
        self,
        function: Function,
        starts: Float[Tensor, "B S H"],
        ends: Float[Tensor, "B S H"],
        memory: float | None = None,
        width: int | None = None,
        leaders: Int[Tensor, "B S"] | None = None,
    ) -> None:
        self.function, self.starts, self.ends, self.leaders = function, starts, ends, leaders
        limit = share_of_free(starts.device) if memory is None else memory
        row = (width or starts.shape[2]) * starts.element_size()
        self.budget = Budget(limit, row, starts.shape[1], starts.device)
        self._ways = WAYS
        self.progress: Callable[[float], None] = _unseen
        """Is told each share of the token passes that is done."""
        self.left: list[str] = []
        """The ways to a derivative that did not pass through f's code, and why."""
        self._single = Rounded(torch.float32)

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def tokens(self) -> int:
        """S."""
        return self.starts.shape[1]

    @property
    def start_values(self) -> Float[Tensor, "B D"]:
        """f(r), `(B, D)`."""
        return self._values_at_both_ends[0]

    @property
    def end_values(self) -> Float[Tensor, "B D"]:
        """f(x), `(B, D)`."""
        return self._values_at_both_ends[1]

    @cached_property
    def _values_at_both_ends(self) -> Tensor:
        texts = torch.arange(len(self), device="cpu")
        values = self.value(torch.tensor([0.0, 1.0], device="cpu").repeat_interleave(len(self)), texts.repeat(2))
        return values.view(2, len(self), -1)

    def deltas(self, texts: Int[Tensor, N]) -> Float[Tensor, "N S H"]:
        """δ = x − r for each of the texts named, `(N, S, H)`, in the hidden states' own precision."""
        texts = texts.to(self.starts.device)
        return self.ends[texts] - self.starts[texts]

    def points(self, alphas: Float[Tensor, N], texts: Int[Tensor, N], double: bool = False) -> Float[Tensor, "N S H"]:
        """The hidden states at each α on its text's line, `(N, S, H)`; in float64 where asked for."""
        texts, dtype = texts.to(self.starts.device), torch.float64 if double else self.starts.dtype
        starts, ends = self.starts[texts].to(dtype), self.ends[texts].to(dtype)
        return starts + alphas.to(starts)[:, None, None] * (ends - starts)

    def chunks(self, count: int, most: Callable[[], int]) -> Iterator[slice]:
        """The points in parts: `most` says how many at a time, and may say more once a pass was measured."""
        done = 0
        while done < count:
            part = slice(done, done + max(1, most()))
            yield part
            done = part.stop

    def rows(self, kind: str, double: bool = False) -> int:
        """How many rows of tokens a pass of this kind may have."""
        return self.budget.rows(kind) // (2 if double else 1)

    def measured(self, kind: str, rows: int, work: Callable[[], T], double: bool = False) -> T:
        """Runs a pass of so many rows of tokens; where memory may run short, it tells how much a row takes."""
        return self.budget.run(kind, rows * (2 if double else 1), work)

    @torch.no_grad()
    def value(self, alphas: Float[Tensor, N], texts: Int[Tensor, N], *, double: bool = False) -> Float[Tensor, "N D"]:
        """f(x(α)): `(N,)` → `(N, D)`."""
        values = []
        for part in self.chunks(len(alphas), lambda: self.rows("value", double) // self.tokens):
            points, which = self.points(alphas[part], texts[part], double), texts[part].to(self.starts.device)
            work = partial(self.function, points, which)
            values.append(self.measured("value", len(points) * self.tokens, work, double))
        return torch.cat(values)

    @torch.no_grad()
    def slopes(
        self, alphas: Float[Tensor, N], texts: Int[Tensor, N], *, double: bool = False
    ) -> tuple[Float[Tensor, "N D"], Float[Tensor, "N D"]]:
        """f(x(α)) and d f(x(α)) / dα = J · δ: `(N,)` → `(N, D)` each."""
        found = []
        for part in self.chunks(len(alphas), lambda: self.rows("slope", double) // self.tokens):
            points, deltas = self.points(alphas[part], texts[part], double), self.deltas(texts[part])
            found.append(self.pushed("slope", points, texts[part], deltas[None]))
        values, slopes = zip(*found, strict=True)
        return torch.cat(values), torch.cat(slopes, dim=1)[0]

    def pushed(
        self,
        kind: str,
        points: Float[Tensor, "N S H"],
        texts: Int[Tensor, N],
        tangent: Float[Tensor, "T N S H"] | OneToken,
        rounded: Rounded | None = None,
    ) -> tuple[Float[Tensor, "..."], Float[Tensor, "T ..."]]:
        """f and J · tangent for each of T tangents, at each point: `(N, S, H)` → `(N, D)`, `(T, N, D)`.

        Float32 tangents stay so at float64 points: it is where the Jacobian is taken that float32
        can't tell, and what it does there it can.
        """
        rows, double = len(points) * self.tokens * _count(tangent), points.dtype == torch.float64
        with products_in(self._single if double else rounded):
            return self.measured(kind, rows, lambda: self._pushed(points, texts.to(points.device), tangent), double)

    def _pushed(self, points: Tensor, texts: Tensor, tangent: Tensor | OneToken) -> tuple[Tensor, Tensor]:
        """By the first way that passes through f's code: rules of ours, torch's forward mode, backward passes."""
        while True:
            name, way = self._ways[0]
            try:
                return way(lambda hidden: self.function(hidden, texts), points, tangent)
            except Exception as cause:
                if not is_beyond(cause):
                    raise
                self.left.append(f"{name}: {reason(cause)}")
                if len(self._ways) == 1:
                    raise NoDerivative(
                        f"no derivative passes through the code. By {'; by '.join(self.left)}"
                    ) from cause
                self._ways = self._ways[1:]

    @property
    def way(self) -> str:
        """By what derivatives are taken, once one was."""
        return self._ways[0][0]

    def leave_way(self, why: str) -> bool:
        """Goes on with the next way to a derivative; whether there is one."""
        if len(self._ways) == 1:
            return False
        self.left.append(f"{self.way}: {why}")
        self._ways = self._ways[1:]
        return True


def _unseen(share: float) -> None:
    pass


def _count(tangent: Tensor | OneToken) -> int:
    return len(tangent) if isinstance(tangent, Tensor) else len(tangent.tokens)
