"""Judge: game-theoretic interactions of words, exact, on short pairs.

The words of both texts are players, the score of the sub-texts they make is the game. For a word i of a
and a word j of b the derivative of the game at the coalition S ∪ T is

    (e_a[S + i] − e_a[S]) · (e_b[T + j] − e_b[T]),

for a similarity is a product of embeddings e: so 2^W_a + 2^W_b encodings give all 2^(W_a + W_b) values,
and the sums over coalitions are sums over each text's own, by the coalitions' sizes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np

from xsbert.evaluation.judges.judge import Encode
from xsbert.evaluation.methods.matrices import WordMatrix, Words
from xsbert.evaluation.statistics import spearman


def subsets(count: int) -> np.ndarray:
    """All subsets of W words, bool, `(2^W, W)`: bit i of a row's number tells whether word i is in it."""
    return (np.arange(2**count)[:, None] >> np.arange(count)) & 1 == 1


def derivatives(embeddings: np.ndarray) -> np.ndarray:
    """The sum of e[S + i] − e[S] over the subsets S of each size: `(2^W, D)` → `(W, W, D)`, [i, |S|]."""
    count = (len(embeddings) - 1).bit_length()
    members = subsets(count)
    sizes, numbers = members.sum(axis=1), np.arange(len(members))
    sums = np.zeros((count, count, embeddings.shape[1]))
    for i in range(count):
        without = numbers[~members[:, i]]
        np.add.at(sums[i], sizes[without], embeddings[without + (1 << i)] - embeddings[without])
    return sums


def banzhaf(embeddings_a: np.ndarray, embeddings_b: np.ndarray) -> np.ndarray:
    """The Banzhaf interaction index (Grabisch and Roubens, 1999) of each word pair, `(W_a, W_b)`.

    All coalitions count alike, so it is the product of two texts' mean derivatives.

    Args:
        embeddings_a, embeddings_b: of all sub-texts in the order of `subsets`, `(2^W, D)`.
    """
    mean_a, mean_b = (2 * derivatives(e).sum(axis=1) / len(e) for e in (embeddings_a, embeddings_b))
    return mean_a @ mean_b.T


def shapley(embeddings_a: np.ndarray, embeddings_b: np.ndarray) -> np.ndarray:
    """The Shapley interaction index (Grabisch and Roubens, 1999) of each word pair, `(W_a, W_b)`.

    Args: as `banzhaf`.
    """
    a, b = derivatives(embeddings_a), derivatives(embeddings_b)
    others = len(a) + len(b) - 2
    sizes = np.arange(len(a))[:, None] + np.arange(len(b))
    weights = np.array([1 / ((others + 1) * comb(others, size)) for size in range(others + 1)])[sizes]
    return np.einsum("isd,st,jtd->ij", a, weights, b)


def by_shapiq(embeddings_a: np.ndarray, embeddings_b: np.ndarray, index: str) -> np.ndarray:
    """The same by the library shapiq, from the table of all 2^(W_a + W_b) scores: the oracle of the tests.

    Args:
        embeddings_a, embeddings_b: as `banzhaf`.
        index: "SII" or "BII", as shapiq names them.

    Raises:
        ImportError: shapiq is not installed.
    """
    shapiq = _shapiq()
    scores = embeddings_a @ embeddings_b.T  # (2^W_a, 2^W_b)
    count_a, count_b = ((len(e) - 1).bit_length() for e in (embeddings_a, embeddings_b))

    def game(coalitions: np.ndarray) -> np.ndarray:
        bits = np.asarray(coalitions).astype(int)
        left, right = bits[:, :count_a] @ (1 << np.arange(count_a)), bits[:, count_a:] @ (1 << np.arange(count_b))
        return scores[left, right]

    found = shapiq.ExactComputer(game=game, n_players=count_a + count_b)(index=index, order=2)
    return np.array([[found[(i, count_a + j)] for j in range(count_b)] for i in range(count_a)])


def _shapiq() -> Any:
    try:
        import shapiq
    except ImportError as cause:
        raise ImportError(
            'by_shapiq needs the library shapiq; install it with pip install "xsbert[evaluation]".'
        ) from (cause)
    return shapiq


@dataclass(frozen=True)
class ShortTexts:
    """Spearman's correlation of A with the exact Shapley and Banzhaf interactions, where both texts are short.

    Args:
        most: texts with more words than this are left out; 2^`most` encodings a text.
    """

    most: int = 8

    def evidence(self, a: Words, b: Words, encode: Encode) -> tuple[np.ndarray, np.ndarray] | None:
        """Both indices, `(W_a, W_b)` each; None for a long text."""
        if not 2 <= min(len(a), len(b)) <= max(len(a), len(b)) <= self.most:
            return None
        embeddings = [encode([words.kept(row) for row in subsets(len(words))]) for words in (a, b)]
        return shapley(*embeddings), banzhaf(*embeddings)

    def figures(
        self, found: WordMatrix, evidence: tuple[np.ndarray, np.ndarray] | None, encode: Encode
    ) -> dict[str, float]:
        """`shapley` and `banzhaf`."""
        if evidence is None:
            return {"shapley": np.nan, "banzhaf": np.nan}
        return {name: spearman(found.matrix, each) for name, each in zip(("shapley", "banzhaf"), evidence, strict=True)}
