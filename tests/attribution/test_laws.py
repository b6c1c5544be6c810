"""The laws of the design over encoders × layers × rules."""

import numpy as np
import pytest

from xsbert.attribution import Adaptive, GaussLegendre, RightRiemann
from xsbert.models import HiddenStates

A, B = "The dog runs after the kitten in the yard.", "Outside in the garden the cat is chased by the dog."
ENCODERS = ["minilm", "mpnet_shelf", "mpnet_cos", "droberta_shelf", "droberta_cos"]
RULES = [RightRiemann(3), GaussLegendre(8), Adaptive(1e-2), Adaptive(1e-3)]


def relative(miss, whole):
    return np.linalg.norm(miss) / np.linalg.norm(whole)


@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("layer", [0, -2, -1])
@pytest.mark.parametrize("name", ENCODERS)
def test_both_laws_hold_to_the_errors_that_are_reported(encoders, name, layer, rule):
    model = encoders[name]
    a, b = model.token_vectors([A, B], method=HiddenStates(layer=layer, quadrature=rule))
    for text in (a, b):
        change = text.embedding.astype(float) - text.reference_embedding
        assert relative(text.vectors.sum(0, dtype=float) - change, change) == pytest.approx(text.error, abs=1e-6)
    x = model.explain(A, B, method=HiddenStates(layer=layer, quadrature=rule), similarity="dot")
    ra, rb, rr = x.reference_terms
    assert x.error == pytest.approx(abs(x.matrix.sum(dtype=float) - (x.score - ra - rb + rr)), abs=1e-9)
    # Law 2 is missed by at most what the texts' own misses make of it.
    changes = [np.linalg.norm(t.embedding.astype(float) - t.reference_embedding) for t in (a, b)]
    bound = changes[0] * changes[1] * (a.error + b.error + a.error * b.error) / x.normalizer
    assert x.error <= bound + 1e-5 * np.abs(x.matrix).sum()


@pytest.mark.parametrize("rtol", [1e-2, 1e-4])
@pytest.mark.parametrize("layer", [0, -2, -1])
@pytest.mark.parametrize("name", ENCODERS)
def test_the_adaptive_rule_reaches_its_tolerance(encoders, name, layer, rtol):
    for text in encoders[name].token_vectors([A, B], method=HiddenStates(layer=layer, quadrature=Adaptive(rtol))):
        assert text.error <= rtol


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
@pytest.mark.parametrize("name", ENCODERS)
def test_swapping_the_texts_transposes_the_matrix(encoders, name, similarity):
    x = encoders[name].explain(A, B, similarity=similarity)
    y = encoders[name].explain(B, A, similarity=similarity)
    np.testing.assert_allclose(x.matrix, y.matrix.T, rtol=1e-5, atol=1e-7)
    assert x.score == pytest.approx(y.score)
    ra, rb, rr = x.reference_terms
    assert y.reference_terms == pytest.approx((rb, ra, rr))
    assert (x.tokens_a, x.tokens_b) == (y.tokens_b, y.tokens_a)


@pytest.mark.parametrize("name", ENCODERS)
def test_the_score_is_the_models_own(encoders, name):
    model = encoders[name]
    own = float(model.similarity(*model.encode([A, B])))
    assert model.explain(A, B).score == pytest.approx(own, abs=1e-5)


def test_a_model_that_normalises_has_one_score_for_both_similarities(minilm):
    cosine, dot = (minilm.explain(A, B, similarity=similarity) for similarity in ("cosine", "dot"))
    assert dot.score == pytest.approx(cosine.score)
    np.testing.assert_allclose(dot.matrix, cosine.matrix, rtol=1e-5)


@pytest.mark.parametrize("name", ENCODERS)
def test_exact_is_measured(encoders, name):
    x = encoders[name].explain(A, B, method=HiddenStates())
    assert x.is_exact == name.endswith("_cos")
    if x.is_exact:
        assert x.explained == pytest.approx(x.score, abs=2e-3 * float(np.abs(x.matrix).sum()))
        assert max(map(abs, x.reference_terms)) < 1e-6


def test_a_text_against_itself_is_symmetric(minilm):
    x = minilm.explain(A, A)
    np.testing.assert_allclose(x.matrix, x.matrix.T, atol=1e-7)
    assert x.score == pytest.approx(1)
