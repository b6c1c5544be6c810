"""A picture as one side of an explanation: its patches stand where a text has its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from xsbert.results.parts.words import Offset

Box = tuple[float, float, float, float]
"""A rectangle in the pixels of the picture as it was given: left, top, right, bottom."""


class Picture(NamedTuple):
    """What a model saw of a picture.

    Args:
        width, height: of the picture as it was given, in pixels.
        rows, columns: of the grid of patches that the model cut it into.
        boxes: where each patch lies in the picture, row by row: resizing and cropping are undone.
        data: the picture for people to look at, no more than 640 pixels on its longer side, as a data URL.
    """

    width: int
    height: int
    rows: int
    columns: int
    boxes: tuple[Box, ...]
    data: str = ""

    @property
    def patches(self) -> int:
        """How many there are."""
        return self.rows * self.columns

    def check(self, tokens: int) -> None:
        """Raises ValueError where the grid, the boxes and the number of tokens don't agree."""
        if not len(self.boxes) == self.patches <= tokens or self.width < 1 or self.height < 1:
            raise ValueError(
                f"got a picture of {self.width} × {self.height} pixels with {self.rows} × {self.columns} patches, "
                f"{len(self.boxes)} boxes and {tokens} tokens"
            )


def inside(offsets: Sequence[Offset], picture: Picture | None) -> list[int]:
    """The positions of what is a side's own: a text's tokens, or a picture's patches; not what the model adds."""
    if picture is not None:
        return list(range(picture.patches))
    return [i for i, offset in enumerate(offsets) if offset is not None]


def restored_picture(value: Any) -> Picture:
    """A picture from its plain values, as JSON holds them.

    Raises:
        TypeError, ValueError: the values are no picture's.
    """
    width, height, rows, columns, boxes, data = value
    sizes = (width, height, rows, columns)
    if any(isinstance(size, bool) or not isinstance(size, int) for size in sizes) or not isinstance(data, str):
        raise TypeError(f"got {[*sizes, data]!r:.60}, expected four whole numbers and a text")
    if data and not data.startswith("data:image/"):
        raise ValueError(f"got {data!r:.40}, expected a data URL of a picture")
    places = tuple(tuple(float(edge) for edge in box) for box in boxes)
    if any(len(box) != 4 or not all(abs(edge) < 1e9 for edge in box) for box in places):
        raise ValueError("got a box that is not four finite numbers")
    return Picture(*sizes, places, data)  # type: ignore[arg-type]
