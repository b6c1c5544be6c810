"""Hidden states that took long to find, kept in memory and in the user's cache folder."""

from __future__ import annotations

import io
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from xsbert.models.loading.download import cache
from xsbert.results.json_files import write_whole

IN_MEMORY, IN_FILES = 128, 2048
"""How many are kept: of 512 tokens and 768 dimensions, 200 MB in memory, 3 GB in files. The oldest go."""

_MEMORY: OrderedDict[str, Found] = OrderedDict()


class Found(NamedTuple):
    """Hidden states, `(1, S, H)`, on the processor, and the length that f's values have near there."""

    states: Tensor
    scale: float


def kept(key: str) -> Found | None:
    """What is kept under a key; None where nothing is, or nothing that can be read."""
    if key in _MEMORY:
        return _MEMORY[key]
    try:
        with np.load(_file(key), allow_pickle=False) as file:
            found = _checked(file["states"], file["scale"])
    except Exception:  # none there, or a damaged one, which is written anew: numpy and zipfile raise of all kinds then
        return None
    _remember(key, found)
    return found


def keep(key: str, found: Found) -> None:
    """Keeps what was found, in a file that appears whole; where none can be written, in memory alone."""
    _remember(key, found)
    content = io.BytesIO()
    np.savez(content, states=found.states.numpy(), scale=np.float64(found.scale))
    try:
        folder = _file(key).parent
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(_file(key), content.getvalue())
        files = sorted(folder.glob("*.npz"), key=lambda file: file.stat().st_mtime)
        for file in files[: max(0, len(files) - IN_FILES)]:
            file.unlink(missing_ok=True)
    except OSError:
        pass  # costs the next process time, and this one nothing


def _checked(states: np.ndarray, scale: np.ndarray) -> Found:
    """What a file holds.

    Raises:
        ValueError: it is no finite hidden states of one text, with a finite length.
    """
    floats = states.dtype.kind == "f" and scale.dtype == np.float64 and scale.shape == ()
    if not floats or states.ndim != 3 or len(states) != 1 or not states.size or not np.isfinite(states).all():
        raise ValueError("expected hidden states (1, S, H)")
    if not 0 < float(scale) < np.inf:
        raise ValueError("expected a length")
    return Found(torch.from_numpy(states), float(scale))


def _remember(key: str, found: Found) -> None:
    _MEMORY[key] = found
    while len(_MEMORY) > IN_MEMORY:
        _MEMORY.popitem(last=False)


def _file(key: str) -> Path:
    return cache() / "neutral" / f"{key}.npz"
