"""What is not finite is named where it is first seen."""

import pytest
import torch

from xsbert import XSTransformer
from xsbert.attribution import Adaptive, GaussLegendre, Reverse
from xsbert.models import HiddenStates, ZeroReference

PAIR = ("The coffee is bad.", "This is not a good coffee.")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"quadrature": Adaptive(1e-2)},
        {"mode": Reverse()},
        {"reference": ZeroReference()},
    ],
    ids=str,
)
def test_a_model_that_holds_nan_is_refused_by_the_weight_that_does(tiny_folders, value, options):
    model = XSTransformer(str(tiny_folders["mpnet_shelf"]), device="cpu")
    with torch.no_grad():
        model[0].auto_model.encoder.layer[-1].output.dense.bias[3] = value
    expected = r"MPNetModel gives an embedding that holds NaN or infinity; so does its weight '.*output\.dense\.bias'"
    with pytest.raises(ValueError, match=expected) as refused:
        model.explain(*PAIR, method=HiddenStates(**({"quadrature": GaussLegendre(2)} | options)))
    assert "\n" not in str(refused.value)
