"""Pairs of texts, attributed as their token vectors come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import cast

import numpy as np

from xsbert.attribution.pair import assemble, products_of
from xsbert.models.inputs.prompts import TextInput
from xsbert.results.attribution import Attribution
from xsbert.results.token_vectors import EmbeddedText, TokenVectors


class Pairing:
    """Attributes each pair once both its texts are there, and then forgets what no other pair waits for.

    Args:
        pairs: the pairs of texts.
        similarity: "cosine" or "dot".
    """

    def __init__(self, pairs: Sequence[tuple[TextInput, TextInput]], similarity: str) -> None:
        self._pairs, self._similarity = pairs, similarity
        self._done: list[Attribution | None] = [None] * len(pairs)
        self._vectors: dict[TextInput, TokenVectors] = {}
        self._waiting: dict[TextInput, set[int]] = defaultdict(set)
        for i, pair in enumerate(pairs):
            for text in pair:
                self._waiting[text].add(i)

    @property
    def attributions(self) -> list[Attribution]:
        """Each pair's attribution, in their order, once all texts were there."""
        return cast("list[Attribution]", self._done)

    def is_shared(self, text: TextInput) -> bool:
        """Whether several pairs wait for the text."""
        return len(self._waiting[text]) > 1

    def vectors(self, text: TextInput) -> TokenVectors:
        """A text's token vectors, while a pair waits for them."""
        return self._vectors[text]

    def add(self, text: TextInput, vectors: TokenVectors) -> None:
        """A text's token vectors are there."""
        self._vectors[text] = vectors
        for i in sorted(self._waiting[text]):
            a, b = (self._vectors.get(side) for side in self._pairs[i])
            if a is not None and b is not None:
                self._finish(i, a, b, products_of(a, b))

    def add_pulled(self, text: TextInput, embedded: EmbeddedText, products: dict[TextInput, np.ndarray]) -> None:
        """A text is there, and with each other text of its pairs the products `(S_other, S)`, but not its vectors."""
        for i in sorted(self._waiting[text]):
            a, b = self._pairs[i]
            if a == text:
                self._finish(i, embedded, self._vectors[b], np.ascontiguousarray(products[b].T))
            else:
                self._finish(i, self._vectors[a], embedded, products[a])

    def _finish(self, i: int, a: EmbeddedText, b: EmbeddedText, products: np.ndarray) -> None:
        self._done[i] = assemble(a, b, products, self._similarity)
        for text in self._pairs[i]:
            self._waiting[text].discard(i)
            if not self._waiting[text]:
                self._vectors.pop(text, None)
