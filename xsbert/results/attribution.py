"""What an explanation is: the attribution of a pair of texts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from xsbert.results import dataframes
from xsbert.results.html import Shown
from xsbert.results.json_files import Error, check_places
from xsbert.results.parts.picture import Picture, inside
from xsbert.results.parts.wording import check_read, of_rows, read_of_groups
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
from xsbert.results.record import checked_count, decimals, shortened

EXACT = 1e-5
"""Reference terms below this share of the embeddings' lengths are rounding (float32)."""
FLOOR = 0.25
"""Colours are full at no less than this share of what two equal texts would have: unlike texts stay pale."""
REGION = 0.2
"""Of a picture's patches about so many show what a word names, and share what the word adds."""
MISSED = 0.1
"""From this relative error of law 1 on, the pairs do not account for the embeddings, and are no explanation."""


class TokenPair(NamedTuple):
    """A token of a, a token of b, and the attribution of the two."""

    token_a: str
    token_b: str
    value: float


@dataclass(frozen=True, eq=False, repr=False)
class Attribution(Shown):
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
        layer, method, quadrature, model: how the attributions were made.
        prompts: what the model put before each text.
        prompted_a, prompted_b: the positions of the prompts' tokens.
        unknown_a, unknown_b: the positions of the tokens that the tokenizer does not know.
        read_a, read_b: what the model read of each token where its tokenizer changed the characters, as "cafe" of
            "Café", else ""; () where a whole text was read as written, or that is not known.
        picture_a, picture_b: where a side is a picture, its grid: the tokens are its patches first, row by row, with
            no offsets, and what the model adds behind them. The text is the picture's name.
        standard_errors: where orders of words were drawn, how sure each pair is, `(S_a, S_b)`; None where nothing was
            drawn. Of tokens that are summed into words it is the largest that the error may be.
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
    errors: tuple[Error, Error]
    nodes: tuple[int, int]
    truncated: tuple[bool, bool]
    layer: int
    method: str
    quadrature: str
    model: str
    prompts: tuple[str, str] = field(default=("", ""), kw_only=True)
    prompted_a: tuple[int, ...] = field(default=(), kw_only=True)
    prompted_b: tuple[int, ...] = field(default=(), kw_only=True)
    unknown_a: tuple[int, ...] = field(default=(), kw_only=True)
    unknown_b: tuple[int, ...] = field(default=(), kw_only=True)
    read_a: tuple[str, ...] = field(default=(), kw_only=True)
    read_b: tuple[str, ...] = field(default=(), kw_only=True)
    picture_a: Picture | None = field(default=None, kw_only=True)
    picture_b: Picture | None = field(default=None, kw_only=True)
    standard_errors: np.ndarray | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        errors = self.matrix.shape if self.standard_errors is None else self.standard_errors.shape
        shape = (len(self.offsets_a), len(self.offsets_b), *self.matrix.shape, *errors)
        self._freeze(shape, (len(self.tokens_a), len(self.tokens_b)) * 3)

    _pictures = (".svg", ".png", ".pdf")

    def check_places(self) -> None:
        """Raises ValueError where offsets or positions lie outside of their text or their tokens."""
        check_places(self.text_a, self.offsets_a, self.prompted_a, self.unknown_a, picture=self.picture_a)
        check_places(self.text_b, self.offsets_b, self.prompted_b, self.unknown_b, picture=self.picture_b)
        check_read(self.read_a, self.tokens_a)
        check_read(self.read_b, self.tokens_b)

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
    def limit(self) -> float:
        """The attribution at which colours are full, in units of the score: that of the strongest pair of words.

        Special tokens don't count, and patches do. It is no less than a quarter of the similarity of two equal texts,
        so that texts which have little in common look so; with a picture less by the number of patches, a fifth of
        them, that share what a word adds.
        """
        rows, columns = self._own
        strongest = float(np.abs(self.matrix[np.ix_(rows, columns)]).max(initial=0))
        alike = self.norms[0] * self.norms[1] / self.normalizer if self.normalizer else 0.0
        for picture in filter(None, (self.picture_a, self.picture_b)):
            alike /= max(1.0, REGION * picture.patches)
        return max(strongest, FLOOR * alike if np.isfinite(alike) else 0.0) or 1.0

    @property
    def _own(self) -> tuple[list[int], list[int]]:
        """The rows and the columns of the texts' own tokens, or of the pictures' patches."""
        return inside(self.offsets_a, self.picture_a), inside(self.offsets_b, self.picture_b)

    @property
    def is_exact(self) -> bool:
        """Whether the reference terms vanish, so that the token pairs sum to the score itself."""
        return max(map(abs, self.reference_terms)) * self.normalizer <= EXACT * self.norms[0] * self.norms[1]

    @property
    def compared_with(self) -> str:
        """What the texts are compared with where reference terms are left, in words."""
        sides = ["a picture" if picture else "a text" for picture in (self.picture_a, self.picture_b)]
        if self.method.startswith(("Presence(", "Removal(")):
            if "a picture" in sides:
                return "the texts without their words, the pictures without their patches"
            return "the texts without their words"
        if "reference=PaddingReference()" not in self.method:
            return "their references"
        kinds = {"a text": "texts of padding", "a picture": "grey pictures"}
        return " and ".join(dict.fromkeys(kinds[side] for side in sides))

    @property
    def is_reliable(self) -> bool:
        """Whether law 1 holds to a tenth for both texts. Where not, the matrix is not to be trusted."""
        return all(error <= MISSED for error in self.errors)  # a NaN is not

    def to_dict(self) -> dict[str, Any]:
        """Everything in plain Python values, as `save` writes it; with a `warning` where it is not reliable."""
        warning = {} if self.is_reliable else {"warning": unreliable(max(self.errors))}
        return super().to_dict() | warning

    def words(self) -> Attribution:
        """The same with subwords summed into words; the total is kept to rounding.

        Special tokens and a prompt's stay what they are, and so do a picture's patches.
        """
        return self.grouped()

    def grouped(self, spans_a: Iterable[Span] = (), spans_b: Iterable[Span] = ()) -> Attribution:
        """The same by words, some of which the caller names: an address on the web, a name of several words.

        The total is kept to rounding. A token that reaches out of a span joins what it touches to it.

        Args:
            spans_a, spans_b: the characters of text_a and of text_b that are one word each, [start, end); such as
                `[match.span() for match in re.finditer(r"https?://\\S+", x.text_a)]`. Outside are `words()`.

        Raises:
            TypeError: a span is no pair of whole numbers.
            ValueError: one is empty or reaches out of its text, or two overlap.
        """
        chars_a, chars_b = "" if self.picture_a else self.text_a, "" if self.picture_b else self.text_b
        words_a = group(self.text_a, self.offsets_a, checked_spans(chars_a, spans_a, "spans_a"))
        words_b = group(self.text_b, self.offsets_b, checked_spans(chars_b, spans_b, "spans_b"))
        labels_a = tuple(label(self.text_a, self.tokens_a, self.offsets_a, word) for word in words_a)
        labels_b = tuple(label(self.text_b, self.tokens_b, self.offsets_b, word) for word in words_b)
        return self._summed(words_a, words_b, labels_a, labels_b)

    def folded(self) -> Attribution:
        """The same with each prompt's tokens summed into one, which stands for the whole prompt."""
        parts_a, parts_b = folded(self.offsets_a, self.prompted_a), folded(self.offsets_b, self.prompted_b)
        labels_a = folded_labels(self.tokens_a, parts_a, self.prompts[0])
        labels_b = folded_labels(self.tokens_b, parts_b, self.prompts[1])
        return self._summed(parts_a, parts_b, labels_a, labels_b)

    def _summed(
        self, rows: list[Group], columns: list[Group], labels_a: tuple[str, ...], labels_b: tuple[str, ...]
    ) -> Attribution:
        """The same with the tokens of each group summed."""
        errors = self.standard_errors
        return replace(
            self,
            tokens_a=labels_a,
            tokens_b=labels_b,
            offsets_a=tuple(row.offset for row in rows),
            offsets_b=tuple(column.offset for column in columns),
            matrix=summed(summed(self.matrix, rows).T, columns).T,
            standard_errors=None if errors is None else summed(summed(errors, rows).T, columns).T,
            prompted_a=moved(rows, self.prompted_a),
            prompted_b=moved(columns, self.prompted_b),
            unknown_a=touching(rows, self.unknown_a),
            unknown_b=touching(columns, self.unknown_b),
            read_a=read_of_groups(self.text_a, self.tokens_a, self.offsets_a, self.read_a, rows),
            read_b=read_of_groups(self.text_b, self.tokens_b, self.offsets_b, self.read_b, columns),
        )

    def trimmed(self) -> Attribution:
        """The same less the rows and columns of zeros of what is not in the texts: special tokens, and prompts.

        By presence these have no part; other methods give them attributions, and these stay. So does a text of nothing
        else. A picture keeps all of its patches.
        """
        rows, columns = (
            [i for i in range(len(matrix)) if i in own or matrix[i].any()] or list(range(len(matrix)))
            for own, matrix in zip(map(set, self._own), (self.matrix, self.matrix.T), strict=True)
        )
        return replace(
            self,
            tokens_a=tuple(self.tokens_a[i] for i in rows),
            tokens_b=tuple(self.tokens_b[j] for j in columns),
            offsets_a=tuple(self.offsets_a[i] for i in rows),
            offsets_b=tuple(self.offsets_b[j] for j in columns),
            matrix=self.matrix[np.ix_(rows, columns)],
            standard_errors=None if self.standard_errors is None else self.standard_errors[np.ix_(rows, columns)],
            prompted_a=tuple(rows.index(i) for i in self.prompted_a if i in rows),
            prompted_b=tuple(columns.index(j) for j in self.prompted_b if j in columns),
            unknown_a=tuple(rows.index(i) for i in self.unknown_a if i in rows),
            unknown_b=tuple(columns.index(j) for j in self.unknown_b if j in columns),
            read_a=of_rows(self.read_a, self.tokens_a, rows),
            read_b=of_rows(self.read_b, self.tokens_b, columns),
        )

    def top(self, k: int = 5) -> list[TokenPair]:
        """The k strongest pairs by magnitude, the strongest first: (token of a, token of b, value)."""
        order = np.argsort(-np.abs(self.matrix), axis=None, kind="stable")[: checked_count(k)]
        rows, columns = np.unravel_index(order, self.matrix.shape)
        return [
            TokenPair(self.tokens_a[i], self.tokens_b[j], float(self.matrix[i, j]))
            for i, j in zip(rows, columns, strict=True)
        ]

    def to_dataframe(self) -> Any:
        """A pandas table: a row for each pair, with position_a, token_a, position_b, token_b and attribution.

        Where orders of words were drawn also with the standard_error of each.

        Raises:
            ImportError: pandas is not installed.
        """
        return dataframes.of_pairs(self.tokens_a, self.tokens_b, self.matrix, self.standard_errors)

    def __repr__(self) -> str:
        kind = "exact" if self.is_exact else "approximate"
        kind = kind if self.is_reliable else "not reliable"
        return (
            f"Attribution({shortened(self.text_a)}, {shortened(self.text_b)}, "
            f"{self.similarity} {decimals(self.score, 4)}, {len(self.tokens_a)} × {len(self.tokens_b)} pairs "
            f"explain {decimals(self.explained, 4)}, {kind}, layer {self.layer}, error {self.error:.1e})"
        )


def unreliable(error: float) -> str:
    """What is said of a result that misses law 1 by this much."""
    return f"not reliable: law 1 is missed by {error:.0%}, so the pairs do not account for the embeddings"
