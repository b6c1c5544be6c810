"""What every result is: a frozen dataclass that holds arrays on the host, equal by content, with files."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from xsbert.results import json_files
from xsbert.results.arguments import at_least


class Record:
    """What both results share: read-only arrays, equality by content, and files."""

    def _freeze(self, shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
        if shape != expected:
            raise ValueError(f"{type(self).__name__} got shapes {shape} where {expected} were expected.")
        for each in fields(self):  # type: ignore[arg-type]
            value = getattr(self, each.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    def check_places(self) -> None:
        """Raises ValueError where offsets or positions lie outside of their text or their tokens."""

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and all(
            np.array_equal(getattr(self, f.name), getattr(other, f.name))
            if isinstance(getattr(self, f.name), np.ndarray)
            else getattr(self, f.name) == getattr(other, f.name)
            for f in fields(self)  # type: ignore[arg-type]
        )

    def __hash__(self) -> int:
        """Of all but the arrays, which are equal whatever their precision and the sign of zero."""
        values = (getattr(self, f.name) for f in fields(self))  # type: ignore[arg-type]
        return hash((type(self), *(value for value in values if not isinstance(value, np.ndarray))))

    def to_dict(self) -> dict[str, Any]:
        """Everything in plain Python values, as `save` writes it."""
        return json_files.to_dict(self)

    def save(self, path: str | Path) -> None:
        """Writes a JSON file. The file appears whole or not at all.

        Raises:
            ValueError: `path` does not end in `.json`.
        """
        json_files.save(self, path)

    @classmethod
    def load(cls, path: str | Path) -> Any:
        """Reads what `save` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is not JSON, holds something else, or is of a later version.
        """
        return json_files.load(cls, path)


def setting(x: Any) -> str:
    """The method that an attribution or token vectors were made by, but for its layer and its quadrature."""
    return str(x.method.replace(x.quadrature, "…").replace(f"layer={x.layer},", "layer=…,"))


def effort(x: Any) -> str:
    """What an attribution took for its two texts: nodes of a quadrature, or sub-texts that were encoded."""
    if not x.method.startswith("Removal("):
        return f"{x.nodes[0]} + {x.nodes[1]} nodes"
    return f"{x.nodes[0]} + {x.nodes[1]} sub-texts" if any(x.nodes) else str(x.quadrature)


def sureness(x: Any) -> list[str]:
    """What is said of standard errors: the largest of all pairs; nothing where nothing was drawn."""
    if x.standard_errors is None:
        return []
    return [f"standard errors of pairs up to {decimals(float(np.max(x.standard_errors, initial=0)), 3)}"]


def checked_count(k: int) -> int:
    """How many of the strongest are asked for: a whole number from 1 on."""
    return at_least(k, 1, "top(k)", "a whole number, such as 5")


def shortened(text: str, width: int = 40) -> str:
    """A text as an error or a result shows it: quoted, and cut where it is long."""
    return repr(text if len(text) <= width else text[: width - 1] + "…")


def decimals(value: float, places: int, sign: str = "") -> str:
    """The number with so many decimals; what rounds to zero has no minus. With the sign "+" others have a plus."""
    text = f"{value:{sign}.{places}f}"
    return text if float(text) else text.replace("-", sign)
