"""The real all-mpnet-base-v2, where XSBERT_MPNET names its folder."""

import json
import os

import numpy as np
import pytest

from tests.conftest import GOLDEN
from xsbert.attribution import RightRiemann
from xsbert.models import HiddenStates, ShiftingReferenceTransformer, XSMPNet

FOLDER = os.environ.get("XSBERT_MPNET")
pytestmark = pytest.mark.skipif(not FOLDER, reason="XSBERT_MPNET names no folder of all-mpnet-base-v2")
TEXTS = json.loads((GOLDEN / "pairs.json").read_text())["pairs"][0]


@pytest.fixture(scope="module")
def mpnet():
    return XSMPNet(FOLDER)


@pytest.mark.parametrize("mode", ["shelf", "exact"])
def test_the_golden_matrix(mpnet, mode):
    golden = np.load(GOLDEN / "all_mpnet_base_v2_layer10_steps10_cos.npz")
    model = mpnet
    if mode == "exact":
        model = XSMPNet(modules=[ShiftingReferenceTransformer(FOLDER), mpnet[1]], device="cpu")
    x = model.explain(*TEXTS, method=HiddenStates(layer=10, quadrature=RightRiemann(10)))
    expected = golden[f"{mode}/matrix"]
    assert np.abs(x.matrix - expected).max() <= 1e-5 * np.abs(expected).max()
    assert x.score == pytest.approx(float(golden[f"{mode}/score"]), abs=1e-5)
    assert x.is_exact == (mode == "exact")
    assert model.tokenize_text(TEXTS[0]) == list(golden[f"{mode}/tokens_a"])


def test_the_default_rule_converges(mpnet):
    for text in mpnet.token_vectors(TEXTS, method=HiddenStates(layer=9)):
        assert text.error <= 1e-3
