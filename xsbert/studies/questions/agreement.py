"""Do two models' attributions agree, and in which layers?

The rank correlation of two models' cells, pair by pair: of a model made exact with the one it was made from, and with
one that was tuned alike without the reference. EACL 2024 (arXiv 2402.02883) finds that approximate and exact
attributions often agree in deep layers. The twin tells what fine-tuning changes from what the reference does.
An exact model is always explained from padding, its own reference; the others by each of the methods.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import combinations

import numpy as np

from xsbert.evaluation.methods.matrices import WordMatrix
from xsbert.evaluation.statistics import Mean, bootstrap, spearman
from xsbert.studies.explanations import BY_LAYER
from xsbert.studies.findings import Claim, Findings, above, cell
from xsbert.studies.material import Material
from xsbert.studies.pictures import lines

AGREES = 0.5
"""A mean rank correlation from which on two are said to agree often."""


def study(material: Material) -> Findings:
    """The study.

    Raises:
        ValueError: there are no other models.
    """
    if not material.others:
        raise ValueError("agreement got one model; expected --others with those that it is compared with.")
    layers = material.asked_layers
    rows: list[tuple[str, ...]] = []
    curves: dict[str, list[float]] = {}
    claims = []
    for (one, by), (other, method) in comparisons(material):
        found = [agreement_of(material.at(one, by, layer), material.at(other, method, layer)) for layer in layers]
        rows += [(one, other, method, str(layer), cell(mean)) for layer, mean in zip(layers, found, strict=True)]
        label = f"{one}, {other} ({method})"
        curves[label] = [mean.value for mean in found]
        if material.is_exact(one) != material.is_exact(other):
            claims.append(
                Claim(
                    "Approximate and exact attributions often agree in deep layers.",
                    f"{cell(found[-1])} at layer {layers[-1]} ({label})",
                    above(found[-1], AGREES),
                )
            )
    return Findings(
        name="agreement",
        question="Do the models' attributions agree?",
        header=("model", "other model", "the other's method", "layer", "rank correlation"),
        rows=tuple(rows),
        draw=partial(
            lines, x=layers, series=curves, xlabel="layer", ylabel="rank correlation of pairs of words (mean)"
        ),
        claims=tuple(claims),
        note=f"Means over {len(material.pairs)} pairs of texts of the rank correlation of all pairs of words, with "
        "95 % bootstrap intervals.",
        height=4.2,
    )


def comparisons(material: Material) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Each two models by each method that has a layer; an exact one is explained from padding."""
    methods = [name for name in material.methods if name in BY_LAYER]
    for one, other in combinations(material.models, 2):
        seen = set()
        for method in methods:
            by, against = ((name, "padding" if material.is_exact(name) else method) for name in (one, other))
            if (by, against) not in seen:
                seen.add((by, against))
                yield by, against


def agreement_of(mine: Sequence[WordMatrix], theirs: Sequence[WordMatrix]) -> Mean:
    """The mean rank correlation of two models' cells, words with words, over pairs of texts."""
    found = [spearman(x.matrix, y.matrix) for x, y in zip(mine, theirs, strict=True)]
    return bootstrap(np.array(found)[:, None])[0]
