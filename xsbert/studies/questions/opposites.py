"""Does the model take opposite adjectives for similar?

Sentences of a frame with a noun and an adjective against the same with the same adjective, a synonym, the opposite,
"not" with the opposite, and an unrelated adjective: the score, and what the two adjectives add together. Fifty gradable
adjectives of our own, data/adjectives.csv, in the frames of data/frames.csv. EACL 2024 (arXiv 2402.02883) looked at it,
and its published code shows two pairs, which stand here as cases.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from xsbert.evaluation.methods.matrices import WordMatrix, Words
from xsbert.evaluation.statistics import Mean, bootstrap
from xsbert.studies.findings import Claim, Findings, above, cell
from xsbert.studies.material import Material
from xsbert.studies.pictures import dots
from xsbert.studies.texts.lists import records

CONDITIONS = ("same", "synonym", "opposite", "not opposite", "unrelated")
CASES = (
    ("The coffee is bad.", "This is not a good coffee.", "bad", "not", 1),
    ("The coffee is bad.", "This is not a good coffee.", "bad", "good", 1),
    ("The building is hardly pretty.", "This is a beautiful house.", "pretty", "beautiful", 1),
    ("The building is hardly pretty.", "This is a beautiful house.", "hardly", "beautiful", -1),
)
"""The published examples: two texts, a word of each, and the sign of what they add, as its authors show it."""


class Item(NamedTuple):
    """A sentence, and for each condition another with its adjective."""

    text: str
    adjective: str
    others: tuple[tuple[str, str], ...]


def items(count: int) -> list[Item]:
    """The first so many sentences: all adjectives in a frame, then all in the next."""
    adjectives = records("adjectives.csv", ("adjective", "synonym", "opposite", "noun"))
    made = []
    for frame, denied in records("frames.csv", ("frame", "negated")):
        for row, (adjective, synonym, opposite, noun) in enumerate(adjectives):
            unrelated = adjectives[(row + len(adjectives) // 2) % len(adjectives)][0]
            with_frames = zip((adjective, synonym, opposite, opposite, unrelated), (frame, frame, frame, denied, frame))  # noqa: B905
            others = tuple((f.format(noun=noun, adjective=word), word) for word, f in with_frames)
            made.append(Item(others[0][0], adjective, others))
    return made[:count]


def study(material: Material) -> Findings:
    """The study."""
    asked = items(len(material.pairs))
    rows: list[tuple[str, ...]] = []
    claims: list[Claim] = []
    pictured: dict[str, dict[str, Mean]] = {}
    for method in material.methods:
        pictured[method] = {}
        for i, condition in enumerate(CONDITIONS):
            pairs = [(each.text, each.others[i][0]) for each in asked]
            found = material.explained(method, pairs)
            cells = np.array([at(x, each.adjective, each.others[i][1]) for x, each in zip(found, asked, strict=True)])
            figures = np.stack([material.scores(pairs), cells, cells > 0], axis=1)
            score, value, positive = bootstrap(figures)
            rows.append((method, condition, cell(score), cell(value, 3), cell(positive)))
            pictured[method][condition] = value
            if condition == "opposite":
                claims.append(
                    Claim(
                        "Opposite adjectives are taken for similar.",
                        f"they add to the score in {cell(positive)} of the pairs ({method})",
                        above(positive, 0.5),
                    )
                )
        for text_a, text_b, one, other, sign in CASES:
            added = at(material.explained(method, [(text_a, text_b)])[0], one, other)
            holds = "holds" if added * sign > 0 else "does not hold"
            adds = "adds to" if sign > 0 else "takes from"
            claims.append(
                Claim(f"{one} – {other} {adds} the score.", f"{added:+.3f} ({method})".replace("-", "−"), holds)
            )
    return Findings(
        name="opposites",
        question="Are opposite adjectives taken for similar?",
        header=("method", "the other adjective", "score", "the two adjectives add", "adds in"),
        rows=tuple(rows),
        draw=partial(dots, series=pictured, xlabel="what the two adjectives add together", line=0),
        claims=tuple(claims),
        note=f"{len(asked)} sentences, each in {len(CONDITIONS)} pairs; means with 95 % bootstrap intervals. "
        "“Adds in”: the share of pairs in which the cell is positive.",
        height=3.2,
    )


def at(x: WordMatrix, one: str, other: str) -> float:
    """What two words add together: the cell of the last that are so spelt."""
    return float(x.matrix[_place(x.a, one), _place(x.b, other)])


def _place(words: Words, word: str) -> int:
    return max(i for i, each in enumerate(words.strings) if each.casefold() == word)
