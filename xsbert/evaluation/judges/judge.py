"""What a judge is. Judges know nothing of methods: they look at matrices, and at the model's embeddings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from xsbert.evaluation.methods.matrices import WordMatrix, Words

Encode = Callable[[Sequence[str]], np.ndarray]
"""Texts → embeddings `(B, D)` whose products are similarities: an `Encodings`."""


class Judge(Protocol):
    """A way to tell how good a matrix is. A value: its repr names it and all its settings.

    `evidence` is what the model itself says of a pair, and is the same for all methods; `figures` holds a
    matrix against it. A figure that is not defined for a pair is nan. A judge whose `selves` is true finds the
    matrices of each text and itself in the matrix that it is given.
    """

    def evidence(self, a: Words, b: Words, encode: Encode) -> Any:
        """What all methods are held against for this pair."""
        ...

    def figures(self, found: WordMatrix, evidence: Any, encode: Encode) -> dict[str, float]:
        """The figures, by name."""
        ...
