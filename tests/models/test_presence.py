"""Presence: exact on every model as it is, and a word that is not there is gone."""

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, Pooling, WordWeights
from torch import nn

from tests.helpers.architectures import TABLE, TEXTS, build, has_word_head
from xsbert import XSSparseEncoder, XSTransformer
from xsbert.attribution import Adaptive, Forward, GaussLegendre, Reverse
from xsbert.attribution.integration.pass_memory import Live
from xsbert.attribution.integration.paths import Paths
from xsbert.attribution.integration.token_vectors import token_vectors
from xsbert.models import HiddenStates, PaddingReference, Presence
from xsbert.models.encoders.engine import Engine
from xsbert.models.inputs.batches import batched
from xsbert.models.inputs.text import read
from xsbert.models.splitting.presence import PresenceInAttention, presence_of
from xsbert.models.splitting.split import Split

RULE = Adaptive(1e-2)
EXPLAINED = [name for name, row in TABLE.items() if not (row.refused or row.no_presence)]
REFUSED = [name for name, row in TABLE.items() if row.no_presence]
A, B = "The coffee is bad.", "This is not a good coffee."


@pytest.mark.parametrize("name", EXPLAINED)
def test_every_architecture_sums_to_its_score(name, tmp_path):
    model = build(name, tmp_path)
    own = float(model.similarity(*(model.encode(text) for text in TEXTS[:2])))
    for layer in (0, -1):
        x = model.explain(*TEXTS[:2], method=Presence(layer, quadrature=RULE))
        assert max(x.errors) <= 1e-2
        assert x.score == pytest.approx(own, abs=1e-5)
        assert x.is_exact
        assert x.explained == pytest.approx(own, abs=0.02)
        assert not x.matrix[[0, -1]].any(), "special tokens have no part"
        y = model.explain(*TEXTS[1::-1], method=Presence(layer, quadrature=RULE))
        np.testing.assert_allclose(y.matrix.T, x.matrix, atol=1e-5 * np.abs(x.matrix).max())
    assert not any(module._forward_pre_hooks for module in model.modules())


@pytest.mark.parametrize("name", REFUSED)
def test_encoders_that_mix_tokens_otherwise_are_refused(name, tmp_path):
    model = build(name, tmp_path)
    with pytest.raises(ValueError, match=r"something else than softmax attention .* HiddenStates\(\)") as refused:
        model.explain(*TEXTS[:2], method=Presence())
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["BERT", "MPNet", "ModernBERT", "T5", "DeBERTa-v2, v3", "Qwen2", "GPT-2", "ALBERT"])
def test_both_modes_and_batches_give_the_same(name, tmp_path):
    model, rule = build(name, tmp_path), GaussLegendre(3)
    forward = model.explain("Coffee", TEXTS[1], method=Presence(quadrature=rule, mode=Forward()))
    reverse = model.explain("Coffee", TEXTS[1], method=Presence(quadrature=rule, mode=Reverse()))
    np.testing.assert_allclose(reverse.matrix, forward.matrix, atol=1e-4 * np.abs(forward.matrix).max())
    assert reverse.is_exact
    pairs = [("Coffee", TEXTS[1]), ("Bad tea.", "Coffee"), ("Not tea.", "Bad tea.")]
    together = model.explain_pairs(pairs, method=Presence(quadrature=rule, mode=Forward()))
    np.testing.assert_allclose(together[0].matrix, forward.matrix, atol=1e-5 * np.abs(forward.matrix).max())


@pytest.mark.parametrize("name", ["BERT", "MPNet", "ModernBERT", "T5", "DeBERTa", "Gemma 3", "BLOOM"])
@pytest.mark.parametrize("layer", [0, -1])
def test_slopes_are_those_of_the_values(name, layer, tmp_path):
    """Our rule for the softmax against differences of values. Some of these encoders take their softmax in float32."""
    model = build(name, tmp_path)
    paths = Engine(model, Presence(layer)).paths(batched([read(model, TEXTS[0])]))
    alphas, texts, step = torch.tensor([0.2, 0.7], dtype=torch.float64), torch.zeros(2, dtype=torch.long), 2e-3
    slopes = paths.slopes(alphas, texts, double=True)[1]
    above, below = (paths.value(alphas + by, texts, double=True) for by in (step, -step))
    expected = ((above - below) / (2 * step)).numpy()
    np.testing.assert_allclose(slopes.numpy(), expected, atol=2e-3 * np.abs(expected).max())
    assert paths.way == "rules of our own"


