"""Numbers as NumPy has them are numbers; what is none is named."""

import numpy as np
import pytest

from xsbert.attribution import Adaptive, ByLength, GaussLegendre, RightRiemann
from xsbert.models import HiddenStates
from xsbert.plot import bipartite
from xsbert.results.arguments import at_least, real, whole

A, B = "The coffee is bad.", "Good coffee!"


@pytest.mark.parametrize(
    ("made", "same"),
    [
        (Adaptive(np.float32(0.5), max_nodes=np.int64(20)), Adaptive(0.5, max_nodes=20)),
        (GaussLegendre(np.int32(4)), GaussLegendre(4)),
        (RightRiemann(np.uint8(4)), RightRiemann(4)),
        (ByLength(np.float64(2)), ByLength(2)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_rule_of_numpys_numbers_is_the_same_rule(made, same):
    assert made == same
    assert repr(made) == repr(same)


def test_numpys_numbers_serve_wherever_a_number_is_asked_for(minilm):
    rule = GaussLegendre(np.int64(4))
    x = minilm.explain(A, B, method=HiddenStates(layer=np.int64(-2), quadrature=rule), memory=np.int64(10**9))
    assert x.layer == 4
    assert x.top(np.int64(2)) == x.top(2)
    assert (
        len(minilm.token_vectors([A], method=HiddenStates(layer=np.int8(-1), quadrature=rule))[0].top(np.int64(2))) == 2
    )
    assert bipartite(x, k=np.int64(3))


@pytest.mark.parametrize("value", [True, np.True_, 2.0, np.float64(2), "2", None])
def test_what_is_no_whole_number_is_named(value):
    with pytest.raises(TypeError, match=r"layer got .*; expected a whole number, such as -2\.$"):
        whole(value, "layer", "a whole number, such as -2")
    with pytest.raises(TypeError, match=type(value).__name__):
        at_least(value, 1, "n", "a whole number")


@pytest.mark.parametrize("value", [True, 0, 1, -0.5, float("nan"), float("inf"), "0.5", None, 0.5j])
def test_what_is_no_share_is_named(value):
    with pytest.raises(ValueError, match=r"rtol got .*; expected a number between 0 and 1"):
        real(value, 0, 1, "rtol", "a number between 0 and 1")
