"""Encoders in closed form, for judges to be tested on."""

import numpy as np

from xsbert.evaluation.judges.encodings import Encodings
from xsbert.evaluation.methods.matrices import PairMatrix, WordMatrix

A, B = "coffee tastes bad today", "tea was really good"


class Bag:
    """Embeds a text as a function of the sum of its words' vectors; the sum itself by default."""

    similarity_fn_name = "dot"

    def __init__(self, of_sum=lambda total: total, dimensions=5):
        self.of_sum, self.dimensions, self.asked = of_sum, dimensions, []

    def vector(self, word):
        return np.random.default_rng(list(word.encode())).normal(size=self.dimensions)

    def encode(self, texts, **_):
        self.asked += texts
        return np.stack([self.of_sum(sum(map(self.vector, text.split()), np.zeros(self.dimensions))) for text in texts])


def offsets(text):
    """Where each word of a text with single spaces stands."""
    ends = np.cumsum([len(word) + 1 for word in text.split()])
    return tuple((int(end) - len(word) - 1, int(end) - 1) for word, end in zip(text.split(), ends, strict=True))


def words(matrix=None, a=A, b=B):
    """A matrix over the words of two texts; by default the products of their vectors."""
    if matrix is None:
        left, right = (np.stack([Bag().vector(word) for word in text.split()]) for text in (a, b))
        matrix = left @ right.T
    return WordMatrix.of(PairMatrix(a, b, offsets(a), offsets(b), matrix))


def judged(judge, encoder, found=None):
    """A judge's evidence and figures for the matrix `found`; by default the bag's own."""
    found, encode = found or words(), Encodings(encoder)
    evidence = judge.evidence(found.a, found.b, encode)
    return evidence, judge.figures(found, evidence, encode)
