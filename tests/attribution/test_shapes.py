"""Shapes that annotations say are held to in the tests."""

import pytest
import torch
from jaxtyping import TypeCheckError

from xsbert.attribution import RightRiemann
from xsbert.attribution.forward_mode.presence_softmax import presence_softmax
from xsbert.attribution.integration.paths import Paths
from xsbert.attribution.integration.pullback import pulled_back

START, END = torch.zeros(1, 4, 3), torch.ones(1, 4, 3)


def embed(hidden, texts):
    return hidden.sum(1)


def test_what_has_another_shape_is_named():
    with pytest.raises(TypeCheckError, match="ends"):
        Paths(embed, START, END[:, :3])
    paths = Paths(embed, START, END)
    with pytest.raises(TypeCheckError, match="cotangents"):
        pulled_back(paths, RightRiemann(1), torch.ones(3))
    with pytest.raises(TypeCheckError, match="presence"):
        presence_softmax(torch.zeros(1, 2, 4, 4), torch.ones(1, 3))


def test_what_gives_another_shape_is_named():
    paths = Paths(lambda hidden, texts: hidden, START, END)
    with pytest.raises(TypeCheckError, match="return"):
        paths.value(torch.tensor([0.5]), torch.tensor([0]))
