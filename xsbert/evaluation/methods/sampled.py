"""Baseline: sampled Shapley values of the embedding, words taken away for real.

What an expert would do without gradients. Along a random order of its words a text is built up from nothing, and each
word gets what the embedding changes by when it comes: Σ_s u_s = f(x) − f(∅) whatever the number of orders (Castro,
Gómez and Tejada, Computers & Operations Research 2009). Each order is also taken backwards. f(∅) is shared evenly, and
A[s, t] = u_s(a) · u_t(b).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from xsbert.evaluation.judges.encodings import Encodings
from xsbert.evaluation.methods.explainer import Pairs
from xsbert.evaluation.methods.matrices import Matrix, PairMatrix, Words
from xsbert.models import XSTransformer
from xsbert.models.inputs.text import read


@dataclass(frozen=True)
class SampledShapley:
    """Products of sampled Shapley values, of embeddings as `Encodings` gives them.

    Args:
        encodings: how many sub-texts of a text are encoded, about; at least one order forth and back.
        seed: of the orders, which depend on the text beside it.
    """

    model: XSTransformer = field(repr=False)
    encodings: int = 240
    seed: int = 0

    def explain(self, pairs: Pairs) -> Sequence[Matrix]:
        """A matrix over words for each pair."""
        encode = Encodings(self.model)
        return [self._of(*pair, encode) for pair in pairs]

    def _of(self, text_a: str, text_b: str, encode: Encodings) -> PairMatrix:
        a, b = (Words.of(text, read(self.model, text).offsets) for text in (text_a, text_b))
        return PairMatrix(text_a, text_b, a.spans, b.spans, self._values(a, encode) @ self._values(b, encode).T)

    def _values(self, words: Words, encode: Encodings) -> np.ndarray:
        """u, `(W, D)`."""
        count = len(words)
        random = np.random.default_rng([self.seed, zlib.crc32(words.text.encode())])
        orders = [random.permutation(count) for _ in range(max(1, self.encodings // (2 * max(1, count))))]
        places = np.array([np.argsort(order[::way]) for order in orders for way in (1, -1)])  # (P, W)
        kept = places[:, None, :] < np.arange(count + 1)[None, :, None]  # (P, W + 1, W)
        texts = [words.kept(row) for row in kept.reshape(-1, count)]
        embeddings = encode(texts).reshape(len(places), count + 1, -1)
        steps = np.diff(embeddings, axis=1)  # (P, W, D): what the i-th word of the order adds
        values = np.take_along_axis(steps, places[:, :, None], axis=1).mean(axis=0)
        return values + embeddings[0, 0] / max(1, count)
