"""The published implementation's numbers, recorded: to 1e-5 of the largest entry."""

import json

import numpy as np
import pytest

from tests.conftest import GOLDEN
from xsbert.attribution import RightRiemann
from xsbert.models import HiddenStates

TEXTS = json.loads((GOLDEN / "pairs.json").read_text())["pairs"]
ENCODERS = {
    "mpnet_shelf": ("golden_mpnet_shelf", "shelf", 4),
    "mpnet_cos": ("golden_mpnet_exact", "exact", 4),
    "droberta_shelf": ("golden_droberta_shelf", "shelf", 3),
    "droberta_cos": ("golden_droberta_exact", "exact", 3),
}
CASES = [
    (name, pair, layer, steps)
    for name, (_, _, layers) in ENCODERS.items()
    for pair in range(3)
    for layer in range(layers)
    for steps in (7, 50)
]


@pytest.fixture(scope="module")
def golden():
    return {name: np.load(GOLDEN / f"{file}.npz") for name, (file, _, _) in ENCODERS.items()}


def assert_close(got, expected, scale=None):
    expected = np.asarray(expected, dtype=float)
    largest = np.abs(expected).max() if scale is None else scale
    assert np.abs(np.asarray(got, dtype=float) - expected).max() <= 1e-5 * largest


@pytest.mark.parametrize(("name", "pair", "layer", "steps"), CASES)
def test_matrices_scores_and_reference_terms(tiny, golden, name, pair, layer, steps):
    _, mode, _ = ENCODERS[name]
    for sim, similarity in (("cos", "cosine"), ("dot", "dot")):
        key = f"{mode}/pair{pair}/layer{layer}/steps{steps}/{sim}"
        x = tiny[name].explain(
            *TEXTS[pair], method=HiddenStates(layer=layer, quadrature=RightRiemann(steps)), similarity=similarity
        )
        assert_close(x.matrix, golden[name][f"{key}/matrix"])
        assert_close(x.score, golden[name][f"{key}/score"])
        if sim == "dot" or mode == "exact":
            ra, rb, rr = golden[name][f"{key}/reference_terms"]
            assert_close(x.reference_terms, (rb, ra, rr), scale=max(abs(x.score), abs(rr)))


@pytest.mark.parametrize("sim", ["cos", "dot"])
@pytest.mark.parametrize("pair", range(3))
@pytest.mark.parametrize("name", ENCODERS)
def test_the_published_methods(tiny, golden, name, pair, sim):
    data, (_, mode, _) = golden[name], ENCODERS[name]
    model, (a, b) = tiny[name], TEXTS[pair]
    key = f"{mode}/pair{pair}"
    model.reset_attribution()
    model.init_attribution_to_layer(idx=1, N_steps=7)
    matrix, tokens_a, tokens_b, score, *terms = model.explain_similarity(
        a, b, sim_measure=sim, return_lhs_terms=True, move_to_cpu=True, verbose=False
    )
    model.reset_attribution()
    assert_close(matrix.numpy(), data[f"{key}/layer1/steps7/{sim}/matrix"])
    assert_close(score, data[f"{key}/layer1/steps7/{sim}/score"])
    if sim == "dot":
        expected = data[f"{key}/layer1/steps7/{sim}/reference_terms"]
        assert_close(terms, expected, scale=max(abs(score), *np.abs(expected)))
    assert tokens_a == model.tokenize_text(a) == list(data[f"{key}/tokens_a"])
    assert tokens_b == model.tokenize_text(b) == list(data[f"{key}/tokens_b"])
    decomposition, *tokens = model.explain_by_decomposition(a, b)
    assert_close(decomposition, data[f"{key}/decomposition"])
    assert tokens == [tokens_a, tokens_b]
    assert_close(model.score([a, b]), data[f"{key}/dot_score"])
    assert_close(model.encode([a]), data[f"{key}/embedding_a"][None])
    assert_close(model.encode([b]), data[f"{key}/embedding_b"][None])


@pytest.mark.parametrize("name", ENCODERS)
def test_the_uncompressed_attribution(tiny, golden, name):
    (key,) = (key for key in golden[name].files if key.endswith("uncompressed"))
    _, pair, layer, steps, sim, _ = key.split("/")
    model = tiny[name]
    model.init_attribution_to_layer(int(layer[-1]), int(steps.removeprefix("steps")))
    try:
        full, *_ = model.explain_similarity(
            *TEXTS[int(pair[-1])], sim_measure=sim, compress_embedding_dim=False, verbose=False
        )
    finally:
        model.reset_attribution()
    assert_close(full.numpy(), golden[name][key])
