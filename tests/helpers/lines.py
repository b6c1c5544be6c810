"""Closed-form functions as the engine takes them: along one line, or as a curve that rules look at."""

from __future__ import annotations

import torch

from xsbert.attribution.integration.paths import Paths
from xsbert.attribution.quadrature.rule import Answer


def line(function, start, end, memory=None):
    """f along one line, from a function of hidden states alone."""
    return Paths(lambda hidden, texts: function(hidden), start[None], end[None], memory)


def nodes_on(curve, rule):
    """The nodes of a rule whose questions a curve answers: `value` and `slope` of some α."""
    ends = curve.value(torch.tensor([0.0, 1.0], dtype=torch.float64), double=False)
    plan, answer = rule.plan(*ends), None
    while True:
        try:
            question = plan.send(answer)
        except StopIteration as done:
            return done.value
        at_ends = torch.tensor(question.ends, dtype=torch.float64)
        answer = Answer(
            curve.value(at_ends, double=question.double), curve.slope(question.inner, double=question.double)
        )
