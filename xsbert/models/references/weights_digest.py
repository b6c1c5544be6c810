"""What names a model's weights: a digest of their values."""

from __future__ import annotations

import hashlib
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.weak import WeakTensorKeyDictionary

# Tensor → its version, where its memory is, and the digest of its values then.
_KNOWN: Any = WeakTensorKeyDictionary()


def digest_of_weights(modules: nn.Module) -> bytes:
    """A digest of all parameters and buffers, with their names.

    Each tensor is read once, and again when it was written to: 109 million numbers take under a second.
    A fused optimizer writes without a trace, so whoever keeps things by this digest must check them.
    """
    whole = hashlib.blake2b(digest_size=32)
    for name, tensor in [*modules.named_parameters(), *modules.named_buffers()]:
        whole.update(name.encode() + b"\0" + _digest(tensor))
    return whole.digest()


def digest_of(*values: Any) -> str:
    """A digest of tensors, bytes, and values that their `repr` tells."""
    whole = hashlib.blake2b(digest_size=24)
    for value in values:
        content = _content(value) if isinstance(value, Tensor) else value if isinstance(value, bytes) else b""
        head = f"{tuple(value.shape)} {value.dtype}" if isinstance(value, Tensor) else "" if content else repr(value)
        whole.update(f"{type(value).__name__} {head} {len(content)}\0".encode())
        whole.update(content)
    return whole.hexdigest()


def _digest(tensor: Tensor) -> bytes:
    state = (-1 if tensor.is_inference() else tensor._version, tensor.data_ptr())
    known = _KNOWN.get(tensor)
    if known is None or known[0] != state or tensor.is_inference():
        _KNOWN[tensor] = known = state, bytes.fromhex(digest_of(tensor))
    return known[1]


def _content(tensor: Tensor) -> Any:
    return tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data
