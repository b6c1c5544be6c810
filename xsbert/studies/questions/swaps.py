"""Does the model hear who does what to whom?

Clauses of a frame, "The N1 V the N2.", against themselves, against the one with its arguments swapped, "The N2 V the
N1.", and against one with another subject. Does a noun keep its attribution with itself where its role has changed?
No parser is needed: what stands where is known. The clauses are the package's own, data/clauses.csv.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from xsbert.evaluation.methods.matrices import WordMatrix
from xsbert.evaluation.statistics import Mean, bootstrap
from xsbert.studies.findings import Claim, Findings, above, cell
from xsbert.studies.material import Material
from xsbert.studies.pictures import dots
from xsbert.studies.texts.lists import records

KEPT = 0.9
"""From this share of its attribution on, a noun counts as keeping it."""
CONDITIONS = ("the same", "swapped", "another subject")


class Clause(NamedTuple):
    """Two nouns that a verb fits both ways, and a third."""

    first: str
    verb: str
    second: str
    third: str

    @property
    def texts(self) -> tuple[str, str, str]:
        """The clause, with its arguments swapped, and with another subject."""
        return tuple(  # type: ignore[return-value]
            f"The {subject} {self.verb} the {target}."
            for subject, target in ((self.first, self.second), (self.second, self.first), (self.third, self.second))
        )


def study(material: Material) -> Findings:
    """The study."""
    clauses = [Clause(*row) for row in records("clauses.csv", Clause._fields)]
    pairs = {name: [(clause.texts[0], clause.texts[i]) for clause in clauses] for i, name in enumerate(CONDITIONS)}
    rows: list[tuple[str, ...]] = []
    claims: list[Claim] = []
    pictured: dict[str, dict[str, Mean]] = {}
    for method in material.methods:
        nouns: dict[str, np.ndarray] = {}
        for name in CONDITIONS:
            found = material.explained(method, pairs[name])
            figures = np.array([_figures(clause, x) for clause, x in zip(clauses, found, strict=True)])
            scores = material.scores(pairs[name])[:, None]
            rows.append((method, name, *map(cell, bootstrap(np.hstack([scores, figures])))))
            nouns[name] = figures[:, 0]
        share, of_another = bootstrap(
            np.stack([nouns[name] / nouns["the same"] for name in ("swapped", "another subject")], axis=1)
        )
        pictured[method] = {"swapped": share, "another subject (the object alone)": of_another}
        claims.append(
            Claim(
                "A noun keeps its attribution with itself whatever its role.",
                f"with swapped arguments {cell(share)} of it are left ({method})",
                above(share, KEPT),
            )
        )
    return Findings(
        name="swaps",
        question="Does the model hear who does what to whom?",
        header=(
            "method",
            "second clause",
            "score",
            "noun with itself",
            "subject with subject",
            "object with object",
            "verb with verb",
        ),
        rows=tuple(rows),
        draw=partial(
            dots, series=pictured, xlabel="what a noun adds with itself, over that in the same clause", line=1
        ),
        claims=tuple(claims),
        note=f"{len(clauses)} clauses, with 95 % bootstrap intervals. “Noun with itself”: the mean cell of the nouns "
        "that both clauses have. The claim is ours: the papers' finding on swapped arguments is not known.",
        height=2.4,
    )


def _figures(clause: Clause, x: WordMatrix) -> tuple[float, float, float, float]:
    rows, columns = ([word.casefold() for word in words.strings] for words in (x.a, x.b))
    kept = [
        x.matrix[rows.index(noun), columns.index(noun)] for noun in (clause.first, clause.second) if noun in columns
    ]
    # The frame: "The", subject, verb, "the", object, "."
    return float(np.mean(kept)), *(float(x.matrix[place, place]) for place in (1, 4, 2))  # type: ignore[return-value]
