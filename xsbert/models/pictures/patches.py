"""The patches that a picture is cut into, and where each lies in the picture as it was given."""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import Tensor, nn

from xsbert.results.parts.picture import Box


class Grid(NamedTuple):
    """How a tower cuts its pixels.

    Args:
        rows, columns: of the patches.
        patch: a patch's height and width, in the tower's pixels.
        added: how many tokens the tower puts before the patches: a class token, or none.
    """

    rows: int
    columns: int
    patch: tuple[int, int]
    added: int

    @property
    def tokens(self) -> int:
        """S: the patches, and what the tower adds."""
        return self.rows * self.columns + self.added


def grid_of(tower: nn.Module, pixels: Any, name: str) -> Grid:
    """The grid of a tower for pictures, such as CLIP's or SigLIP's.

    Args:
        tower: the encoder's part that pictures run through.
        pixels: what its processor makes of B pictures, `(B, 3, H, W)`.
        name: the encoder's, for errors.

    Raises:
        ValueError: the pixels are no whole pictures, or the patches' size is not known.
    """
    size: Any = getattr(getattr(tower, "config", None), "patch_size", None)
    if not isinstance(pixels, Tensor) or pixels.dim() != 4 or size is None:
        got = tuple(pixels.shape) if isinstance(pixels, Tensor) else type(pixels).__name__
        raise ValueError(
            f"{name} can't be explained for pictures: its processor gives pixels of shape {got}, and its patches are "
            f"of size {size}; expected (pictures, 3, height, width), and patches of one size, as CLIP's and SigLIP's."
        )
    patch = (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
    added = int(hasattr(getattr(tower, "embeddings", None), "class_embedding"))
    return Grid(pixels.shape[2] // patch[0], pixels.shape[3] // patch[1], patch, added)


def boxes_of(grid: Grid, width: int, height: int, pixels: tuple[int, int], processor: Any) -> tuple[Box, ...]:
    """Where each patch lies in the picture, row by row: resizing and cropping are undone.

    Args:
        grid: the patches.
        width, height: the picture's, in its own pixels.
        pixels: the height and the width of what the processor made of it.
        processor: the image processor, whose settings say how.

    Raises:
        ValueError: by its settings it would have made something else.
    """
    resized = _resized(width, height, processor)
    seen = _cropped(processor) or resized
    if seen != pixels:
        raise ValueError(
            f"{type(processor).__name__} makes {pixels[0]} × {pixels[1]} pixels of a picture where its settings say "
            f"{seen[0]} × {seen[1]}; expected it to resize, and perhaps to crop, as CLIP's and SigLIP's."
        )
    top, left = ((whole - part) // 2 for whole, part in zip(resized, seen, strict=True))  # negative where it pads
    down, across = height / resized[0], width / resized[1]

    def place(row: int, column: int) -> tuple[float, float]:
        x, y = (column * grid.patch[1] + left) * across, (row * grid.patch[0] + top) * down
        return min(max(x, 0.0), float(width)), min(max(y, 0.0), float(height))

    return tuple(
        (*place(row, column), *place(row + 1, column + 1)) for row in range(grid.rows) for column in range(grid.columns)
    )


def _resized(width: int, height: int, processor: Any) -> tuple[int, int]:
    """The height and the width that a processor resizes a picture to."""
    size = dict(getattr(processor, "size", None) or {})
    if not getattr(processor, "do_resize", False):
        return height, width
    if size.get("height") and size.get("width"):
        return int(size["height"]), int(size["width"])
    if (short := size.get("shortest_edge")) and not size.get("longest_edge"):
        long = int(short * max(width, height) / min(width, height))
        return (int(short), long) if height <= width else (long, int(short))
    raise ValueError(
        f"{type(processor).__name__} resizes by {size}; expected a height and a width, or a shortest edge, as CLIP's "
        "and SigLIP's: of others it is not known where patches lie."
    )


def _cropped(processor: Any) -> tuple[int, int] | None:
    """The height and the width that a processor crops to around the centre; None where it does not."""
    if not getattr(processor, "do_center_crop", False):
        return None
    size = dict(processor.crop_size)
    return int(size["height"]), int(size["width"])
