"""Reverse mode: the same matrix as forward mode, with an error of its own that is measured."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from tests.attribution.test_token_vectors import END, START, D, nonlinear
from tests.helpers.lines import line
from xsbert import XSTransformer
from xsbert.attribution import Adaptive, ByLength, Forward, GaussLegendre, Reverse, RightRiemann
from xsbert.attribution.integration.pullback import pulled_back
from xsbert.attribution.integration.token_vectors import token_vectors
from xsbert.models import HiddenStates

SHORT, LONG = "Bad coffee.", "She said that this is certainly not what anybody would call a good cup of coffee."
V = torch.randn(4, D, generator=torch.Generator().manual_seed(1)).double()


@pytest.mark.parametrize("memory", [1, 10_000, 10**9])
@pytest.mark.parametrize("rule", [RightRiemann(7), GaussLegendre(6), Adaptive(1e-4)], ids=repr)
def test_pulled_back_is_the_product_with_the_token_vectors(rule, memory):
    forward = token_vectors(line(nonlinear, START, END), rule)[0]
    pulled = pulled_back(line(nonlinear, START, END, memory), rule, V)
    torch.testing.assert_close(pulled.products, V @ forward.vectors.T)
    torch.testing.assert_close(pulled.end_value, forward.end_value)
    assert pulled.nodes == forward.nodes


def test_its_error_is_that_of_law_1_in_the_directions_pulled_back():
    coarse, fine = (pulled_back(line(nonlinear, START, END), RightRiemann(n), V).error for n in (3, 300))
    assert coarse > 50 * fine > 0
    # Even where the directions asked for see no change at all, that of the change is watched.
    change = nonlinear(END[None])[0] - nonlinear(START[None])[0]
    across = torch.linalg.svd(change[None])[2][1:]
    assert pulled_back(line(nonlinear, START, END), RightRiemann(3), across).error > 1e-3


def test_a_text_that_is_its_reference_pulls_back_zeros():
    pulled = pulled_back(line(nonlinear, START, START), Adaptive(), V)
    assert not pulled.products.any()
    assert pulled.error == 0


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
@pytest.mark.parametrize("layer", [0, -1])
@pytest.mark.parametrize("name", ["minilm", "mpnet_shelf", "mpnet_cos", "droberta_shelf", "droberta_cos"])
def test_both_modes_give_the_same(encoders, name, layer, similarity):
    rule = GaussLegendre(6)
    for a, b in ((SHORT, LONG), (LONG, SHORT)):
        forward, reverse = (
            encoders[name].explain(a, b, method=HiddenStates(layer, quadrature=rule, mode=mode), similarity=similarity)
            for mode in (Forward(), Reverse())
        )
        assert np.abs(forward.matrix - reverse.matrix).max() <= 1e-5 * np.abs(forward.matrix).max()
        for field in ("tokens_a", "tokens_b", "offsets_a", "nodes", "norms", "layer", "method", "quadrature"):
            assert getattr(forward, field) == getattr(reverse, field)
        assert reverse.score == pytest.approx(forward.score)
        assert reverse.reference_terms == pytest.approx(forward.reference_terms)
        assert reverse.error == pytest.approx(forward.error, abs=1e-5 * float(np.abs(forward.matrix).sum()))


@pytest.mark.parametrize("name", ["minilm", "mpnet_cos"])
def test_the_adaptive_rule_keeps_its_tolerance_in_reverse(encoders, name):
    x = encoders[name].explain(SHORT, LONG, method=HiddenStates(mode=Reverse(), layer=0))
    assert max(x.errors) <= 1e-3
    assert x.error <= 2e-3 * float(np.abs(x.matrix).sum())


def test_the_lengths_choose(minilm, monkeypatch):
    pulled = []

    def watched(paths, rule, cotangents):
        pulled.append((len(cotangents), paths.tokens))
        return pulled_back(paths, rule, cotangents)

    monkeypatch.setattr("xsbert.models.encoders.engine.pulled_back", watched)
    method = HiddenStates(-1, quadrature=GaussLegendre(2))
    minilm.explain(SHORT, LONG, method=method)
    minilm.explain(LONG, LONG, method=method)
    minilm.explain(SHORT, LONG, method=replace(method, mode=ByLength(20)))
    minilm.explain(LONG, SHORT, method=replace(method, mode=Forward()))
    minilm.explain("Good tea.", SHORT, method=replace(method, mode=Reverse()))
    assert pulled == [(5, 19), (5, 5)]


def test_an_empty_text_pulls_back_nothing(minilm):
    x = minilm.explain("", LONG, method=HiddenStates(mode=Reverse(), layer=-1))
    assert not x.matrix.any()
    assert 0 < x.errors[1] <= 1e-3
    assert minilm.explain(LONG, "", method=HiddenStates(mode=Reverse(), layer=-1)).error <= 1e-6


def test_bad_modes_are_refused(minilm):
    with pytest.raises(TypeError, match=r"mode got 'reverse'; expected a mode, such as ByLength\(\)"):
        minilm.explain(SHORT, LONG, method=HiddenStates(mode="reverse"))
    with pytest.raises(ValueError, match=r"ByLength\(ratio\) got 0\.5"):
        ByLength(0.5)


class WritesOver(nn.Module):
    """Writes over what its own backward pass needs."""

    def forward(self, features):
        features["sentence_embedding"] = features["sentence_embedding"].sigmoid().mul_(2)
        return features


def test_where_no_gradients_pass_forward_mode_serves(tiny):
    model = XSTransformer(modules=[*list(tiny["mpnet_shelf"])[:2], WritesOver()], device="cpu")
    method = HiddenStates(-1, quadrature=GaussLegendre(6))
    expected = model.explain(SHORT, LONG, method=replace(method, mode=Forward()))
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=r"Reverse\(\)")
        assert model.explain(SHORT, LONG, method=method) == expected
        ranking = model.explain_ranking(SHORT, [LONG, SHORT, LONG.upper()], method=method)
    assert ranking[0].error <= 1e-5
    with pytest.warns(UserWarning, match=r"Reverse\(\) gives way to Forward\(\), for no gradient passes"):
        assert model.explain(SHORT, LONG, method=replace(method, mode=Reverse())) == expected


def test_a_models_own_error_is_not_hidden(tiny):
    class Broken(nn.Module):
        def forward(self, features):
            if torch.is_grad_enabled() or len(features["input_ids"]) > 5:
                raise RuntimeError("on purpose")
            return features

    model = XSTransformer(modules=[*list(tiny["mpnet_shelf"])[:2], Broken()], device="cpu")
    with pytest.raises(RuntimeError, match="on purpose"):
        model.explain(SHORT, LONG, method=HiddenStates(layer=-1, quadrature=GaussLegendre(6)))
