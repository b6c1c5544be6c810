"""Sparse encoders: embeddings as long as a vocabulary, by the same laws."""

from dataclasses import replace
from unittest.mock import Mock

import numpy as np
import pytest
import torch
import transformers
from sentence_transformers import SparseEncoder
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sparse_encoder.modules import SpladePooling

from xsbert import XSSparseEncoder
from xsbert.attribution import Adaptive, ByLength, Forward, GaussLegendre, Reverse
from xsbert.attribution.forward_mode.derivatives import by_duals
from xsbert.attribution.forward_mode.dual import Dual
from xsbert.attribution.integration.pullback import pulled_back
from xsbert.models import HiddenStates
from xsbert.models.splitting.split import Split

A, B = "The dog runs after the kitten.", "Outside the cat is chased by the dog."


@pytest.fixture(scope="module")
def folder(tiny_folders, tmp_path_factory):
    folder = tmp_path_factory.mktemp("splade")
    transformers.AutoTokenizer.from_pretrained(tiny_folders["mpnet_shelf"]).save_pretrained(folder)
    torch.manual_seed(0)
    model = transformers.MPNetForMaskedLM(transformers.AutoConfig.from_pretrained(tiny_folders["mpnet_shelf"]))
    model.eval().save_pretrained(folder)
    return str(folder)


@pytest.fixture(params=["max", "sum"])
def model(request, folder):
    modules = [Transformer(folder, transformer_task="fill-mask"), SpladePooling(pooling_strategy=request.param)]
    return SparseEncoder(modules=modules, device="cpu")


@pytest.mark.parametrize("layer", [0, -1])
def test_the_laws_hold(model, layer):
    x = XSSparseEncoder.wrap(model).explain(A, B, method=HiddenStates(layer=layer, quadrature=Adaptive(1e-2)))
    assert x.score == pytest.approx(float(model.similarity(*model.encode([A, B]))), rel=1e-5)
    assert x.similarity == "dot"
    assert max(x.errors) <= 1e-2
    assert x.error <= 0.03 * sum(map(abs, (x.score, *x.reference_terms)))


def test_vectors_are_as_long_as_the_vocabulary(model):
    (vectors,) = XSSparseEncoder.wrap(model).token_vectors(
        [A], method=HiddenStates(layer=-1, quadrature=Adaptive(1e-2))
    )
    encoded = model.encode(A, convert_to_sparse_tensor=False).cpu().numpy()
    assert vectors.vectors.shape[1] == len(encoded) == len(model.tokenizer)
    np.testing.assert_allclose(vectors.embedding, encoded, atol=1e-5)


def test_a_saved_model_loads_by_its_path(model, tmp_path):
    model.save_pretrained(str(tmp_path))
    loaded = XSSparseEncoder(str(tmp_path), device="cpu")
    assert loaded.explain(A, B, method=HiddenStates(layer=-1, quadrature=Adaptive(1e-2))).score == pytest.approx(
        float(model.similarity(*model.encode([A, B]))), rel=1e-5
    )


def test_a_pooling_that_writes_in_place_needs_no_other_way():
    """SPLADE's activations are in place: on memory of their own, so tangents pass by our rules."""
    pooling, hidden = SpladePooling(pooling_strategy="max").eval(), torch.randn(1, 4, 50)
    mask = torch.ones(1, 4, dtype=torch.long)

    def f(x):
        return pooling({"token_embeddings": x, "attention_mask": mask})["sentence_embedding"]

    with torch.no_grad():
        _, pushed = by_duals(f, hidden, torch.ones(1, 1, 4, 50))
    assert isinstance(f(Dual(hidden, torch.ones(1, 1, 4, 50))), Dual)
    expected = torch.func.jvp(lambda x: f(x), (hidden,), (torch.ones_like(hidden),))[1]
    torch.testing.assert_close(pushed[0], expected)


def test_a_limit_on_dimensions_is_refused(folder):
    modules = [Transformer(folder, transformer_task="fill-mask"), SpladePooling()]
    model = XSSparseEncoder(modules=modules, device="cpu", max_active_dims=64)
    for call in (lambda: model.explain(A, B), lambda: model.token_vectors([A])):
        with pytest.raises(ValueError, match="keeps the 64 largest dimensions"):
            call()


def test_only_its_own_host_is_wrapped(minilm):
    with pytest.raises(TypeError, match=r"XSSparseEncoder\.wrap got a XSTransformer; expected a SparseEncoder"):
        XSSparseEncoder.wrap(minilm)


def test_a_head_tied_to_the_word_embeddings_runs_in_float64(model):
    split = Split(list(model), -1)
    features = model.preprocess([A])
    hidden, embeddings = split.embedded(features)
    with torch.no_grad():
        double = split.tail(features)(hidden.double(), torch.zeros(1, dtype=torch.long))
    assert double.dtype == torch.float64
    torch.testing.assert_close(double.float(), embeddings, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("mode", [ByLength(), Reverse()], ids=repr)
@pytest.mark.parametrize("activation", ["relu", "log1p_relu"])
@pytest.mark.parametrize("pooling", ["max", "sum"])
def test_every_pooling_and_activation_is_explained_in_every_mode(folder, pooling, activation, mode, monkeypatch):
    """In evaluation SPLADE's activations write over what a backward pass needs."""
    pulled = Mock(wraps=pulled_back)
    monkeypatch.setattr("xsbert.models.encoders.engine.pulled_back", pulled)
    modules = [Transformer(folder, transformer_task="fill-mask"), SpladePooling(pooling, activation)]
    model = XSSparseEncoder(modules=modules, device="cpu")
    method, training = HiddenStates(-1, quadrature=GaussLegendre(3)), model[1].training
    (x,) = model.explain_ranking("cat", [B], method=replace(method, mode=mode))
    expected = model.explain("cat", B, method=replace(method, mode=Forward()), task=("query", "document"))
    assert x.nodes == expected.nodes
    np.testing.assert_allclose(x.matrix, expected.matrix, atol=1e-6 * np.abs(expected.matrix).max())
    assert pulled.call_count == 1
    assert x.errors != expected.errors, "forward mode served"
    assert model[1].training == training


@pytest.mark.parametrize("similarity", [None, "cosine", "dot"])
def test_the_best_of_many_are_explained(model, similarity):
    ours, method = XSSparseEncoder.wrap(model), HiddenStates(-1, quadrature=GaussLegendre(2))
    documents = [B, "cat", "A dog barks.", A]
    whole, best = (
        ours.explain_ranking(A, documents, top=top, method=method, similarity=similarity) for top in (None, 2)
    )
    assert best.positions == whole.positions[:2]
    assert best.compared == 4
