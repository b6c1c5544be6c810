"""A text and its embedding as a sum of token vectors: one side of an explanation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from xsbert.results.json_files import Error, check_places
from xsbert.results.parts.picture import Picture
from xsbert.results.parts.wording import check_read, read_of_groups
from xsbert.results.parts.words import (
    Group,
    Offset,
    Span,
    checked_spans,
    folded,
    folded_labels,
    group,
    label,
    moved,
    summed,
    touching,
)
from xsbert.results.record import Record, checked_count, shortened


@dataclass(frozen=True, eq=False, repr=False)
class EmbeddedText(Record):
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
        layer, method, quadrature, model: how the vectors were made.
        prompt: what the model put before the text.
        prompted: the positions of the prompt's tokens.
        unknown: the positions of the tokens that the tokenizer does not know.
        read: what the model read of each token where its tokenizer changed the characters, as "cafe" of "Café", else
            ""; () where the whole text was read as written, or that is not known.
        picture: of a picture, its grid: the tokens are its patches first, row by row, and what the model adds.
    """

    text: str
    tokens: tuple[str, ...]
    offsets: tuple[Offset, ...]
    embedding: np.ndarray
    reference_embedding: np.ndarray
    error: Error
    nodes: int
    norm: float
    truncated: bool
    layer: int
    method: str
    quadrature: str
    model: str
    prompt: str = field(default="", kw_only=True)
    prompted: tuple[int, ...] = field(default=(), kw_only=True)
    unknown: tuple[int, ...] = field(default=(), kw_only=True)
    read: tuple[str, ...] = field(default=(), kw_only=True)
    picture: Picture | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        self._freeze((len(self.offsets), *self.reference_embedding.shape), (len(self.tokens), len(self.embedding)))

    def check_places(self) -> None:
        """Raises ValueError where offsets or positions lie outside of their text or their tokens."""
        check_places(self.text, self.offsets, self.prompted, self.unknown, picture=self.picture)
        check_read(self.read, self.tokens)


@dataclass(frozen=True, eq=False, repr=False)
class TokenVectors(EmbeddedText):
    """A text's embedding as a sum of token vectors.

    Law 1: `vectors.sum(0)` = `embedding` − `reference_embedding`, up to `error`.

    Args:
        vectors: the token vectors u, `(S, D)`.
        spread: where they are means over drawn orders, how far each of P orders is from them over √(P (P − 1)), `(P, S,
            D)`: the variance of u_s · w along any direction w is Σ_p (spread[p, s] · w)².

    The other fields are those of `EmbeddedText`.
    """

    vectors: np.ndarray
    spread: np.ndarray | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        tokens, dimensions = len(self.tokens), len(self.embedding)
        shape = (len(self.offsets), *self.vectors.shape, *self.reference_embedding.shape)
        spread = (tokens, dimensions) if self.spread is None else self.spread.shape[1:]
        self._freeze((*shape, *spread), (tokens, tokens, dimensions, dimensions, tokens, dimensions))

    @property
    def standard_errors(self) -> np.ndarray | None:
        """The root of each vector's variance, `(S,)`, in units of the embedding; None where nothing was drawn."""
        return None if self.spread is None else np.sqrt((self.spread.astype(np.float64) ** 2).sum(axis=(0, 2)))

    def words(self) -> TokenVectors:
        """The same with the vectors of each word's tokens summed. Special tokens and a prompt's stay."""
        return self.grouped()

    def grouped(self, spans: Iterable[Span] = ()) -> TokenVectors:
        """The same by words, some of which the caller names, as `Attribution.grouped`.

        Args:
            spans: the characters of the text that are one word each, [start, end).

        Raises:
            TypeError: a span is no pair of whole numbers.
            ValueError: one is empty or reaches out of the text, or two overlap.
        """
        characters = "" if self.picture else self.text
        words = group(self.text, self.offsets, checked_spans(characters, spans, "spans"))
        return replace(
            self,
            tokens=tuple(label(self.text, self.tokens, self.offsets, word) for word in words),
            offsets=tuple(word.offset for word in words),
            vectors=summed(self.vectors, words),
            spread=_spread(self.spread, words),
            prompted=moved(words, self.prompted),
            unknown=touching(words, self.unknown),
            read=read_of_groups(self.text, self.tokens, self.offsets, self.read, words),
        )

    def folded(self) -> TokenVectors:
        """The same with the prompt's tokens summed into one, which stands for the whole prompt."""
        parts = folded(self.offsets, self.prompted)
        return replace(
            self,
            tokens=folded_labels(self.tokens, parts, self.prompt),
            offsets=tuple(part.offset for part in parts),
            vectors=summed(self.vectors, parts),
            spread=_spread(self.spread, parts),
            prompted=moved(parts, self.prompted),
            unknown=touching(parts, self.unknown),
            read=read_of_groups(self.text, self.tokens, self.offsets, self.read, parts),
        )

    def top(self, k: int = 5) -> list[tuple[str, float]]:
        """The k tokens with the largest shares of the embedding: u_s · f(x) / ‖f(x)‖², by magnitude."""
        shares = self.vectors @ self.embedding / max(float(self.embedding @ self.embedding), 1e-24)
        order = np.argsort(-np.abs(shares), kind="stable")[: checked_count(k)]
        return [(self.tokens[s], float(shares[s])) for s in order]

    def __repr__(self) -> str:
        return (
            f"TokenVectors({shortened(self.text)}, {len(self.tokens)} tokens, {len(self.embedding)} dimensions, "
            f"layer {self.layer}, error {self.error:.1e})"
        )


def _spread(spread: np.ndarray | None, groups: list[Group]) -> np.ndarray | None:
    return None if spread is None else np.stack([summed(rows, groups) for rows in spread])