class Without(nn.Module):
    """No positions."""

    def forward(self, ids):
        return torch.zeros(1, 1, 16)


def test_a_token_that_is_not_there_is_gone(tmp_path):
    """In an encoder without positions, the text less a word is the text with that word's presence 0."""
    model = build("BERT", tmp_path)
    model.transformers_model.embeddings.position_embeddings = Without()
    engine = Engine(model, Presence())
    text = read(model, "coffee is not bad")
    paths = engine.paths(batched([text]))
    for word, position in (("not", 3), ("coffee", 1)):
        presence = torch.ones(1, len(text.tokens), 1, dtype=torch.float64)
        presence[0, position] = 0
        value = paths.function(presence, torch.zeros(1, dtype=torch.long))[0].numpy()
        less = " ".join(each for each in text.input.string.split() if each != word)
        np.testing.assert_allclose(value, model.encode(less), atol=1e-5)
    nothing = paths.start_values[0].numpy()
    np.testing.assert_allclose(nothing, model.encode(""), atol=1e-5)


@pytest.mark.parametrize("layer", [0, 2])
def test_presence_goes_from_nothing_to_all(layer):
    p = torch.linspace(0, 1, 11, dtype=torch.float64)
    m = presence_of(p, layer)
    assert (float(m[0]), float(m[-1])) == (0, pytest.approx(1, abs=1e-15))
    assert (m.diff() > 0).all()
    assert float(m[5]) < 0.1  # small presence takes half of the path


@pytest.mark.parametrize(("layer", "most"), [(3, 7), (5, 6), (0, 22)])
def test_its_path_takes_few_nodes(minilm, layer, most):
    texts = ["A man plays the guitar.", "The coffee is bad.", "Three dogs run through the snow."]
    nodes = [vectors.nodes for vectors in minilm.token_vectors(texts, method=Presence(layer))]
    assert sorted(nodes)[1] <= most


def test_of_a_mean_of_embeddings_each_token_is_known(tmp_path):
    """f(m) = Σ m e / Σ m: with S players beside 2 special tokens, u_s has a closed form."""
    model = build("BERT", tmp_path)
    for layer in model.transformers_model.encoder.layer:
        layer.forward = lambda hidden, *args, **kwargs: hidden
    text, split = read(model, A), Split(list(model), 0)
    hidden = split.embedded(text.features)[0]
    stays = torch.tensor([0, -1])
    starts = torch.zeros(1, len(text.tokens), 1)
    starts[0, stays] = 1
    paths = Paths(split.presence(text.features, hidden), starts, torch.ones_like(starts))
    (integral,) = token_vectors(paths, Adaptive(1e-6))
    special = hidden[0, stays].double().sum(0)
    inner = hidden[0, 1:-1].double()
    s = len(inner)
    grid = (torch.arange(20000, dtype=torch.float64) + 0.5) / 20000
    weight = grid * s + 2
    # ∂f/∂m_s = (e_s Σm − Σ m e) / (Σ m)², at m = t for all players
    expected = inner * (1 / weight).mean() - special * (1 / weight**2).mean() - inner.sum(0) * (grid / weight**2).mean()
    torch.testing.assert_close(integral.vectors[1:-1], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "mode", ["mean", "weightedmean", "mean_sqrt_len_tokens", "cls", "lasttoken", "max", ("mean", "cls", "max")]
)
def test_every_pooling_is_exact(tiny, mode):
    transformer = tiny["mpnet_shelf"][0]
    pooling = Pooling(32, mode)
    model = XSTransformer(modules=[transformer, pooling, Dense(pooling.get_embedding_dimension(), 8)], device="cpu")
    x = model.explain(A, B, method=Presence(quadrature=RULE))
    assert x.is_exact
    assert x.score == pytest.approx(float(model.similarity(*model.encode([A, B]))), abs=1e-5)
    assert x.explained == pytest.approx(x.score, abs=0.02)


