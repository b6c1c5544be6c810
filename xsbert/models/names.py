"""What results call a model: what tells it apart, and nothing about the machine that it is on."""

from __future__ import annotations

from pathlib import Path

from sentence_transformers.base.model import BaseModel

from xsbert.models.host import loaded_name
from xsbert.models.references.weights_digest import digest_of


def name_of(model: BaseModel) -> str:
    """The model's name on the hub, or its folder's last name; where there is neither, its encoder's class."""
    encoder = model.transformers_model
    return without_folders(loaded_name(model) or type(model[0] if encoder is None else encoder).__name__)


def without_folders(name: str) -> str:
    """A path's last name, with six digits that tell it from other folders' of that name; other names as they are."""
    path = Path(name)
    return f"{path.name} ({digest_of(str(path))[:6]})" if path.is_absolute() else name
