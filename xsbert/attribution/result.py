"""What an explanation is: the token vectors of a text, and the attribution of a pair.

Both are frozen, hold arrays on the host, and keep no model.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from xsbert.attribution import storage
from xsbert.attribution.words import Offset, folded, folded_labels, group, label, moved, summed

EXACT = 1e-5
"""Reference terms below this share of the embeddings' lengths are rounding (float32)."""


class TokenPair(NamedTuple):
    """A token of a, a token of b, and the attribution of the two."""

    token_a: str
    token_b: str
    value: float


class _Result:
    """What both results share: read-only arrays, equality by content, and files."""

    def _freeze(self, shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
        if shape != expected:
            raise ValueError(f"{type(self).__name__} got shapes {shape} where {expected} were expected.")
        for each in fields(self):  # type: ignore[arg-type]
            value = getattr(self, each.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and all(
            np.array_equal(getattr(self, f.name), getattr(other, f.name))
            if isinstance(getattr(self, f.name), np.ndarray)
            else getattr(self, f.name) == getattr(other, f.name)
            for f in fields(self)  # type: ignore[arg-type]
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything in plain Python values, as `save` writes it."""
        return storage.to_dict(self)

    def save(self, path: str | Path) -> None:
        """Writes a JSON file. The file appears whole or not at all.

        Raises:
            ValueError: `path` does not end in `.json`.
        """
        storage.save(self, path)

    @classmethod
    def load(cls, path: str | Path) -> Any:
        """Reads what `save` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is not JSON, holds something else, or is of a later version.
        """
        return storage.load(cls, path)


@dataclass(frozen=True, eq=False, repr=False)
class EmbeddedText(_Result):
    """A text's tokens and embeddings: one side of a pair.

    Args:
        text: the text, as it was given.
        tokens: the S tokens, as the characters that they stand for.
        offsets: where each token stands in `text`, [start, end); None for special tokens.
        embedding: f(x), `(D,)`, before a trailing normalisation.
        reference_embedding: f(r), `(D,)`.
        error: the relative error of law 1.
        nodes: how many nodes the quadrature used.
        norm: what the model itself divides the embedding by: its length if it normalises, else 1.
        truncated: whether the text was longer than the model takes, and was cut.
        layer, reference, quadrature, model: how the vectors were made.
        prompt: what the model put before the text.
        prompted: the positions of the prompt's tokens.
    """

    text: str
    tokens: tuple[str, ...]
    offsets: tuple[Offset, ...]
    embedding: np.ndarray
    reference_embedding: np.ndarray
    error: float
    nodes: int
    norm: float
    truncated: bool
    layer: int
    reference: str
    quadrature: str
    model: str
    prompt: str = field(default="", kw_only=True)
    prompted: tuple[int, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        self._freeze((len(self.offsets), *self.reference_embedding.shape), (len(self.tokens), len(self.embedding)))


@dataclass(frozen=True, eq=False, repr=False)
class TokenVectors(EmbeddedText):
    """A text's embedding as a sum of token vectors.

    Law 1: `vectors.sum(0)` = `embedding` − `reference_embedding`, up to `error`.

    Args:
        vectors: the token vectors u, `(S, D)`.

    The other fields are those of `EmbeddedText`.
    """

    vectors: np.ndarray

    def __post_init__(self) -> None:
        tokens, dimensions = len(self.tokens), len(self.embedding)
        shape = (len(self.offsets), *self.vectors.shape, *self.reference_embedding.shape)
        self._freeze(shape, (tokens, tokens, dimensions, dimensions))

    def words(self) -> TokenVectors:
        """The same with the vectors of each word's tokens summed. Special tokens and a prompt's stay."""
        words = group(self.text, self.offsets)
        return replace(
            self,
            tokens=tuple(label(self.text, self.tokens, self.offsets, word) for word in words),
            offsets=tuple(word.offset for word in words),
            vectors=summed(self.vectors, words),
            prompted=moved(words, self.prompted),
        )

    def folded(self) -> TokenVectors:
        """The same with the prompt's tokens summed into one, which stands for the whole prompt."""
        parts = folded(self.offsets, self.prompted)
        return replace(
            self,
            tokens=folded_labels(self.tokens, parts, self.prompt),
            offsets=tuple(part.offset for part in parts),
            vectors=summed(self.vectors, parts),
            prompted=moved(parts, self.prompted),
        )

    def top(self, k: int = 5) -> list[tuple[str, float]]:
        """The k tokens with the largest shares of the embedding: u_s · f(x) / ‖f(x)‖², by magnitude."""
        shares = self.vectors @ self.embedding / max(float(self.embedding @ self.embedding), 1e-24)
        order = np.argsort(-np.abs(shares), kind="stable")[: _checked_count(k)]
        return [(self.tokens[s], float(shares[s])) for s in order]

    def __repr__(self) -> str:
        return (
            f"TokenVectors({_shortened(self.text)}, {len(self.tokens)} tokens, {len(self.embedding)} dimensions, "
            f"layer {self.layer}, error {self.error:.1e})"
        )


@dataclass(frozen=True, eq=False, repr=False)
class Attribution(_Result):
    """A similarity as a sum over token pairs.

    Law 2: `matrix.sum()` = `score` − ra − rb + rr, up to `error`, where ra, rb, rr are the
    `reference_terms` (EMNLP 2023, arXiv 2310.05703, eq. 6 on, with one common normaliser).

    Args:
        text_a, text_b: the texts, as they were given.
        tokens_a, tokens_b: their S_a and S_b tokens, as the characters that they stand for.
        offsets_a, offsets_b: where each token stands in its text; None for special tokens.
        matrix: the attributions A, `(S_a, S_b)`, in units of the score.
        score: the model's similarity of the two texts.
        reference_terms: f(r_a)·f(b), f(a)·f(r_b), f(r_a)·f(r_b), over the common normaliser.
        similarity: "cosine" or "dot".
        norms: ‖f(a)‖ and ‖f(b)‖.
        normalizer: n, what every product was divided by.
        errors: the relative error of law 1 for each text.
        nodes: how many nodes the quadrature used for each text.
        truncated: for each text, whether it was longer than the model takes, and was cut.
        layer, reference, quadrature, model: how the attributions were made.
        prompts: what the model put before each text.
        prompted_a, prompted_b: the positions of the prompts' tokens.
    """

    text_a: str
    text_b: str
    tokens_a: tuple[str, ...]
    tokens_b: tuple[str, ...]
    offsets_a: tuple[Offset, ...]
    offsets_b: tuple[Offset, ...]
    matrix: np.ndarray
    score: float
    reference_terms: tuple[float, float, float]
    similarity: str
    norms: tuple[float, float]
    normalizer: float
    errors: tuple[float, float]
    nodes: tuple[int, int]
    truncated: tuple[bool, bool]
    layer: int
    reference: str
    quadrature: str
    model: str
    prompts: tuple[str, str] = field(default=("", ""), kw_only=True)
    prompted_a: tuple[int, ...] = field(default=(), kw_only=True)
    prompted_b: tuple[int, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        shape = (len(self.offsets_a), len(self.offsets_b), *self.matrix.shape)
        self._freeze(shape, (len(self.tokens_a), len(self.tokens_b)) * 2)

    @property
    def explained(self) -> float:
        """ΣA: what the token pairs sum to."""
        return float(self.matrix.sum(dtype=np.float64))

    @property
    def error(self) -> float:
        """|ΣA − (score − ra − rb + rr)|: how far the quadrature misses law 2, in units of the score."""
        ra, rb, rr = self.reference_terms
        return abs(self.explained - (self.score - ra - rb + rr))

    @property
    def is_exact(self) -> bool:
        """Whether the reference terms vanish, so that the token pairs sum to the score itself."""
        return max(map(abs, self.reference_terms)) * self.normalizer <= EXACT * self.norms[0] * self.norms[1]

    def words(self) -> Attribution:
        """The same with subwords summed into words; the total is kept to rounding.

        Special tokens and a prompt's stay what they are.
        """
        words_a, words_b = group(self.text_a, self.offsets_a), group(self.text_b, self.offsets_b)
        return replace(
            self,
            tokens_a=tuple(label(self.text_a, self.tokens_a, self.offsets_a, word) for word in words_a),
            tokens_b=tuple(label(self.text_b, self.tokens_b, self.offsets_b, word) for word in words_b),
            offsets_a=tuple(word.offset for word in words_a),
            offsets_b=tuple(word.offset for word in words_b),
            matrix=summed(summed(self.matrix, words_a).T, words_b).T,
            prompted_a=moved(words_a, self.prompted_a),
            prompted_b=moved(words_b, self.prompted_b),
        )

    def folded(self) -> Attribution:
        """The same with each prompt's tokens summed into one, which stands for the whole prompt."""
        parts_a, parts_b = folded(self.offsets_a, self.prompted_a), folded(self.offsets_b, self.prompted_b)
        return replace(
            self,
            tokens_a=folded_labels(self.tokens_a, parts_a, self.prompts[0]),
            tokens_b=folded_labels(self.tokens_b, parts_b, self.prompts[1]),
            offsets_a=tuple(part.offset for part in parts_a),
            offsets_b=tuple(part.offset for part in parts_b),
            matrix=summed(summed(self.matrix, parts_a).T, parts_b).T,
            prompted_a=moved(parts_a, self.prompted_a),
            prompted_b=moved(parts_b, self.prompted_b),
        )

    def top(self, k: int = 5) -> list[TokenPair]:
        """The k strongest pairs by magnitude, the strongest first: (token of a, token of b, value)."""
        order = np.argsort(-np.abs(self.matrix), axis=None, kind="stable")[: _checked_count(k)]
        rows, columns = np.unravel_index(order, self.matrix.shape)
        return [
            TokenPair(self.tokens_a[i], self.tokens_b[j], float(self.matrix[i, j]))
            for i, j in zip(rows, columns, strict=True)
        ]

    def __repr__(self) -> str:
        kind = "exact" if self.is_exact else "approximate"
        return (
            f"Attribution({_shortened(self.text_a)}, {_shortened(self.text_b)}, {self.similarity} {self.score:.4f}, "
            f"{len(self.tokens_a)} × {len(self.tokens_b)} tokens explain {self.explained:.4f}, {kind}, "
            f"layer {self.layer}, error {self.error:.1e})"
        )


def _checked_count(k: int) -> int:
    if isinstance(k, bool) or not isinstance(k, int):
        raise TypeError(f"top(k) got {k!r} ({type(k).__name__}); expected a whole number, such as 5.")
    if k < 1:
        raise ValueError(f"top(k) got k = {k}; expected at least 1.")
    return k


def _shortened(text: str, width: int = 40) -> str:
    return repr(text if len(text) <= width else text[: width - 1] + "…")