def test_weights_of_words_count(tiny):
    transformer = tiny["mpnet_shelf"][0]
    vocabulary = transformer.tokenizer.convert_ids_to_tokens(range(len(transformer.tokenizer)))
    weights = WordWeights(vocabulary, {"dog": 3.0, "cat": 2.0}, 0.7)
    model = XSTransformer(modules=[transformer, weights, Pooling(32)], device="cpu")
    x = model.explain("A dog runs.", "The cat sleeps.", method=Presence(quadrature=RULE))
    assert max(x.errors) <= 1e-2
    assert x.explained == pytest.approx(x.score, abs=0.02)


def test_sparse_encoders_sum_to_their_score(tmp_path):
    model = build("BERT", tmp_path, XSSparseEncoder)
    x = model.explain(*TEXTS[:2], method=Presence(quadrature=Adaptive(3e-2)))
    assert x.is_exact
    assert x.explained == pytest.approx(x.score, rel=0.05)


def test_not_shared_the_rest_stands_as_reference_terms(minilm):
    x = minilm.explain(A, B, method=Presence(shared=False))
    y = minilm.explain(A, B, method=Presence())
    assert not x.is_exact
    assert x.error <= 2e-3
    assert y.is_exact
    assert y.explained == pytest.approx(y.score, abs=1e-3)
    assert x.reference_terms[2] > 0.5, "two texts without words are alike"


def test_a_rest_may_be_shared_of_any_reference(minilm):
    x = minilm.explain(A, B, method=HiddenStates(shared=True))
    plain = minilm.explain(A, B, method=HiddenStates(reference=PaddingReference()))
    assert x.is_exact
    assert not plain.is_exact
    assert x.explained == pytest.approx(x.score, abs=1e-3)
    assert "shared=True" in x.method
    reverse = minilm.explain(A, "Coffee", method=HiddenStates(shared=True, mode=Reverse()))
    assert reverse.explained == pytest.approx(reverse.score, abs=1e-3)


def test_what_is_shared_is_the_same_for_every_player(minilm):
    vectors = minilm.token_vectors([A], method=Presence())[0]
    plain = minilm.token_vectors([A], method=Presence(shared=False))[0]
    share = plain.reference_embedding / (len(plain.tokens) - 2)
    np.testing.assert_allclose(
        vectors.vectors[1:-1] - plain.vectors[1:-1],
        np.tile(share, (len(share) and len(plain.tokens) - 2, 1)),
        atol=1e-5,
    )
    assert not vectors.vectors[[0, -1]].any()
    assert not vectors.reference_embedding.any()


def test_a_prompt_is_always_there(minilm_folder):
    model = XSTransformer(minilm_folder, device="cpu", prompts={"query": "find: "})
    x = model.explain(A, B, prompt_name="query", method=Presence())
    assert not x.matrix[list(x.prompted_a)].any()
    assert x.explained == pytest.approx(x.score, abs=1e-3)


def test_a_text_of_special_tokens_alone_has_nobody_to_share(minilm):
    x = minilm.explain("", A, method=Presence())
    assert not x.matrix.any()
    assert not x.is_exact


def test_texts_without_a_token_that_stays_are_refused(minilm, monkeypatch):
    text = read(minilm, A)
    text.special[:] = False
    with pytest.raises(ValueError, match=r"a text without a token that stays; .* HiddenStates\(\)"):
        Engine(minilm, Presence()).paths(batched([text]))
    cls = XSTransformer(modules=[minilm[0], Pooling(384, "cls")], device="cpu")
    text.special[-1] = True
    with pytest.raises(ValueError, match=r"read from a token of the text itself \(cls pooling\)"):
        Engine(cls, Presence()).paths(batched([text]))


def test_the_model_is_untouched(minilm):
    before = minilm.encode([A, B])
    minilm.explain(A, B, method=Presence())
    np.testing.assert_array_equal(minilm.encode([A, B]), before)
    np.testing.assert_array_equal(SentenceTransformer(modules=list(minilm), device="cpu").encode([A, B]), before)
    assert all("forward" not in vars(module) for module in minilm.modules())


@pytest.mark.parametrize("name", [name for name in ("BERT", "DistilBERT", "ModernBERT") if has_word_head(name)])
def test_sparse_encoders_in_both_modes(name, tmp_path):
    model = build(name, tmp_path, XSSparseEncoder)
    matrices = [
        model.explain("Coffee", TEXTS[1], method=Presence(-1, quadrature=GaussLegendre(2), mode=mode)).matrix
        for mode in (Forward(), Reverse())
    ]
    np.testing.assert_allclose(matrices[1], matrices[0], atol=1e-4 * np.abs(matrices[0]).max())


