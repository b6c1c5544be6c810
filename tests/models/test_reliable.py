"""A matrix that does not account for the embeddings is refused, or is marked wherever it is seen."""

import math
from dataclasses import replace

import pytest
import torch

from xsbert import Attribution, XSTransformer
from xsbert.attribution import ByLength, Forward, GaussLegendre, Reverse, RightRiemann
from xsbert.command.actions.pair import report
from xsbert.models import HiddenStates, checks

PAIR = ("The coffee is bad.", "This is not a good coffee.")


@pytest.fixture
def far(minilm):
    """An explanation that misses law 1 by more than a tenth."""
    with pytest.warns(UserWarning, match=r"Law 1 is missed by .*, by RightRiemann\(n=1\): .* Take more nodes"):
        x = minilm.explain(*PAIR, method=HiddenStates(layer=0, quadrature=RightRiemann(1)))
    assert max(x.errors) > 0.1
    return x


def test_it_is_marked_wherever_it_is_seen(far, tmp_path):
    mark = "not reliable: law 1 is missed by"
    assert not far.is_reliable
    assert not far.words().is_reliable
    assert "not reliable" in repr(far)
    assert far.to_dict()["warning"].startswith(mark)
    assert mark in report(far, 3)
    far.save(tmp_path / "pair.html")
    assert mark in (tmp_path / "pair.html").read_text(encoding="utf-8")
    far.save(tmp_path / "pair.json")
    assert Attribution.load(tmp_path / "pair.json") == far


def test_no_exact_model_hides_it(far):
    exact = replace(far, reference_terms=(0.0, 0.0, 0.0))
    assert exact.is_exact
    assert "not reliable" in repr(exact)
    assert "not reliable" in report(exact, 3)


def test_a_reliable_one_has_no_mark(minilm):
    coffee = minilm.explain(*PAIR, method=HiddenStates(layer=-1))
    assert coffee.is_reliable
    assert "warning" not in coffee.to_dict()
    assert "not reliable" not in repr(coffee) + report(coffee, 3)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mode", [Forward(), Reverse()], ids=repr)
def test_a_quantised_model_is_refused_by_the_layer_that_ends_derivatives(minilm_folder, mode):
    model = XSTransformer(minilm_folder, device="cpu")
    quantised = torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8)
    with pytest.raises(
        ValueError, match=r"layer\.4\.attention\.self\.query' \(Linear\) passes no derivative on"
    ) as refused:
        quantised.explain(*PAIR, method=HiddenStates(quadrature=GaussLegendre(4), mode=mode))
    assert "\n" not in str(refused.value)
    assert not any(module._forward_hooks for module in quantised.modules())


@pytest.mark.filterwarnings("ignore")
def test_a_quantised_layer_is_named_where_the_rule_asks_for_float64(minilm_folder):
    model = XSTransformer(minilm_folder, device="cpu")
    inner = model.transformers_model.encoder.layer[1].output
    inner.dense = torch.ao.quantization.quantize_dynamic(torch.nn.Sequential(inner.dense), {torch.nn.Linear})[0]
    with pytest.raises(ValueError, match=r"layer\.1\.output\.dense' \(Linear\) passes no derivative on"):
        model.explain(*PAIR, method=HiddenStates(layer=1))


def test_an_error_that_is_no_number_is_not_reliable(far):
    for errors in ((0.0, math.nan), (math.nan, 0.0)):
        assert not replace(far, errors=errors).is_reliable


def test_wrong_derivatives_give_way_to_the_next_and_it_is_said(minilm, monkeypatch):
    """As a rule of ours would be that loses a part."""
    from xsbert.attribution.forward_mode import derivatives

    plain = derivatives.by_duals
    monkeypatch.setattr(checks, "_SAID", set())
    lossy = lambda *args: (lambda value, pushed: (value, pushed / 2))(*plain(*args))  # noqa: E731
    monkeypatch.setattr(
        "xsbert.attribution.integration.paths.WAYS", (("rules of our own", lossy), *derivatives.WAYS[1:])
    )
    expected = r"taken by torch's forward mode, .* rules of our own: its derivatives are not those of the values"
    with pytest.warns(UserWarning, match=expected):
        x = minilm.explain(*PAIR, method=HiddenStates(quadrature=GaussLegendre(8)))
    assert max(x.errors) < 0.1


def test_what_is_slow_is_said_once(minilm, monkeypatch):
    from xsbert.attribution.forward_mode import derivatives

    monkeypatch.setattr(checks, "_SAID", set())

    def refuses(*args):
        raise NotImplementedError("no rule for this")

    monkeypatch.setattr(
        "xsbert.attribution.integration.paths.WAYS", (("rules of our own", refuses), *derivatives.WAYS[1:])
    )
    with pytest.warns(UserWarning, match="rules of our own: no rule for this") as seen:
        minilm.explain_pairs(
            [PAIR, PAIR[::-1], (PAIR[0], "Tea")], method=HiddenStates(layer=-1, quadrature=GaussLegendre(4))
        )
    assert len(seen) == 1


@pytest.mark.parametrize("mode", [ByLength(), Reverse()], ids=repr)
def test_where_no_gradients_pass_forward_mode_serves(minilm, monkeypatch, mode):
    monkeypatch.setattr(checks, "_SAID", set())
    model = XSTransformer(modules=[minilm[0], WritesInPlace(), minilm[1]], device="cpu")
    short, long = PAIR[0], " ".join(PAIR * 3)
    if mode == Reverse():
        with pytest.warns(UserWarning, match=r"Reverse\(\) gives way to Forward\(\), for no gradient passes"):
            x = model.explain(short, long, method=HiddenStates(layer=-1, quadrature=GaussLegendre(4), mode=mode))
    else:
        x = model.explain(short, long, method=HiddenStates(layer=-1, quadrature=GaussLegendre(4), mode=mode))
    assert x == model.explain(short, long, method=HiddenStates(layer=-1, quadrature=GaussLegendre(4), mode=Forward()))


class WritesInPlace(torch.nn.Module):
    """Writes over what its backward pass needs."""

    def forward(self, features):
        hidden = features["token_embeddings"] * 1
        squared = hidden * hidden
        hidden += 1
        features["token_embeddings"] = squared
        return features
