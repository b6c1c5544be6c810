"""A picture as a user gives it: opened once, and told from others by its pixels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlparse

import numpy as np
import torch
from PIL import Image
from sentence_transformers.base.modality import is_image_url_or_path
from sentence_transformers.base.model import BaseModel
from transformers.image_utils import load_image

KINDS = "a picture (PIL), its path, or an array of whole numbers from 0 to 255, (height, width, 3)"

Side = str | Path | Image.Image | np.ndarray | torch.Tensor
"""A text; or, of a model of both, a picture."""


@dataclass(frozen=True, order=True)
class GivenPicture:
    """A picture; two of the same pixels are equal.

    Args:
        digest: of its size and its pixels.
        image: it, in RGB.
    """

    digest: str
    image: Image.Image = field(compare=False, repr=False)


def reads_pictures(model: BaseModel) -> bool:
    """Whether the model embeds pictures beside texts."""
    return "image" in model.modalities


def is_picture(model: BaseModel, value: Any) -> bool:
    """Whether a value is taken for a picture; of strings it is as the host decides.

    To a model of pictures a string is one if it is the path of a file that is there and ends as a picture's does, such
    as .png or .jpg, or the address of one, or holds one as a data URL. To a model of texts all strings are texts.
    """
    if isinstance(value, str):
        return reads_pictures(model) and is_image_url_or_path(value)
    if isinstance(value, np.ndarray | torch.Tensor):
        return value.ndim == 3 or reads_pictures(model)
    return isinstance(value, Image.Image | Path)


def opened(value: Any) -> tuple[str, GivenPicture]:
    """A picture's name, which tells nothing about the machine, and the picture.

    Args:
        value: a picture of PIL's, a path, an address, a data URL, or an array or tensor, (H, W, 3) or (3, H, W).

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: an array's numbers are no whole ones.
        ValueError: it can't be read as a picture, or an array has another shape.
    """
    name, image = "picture", value
    if isinstance(value, np.ndarray | torch.Tensor):
        image = Image.fromarray(_pixels(value))
    elif isinstance(value, str | Path):
        name = _name(str(value))
        if isinstance(value, Path) and not value.is_file():
            raise FileNotFoundError(f"A picture's path is '{value}', where there is no file; expected {KINDS}.")
    try:
        image = load_image(str(value)) if isinstance(value, str | Path) else image.convert("RGB")
        digest = hashlib.blake2b(image.tobytes(), digest_size=16, key=str(image.size).encode()).hexdigest()
    except Exception as cause:  # whatever a reader of broken files raises
        said = str(cause).split("\n")[0][:80]
        raise ValueError(
            f"The picture {name!r} can't be read ({type(cause).__name__}: {said}); expected {KINDS}. "
            "Open it in a program for pictures, and save it anew as PNG."
        ) from cause
    if not min(image.size):
        raise ValueError(f"The picture {name!r} has {image.width} × {image.height} pixels; expected at least one.")
    return name, GivenPicture(digest, image)


def _pixels(value: Any) -> np.ndarray:
    """An array of pixels, (H, W, 3), uint8."""
    array = value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else value
    if array.ndim != 3 or 3 not in (array.shape[0], array.shape[2]):
        raise ValueError(
            f"A picture got an array of shape {tuple(array.shape)}; expected (height, width, 3) or (3, height, width). "
            "Of a grey picture: np.stack([array] * 3, axis=-1)."
        )
    if array.dtype.kind not in "iu" or (array.size and not 0 <= array.min() <= array.max() <= 255):
        raise TypeError(
            f"A picture got an array of {array.dtype}{_range(array)}; expected whole numbers from 0 to 255. "
            "Of numbers from 0 to 1: (255 * array).round().astype('uint8')."
        )
    # As the host decides: three rows of pixels are channels.
    channels_last = np.moveaxis(array, 0, -1) if array.shape[0] == 3 else array
    return np.ascontiguousarray(channels_last.astype(np.uint8))


def _range(array: np.ndarray) -> str:
    return f" from {array.min()} to {array.max()}" if array.size and array.dtype.kind in "iuf" else ""


def _name(path: str) -> str:
    """A file's last name, or an address's."""
    if path.startswith("data:"):
        return "picture"
    if path.startswith(("http://", "https://")):
        return PurePosixPath(urlparse(path).path).name or "picture"
    return Path(path).name
