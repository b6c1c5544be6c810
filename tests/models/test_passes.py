"""How often the encoder runs for an explanation, and what a pass of texts and their padding gives."""

from collections import Counter

import pytest
import torch
from sentence_transformers.base.modules import Module
from transformers.models.bert.modeling_bert import BertLayer

from xsbert import XSTransformer
from xsbert.attribution import GaussLegendre
from xsbert.models import HiddenStates, MaskReference, PaddingReference, ZeroReference
from xsbert.models.inputs.batches import batched
from xsbert.models.inputs.text import read
from xsbert.models.splitting.split import Split

PAIR = ("The dog runs.", "A cat sleeps in the sun.")


@pytest.fixture
def calls(monkeypatch):
    """How often each layer has run."""
    counted = Counter()
    plain = BertLayer.forward

    def forward(self, *args, **kwargs):
        counted[id(self)] += 1
        return plain(self, *args, **kwargs)

    monkeypatch.setattr(BertLayer, "forward", forward)
    return counted


@pytest.mark.parametrize("reference", [PaddingReference(), MaskReference()], ids=repr)
def test_a_text_and_its_reference_run_through_the_layers_before_once(minilm, calls, reference):
    minilm.explain(*PAIR, method=HiddenStates(layer=-1, reference=reference, quadrature=GaussLegendre(4)))
    before = sorted(calls.values())[:5]
    assert before == [2] * 5  # a pass for each text; the last layer runs more often


def test_another_reference_is_checked_at_the_padding_for_the_first_text_alone(minilm, calls):
    minilm.explain(*PAIR, method=HiddenStates(layer=-1, reference=ZeroReference(), quadrature=GaussLegendre(4)))
    assert sorted(calls.values())[:5] == [4] * 5  # for each text the whole, and its reference's size


@pytest.mark.parametrize("layer", [0, 2, -1])
def test_the_rows_are_those_of_two_passes(minilm, layer):
    text = batched([read(minilm, PAIR[1])])
    split, padding = Split(list(minilm), layer), PaddingReference().features(text, minilm.tokenizer)
    hidden, embeddings = split.embedded(text.features, padding)
    for row, features in enumerate((text.features, padding)):
        alone, whole = split.embedded(features)
        torch.testing.assert_close(hidden[row], alone[0], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(embeddings[row], whole[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(text.features["input_ids"], batched([read(minilm, PAIR[1])]).features["input_ids"])


class TokenWeights(Module):
    """Weighs each token by its id, behind the layers."""

    def forward(self, features):
        features["token_embeddings"] = features["token_embeddings"] * (1 + features["input_ids"][..., None] % 7)
        return features

    def save(self, *args, **kwargs):
        raise NotImplementedError


@pytest.mark.parametrize("reference", [PaddingReference(), ZeroReference()], ids=repr)
def test_a_module_behind_the_layers_may_read_the_ids(minilm, reference):
    """At the padded text it sees the text's own: so do both ends of the path."""
    model = XSTransformer(modules=[minilm[0], TokenWeights(), minilm[1]], device="cpu")
    x = model.explain(*PAIR, method=HiddenStates(layer=-1, quadrature=GaussLegendre(16), reference=reference))
    assert max(x.errors) < 1e-2
    assert x.score == pytest.approx(float(model.similarity(*model.encode(list(PAIR)))), abs=1e-5)
