"""Float32 products in full, whatever the caller's process has switched on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

FULL = "ieee"


@contextmanager
def full_float32() -> Iterator[None]:
    """Within the context torch multiplies float32 matrices in float32; after it, as before.

    TF32 and bfloat16, which many switch on to train faster, round to three digits: then law 1 can't be held to
    1e-3, and the adaptive rule takes a hundred times as many nodes. torch keeps the choice for the whole
    process, so what other threads multiply meanwhile is in full too.
    """
    backends: Any = torch.backends
    if not hasattr(backends.cuda.matmul, "fp32_precision"):  # before torch 2.9
        before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("highest")
        try:
            yield
        finally:
            torch.set_float32_matmul_precision(before)
        return
    choices = (backends.cuda.matmul, backends.mkldnn.matmul)
    chosen = [each.fp32_precision for each in choices]
    try:
        for each in choices:
            each.fp32_precision = FULL
        yield
    finally:
        for each, before in zip(choices, chosen, strict=True):
            each.fp32_precision = before
