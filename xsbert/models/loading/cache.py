"""The user's cache: downloaded models, and what takes long to find."""

from __future__ import annotations

import os
from pathlib import Path


def cache() -> Path:
    """The user's cache folder: xsbert in $XDG_CACHE_HOME, else in ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "xsbert"
