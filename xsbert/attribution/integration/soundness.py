"""Derivatives held against the values that they are of."""

from __future__ import annotations

import torch
from torch import Tensor

from xsbert.attribution.integration.paths import Paths

ALPHAS = (0.27, 0.52, 0.81)
"""Where on a path it is looked; a jump of f may lie at one of them."""
STEP = 1e-5
"""Half the width of a difference quotient, in α: in float64 it has about ten digits."""
APART = 0.1
"""From this share on a derivative and its difference quotient are not of one function."""


def is_wrong(paths: Paths) -> bool:
    """Whether the derivatives along a path are not those of its values, at two of three places.

    A quadrature that misses law 1 where they are right needs more nodes; where they are wrong, no number helps.
    """
    count = len(paths)
    alphas = torch.tensor(ALPHAS, dtype=torch.float64, device="cpu").repeat(count)
    texts = torch.arange(count, device="cpu").repeat_interleave(len(ALPHAS))
    slopes = paths.slopes(alphas, texts, double=True)[1].double()
    ends = [paths.value(alphas + step, texts, double=True).double() for step in (STEP, -STEP)]
    apart = _lengths(slopes - (ends[0] - ends[1]) / (2 * STEP)) > APART * _lengths((ends[0] - ends[1]) / (2 * STEP))
    return bool((apart.view(count, len(ALPHAS)).sum(dim=1) >= 2).any())


def _lengths(vectors: Tensor) -> Tensor:
    lengths: Tensor = torch.linalg.vector_norm(vectors, dim=1)
    return lengths
