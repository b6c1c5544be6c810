"""How much memory is to be had, where nobody says how much may be taken."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import torch

SHARE_OF_FREE = 0.25
"""The share of what is to be had that a pass takes."""
BYTES_WHERE_UNKNOWN = 2 * 2**30
"""Bytes, where no one tells."""
ROOT = Path("/")
VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes")
VERSION_2 = ("memory.max", "memory.current")
"""The files of a control group that say its limit, and what it holds."""


def share_of_free(device: torch.device) -> float:
    """The bytes that are taken where nobody says how much: a quarter of what the device has to give."""
    if device.type == "cuda":
        idle = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)  # torch gives it again
        return SHARE_OF_FREE * (torch.cuda.mem_get_info(device)[0] + idle)
    return SHARE_OF_FREE * min([*_available(ROOT), *_left_in_groups(ROOT)], default=BYTES_WHERE_UNKNOWN)


def _available(root: Path) -> Iterator[int]:
    """What the system can give without swapping: files that it only caches count as free."""
    for line in _lines(root / "proc/meminfo"):
        if line.startswith("MemAvailable:"):
            yield int(line.split()[1]) * 1024
            return
    try:
        yield os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    except (ValueError, OSError, AttributeError):  # not every system says
        return


def _left_in_groups(root: Path) -> Iterator[int]:
    """What the control groups of this process leave of their limits, such as a container's (versions 1 and 2)."""
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        base = root / "sys/fs/cgroup" / ("memory" if controllers else "")
        limit, used = VERSION_1 if controllers else VERSION_2
        inner = base / path.strip("/")
        for folder in (inner, *inner.parents):
            if not folder.is_relative_to(base):
                break
            numbers = [_number(folder / name) for name in (limit, used)]
            if None not in numbers:
                yield max(0, numbers[0] - numbers[1] + _cached(folder))  # type: ignore[operator]


def _cached(group: Path) -> int:
    """The bytes of files that a group holds, and gives back when they are needed."""
    for line in _lines(group / "memory.stat"):
        name, _, value = line.partition(" ")
        if name in ("inactive_file", "total_inactive_file"):
            return int(value)
    return 0


def _number(file: Path) -> int | None:
    text = "".join(_lines(file)).strip()
    return int(text) if text.isdigit() else None  # "max" is no limit


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return []
