"""How many steps does each layer need?

How far the sum of all cells is from what law 2 says, the score less the reference terms, by the right Riemann rule of
the papers with so many steps; beside it our own rule, `Adaptive`, which chooses its nodes.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from xsbert.attribution import RightRiemann, Rule
from xsbert.models import HiddenStates
from xsbert.studies.findings import Findings
from xsbert.studies.material import Material
from xsbert.studies.pictures import COLOURS, MARKERS, lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEPS = (5, 10, 20, 50, 100, 200)
PAIRS = 10
"""Pairs at most: hundreds of steps at the first layer take long."""


def study(material: Material) -> Findings:
    """The study."""
    curves, ours, rows = {}, {}, []
    for layer in material.asked_layers:
        name = f"layer {layer}"
        curves[name] = [missed(material, layer, RightRiemann(steps))[0] for steps in STEPS]
        ours[name] = missed(material, layer, None)
        rows += [(str(layer), f"{steps} steps", f"{m:.1e}") for steps, m in zip(STEPS, curves[name], strict=True)]
        rows.append((str(layer), f"ours, {ours[name][1]:.0f} nodes (mean)", f"{ours[name][0]:.1e}"))
    return Findings(
        name="steps",
        question="How many steps does each layer need?",
        header=("layer", "right Riemann rule", "mean error of law 2, in units of the score"),
        rows=tuple(rows),
        draw=partial(_draw, curves=curves, ours=ours),
        claims=(),
        note=f"The first {min(PAIRS, len(material.pairs))} pairs, padding as the reference.",
    )


def missed(material: Material, layer: int, rule: Rule | None) -> tuple[float, float]:
    """The mean error of law 2, and the nodes of a text in the mean."""
    method = HiddenStates(layer) if rule is None else HiddenStates(layer, quadrature=rule)
    found = material.model.explain_pairs(material.pairs[:PAIRS], method=method, show_progress_bar=False)
    errors = []
    for x in found:
        of_a, of_b, of_both = x.reference_terms
        errors.append(abs(x.explained - (x.score - of_a - of_b + of_both)))
    return float(np.mean(errors)), float(np.mean([x.nodes for x in found]))


def _draw(ax: Axes, curves: dict[str, list[float]], ours: dict[str, tuple[float, float]]) -> None:
    lines(ax, STEPS, curves, "steps (large points: our rule's nodes)", "mean error of law 2")
    for number, (error, nodes) in enumerate(ours.values()):
        ax.plot(nodes, error, MARKERS[number % len(MARKERS)], color=COLOURS[number % len(COLOURS)], markersize=8)
    ax.set_xscale("log")
    ax.set_yscale("log")
