"""What a pass holds, measured, and how many rows fit a budget.

A pass of R rows (tangents × points × tokens) holds memory in proportion to R, and how much for a row
depends on the function. Where a generous guess says that the budget may bind, passes are measured, tensor
by tensor: the first is small, the next are larger, up to what the budget allows.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

T = TypeVar("T")

# The rows of a pass. On a processor more is not faster, and takes more memory: temporaries over about
# 30 MB are given back to the system, and zeroed anew each time.
ROWS_OF_A_PASS = {"cpu": 2048}
ROWS_OF_A_PASS_ELSEWHERE = 65536
# A pass recomputes the function itself beside the tangents: with so many tangents that counts for little.
TANGENTS_OF_A_PASS = 16
# A generous guess of what a pass holds for a row, in rows of hidden states, for few tokens; attention adds
# as much for every 64. all-mpnet-base-v2 holds 14 with 12 tokens, 28 with 338, 25 to 39 with one tangent.
HIDDEN_ROWS_HELD_FOR_A_ROW = 64
# The rest of the limit is for what lives beside a pass: the ends of the paths, and the sums over their nodes.
SHARE_OF_A_PASS = 0.9


class Budget:
    """How many rows a pass may have, from a limit in bytes and what earlier passes held.

    Args:
        limit: the bytes that a pass may hold.
        row: the bytes of one row of hidden states.
        tokens: S, the rows of one point.
        device: where the passes run.
    """

    def __init__(self, limit: float, row: int, tokens: int, device: torch.device) -> None:
        self.limit = limit
        self._most = max(ROWS_OF_A_PASS.get(device.type, ROWS_OF_A_PASS_ELSEWHERE), TANGENTS_OF_A_PASS * tokens)
        self._guess = HIDDEN_ROWS_HELD_FOR_A_ROW * row * (1 + tokens / 64)
        self.binds = self._guess * self._most > limit
        self._largest: dict[str, tuple[int, float]] = {}  # kind → the rows of the largest pass, bytes for each

    def rows(self, kind: str) -> int:
        """The rows that a pass of this kind may have, at least one."""
        if not self.binds:
            return self._most
        if kind not in self._largest:
            return max(1, min(self._most, int(self.limit / (2 * self._guess))))
        rows, held = self._largest[kind]  # of much larger passes it may not tell the truth
        return max(1, min(self._most, 2 * rows, int(SHARE_OF_A_PASS * self.limit / held)))

    def run(self, kind: str, rows: int, work: Callable[[], T]) -> T:
        """Runs a pass of so many rows; where the budget may bind, it is measured."""
        if not self.binds:
            return work()
        with Live() as live:
            result = work()
        if rows >= self._largest.get(kind, (0, 0.0))[0]:
            self._largest[kind] = rows, live.peak / rows
        return result


class Live(TorchDispatchMode):
    """Within the context, the bytes of the tensors that were made there and live, `now`, and their `peak`."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.peak = 0
        self._owners: dict[int, int] = {}  # address → how many tensors share the memory there

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        given = {_address(value) for value in tree_leaves((args, kwargs)) if isinstance(value, Tensor)}
        for value in tree_leaves(result):
            if isinstance(value, Tensor):
                self._hold(value, given)
        return result

    def _hold(self, tensor: Tensor, given: set[int]) -> None:
        address = _address(tensor)
        if not address or (address in given and address not in self._owners):
            return  # memory from outside the context
        size = tensor.untyped_storage().nbytes()
        if address not in self._owners:
            self._owners[address] = 0
            self.now += size
            self.peak = max(self.peak, self.now)
        self._owners[address] += 1
        weakref.finalize(tensor, self._release, address, size)

    def _release(self, address: int, size: int) -> None:
        self._owners[address] -= 1
        if not self._owners[address]:
            del self._owners[address]
            self.now -= size


def _address(tensor: Tensor) -> int:
    try:
        return tensor.untyped_storage().data_ptr()
    except (NotImplementedError, RuntimeError):  # a wrapper without memory of its own
        return 0
