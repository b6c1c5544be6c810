"""What names values, such as a model's weights, in short: a digest of them."""

from __future__ import annotations

import hashlib
from typing import Any

import torch
from torch import Tensor, nn


def digest_of(*values: Any) -> str:
    """A digest of tensors, bytes, and values that their `repr` tells."""
    whole = hashlib.blake2b(digest_size=24)
    for value in values:
        content = _content(value) if isinstance(value, Tensor) else value if isinstance(value, bytes) else b""
        head = f"{tuple(value.shape)} {value.dtype}" if isinstance(value, Tensor) else "" if content else repr(value)
        whole.update(f"{type(value).__name__} {head} {len(content)}\0".encode())
        whole.update(content)
    return whole.hexdigest()


def _content(tensor: Tensor) -> Any:
    return tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data


def weights_digest(model: nn.Module) -> str:
    """A digest of a model's weights, by their names: the same wherever it is loaded, and by whatever version."""
    weights = sorted(model.state_dict().items())
    return digest_of(*(part for named in weights for part in named))[:16]
