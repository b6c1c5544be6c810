"""Does the model hear "not"?

Sentences against themselves, against themselves with "not" put in by rule, and with an adverb at the same place: how
far the score falls, and what the word itself adds. Then pairs of the data of which one text is negated: what the model
gives them, beside pairs that people rate alike. EACL 2024 (arXiv 2402.02883): encoders mostly ignore "not".
"""

from __future__ import annotations

from functools import partial

import numpy as np

from xsbert.evaluation.methods.matrices import WordMatrix
from xsbert.evaluation.statistics import Mean, bootstrap
from xsbert.studies.cells import LEAST_SUM
from xsbert.studies.findings import Claim, Findings, above, cell
from xsbert.studies.material import Material
from xsbert.studies.pictures import dots
from xsbert.studies.texts.negated import ADVERB, NOT, Negated, negated

HALF = 0.5
"""A sentence keeps more than this share of its similarity with itself when it is denied: "not" is mostly ignored."""


def study(material: Material) -> Findings:
    """The study.

    Raises:
        ValueError: there is no parser, it is not for English, or no sentence fits a rule.
    """
    texts = list(dict.fromkeys(text for pair in material.whole for text in (pair.text_a, pair.text_b)))
    drawn = list(dict.fromkeys(text for pair in material.pairs for text in pair))
    material.parser.read(texts)
    fitting = {text: found for text in texts if (found := negated(text, material.parser))}
    asked = [fitting[text] for text in drawn if text in fitting][: len(material.pairs)]
    if not asked:
        raise ValueError('negation found no sentence that "not" can be put into; expected some English sentences.')
    others = {"itself": [(each.text, each.text) for each in asked]}
    others |= {
        NOT: [(each.text, each.negated) for each in asked],
        ADVERB: [(each.text, each.with_adverb) for each in asked],
    }
    scores = {name: material.scores(pairs) for name, pairs in others.items()}
    falls = np.stack([scores["itself"] - scores[NOT], scores["itself"] - scores[ADVERB]], axis=1)
    falls = np.hstack([falls, falls[:, :1] - falls[:, 1:]])
    rows: list[tuple[str, ...]] = []
    pictured: dict[str, dict[str, Mean]] = {}
    labels = (f"“{NOT}”", f"“{ADVERB}”", f"“{NOT}” less “{ADVERB}”")
    fall = dict(zip(labels, bootstrap(falls), strict=True))
    for method in material.methods:
        explained = [material.explained(method, others[name]) for name in (NOT, ADVERB)]
        adds = np.array([[_adds(x, each) for x, each in zip(found, asked, strict=True)] for found in explained])
        adds = adds.transpose(1, 0, 2)  # (sentences, "not" and the adverb, added and its share)
        own = np.hstack([adds[:, :, 0], adds[:, :1, 0] - adds[:, 1:, 0]])
        of_all = np.hstack([adds[:, :, 1], adds[:, :1, 1] - adds[:, 1:, 1]])
        pictured[method] = dict(zip(labels, bootstrap(own), strict=True))
        shown = zip(labels, bootstrap(own), bootstrap(of_all), strict=True)
        rows += [(method, label, cell(fall[label], 3), cell(value, 3), cell(share, 3)) for label, value, share in shown]
    (kept,) = bootstrap((scores[NOT] / scores["itself"])[:, None])
    residual, count = natural(material)
    return Findings(
        name="negation",
        question="Does the model hear “not”?",
        header=("method", "put in", "the score falls by", "the word itself adds", "as a share of all"),
        rows=tuple(rows),
        draw=partial(dots, series=pictured, xlabel="what the word itself adds to the score", line=0),
        claims=(
            Claim(
                "Encoders mostly ignore negation.",
                f"a denied sentence keeps {cell(kept)} of its score",
                above(kept, HALF),
            ),
            Claim(
                "Negation is ignored in pairs as they come.",
                f"{count} pairs with one negated text score {cell(residual, 3)} above others that people rate alike",
                above(residual, 0),
            ),
        ),
        note=f"{len(asked)} sentences; a rule fits {len(fitting):,} of {len(texts):,}. Means with 95 % bootstrap "
        f"intervals. “The word itself adds”: the sum of its column; shares where all sum to more than {LEAST_SUM}. "
        "“Above others”: the mean residual of a line through all pairs without one, the score on what people say.",
        height=2.6,
    )


def _adds(x: WordMatrix, each: Negated) -> tuple[float, float]:
    """What the word that was put in adds, and its share of all."""
    column = next(j for j, (start, end) in enumerate(x.b.spans) if start <= each.place < end)
    added, whole = float(x.column_sums[column]), float(x.whole.sum())
    return added, added / whole if whole > LEAST_SUM else float("nan")


def natural(material: Material) -> tuple[Mean, int]:
    """How far pairs with one negated text score above others that people rate alike, and how many there are."""
    pairs = [(pair.text_a, pair.text_b) for pair in material.whole]
    gold = np.array([pair.score for pair in material.whole])
    negations = np.array([[material.parser.is_negated(text) for text in pair] for pair in pairs])
    scores, one, none = material.scores(pairs), negations.sum(axis=1) == 1, ~negations.any(axis=1)
    if not one.any() or none.sum() < 2:
        return Mean(float("nan"), float("nan"), float("nan"), 0), 0
    line = np.polynomial.Polynomial.fit(gold[none], scores[none], 1)
    (found,) = bootstrap((scores[one] - line(gold[one]))[:, None])
    return found, int(one.sum())
