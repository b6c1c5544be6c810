"""What a method is, and those that are a line on the engine: any reference, any rule; chance, and word sizes."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from xsbert.evaluation.methods.matrices import Matrix, PairMatrix
from xsbert.models import HiddenStates, Method, Removal, XSTransformer
from xsbert.models.inputs.text import read

Pairs = Sequence[tuple[str, str]]


class Explainer(Protocol):
    """A way to explain pairs. A value: its repr names it and all its settings, but for the model."""

    def explain(self, pairs: Pairs) -> Sequence[Matrix]:
        """A matrix for each pair: an `Attribution`, or a `PairMatrix`."""
        ...


@dataclass(frozen=True)
class IntegratedJacobian:
    """Ours, by any method; of a function by `Removal`.

    `HiddenStates(quadrature=RightRiemann(1))` is gradient × input: the Jacobian at the text itself, times the
    displacement from the reference.
    """

    model: XSTransformer = field(repr=False)
    method: Method | Removal = HiddenStates()  # noqa: RUF009  # a frozen value

    def explain(self, pairs: Pairs) -> Sequence[Matrix]:
        """`Attribution`s."""
        return self.model.explain_pairs(pairs, method=self.method)


@dataclass(frozen=True)
class Chance:
    """Normal random numbers, the same ones for the same pair of texts."""

    model: XSTransformer = field(repr=False)
    seed: int = 0

    def explain(self, pairs: Pairs) -> Sequence[Matrix]:
        """Random matrices."""
        return [self._of(*pair) for pair in pairs]

    def _of(self, text_a: str, text_b: str) -> PairMatrix:
        offsets_a, offsets_b = (read(self.model, text).offsets for text in (text_a, text_b))
        random = np.random.default_rng([self.seed, zlib.crc32(text_a.encode()), zlib.crc32(text_b.encode())])
        return PairMatrix(text_a, text_b, offsets_a, offsets_b, random.normal(size=(len(offsets_a), len(offsets_b))))


@dataclass(frozen=True)
class Uniform:
    """The same for every pair of tokens: a word stands out by the number of its tokens alone.

    What it gets before a judge, others get for nothing.
    """

    model: XSTransformer = field(repr=False)

    def explain(self, pairs: Pairs) -> Sequence[Matrix]:
        """Matrices of equal entries that sum to 1; special tokens have zeros."""
        return [self._of(*pair) for pair in pairs]

    def _of(self, text_a: str, text_b: str) -> PairMatrix:
        offsets_a, offsets_b = (read(self.model, text).offsets for text in (text_a, text_b))
        a, b = (np.array([offset is not None for offset in each], dtype=float) for each in (offsets_a, offsets_b))
        return PairMatrix(text_a, text_b, offsets_a, offsets_b, np.outer(a, b) / max(a.sum() * b.sum(), 1))
