"""Float32 products in full float32, whatever less the caller allows: TF32 on a GPU, bfloat16 on a processor.

Law 1 is held to a thousandth and less, and TF32 rounds each product's factors to a thousandth.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

_LOCK = threading.Lock()
_within = 0
_before: list[tuple[Any, str, Any]] = []
"""torch's settings hold for the whole process: of threads that explain at once, the first takes them and the last
puts them back."""


@contextmanager
def full_float32() -> Iterator[None]:
    """Within the context float32 products are made in full float32; then the caller's settings are there again.

    What is in a lower precision, such as the products that `products=` asks for, stays so.
    """
    global _within
    with _LOCK:
        if not _within:
            _before.extend(_raise_precision())
        _within += 1
    try:
        yield
    finally:
        with _LOCK:
            _within -= 1
            while not _within and _before:
                setting, name, value = _before.pop()
                setattr(setting, name, value)


def _raise_precision() -> Iterator[tuple[Any, str, Any]]:
    """Sets full float32, the general before the particular, which mostly inherits; gives what was there."""
    for setting, name, full in _settings():
        value = getattr(setting, name)
        if value != full:
            setattr(setting, name, full)
            yield setting, name, value


def _settings() -> list[tuple[Any, str, Any]]:
    """torch's switches, and their values for full float32. Those of torch 2.9 and later are not to be mixed with the
    older ones."""
    backends: Any = torch.backends
    if not hasattr(backends.cuda.matmul, "fp32_precision"):
        return [(_MATMUL, "precision", "highest"), (backends.cudnn, "allow_tf32", False)]
    cudnn, mkldnn = backends.cudnn, backends.mkldnn
    kinds: list[Any] = [backends, cudnn, backends.cuda.matmul, cudnn.conv, cudnn.rnn]
    kinds += [mkldnn, mkldnn.matmul, mkldnn.conv, mkldnn.rnn]
    return [(kind, "fp32_precision", "ieee") for kind in kinds]


class _MatmulPrecision:
    """`torch.set_float32_matmul_precision` as an attribute."""

    @property
    def precision(self) -> str:
        return torch.get_float32_matmul_precision()

    @precision.setter
    def precision(self, value: str) -> None:
        torch.set_float32_matmul_precision(value)


_MATMUL = _MatmulPrecision()
