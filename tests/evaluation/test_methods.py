"""Methods: what each claims, on real encoders."""

import copy

import numpy as np
import pytest
import torch
from sentence_transformers.sentence_transformer.modules import Normalize

from xsbert.attribution import GaussLegendre, RightRiemann
from xsbert.evaluation import (
    AttentionRollout,
    Chance,
    Cosines,
    Decomposition,
    DeletionInteractions,
    Encodings,
    IntegratedJacobian,
    LeaveOneOut,
    Randomised,
    Relevance,
    Uniform,
    WordMatrix,
)
from xsbert.evaluation.examples import PAIRS
from xsbert.evaluation.judges.encodings import placeholder
from xsbert.evaluation.methods.relevance import Constants, relevances
from xsbert.evaluation.methods.sanity import agreement, asymmetry, randomised
from xsbert.models import HiddenStates, XSTransformer
from xsbert.models.encoders.engine import Engine
from xsbert.models.inputs.text import read

A, B = PAIRS[0]
METHODS = [
    lambda model: IntegratedJacobian(model, HiddenStates(-1, quadrature=GaussLegendre(4))),
    lambda model: IntegratedJacobian(model, HiddenStates(-1, quadrature=RightRiemann(1))),
    lambda model: Relevance(model, 1),
    AttentionRollout,
    Decomposition,
    Cosines,
    LeaveOneOut,
    Uniform,
    Chance,
]


@pytest.mark.parametrize("make", METHODS, ids=lambda make: getattr(make, "__name__", "jacobian"))
@pytest.mark.parametrize("name", ["mpnet_shelf", "droberta_cos", "minilm"])
def test_every_method_gives_every_pair_its_words(encoders, make, name):
    method = make(encoders[name])
    assert "SentenceTransformer" not in repr(method)
    found = [WordMatrix.of(x) for x in method.explain([(A, B), (B, A), (A, A)])]
    shapes = [(5, 7), (7, 5), (5, 5)]  # words, the point among them
    assert [x.matrix.shape for x in found] == shapes
    assert [(x.a.text, x.b.text) for x in found] == [(A, B), (B, A), (A, A)]
    assert all(np.isfinite(x.whole).all() and np.ptp(x.whole if make is Uniform else x.matrix) > 0 for x in found)
    assert repr(make(encoders[name])) == repr(method)
    np.testing.assert_array_equal(WordMatrix.of(make(encoders[name]).explain([(A, B)])[0]).whole, found[0].whole)
    if make is not Chance:
        assert asymmetry(found[0].whole, found[1].whole) < 1e-4


def pipeline(minilm, similarity, *behind):
    """all-MiniLM-L6-v2 with other modules behind its pooling."""
    return XSTransformer(modules=[minilm[0], minilm[1], *behind], similarity_fn_name=similarity, device="cpu")


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
@pytest.mark.parametrize("behind", [[], [Normalize()]], ids=["open", "normalised"])
@pytest.mark.parametrize("method", [AttentionRollout, Decomposition])
def test_what_is_made_of_token_embeddings_sums_to_the_score(minilm, method, behind, similarity):
    model = pipeline(minilm, similarity, *behind)
    encode = Encodings(model)
    for (text_a, text_b), x in zip(PAIRS[:3], method(model).explain(PAIRS[:3]), strict=True):
        a, b = encode([text_a, text_b])
        assert x.matrix.sum() == pytest.approx(a @ b, rel=1e-5, abs=1e-5)


def test_relevances_are_divided_by_lengths_where_the_similarity_is(minilm):
    texts = [read(minilm, text) for text in (A, B)]
    (left, a), (right, b) = (relevances(Engine(minilm, HiddenStates(1)), x) for x in texts)
    products, n = left @ right.T, np.linalg.norm(a) * np.linalg.norm(b)
    assert n > 10
    for similarity, behind, divisor in [("dot", [], 1), ("dot", [Normalize()], n), ("cosine", [], n)]:
        (x,) = Relevance(pipeline(minilm, similarity, *behind), 1).explain([(A, B)])
        np.testing.assert_allclose(
            x.matrix, products / divisor, rtol=1e-4, atol=1e-6 * np.abs(products).max() / divisor
        )


@pytest.mark.parametrize("method", [AttentionRollout, Decomposition, Relevance])
def test_a_similarity_that_is_no_product_is_refused(minilm, method):
    with pytest.raises(ValueError, match="got 'euclidean'; expected 'cosine' or 'dot'"):
        method(pipeline(minilm, "euclidean")).explain([(A, B)])


