"""Seconds, peak memory and matrix rate, measured in this process."""

from __future__ import annotations

import contextlib
import ctypes
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

WARM = 5.0


@dataclass
class Measured:
    """One way of computing something: what it gave, its seconds over the runs, its peak memory in bytes."""

    result: Any = None
    seconds: list[float] = field(default_factory=list)
    peak: int = 0

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def alternate(ways: dict[str, Callable[[], Any]], runs: int) -> dict[str, Measured]:
    """Runs each way in turn, A B C A B C …, so that a drift of the machine meets all alike.

    What takes less than `WARM` seconds is run once before: its first run is slower than the others.
    """
    measured = {name: Measured() for name in ways}
    for run in range(runs):
        for name, way in ways.items():
            reset_peak()
            if not run:
                start = time.perf_counter()
                measured[name].result = way()
                if (seconds := time.perf_counter() - start) > WARM:
                    measured[name].seconds.append(seconds)
                    measured[name].peak = peak()
                    continue
            start = time.perf_counter()
            measured[name].result = way()
            measured[name].seconds.append(time.perf_counter() - start)
            measured[name].peak = max(measured[name].peak, peak())
    return measured


def reset_peak() -> None:
    """Starts the process's peak memory anew, where the kernel allows it; what is free is given back before."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak() -> int:
    """The process's peak memory in bytes since `reset_peak`, or since its start."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def matrix_rate(hidden: int, rows: int = 2048, repeat: int = 20) -> float:
    """Floating-point operations in a second of the encoder's largest product, `(rows, H) @ (H, 4H)`."""
    x, w = torch.randn(rows, hidden), torch.randn(4 * hidden, hidden)
    for _ in range(3):
        torch.nn.functional.linear(x, w)
    start = time.perf_counter()
    for _ in range(repeat):
        torch.nn.functional.linear(x, w)
    return repeat * 2 * rows * hidden * 4 * hidden / (time.perf_counter() - start)