@pytest.mark.parametrize("mode", [Forward(), Reverse()], ids=repr)
def test_the_budget_is_kept_and_does_not_change_the_result(minilm, mode):
    method = Presence(quadrature=GaussLegendre(4), mode=mode)
    expected = minilm.explain(A, B, method=method)
    for megabytes in (3, 30):
        with Live() as live:
            x = minilm.explain(A, B, method=method, memory=megabytes * 2**20)
        assert live.peak < megabytes * 2**20
        np.testing.assert_allclose(x.matrix, expected.matrix, atol=1e-5)


def test_products_in_bfloat16_round_little(minilm):
    exact, rounded = (
        minilm.explain(A, B, method=Presence(quadrature=Adaptive(2e-2)), matmul_dtype=dtype)
        for dtype in (None, torch.bfloat16)
    )
    assert max(rounded.errors) <= 2e-2
    assert 1e-5 < np.abs(rounded.matrix - exact.matrix).max() < 3e-2 * np.abs(exact.matrix).max()


def gone(model, text, position):
    """f with one token gone, of its states as they are and of other ones; and the same with all tokens there."""
    encoded, split = read(model, text), Split(list(model), 0)
    hidden = split.embedded(encoded.features)[0]
    other = hidden.clone()
    other[:, position] = hidden[:, position].flip(-1) + 1
    whole = torch.ones(1, hidden.shape[1], 1)
    without = whole.clone()
    without[:, position] = 0
    one = torch.zeros(1, dtype=torch.long)
    return [
        split.presence(encoded.features, states)(presence, one)
        for presence in (without, whole)
        for states in (hidden, other)
    ]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "pooling", ["mean", "weightedmean", "mean_sqrt_len_tokens", "cls", "lasttoken", ("mean", "cls")], ids=str
)
def test_what_is_gone_has_no_part_in_any_pooling(tiny, pooling, weighted):
    transformer = tiny["mpnet_shelf"][0]
    vocabulary = transformer.tokenizer.convert_ids_to_tokens(range(len(transformer.tokenizer)))
    weights = [WordWeights(vocabulary, {"coffee": 3.0}, 0.7)] if weighted else []
    model = XSTransformer(modules=[transformer, *weights, Pooling(32, pooling)], device="cpu")
    as_it_is, changed, whole, whole_changed = gone(model, A, 2)
    torch.testing.assert_close(changed, as_it_is, rtol=1e-5, atol=1e-5)
    assert not torch.allclose(whole_changed, whole, atol=1e-3)
    assert not torch.allclose(as_it_is, whole, atol=1e-3)


def test_what_is_gone_has_no_part_in_a_sparse_embedding(tmp_path):
    as_it_is, changed, whole, whole_changed = gone(build("BERT", tmp_path, XSSparseEncoder), A, 2)
    torch.testing.assert_close(changed, as_it_is, rtol=1e-5, atol=1e-5)
    assert not torch.allclose(whole_changed, whole, atol=1e-3)


def test_a_prompt_may_be_left_out_of_the_pooling(minilm):
    pooling = Pooling(384, "mean", include_prompt=False)
    model = XSTransformer(modules=[minilm[0], pooling], prompts={"query": "find: "}, device="cpu")
    x = model.explain(A, B, prompt_name="query", method=Presence())
    own = float(model.similarity(*model.encode([A, B], prompt_name="query")))
    assert x.score == pytest.approx(own, abs=1e-5)
    assert x.explained == pytest.approx(own, abs=1e-3)


@pytest.mark.parametrize(
    "call",
    [
        lambda scores: torch.softmax(scores, -1),
        lambda scores: torch.softmax(scores, dim=3),
        lambda scores: nn.functional.softmax(input=scores, dim=-1, dtype=torch.float32),
        lambda scores: scores.softmax(-1),
        lambda scores: nn.Softmax(-1)(scores),
    ],
)
def test_every_call_of_a_softmax_is_seen(call):
    scores, presence = torch.randn(1, 2, 3, 3), torch.tensor([[1.0, 0.0, 0.5]])
    with PresenceInAttention(presence) as attention:
        found = call(scores)
    assert attention.count == 1
    torch.testing.assert_close(found, torch.softmax(scores + presence.log()[:, None, None], -1))
