"""Which parts of speech does the model look at?

Classes of pairs of words by both words' parts of speech, whichever text they stand in: how much more common each is
among the strongest pairs of words than among all (its lift), and what it adds to a cell beside what goes with it. Then
classes are let in one by one, the most lifted first: how well what they sum to ranks pairs of texts as people do.
EMNLP 2023 (arXiv 2310.05703): encoders prefer nouns and verbs, and need most parts of speech for accurate predictions.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from xsbert.evaluation.statistics import Mean, bootstrap_of, spearman
from xsbert.studies.cells import both, cells_of, lifts, regression, shares
from xsbert.studies.findings import Claim, Findings, above, cell
from xsbert.studies.material import Material
from xsbert.studies.pictures import dots

STRONGEST = (10, 25, 50)
"""Percent of each pair's cells."""
RARE = 0.01
"""Classes with a smaller share of all cells stand in no table."""
MOST_ROWS = 10
NOUNS_AND_VERBS = tuple(both(one, other) for one, other in (("noun", "noun"), ("noun", "verb"), ("verb", "verb")))


def study(material: Material) -> Findings:
    """The study.

    Raises:
        ValueError: there is no parser.
    """
    rows: list[tuple[str, ...]] = []
    claims: list[Claim] = []
    pictured: dict[str, dict[str, Mean]] = {}
    for name in material.methods:
        cells = cells_of(material.explained(name), material.parser, material.rarity)
        share = {of: value for of, value in shares(cells, "tags").items() if value >= RARE}
        members = {of: (cells["tags"] == of).to_numpy() for of in share}
        found = [lifts(cells, members, percent) for percent in STRONGEST]
        order = sorted(share, key=lambda of: -found[0][of].value)
        added = regression(cells, "tags", order)
        so_far = allowed(cells, order, material.gold)
        for i, of in enumerate(order[:MOST_ROWS]):
            rows.append(
                (name, of, f"{share[of]:.1%}", *(cell(lift[of]) for lift in found), cell(added[of]), f"{so_far[i]:.2f}")
            )
        rows += [(name, other, "", "", "", "", cell(added[other]), "") for other in list(added)[len(order) :]]
        rows.append(
            (name, "all", "100.0%", "1.00", "1.00", "1.00", "", f"{allowed(cells, None, material.gold)[0]:.2f}")
        )
        pictured[name] = {of: found[0][of] for of in order[:MOST_ROWS]}
        claims += _claims(name, cells, material.gold)
    return Findings(
        name="parts-of-speech",
        question="Which parts of speech does the model look at?",
        header=(
            "method",
            "parts of speech",
            "of all cells",
            *(f"lift, strongest {percent} %" for percent in STRONGEST),
            "adds to a cell",
            "Spearman so far",
        ),
        rows=tuple(rows),
        draw=partial(dots, series=pictured, xlabel="lift among the strongest 10 % of pairs of words", line=1),
        claims=tuple(claims),
        note=f"{len(material.pairs)} pairs; classes of at least {RARE:.0%} of all cells, the {MOST_ROWS} with the "
        "largest lift. Intervals: 95 %, over pairs of texts. “Adds to a cell”: a regression on all these classes, in "
        "units of the pair's mean cell, standard errors clustered by pair. “Spearman so far”: with people, of the sum "
        "of this class and those above it.",
        height=1.2 + 0.36 * len(dict.fromkeys(of for figures in pictured.values() for of in figures)),
    )


def allowed(cells: Any, order: Sequence[str] | None, gold: np.ndarray) -> list[float]:
    """Spearman's correlation of what people say with what classes sum to, let in one by one; None: all at once."""
    if order is None:
        return [spearman(summed(cells, None, len(gold)), gold)]
    return [spearman(summed(cells, order[: i + 1], len(gold)), gold) for i in range(len(order))]


def summed(cells: Any, classes: Sequence[str] | None, count: int) -> np.ndarray:
    """What the cells of some classes sum to in each pair, `(count,)`; None: all cells."""
    some = cells if classes is None else cells[cells["tags"].isin(classes)]
    return np.bincount(some["pair"], some["value"], minlength=count)


def _claims(name: str, cells: Any, gold: np.ndarray) -> list[Claim]:
    ours = {"both": cells["tags"].isin(NOUNS_AND_VERBS).to_numpy()}
    lift = lifts(cells, ours, STRONGEST[0])["both"]
    every, few = (summed(cells, classes, len(gold)) for classes in (None, NOUNS_AND_VERBS))
    gain = bootstrap_of(
        lambda drawn: spearman(every[drawn], gold[drawn]) - spearman(few[drawn], gold[drawn]), len(gold)
    )
    return [
        Claim(
            "Encoders prefer nouns and verbs.",
            f"nouns and verbs have a lift of {cell(lift)} among the strongest 10 % ({name})",
            above(lift, 1),
        ),
        Claim(
            "For accurate predictions they need most parts of speech.",
            f"all less nouns and verbs alone, Spearman: {cell(gain)} ({name})",
            above(gain, 0),
        ),
    ]
