"""What a model hears: whether small changes of a text that change its meaning lower the similarity."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from xsbert.results import dataframes, json_files
from xsbert.results.html import Shown

NAMED = 3
"""Words that a line names."""


class MinimalPair(NamedTuple):
    """A text, another that says the same in other words, and one that says something else in nearly the same ones.

    Args:
        family: what changes, such as "negation".
        text, same, different: the three texts.
    """

    family: str
    text: str
    same: str
    different: str


class Hearing(NamedTuple):
    """What a model makes of a minimal pair.

    Args:
        pair: the texts.
        same, different: the similarities of `text` with the two others.
        words: the words that only `different` has, with what each adds to its similarity; where it has none, all
            of its words with what each adds less than in `text` itself.
    """

    pair: MinimalPair
    same: float
    different: float
    words: tuple[tuple[str, float], ...]

    @property
    def fall(self) -> float:
        """How far the similarity falls where the meaning changes."""
        return self.same - self.different

    @property
    def heard(self) -> bool:
        """Whether the text that says something else is the less similar of the two."""
        return self.fall > 0


class Family(NamedTuple):
    """A family's figures: of how many pairs, the mean similarities and fall, and which share is heard."""

    name: str
    pairs: int
    same: float
    different: float
    fall: float
    heard: float


@dataclass(frozen=True, eq=False, repr=False)
class CheckReport(Shown):
    """What a model hears, by families of minimal pairs.

    Args:
        model: what results call the model.
        method: how the words' shares were computed.
        similarity: "cosine" or "dot".
        results: one for each minimal pair.
    """

    model: str
    method: str
    similarity: str
    results: tuple[Hearing, ...]

    @property
    def families(self) -> tuple[Family, ...]:
        """Each family's figures, in the order of the pairs."""
        found = []
        for name in dict.fromkeys(each.pair.family for each in self.results):
            some = [each for each in self.results if each.pair.family == name]
            means = np.mean([(each.same, each.different, each.fall, each.heard) for each in some], axis=0)
            found.append(Family(name, len(some), *map(float, means)))
        return tuple(found)

    def below(self, share: float) -> tuple[Family, ...]:
        """The families of which less than this share is heard."""
        return tuple(family for family in self.families if family.heard < share)

    def to_dict(self) -> dict[str, Any]:
        """Everything in plain Python values, as `save` writes it."""
        head = {"format": "xsbert.CheckReport", "version": json_files.VERSION}
        made = {"model": self.model, "method": self.method, "similarity": self.similarity}
        results = [
            {**each.pair._asdict(), "scores": [each.same, each.different], "words": [list(word) for word in each.words]}
            for each in self.results
        ]
        return head | made | {"families": [family._asdict() for family in self.families], "results": results}

    @classmethod
    def load(cls, path: str | Path) -> CheckReport:
        """Reads what `save("….json")` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is not JSON, holds something else, or is of a later version.
        """
        data, expected = json_files.read(cls, path)
        try:
            results = tuple(map(_restored, data["results"]))
            made = {name: str(data[name]) for name in ("model", "method", "similarity")}
            return cls(**made, results=results)
        except json_files.DAMAGE as cause:
            raise ValueError(f"{path} is damaged ({type(cause).__name__}: {cause}); {expected}.") from cause

    def to_dataframe(self) -> Any:
        """A pandas table with a row for each minimal pair.

        Raises:
            ImportError: pandas is not installed.
        """
        rows = [
            {
                **each.pair._asdict(),
                "score_same": each.same,
                "score_different": each.different,
                "fall": each.fall,
                "heard": each.heard,
                "words": each.words,
            }
            for each in self.results
        ]
        return dataframes.pandas().DataFrame(rows)

    def __repr__(self) -> str:
        shares = ", ".join(f"{family.name} {family.heard:.0%}" for family in self.families)
        return f"CheckReport({self.model}: {shares})"


def _restored(data: dict[str, Any]) -> Hearing:
    pair = MinimalPair(*(str(data[name]) for name in MinimalPair._fields))
    same, different = map(float, data["scores"])
    return Hearing(pair, same, different, tuple((str(word), float(value)) for word, value in data["words"]))
