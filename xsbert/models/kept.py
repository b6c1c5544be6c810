"""Hidden states that took long to find, kept in memory and in the user's cache folder."""

from __future__ import annotations

import io
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from xsbert.attribution.storage import write_whole
from xsbert.models.cache import cache

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
            found = Found(torch.from_numpy(file["states"]), float(file["scale"]))
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile):
        return None  # none there, or a damaged one, which is written anew
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


def _remember(key: str, found: Found) -> None:
    _MEMORY[key] = found
    while len(_MEMORY) > IN_MEMORY:
        _MEMORY.popitem(last=False)


def _file(key: str) -> Path:
    return cache() / "neutral" / f"{key}.npz"
