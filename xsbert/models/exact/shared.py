"""What the batches of one call share: the references of an exact model, by length.

They live no longer than the call. Weights can be written to without a trace (`p.data.mul_(2)`, a fused
optimizer), and to look whether they still are the same costs more than to embed the references again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from torch import Tensor, nn

References = dict[int, Tensor]
"""Length → token embeddings, `(length, H)`."""
MOST_REFERENCES = 64
"""How many a call holds of a module: as many token embeddings as two batches have. The first go."""

_OF_THIS_CALL: ContextVar[dict[nn.Module, References] | None] = ContextVar("_OF_THIS_CALL", default=None)


@contextmanager
def references_shared() -> Iterator[None]:
    """Within the context, a module embeds the reference of each length once."""
    before = _OF_THIS_CALL.set({})
    try:
        yield
    finally:
        _OF_THIS_CALL.reset(before)


def references_of(module: nn.Module) -> References:
    """The module's references that this call has embedded, to be added to; of no use outside a call."""
    of_this_call = _OF_THIS_CALL.get()
    return {} if of_this_call is None else of_this_call.setdefault(module, {})
