"""What judges look at: a matrix over the words of two texts, whichever method gave it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from xsbert.results.parts.sub_texts import kept
from xsbert.results.parts.words import Group, Offset, Span, group, summed


class Matrix(Protocol):
    """What a method gives for a pair: an `Attribution` is one, and so is a `PairMatrix`."""

    @property
    def text_a(self) -> str:
        """The first text."""
        ...

    @property
    def text_b(self) -> str:
        """The second text."""
        ...

    @property
    def offsets_a(self) -> tuple[Offset, ...]:
        """Where the tokens of the first stand in it; None for special ones."""
        ...

    @property
    def offsets_b(self) -> tuple[Offset, ...]:
        """Those of the second."""
        ...

    @property
    def matrix(self) -> np.ndarray:
        """What each pair of tokens adds, `(S_a, S_b)`."""
        ...


@dataclass(frozen=True, eq=False)
class PairMatrix:
    """A matrix that claims no law: what baselines give.

    Args:
        text_a, text_b: the texts.
        offsets_a, offsets_b: where each token stands in its text; None for special tokens.
        matrix: a number for each pair of tokens, `(S_a, S_b)`.
    """

    text_a: str
    text_b: str
    offsets_a: tuple[Offset, ...]
    offsets_b: tuple[Offset, ...]
    matrix: np.ndarray

    def __post_init__(self) -> None:
        expected = (len(self.offsets_a), len(self.offsets_b))
        if self.matrix.shape != expected:
            raise ValueError(f"PairMatrix got a matrix of shape {self.matrix.shape} for {expected} tokens.")


@dataclass(frozen=True)
class Words:
    """A text and its W words, of which some can be left out or replaced."""

    text: str
    spans: tuple[Span, ...]

    @classmethod
    def of(cls, text: str, offsets: Sequence[Offset], prompted: Sequence[int] = ()) -> Words:
        """The words that its tokens make, but for those of a prompt, whose positions are named."""
        return cls(text, tuple(each.offset for each in _worded(text, offsets, prompted) if each.offset))

    def __len__(self) -> int:
        return len(self.spans)

    @property
    def strings(self) -> list[str]:
        """The words themselves."""
        return [self.text[start:end] for start, end in self.spans]

    def kept(self, chosen: Sequence[bool] | np.ndarray, put: str = "") -> str:
        """The text with the chosen words only.

        Args:
            chosen: for each word, whether it stays.
            put: what stands in place of each other word; by default nothing, one space where several
                are left, and one where punctuation held two words together.
        """
        return kept(self.text, self.spans, chosen, put)

    def without(self, word: int, put: str = "") -> str:
        """The text with one word left out, or replaced."""
        return self.kept([i != word for i in range(len(self))], put)


@dataclass(frozen=True, eq=False)
class WordMatrix:
    """A matrix over words; tokens that are no words (special ones, a prompt's) are one last row and column.

    Args:
        a, b: the texts, with W_a and W_b words.
        whole: `(W_a + 1, W_b + 1)`.
        selves: the matrices of a and itself, and of b and itself, where a judge asks for them.
    """

    a: Words
    b: Words
    whole: np.ndarray
    selves: tuple[WordMatrix, WordMatrix] | None = None

    @classmethod
    def of(cls, x: Matrix) -> WordMatrix:
        """A method's matrix with the tokens of each word summed; the total is kept."""
        words_a, rows = _folded(x.text_a, x.offsets_a, getattr(x, "prompted_a", ()), x.matrix)
        words_b, columns = _folded(x.text_b, x.offsets_b, getattr(x, "prompted_b", ()), rows.T)
        return cls(words_a, words_b, np.ascontiguousarray(columns.T))

    @property
    def matrix(self) -> np.ndarray:
        """The word pairs, `(W_a, W_b)`."""
        return self.whole[:-1, :-1]

    @property
    def row_sums(self) -> np.ndarray:
        """What each word of a adds, with all tokens of b: `(W_a,)`."""
        return self.whole[:-1].sum(axis=1)

    @property
    def column_sums(self) -> np.ndarray:
        """What each word of b adds, with all tokens of a: `(W_b,)`."""
        return self.whole[:, :-1].sum(axis=0)

    def kept(self, chosen_a: np.ndarray, chosen_b: np.ndarray) -> np.ndarray:
        """ΣA over the kept words and all that are no words: `(K, W_a)`, `(K, W_b)` → `(K,)`."""
        always = np.ones((len(chosen_a), 1))
        left, right = np.hstack([chosen_a, always]), np.hstack([chosen_b, always])
        return np.einsum("ki,ij,kj->k", left, self.whole, right)


def _folded(
    text: str, offsets: Sequence[Offset], prompted: Sequence[int], rows: np.ndarray
) -> tuple[Words, np.ndarray]:
    """The text's words, and `(S, …)` → `(W + 1, …)`."""
    words = _worded(text, offsets, prompted)
    sums = summed(rows, words) if words else rows[:0]
    rest = rows.sum(axis=0, dtype=np.float64) - sums.sum(axis=0, dtype=np.float64)
    return Words.of(text, offsets, prompted), np.vstack([sums.astype(np.float64), rest])


def _worded(text: str, offsets: Sequence[Offset], prompted: Sequence[int]) -> list[Group]:
    before = set(prompted)
    return [each for each in group(text, offsets) if each.offset and each.positions[0] not in before]
