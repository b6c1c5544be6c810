"""How well do the model's scores rank pairs of texts as people do?

Spearman's correlation with what people say, of the model and of those that it is compared with: what exactness costs.
EMNLP 2023 and EACL 2024 find exact models on a par with ordinary ones. It needs no explanations, so it is asked of
all pairs of the split. What training itself costs is `python -m tests.benchmarks.spearman`.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from xsbert.evaluation.statistics import bootstrap_of, spearman
from xsbert.studies.findings import Claim, Findings, above, cell
from xsbert.studies.material import Material
from xsbert.studies.pictures import dots

ON_A_PAR = 0.01
"""How much less Spearman's correlation counts as none."""


def study(material: Material) -> Findings:
    """The study."""
    pairs = [(pair.text_a, pair.text_b) for pair in material.whole]
    gold = np.array([pair.score for pair in material.whole])
    scores = {name: material.similarities(name, pairs) for name in material.models}
    found = {
        name: bootstrap_of(lambda drawn, of=of: spearman(of[drawn], gold[drawn]), len(gold))  # type: ignore[misc]
        for name, of in scores.items()
    }
    claims = []
    for exact in filter(material.is_exact, scores):
        for other in scores:
            if not material.is_exact(other):
                loss = bootstrap_of(
                    lambda drawn, one=scores[exact], of=scores[other]: (  # type: ignore[misc]
                        spearman(one[drawn], gold[drawn]) - spearman(of[drawn], gold[drawn])
                    ),
                    len(gold),
                )
                claims.append(
                    Claim(
                        "Exact models score on a par with ordinary ones.",
                        f"{exact} less {other}: {cell(loss, 3)}",
                        above(loss, -ON_A_PAR),
                    )
                )
    return Findings(
        name="accuracy",
        question="Do the scores rank pairs as people do?",
        header=("model", "Spearman with people"),
        rows=tuple((name, cell(mean, 3)) for name, mean in found.items()),
        draw=partial(dots, series={"": found}, xlabel="Spearman's correlation with people"),
        claims=tuple(claims),
        note=f"All {len(gold):,} pairs of the split, with 95 % bootstrap intervals.",
        height=1.2 + 0.35 * len(found),
    )
