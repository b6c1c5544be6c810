"""What a study finds: a table, a picture, and a sentence for each claim of the papers; written to a folder."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from xsbert.evaluation.statistics import Mean, bootstrap_of
from xsbert.results.json_files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes


FEWEST_PAIRS = 5
"""Of fewer pairs a bootstrap tells nothing."""
WIDTH = 6.4
"""Inches of a picture."""


class Claim(NamedTuple):
    """A claim, what was found, and whether it holds: "holds", "does not hold" or "cannot be told"."""

    claim: str
    found: str
    verdict: str

    def __str__(self) -> str:
        return f"{self.claim} Here: {self.found}: {self.verdict}."


def near(interval: Mean, value: float, tolerance: float) -> str:
    """Whether a figure is within a tolerance of what was claimed, as its 95 % interval tells."""
    low, high = value - tolerance, value + tolerance
    inside, outside = low <= interval.low and interval.high <= high, interval.high < low or interval.low > high
    return _verdict(interval, inside, outside)


def above(interval: Mean, value: float) -> str:
    """Whether a figure is above a value, as its 95 % interval tells."""
    return _verdict(interval, interval.low > value, interval.high < value)


def _verdict(interval: Mean, holds: bool, fails: bool) -> str:
    if interval.pairs < FEWEST_PAIRS or not (holds or fails):
        return "cannot be told"
    return "holds" if holds else "does not hold"


@dataclass(frozen=True)
class Findings:
    """What a study found.

    Args:
        name: the study's.
        question: what it asked, in a sentence.
        header: the table's columns.
        rows: the table's rows, numbers and words.
        draw: draws the picture on axes.
        claims: the papers' claims beside what was found.
        note: of how many pairs, and which were left out.
        height: the picture's, in inches.
    """

    name: str
    question: str
    header: tuple[str, ...]
    rows: tuple[tuple[str | float, ...], ...]
    draw: Callable[[Axes], None]
    claims: tuple[Claim, ...]
    note: str
    height: float = 3.6

    @property
    def markdown(self) -> str:
        """The table, the note and the claims."""
        lines = [self.header, ["---"] * len(self.header), *([_shown(cell) for cell in row] for row in self.rows)]
        table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        claims = "".join(f"\n- {claim}" for claim in self.claims)
        return f"## {self.question}\n\n{table}\n\n{self.note}\n{claims}\n"

    def _repr_markdown_(self) -> str:
        return self.markdown

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draws the picture on axes, or on new ones; gives them."""
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.figure(figsize=self._size, layout="constrained").add_subplot()
        self.draw(ax)
        return ax

    @property
    def _size(self) -> tuple[float, float]:
        return WIDTH, self.height

    def _plain(self) -> dict[str, Any]:
        """What the report reads."""
        claims = [claim._asdict() for claim in self.claims]
        rows = [[_shown(cell) for cell in row] for row in self.rows]
        return {"question": self.question, "header": self.header, "rows": rows, "note": self.note, "claims": claims} | {
            "name": self.name
        }

    def write(self, folder: str | Path) -> list[Path]:
        """Writes name.md, .csv, .png, .svg and .json; each appears whole or not at all. Gives their paths."""
        from matplotlib.figure import Figure

        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        text = io.StringIO()
        csv.writer(text).writerows([self.header, *self.rows])
        written = {".md": self.markdown.encode(), ".csv": text.getvalue().encode()}
        figure = Figure(figsize=self._size, layout="constrained")
        self.draw(figure.add_subplot())
        for suffix in (".png", ".svg"):
            picture = io.BytesIO()
            figure.savefig(picture, format=suffix[1:], dpi=160)
            written[suffix] = picture.getvalue()
        written[".json"] = json.dumps(self._plain(), ensure_ascii=False, indent=1).encode()
        paths = [folder / (self.name + suffix) for suffix in written]
        for path, content in zip(paths, written.values(), strict=True):
            write_whole(path, content)
        return paths


def median_interval(values: np.ndarray) -> Mean:
    """The median with its 95 % bootstrap interval over pairs; nan does not count."""
    known = values[~np.isnan(values)]
    if not len(known):
        return Mean(float("nan"), float("nan"), float("nan"), 0)
    return bootstrap_of(lambda drawn: float(np.median(known[drawn])), len(known))


def cell(interval: Mean, digits: int = 2) -> str:
    """A figure with its interval."""
    if np.isnan(interval.value):
        return "–"
    return f"{interval.value:.{digits}f} [{interval.low:.{digits}f}, {interval.high:.{digits}f}]".replace("-", "−")


def _shown(cell: str | float) -> str:
    return cell if isinstance(cell, str) else f"{cell:g}"
