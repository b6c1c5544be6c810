"""The model that the command explains with."""

from __future__ import annotations

import argparse
import pickle
from pathlib import Path
from typing import TYPE_CHECKING

from xsbert.command.terminal.messages import say

if TYPE_CHECKING:
    from xsbert.models.encoders.transformer import XSTransformer
    from xsbert.models.methods.method import Method
    from xsbert.models.methods.removal import Removal

UNREADABLE = (AttributeError, EOFError, ImportError, KeyError, RuntimeError, pickle.UnpicklingError)
"""What the host raises on a damaged model folder, beside OSError, TypeError and ValueError."""


def load(name: str | None) -> tuple[XSTransformer, str]:
    """A model by its name on the hub, its folder, or as `load_model` knows it, and a line that says which it is.

    By default it is all-MiniLM-L6-v2.

    Raises:
        OSError, ValueError: it is not within reach, or damaged.
    """
    say("loading the model …")
    from safetensors import SafetensorError

    from xsbert.models.encoders.transformer import XSTransformer
    from xsbert.models.loading.checkpoints import PACKAGED, PUBLISHED, load_model
    from xsbert.models.loading.default import default_model, load_reachable

    hide_bars()
    try:
        if name is None:
            return default_model()
        if name in (*PACKAGED, *PUBLISHED):
            return load_model(name), name
        return (XSTransformer(name) if Path(name).is_dir() else load_reachable(name)), name
    except (*UNREADABLE, SafetensorError) as cause:
        raise ValueError(f"the model cannot be loaded ({type(cause).__name__}: {cause}).") from cause


def hide_bars() -> None:
    """No bars of the host's while a model is loaded."""
    from transformers.utils import logging

    logging.disable_progress_bar()


def asked_method(options: argparse.Namespace) -> Method | Removal | None:
    """The method that `--method` and `--layer` ask for; None where neither is there, and a store has its own."""
    return None if options.method is options.layer is options.units is None else method(options)


def method(options: argparse.Namespace) -> Method | Removal:
    """The method that `--method`, `--layer` and `--units` ask for, by default presence.

    Raises:
        ValueError: the method has no layer, or no units.
    """
    from xsbert.models import HiddenStates, Presence, Removal

    layer = {} if options.layer is None else {"layer": options.layer}
    units = {} if options.units is None else {"units": options.units}
    if options.method == "removal":
        if layer:
            raise ValueError("--method removal takes words away from the text itself: leave out --layer.")
        return Removal(**units)
    if options.method == "hidden-states":
        if units:
            raise ValueError("--method hidden-states has each token by itself: leave out --units.")
        return HiddenStates(**layer)
    return Presence(**layer, **units)
