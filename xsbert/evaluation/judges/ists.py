"""Human alignments: the files of SemEval-2016's task 2, interpretable semantic textual similarity."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xsbert import tables

ALIGNMENT = re.compile(r"([\d ]+)<==>([\d ]+)//\s*(\S+)\s*//\s*(\S*)")
EQUAL = "5"
"""The annotators' score of chunks that mean the same."""
Chunks = tuple[tuple[int, ...], tuple[int, ...]]
"""Which words of a, and which of b."""


@dataclass(frozen=True)
class AlignedPair:
    """Two texts and which of their words people aligned.

    Args:
        words_a, words_b: the words, as the annotators numbered them.
        aligned: the pairs of words in aligned chunks, counted from 0: every word of a chunk with every word
            of the other.
        equal: the chunks that mean the same, as the annotators scored them.
    """

    words_a: tuple[str, ...]
    words_b: tuple[str, ...]
    aligned: frozenset[tuple[int, int]]
    equal: tuple[Chunks, ...] = ()

    @property
    def text_a(self) -> str:
        """The first text: its words with spaces between."""
        return " ".join(self.words_a)

    @property
    def text_b(self) -> str:
        """The second text."""
        return " ".join(self.words_b)

    @property
    def matrix(self) -> np.ndarray:
        """Whether words i and j are aligned, `(V_a, V_b)`, bool."""
        gold = np.zeros((len(self.words_a), len(self.words_b)), dtype=bool)
        for i, j in self.aligned:
            gold[i, j] = True
        return gold


def read_alignments(path: str | Path) -> list[AlignedPair]:
    """The pairs of a .wa file, or of all .wa files of a folder, in the order of their names.

    Raises:
        ValueError: there is no such file, or a line is not as the format has it; with the file and the line.
    """
    path = Path(path)
    files = sorted(path.glob("*.wa")) if path.is_dir() else [path] if path.is_file() else []
    if not files:
        raise ValueError(f"{path} is no .wa file, and no folder that holds one; expected the files of iSTS 2016.")
    return [pair for file in files for pair in _Reader(file).pairs()]


class _Reader:
    """A file's lines, with the place where it stands."""

    def __init__(self, file: Path) -> None:
        self.file, self.number = file, 0
        self.lines = tables.lines(tables.text_of(file))

    def pairs(self) -> Iterator[AlignedPair]:
        while (line := self._next(end=True)) is not None:
            if not line:
                continue
            if not line.startswith("<sentence"):
                raise self._wrong(line, "<sentence …>")
            yield self._pair()

    def _pair(self) -> AlignedPair:
        words_a, words_b = self._words("source"), self._words("translation")
        self._expect("<alignment>")
        chunks = [self._chunks(line, words_a, words_b) for line in self._until("</alignment>")]
        self._expect("</sentence>")
        aligned = frozenset((i, j) for (left, right), _ in chunks for i in left for j in right)
        equal = tuple(both for both, score in chunks if score == EQUAL and all(both))
        return AlignedPair(words_a, words_b, aligned, equal)

    def _words(self, name: str) -> tuple[str, ...]:
        self._expect(f"<{name}>")
        words: list[str] = []
        for line in self._until(f"</{name}>"):
            number, _, rest = line.partition(" ")
            word = rest.removesuffix(":").strip()
            if number != str(len(words) + 1) or not word or not rest.endswith(":"):
                raise self._wrong(line, f"'{len(words) + 1} word :'")
            words.append(word)
        if not words:
            raise self._wrong(f"</{name}>", "at least one word")
        return tuple(words)

    def _chunks(self, line: str, words_a: tuple[str, ...], words_b: tuple[str, ...]) -> tuple[Chunks, str]:
        """The words of an aligned chunk in both texts, none where it has no partner, and its score."""
        match = ALIGNMENT.match(line)
        if not match:
            raise self._wrong(line, "'1 2 <==> 3 // EQUI // 5 // …'")
        left, right = ([int(number) for number in side.split()] for side in match.groups()[:2])
        for numbers, words in ((left, words_a), (right, words_b)):
            if not numbers or max(numbers) > len(words):
                raise self._wrong(line, f"numbers from 1 to {len(words)}, or 0 for none")
        chunks = tuple(i - 1 for i in left if i), tuple(j - 1 for j in right if j)
        return chunks, match[4]

    def _until(self, end: str) -> Iterator[str]:
        while (line := self._next()) != end:
            if line.startswith("<"):
                raise self._wrong(line, end)
            if line:
                yield line

    def _expect(self, tag: str) -> None:
        line = self._next()
        while not line or line.startswith("//"):  # the texts themselves, which the words repeat
            line = self._next()
        if line != tag:
            raise self._wrong(line, tag)

    def _next(self, end: bool = False) -> str:
        if self.number == len(self.lines):
            if end:
                return None  # type: ignore[return-value]
            raise ValueError(f"{self.file}, line {self.number}: the file ends within a sentence; expected </sentence>.")
        self.number += 1
        return self.lines[self.number - 1].strip()

    def _wrong(self, got: str, expected: str) -> ValueError:
        return ValueError(f"{self.file}, line {self.number}: got {got!r:.80}; expected {expected}.")
