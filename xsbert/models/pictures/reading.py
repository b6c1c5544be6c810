"""A picture as the encoder sees it: its pixels, its patches' labels, and the result's `Picture`."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import Any

import torch
from PIL import Image
from torch import nn

from xsbert.models.pictures.patches import Grid, boxes_of, grid_of
from xsbert.models.pictures.towers import tower_of
from xsbert.results.parts.picture import Picture

LONGER_SIDE = 640
"""Pixels that people are shown at most."""
SHARP = 256
"""A picture no longer than this is kept without loss."""


def read_picture(encoder: nn.Module, features: Any, image: Image.Image, processor: Any) -> tuple[Grid, Picture]:
    """The grid of a picture's patches, and what a result says of the picture.

    Args:
        encoder: the transformers model.
        features: what its processor made of the picture alone.
        image: the picture as it was given.
        processor: the model's processor.

    Raises:
        ValueError: the encoder or its processor cuts pictures in a way that is not known.
    """
    pixels = features.get("pixel_values")
    grid = grid_of(tower_of(encoder, "image"), pixels, type(encoder).__name__)
    settings = getattr(processor, "image_processor", processor)
    boxes = boxes_of(grid, *image.size, tuple(pixels.shape[2:]), settings)
    return grid, Picture(*image.size, grid.rows, grid.columns, boxes, data_url(image))


def labels(grid: Grid) -> tuple[str, ...]:
    """What the tokens of a picture are called, in the encoder's order: rows and columns count from 1."""
    patches = (f"r{row + 1}c{column + 1}" for row in range(grid.rows) for column in range(grid.columns))
    return (*("[class]",) * grid.added, *patches)


def added_tokens(grid: Grid) -> torch.Tensor:
    """Which tokens the tower adds, `(S,)`, bool."""
    return torch.arange(grid.tokens) < grid.added


def data_url(image: Image.Image) -> str:
    """The picture for people to look at, as a data URL: a small one as PNG, others as JPEG."""
    shown = image.copy()
    shown.thumbnail((LONGER_SIDE, LONGER_SIDE))
    kind = "png" if max(shown.size) <= SHARP else "jpeg"
    content = BytesIO()
    shown.save(content, kind.upper(), **({} if kind == "png" else {"quality": 85}))
    return f"data:image/{kind};base64,{base64.b64encode(content.getvalue()).decode()}"
