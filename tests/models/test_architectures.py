"""Every architecture of the table: both laws at its first and last layer, alone and in a batch."""

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.architectures import TABLE, TEXTS, build, has_word_head, page
from xsbert import XSMultiVectorEncoder, XSSparseEncoder
from xsbert.attribution import Adaptive, ByLength, Forward, GaussLegendre
from xsbert.models import HiddenStates

RULE = Adaptive(1e-2)
EXPLAINED = [name for name, row in TABLE.items() if not row.refused]
REFUSED = [name for name, row in TABLE.items() if row.refused]


@pytest.mark.parametrize("name", EXPLAINED)
def test_the_laws_hold(name, tmp_path):
    model = build(name, tmp_path)
    a, b, c = TEXTS
    for layer in (0, -1):
        x, other = model.explain_pairs([(a, b), (c, a)], method=HiddenStates(layer=layer, quadrature=RULE))
        assert max(x.errors) <= 1e-2
        assert x.error <= 0.03 * sum(map(abs, (x.score, *x.reference_terms)))
        alone = [model.encode(text) for text in (a, b)]
        assert x.score == pytest.approx(float(model.similarity(*alone)), abs=1e-5)
        if TABLE[name].padded:
            assert x.score == pytest.approx(float(model.similarity(*model.encode([a, b]))), abs=1e-5)
        single = model.explain(c, a, method=HiddenStates(layer=layer, quadrature=RULE))
        np.testing.assert_allclose(other.matrix, single.matrix, atol=1e-5 * np.abs(single.matrix).max())
    assert len({module.training for module in model.modules()}) == 1


def both_modes(model):
    """A pair that its lengths put to reverse mode, in forward mode and as the lengths choose."""
    rule = GaussLegendre(2)
    return [
        model.explain("Coffee", TEXTS[1], method=HiddenStates(-1, quadrature=rule, mode=mode)).matrix
        for mode in (Forward(), ByLength())
    ]


@pytest.mark.parametrize("name", EXPLAINED)
def test_both_modes_give_the_same(name, tmp_path):
    forward, chosen = both_modes(build(name, tmp_path))
    np.testing.assert_allclose(chosen, forward, atol=1e-4 * np.abs(forward).max())


# MRA has no forward mode, and a backward pass for each word of a vocabulary takes minutes.
@pytest.mark.parametrize("name", [name for name in EXPLAINED if has_word_head(name) and name != "MRA"])
def test_sparse_encoders_give_the_same_in_both_modes(name, tmp_path):
    forward, chosen = both_modes(build(name, tmp_path, XSSparseEncoder))
    assert forward.any()
    np.testing.assert_allclose(chosen, forward, atol=1e-4 * np.abs(forward).max())


@pytest.mark.parametrize("name", EXPLAINED)
def test_late_interaction_sums_to_its_score(name, tmp_path):
    model = build(name, tmp_path, XSMultiVectorEncoder)
    x = model.explain("Coffee", TEXTS[1])
    own = model.similarity(model.encode_query(["Coffee"]), model.encode_document([TEXTS[1]]))
    assert x.score == pytest.approx(float(own), rel=1e-5)
    assert x.explained == pytest.approx(x.score, rel=1e-5)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_explained_is_refused_in_one_line(name, tmp_path):
    model = build(name, tmp_path)
    with pytest.raises(ValueError, match=TABLE[name].refused) as refused:
        model.explain(*TEXTS[:2], method=HiddenStates(layer=0))
    assert "\n" not in str(refused.value)
    assert "Removal()" in str(refused.value)  # which explains it all the same


def test_behind_what_goes_round_a_layer_all_is_well(tmp_path):
    model = build("DeBERTa-v2 with a convolution", tmp_path)
    x = model.explain(*TEXTS[:2], method=HiddenStates(layer=-1, quadrature=RULE))
    assert max(x.errors) <= 1e-2


def test_shared_layers_are_counted_by_their_passes(tmp_path):
    model = build("ALBERT", tmp_path)
    matrices = [
        model.explain(*TEXTS[:2], method=HiddenStates(layer=layer, quadrature=RULE)).matrix for layer in range(3)
    ]
    assert np.abs(matrices[0] - matrices[1]).max() > 1e-4
    assert np.abs(matrices[1] - matrices[2]).max() > 1e-4
    with pytest.raises(ValueError, match="this encoder has 3 layers"):
        model.explain(*TEXTS[:2], method=HiddenStates(layer=3))


def test_the_page_is_made_from_the_table():
    assert (Path(__file__).parents[1] / "SUPPORTED.md").read_text(encoding="utf-8") == page()


def test_the_layers_can_be_named(tmp_path):
    model, named = build("BERT", tmp_path), HiddenStates(-1, quadrature=RULE, layer_stack="encoder.layer")
    found = model.explain(*TEXTS[:2], method=HiddenStates(-1, quadrature=RULE))
    by_name = model.explain(*TEXTS[:2], method=named)
    assert by_name.method == found.method.removesuffix(")") + ", layer_stack='encoder.layer')"
    np.testing.assert_array_equal(by_name.matrix, found.matrix)
    assert model.token_vectors(TEXTS[:1], method=named)[0].layer == 2
    with pytest.raises(
        ValueError, match=r"layer_stack got 'encoder.blocks', .* of BertModel; expected 'encoder.layer'"
    ):
        model.explain(*TEXTS[:2], method=HiddenStates(layer_stack="encoder.blocks"))
    with pytest.raises(ValueError, match="is no list of layers"):
        model.explain(*TEXTS[:2], method=HiddenStates(layer_stack="encoder"))
    with pytest.raises(TypeError, match=r"layer_stack got 3 \(int\); expected a dotted path"):
        model.explain(*TEXTS[:2], method=HiddenStates(layer_stack=3))
