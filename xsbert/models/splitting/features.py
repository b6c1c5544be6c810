"""What the encoder is given of several texts, row by row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def taken(value: Any, texts: Tensor) -> Any:
    """A feature's rows of these texts, in their order; what has no rows as it is."""
    return value[texts] if _has_rows(value) else value


def followed_by(features: dict[str, Any], others: dict[str, Any]) -> tuple[dict[str, Any], Callable[[], None]]:
    """Both, row by row; and a call that writes the features over the others: whoever reads later sees them twice."""
    both = {
        name: torch.cat([value, others.get(name, value)]) if _has_rows(value) else value
        for name, value in features.items()
    }

    def write() -> None:
        for name, value in features.items():
            if _has_rows(value):
                both[name][len(value) :] = value

    return both, write


def nothing() -> None:
    """Does nothing."""


def _has_rows(value: Any) -> bool:
    return isinstance(value, Tensor) and value.dim() > 0