@pytest.mark.parametrize("method", [AttentionRollout, Cosines, Decomposition, LeaveOneOut, Relevance])
def test_a_model_in_training_is_explained_as_in_evaluation_and_stays_so(tiny, method):
    model = copy.deepcopy(tiny["droberta_cos"])
    (expected,) = method(model).explain([(A, B)])
    modes = half_in_training(model)
    (x,) = method(model).explain([(A, B)])
    np.testing.assert_array_equal(x.matrix, expected.matrix)
    assert [module.training for module in model.modules()] == modes


USES = {"encodings": lambda model: Encodings(model)([A]), "cosines": lambda model: Cosines(model).explain([(A, B)])}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_an_error_leaves_the_modes_as_they_were(tiny, monkeypatch, use):
    model = copy.deepcopy(tiny["droberta_cos"])
    seen, modes = [], half_in_training(model)

    def fail(*_, **__):
        seen.extend(module.training for module in model.modules())
        raise RuntimeError("out of memory")

    monkeypatch.setattr(model[0], "forward", fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        use(model)
    assert seen
    assert not any(seen)
    assert [module.training for module in model.modules()] == modes


def half_in_training(model):
    """Puts the model in training mode, but for its embeddings, with dropout that tells; gives the modes."""
    for module in model.train().modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.5
    model.transformers_model.get_input_embeddings().eval()
    modes = [module.training for module in model.modules()]
    assert len({*modes}) == 2
    return modes


def test_rollout_is_the_product_of_the_layers_weights(minilm):
    from xsbert.evaluation.methods.attention import rollout

    first, second = torch.softmax(torch.randn(2, 3, 4, 4, dtype=torch.float64), dim=-1)
    eye = torch.eye(4)
    torch.testing.assert_close(rollout([first, second]), (second.mean(0) + eye) / 2 @ (first.mean(0) + eye) / 2)


def test_attention_needs_mean_pooling(minilm):
    from sentence_transformers.sentence_transformer.modules import Pooling

    first = XSTransformer(modules=[minilm[0], Pooling(384, pooling_mode="cls")], device="cpu")
    with pytest.raises(ValueError, match="expected mean pooling"):
        AttentionRollout(first).explain([(A, B)])


@pytest.mark.parametrize("name", ["mpnet_shelf", "droberta_shelf"])
@pytest.mark.parametrize("layer", [0, -1])
def test_relevance_is_conserved_where_there_are_no_biases(tiny, name, layer):
    """The rules leave a linear function; without biases its token vectors sum to its value."""
    model = copy.deepcopy(tiny[name])
    with torch.no_grad():
        for parameter, value in model.named_parameters():
            if parameter.endswith("bias") and "relative" not in parameter:
                value.zero_()
    engine = Engine(model, HiddenStates(layer))
    found, value = relevances(engine, read(model, A))
    np.testing.assert_allclose(found.sum(axis=0), value, atol=1e-4 * np.abs(value).max())


def test_the_rules_change_derivatives_and_no_values(minilm):
    engine = Engine(minilm, HiddenStates(2))
    _, value = relevances(engine, read(minilm, A))
    expected = minilm.token_vectors([A], method=HiddenStates(layer=2, quadrature=RightRiemann(1)))[0].embedding
    np.testing.assert_allclose(value, expected, atol=1e-5)
    x = torch.tensor([[-1.0, 0.0, 2.0]])
    with Constants():
        torch.testing.assert_close(torch.softmax(x, -1), x.softmax(-1))


def test_leaving_one_out_is_the_judge_and_leaves_special_tokens_at_zero(minilm):
    (x,) = LeaveOneOut(minilm).explain([(A, B)])
    words = WordMatrix.of(x)
    evidence = DeletionInteractions().evidence(words.a, words.b, Encodings(minilm))
    np.testing.assert_allclose(words.matrix, evidence.interactions, atol=1e-6)
    assert not words.whole[-1].any()
    assert LeaveOneOut(minilm).judge == DeletionInteractions()


def test_chance_depends_on_the_seed_and_the_texts(minilm):
    matrices = [Chance(minilm, seed).explain([(A, A)])[0].matrix for seed in (0, 0, 1)]
    np.testing.assert_array_equal(matrices[0], matrices[1])
    assert not np.array_equal(matrices[0], matrices[2])


def test_uniform_matrices_tell_words_by_their_tokens_alone(minilm):
    x = WordMatrix.of(Uniform(minilm).explain([("A xylophonist plays.", "She plays")])[0])
    assert x.a.strings == ["A", "xylophonist", "plays", "."]
    count = len(minilm.tokenizer.tokenize("xylophonist"))
    assert count > 1
    np.testing.assert_allclose(x.matrix, np.outer([1, count, 1, 1], [1, 1]) / (2 * (count + 3)))
    assert not x.whole[-1].any()
    assert not x.whole[:, -1].any()


def test_integrated_jacobians_are_truer_than_chance(minilm):
    """Of the real model: on eight pairs chance stays near zero, and ours does not."""
    encode, judge, figures = Encodings(minilm), DeletionInteractions(), {}
    for method in (IntegratedJacobian(minilm, HiddenStates(-1)), Chance(minilm)):
        words = [WordMatrix.of(x) for x in method.explain(PAIRS)]
        found = [judge.figures(x, judge.evidence(x.a, x.b, encode), encode) for x in words]
        figures[type(method)] = {name: np.mean([each[name] for each in found]) for name in ("pairs", "words")}
    for name in ("pairs", "words"):
        assert abs(figures[Chance][name]) < 0.15
        assert figures[IntegratedJacobian][name] > figures[Chance][name] + 0.15


def test_random_weights_destroy_the_attribution_and_leave_the_model(minilm):
    method = IntegratedJacobian(minilm, HiddenStates(-1, quadrature=GaussLegendre(4)))
    before = {name: value.clone() for name, value in minilm.state_dict().items()}
    original, *others = [
        WordMatrix.of(each.explain([PAIRS[2]])[0])
        for each in (method, Randomised(method, 0), Randomised(method, 1), Randomised(method, 6))
    ]
    ranks = [agreement(other, original)["rank"] for other in others]
    assert ranks[0] == pytest.approx(1)
    assert ranks[1] < 0.9
    assert abs(ranks[2]) < 0.5
    assert all(torch.equal(value, before[name]) for name, value in minilm.state_dict().items())


@pytest.mark.parametrize("top", [0, 1, 6, 7])
def test_layers_are_randomised_from_the_last_down(minilm, top):
    twin, again, other = (randomised(minilm, top, seed) for seed in (0, 0, 1))
    layers = zip(*(model.transformers_model.encoder.layer for model in (minilm, twin, again, other)), strict=True)
    for number, (old, new, same, another) in enumerate(layers):
        weights = [layer.attention.self.query.weight for layer in (old, new, same, another)]
        assert torch.equal(weights[0], weights[1]) is (number < 6 - top)
        assert torch.equal(weights[1], weights[2])
        assert torch.equal(weights[1], weights[3]) is (number < 6 - top)
        assert torch.equal(weights[0].flatten().sort().values, weights[1].flatten().sort().values)
        before, after = (torch.stack([*layer.output.LayerNorm.parameters()]) for layer in (old, new))
        assert torch.equal(before, after) is (number < 6 - top)
        assert sorted(before.T.tolist()) == sorted(after.T.tolist())  # scale and shift stay together
    embeddings = [model.transformers_model.get_input_embeddings().weight for model in (minilm, twin)]
    assert torch.equal(*embeddings) is (top < 7)


def test_more_than_there_is_cannot_be_randomised(minilm):
    with pytest.raises(ValueError, match="this model has 6 layers: expected 0 to 6, or 7 for all weights"):
        randomised(minilm, 8)


def test_agreement_of_known_matrices(minilm):
    (x,) = (WordMatrix.of(each) for each in Chance(minilm).explain([(A, B)]))
    doubled = WordMatrix(x.a, x.b, 2 * x.whole)
    assert agreement(doubled, x) == pytest.approx({"rank": 1, "difference": 1, "sum": abs(x.whole.sum())})


def test_what_masks_a_word(tiny, minilm):
    assert placeholder(minilm.tokenizer) == "[MASK]"
    assert placeholder(tiny["mpnet_shelf"].tokenizer) == "<mask>"
    bare = type("Bare", (), {"mask_token": None, "unk_token": "<unk>"})()
    assert placeholder(bare) == "<unk>"
    with pytest.raises(ValueError, match="expected one to mask with"):
        placeholder(object())
