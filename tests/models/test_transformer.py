"""XSTransformer: the host's own behaviour kept, the model left as it was, bad input refused clearly."""

import contextlib
import threading

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling

from xsbert import XSTransformer
from xsbert.attribution import Adaptive, Forward, GaussLegendre, Reverse, RightRiemann
from xsbert.attribution.quadrature.rule import Question
from xsbert.models import HiddenStates, PaddingReference
from xsbert.models.splitting.hooks import passed_over

A, B = "The coffee is bad.", "This is not a good coffee."
FAST = HiddenStates(layer=-1, quadrature=GaussLegendre(4))


def state(model):
    """All that an explanation could leave behind."""
    return {
        "hooks": [
            (name, len(m._forward_hooks), len(m._forward_pre_hooks), len(m._backward_hooks), "forward" in vars(m))
            for name, m in model.named_modules()
        ],
        "training": [module.training for module in model.modules()],
        "dtype": [(p.dtype, p.data_ptr(), p._version, p.requires_grad) for p in model.parameters()],
        "attention": model.transformers_model.config._attn_implementation,
        "gradients": [p.grad is None for p in model.parameters()],
    }


def test_a_wrapped_model_shares_all_with_the_original(minilm_folder):
    plain = SentenceTransformer(minilm_folder, prompts={"query": "find: "}, similarity_fn_name="dot")
    model = XSTransformer.wrap(plain)
    assert isinstance(model, SentenceTransformer)
    assert [p.data_ptr() for p in model.parameters()] == [p.data_ptr() for p in plain.parameters()]
    assert model.prompts["query"] == "find: "
    assert model.similarity_fn_name == "dot"
    np.testing.assert_array_equal(model.encode([A, B]), plain.encode([A, B]))
    assert model.explain(A, B, method=FAST).similarity == "dot"


def test_the_hosts_older_load(tiny_folders):
    model = XSTransformer.load(str(tiny_folders["mpnet_cos"]))
    assert isinstance(model, XSTransformer)
    assert model.explain(A, B, method=FAST).is_exact


def test_wrapping_something_else_is_refused():
    with pytest.raises(TypeError, match="got a Linear; expected a SentenceTransformer"):
        XSTransformer.wrap(torch.nn.Linear(1, 1))


def test_encode_and_similarity_are_the_plain_models(minilm, minilm_folder):
    plain = SentenceTransformer(minilm_folder)
    np.testing.assert_array_equal(minilm.encode([A, B]), plain.encode([A, B]))
    torch.testing.assert_close(minilm.similarity(minilm.encode(A), minilm.encode(B)),
                               plain.similarity(plain.encode(A), plain.encode(B)))  # fmt: skip


@pytest.mark.parametrize("name", ["minilm", "mpnet_shelf", "mpnet_cos", "droberta_cos"])
def test_saving_and_loading_keep_embeddings_and_attributions(encoders, tmp_path, name):
    model = encoders[name]
    model.save(str(tmp_path))
    loaded = XSTransformer(str(tmp_path))
    np.testing.assert_array_equal(loaded.encode([A, B]), model.encode([A, B]))
    np.testing.assert_allclose(
        loaded.explain(A, B, method=FAST).matrix, model.explain(A, B, method=FAST).matrix, atol=1e-6
    )
    assert type(loaded[0]) is type(model[0])


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", ["minilm", "mpnet_cos", "droberta_shelf"])
def test_nothing_is_left_behind(encoders, name, training):
    model = XSTransformer.wrap(encoders[name])
    model.train(training)
    before = state(model)
    x = model.explain(A, B, method=HiddenStates(layer=0, quadrature=GaussLegendre(2)))
    assert state(model) == before
    model.eval()
    assert model.explain(A, B, method=HiddenStates(layer=0, quadrature=GaussLegendre(2))) == x


class _Failing:
    """A rule that fails at a given place of the explanation."""

    def plan(self, start, end):
        yield Question([0.5], torch.tensor([0.5], dtype=torch.float64), double=True)
        raise RuntimeError("on purpose")


def test_nothing_is_left_behind_by_an_exception(minilm):
    before = state(minilm)
    with pytest.raises(RuntimeError, match="on purpose"):
        minilm.explain(A, B, method=HiddenStates(quadrature=_Failing()))
    assert state(minilm) == before


def test_nothing_is_left_behind_by_an_interrupt(minilm, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    before = state(minilm)
    monkeypatch.setattr("torch.nn.functional.linear", interrupt)
    with pytest.raises(KeyboardInterrupt):
        minilm.explain(A, B)
    monkeypatch.undo()
    assert state(minilm) == before
    assert minilm.explain(A, B, method=FAST).score == pytest.approx(0.7915, abs=1e-4)


def test_modules_by_hand(minilm):
    """Pooling, a Dense with a bend, and no normalisation: the model as it is."""
    torch.manual_seed(0)
    dense = Dense(384, 16)
    model = XSTransformer(modules=[minilm[0], Pooling(384, pooling_mode="cls"), dense], device="cpu")
    x = model.explain(A, B, method=HiddenStates(layer=-1, quadrature=Adaptive(1e-4)), similarity="dot")
    a, b = model.encode([A, B])
    assert x.score == pytest.approx(float(a @ b), rel=1e-5)
    assert max(x.errors) <= 1e-4


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_truncated_dimensions(minilm, normalize, similarity):
    modules = [minilm[0], minilm[1], *([Normalize()] if normalize else [])]
    model = XSTransformer(modules=modules, device="cpu", truncate_dim=64, similarity_fn_name=similarity)
    x = model.explain(A, B, method=HiddenStates(layer=-1, quadrature=Adaptive(1e-4)))
    assert x.score == pytest.approx(float(model.similarity(*model.encode([A, B]))), rel=1e-5)
    assert x.error <= 1e-3


def test_a_default_prompt_is_part_of_the_input_and_not_of_the_text(minilm_folder):
    model = XSTransformer(minilm_folder, prompts={"q": "Represent: "}, default_prompt_name="q")
    x = model.explain(A, B, method=FAST)
    assert x.score == pytest.approx(float(model.similarity(*model.encode([A, B]))), abs=1e-5)
    inside = [token for token, offset in zip(x.tokens_a, x.offsets_a, strict=True) if offset]
    assert inside == ["The", "coffee", "is", "bad", "."]
    assert all(A[slice(*offset)] == token for token, offset in zip(inside, filter(None, x.offsets_a), strict=True))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_half_precision_model_is_attributed_in_float32(minilm, minilm_folder, dtype):
    model = XSTransformer(minilm_folder, model_kwargs={"dtype": dtype})
    before = state(model)
    x = model.explain(A, B, method=HiddenStates(quadrature=GaussLegendre(8)))
    assert state(model) == before
    assert x.matrix.dtype == np.float32
    exact = minilm.explain(A, B, method=HiddenStates(quadrature=GaussLegendre(8)))
    assert np.abs(x.matrix - exact.matrix).max() < 0.02 * np.abs(exact.matrix).max()
    assert max(x.errors) < 1e-2


def test_a_float64_model_is_attributed_in_float64(minilm_folder, minilm):
    model = XSTransformer(minilm_folder, model_kwargs={"dtype": torch.float64})
    x = model.explain(A, B, method=HiddenStates(quadrature=GaussLegendre(16)))
    assert x.matrix.dtype == np.float64
    np.testing.assert_allclose(
        x.matrix, minilm.explain(A, B, method=HiddenStates(quadrature=GaussLegendre(16))).matrix, atol=1e-5
    )


@pytest.mark.parametrize(
    "context", [torch.inference_mode, torch.no_grad, lambda: torch.autocast("cpu", torch.bfloat16)]
)
def test_the_callers_contexts_change_nothing(minilm, context):
    expected = minilm.explain(A, B, method=FAST)
    with context():
        np.testing.assert_allclose(minilm.explain(A, B, method=FAST).matrix, expected.matrix, atol=1e-6)


def test_a_model_loaded_in_inference_mode(minilm_folder, minilm):
    with torch.inference_mode():
        model = XSTransformer(minilm_folder)
    np.testing.assert_allclose(
        model.explain(A, B, method=FAST).matrix, minilm.explain(A, B, method=FAST).matrix, atol=1e-6
    )


def test_two_threads_get_what_one_gets(minilm):
    texts = ["The coffee is bad.", "Tea, please.", "A dog runs.", "Nobody knows why."]
    expected = {text: minilm.explain(text, B, method=HiddenStates(layer=2)) for text in texts}
    embeddings = minilm.encode(texts)
    got, encoded = {}, []

    def explain(some):
        for text in some:
            got[text] = minilm.explain(text, B, method=HiddenStates(layer=2))

    threads = [threading.Thread(target=explain, args=(texts[i::2],)) for i in range(2)]
    threads.append(threading.Thread(target=lambda: encoded.extend(minilm.encode(texts) for _ in range(5))))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for text in texts:
        np.testing.assert_allclose(got[text].matrix, expected[text].matrix, atol=1e-6)
    assert len(encoded) == 5
    for embedding in encoded:
        np.testing.assert_allclose(embedding, embeddings, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("minilm", ""),
        ("minilm", "   "),
        ("minilm", "\n"),
        ("mpnet_cos", ""),
        ("mpnet_cos", " \t"),
        ("droberta_cos", ""),
    ],
)
def test_an_empty_text_works(encoders, name, text):
    model = encoders[name]
    x = model.explain(text, B)
    assert np.isfinite(x.matrix).all()
    assert not x.matrix[:2].any()
    assert x.score == pytest.approx(float(model.similarity(*model.encode([text, B]))), abs=1e-5)
    if name.endswith("_cos"):
        assert x.score == 0
        assert x.explained == 0
        assert x.is_exact
    both = model.explain("", "")
    assert np.isfinite(both.score)
    assert both.error == pytest.approx(0, abs=1e-6)


def test_a_text_over_the_maximum_is_cut_as_encode_cuts_it(minilm):
    long = "coffee " * 300
    with pytest.warns(UserWarning, match=r"longer than the model takes and was cut to 256 tokens"):
        x = minilm.explain(long, "tea", method=HiddenStates(layer=-1, quadrature=RightRiemann(1)))
    assert x.truncated == (True, False)
    assert x.matrix.shape[0] == 256
    assert x.score == pytest.approx(float(minilm.similarity(*minilm.encode([long, "tea"]))), abs=1e-5)


def test_giving_up_is_said_and_carried(minilm):
    with pytest.warns(
        UserWarning, match=r"gave up on 'The coffee is bad\.' at layer 0, 10 nodes: the relative error of law 1 is"
    ):
        x = minilm.explain(A, A, method=HiddenStates(layer=0, quadrature=Adaptive(1e-6, max_nodes=10)))
    assert x.errors[0] > 1e-6
    assert x.nodes[0] <= 10


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((3, B), {}, TypeError, r"got 3 \(int\); expected a string"),
        ((None, B), {}, TypeError, "expected a string"),
        (([], B), {}, TypeError, r"got \[\] \(list\); expected a string"),
        (([A], B), {}, TypeError, "For many texts use"),
        (("\ud83d", B), {}, ValueError, "half a surrogate pair"),
        ((A, B), {"similarity": "euclidean"}, ValueError, "expected 'cosine' or 'dot'"),
        ((A, B), {"similarity": "cos"}, ValueError, "similarity got 'cos'"),
    ],
    ids=str,
)
def test_bad_input_is_refused_and_leaves_nothing(minilm, arguments, options, error, message):
    before = state(minilm)
    with pytest.raises(error, match=message):
        minilm.explain(*arguments, **options)
    assert state(minilm) == before


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"layer": 6}, ValueError, r"layer got 6; this encoder has 6 layers: expected 0"),
        ({"layer": -7}, ValueError, "layer got -7"),
        ({"layer": 1.0}, TypeError, "expected a whole number"),
        ({"quadrature": "gauss"}, TypeError, r"quadrature got 'gauss'; expected a rule"),
        ({"quadrature": 50}, TypeError, "expected a rule"),
        ({"quadrature": Adaptive}, TypeError, "expected a rule"),
        ({"reference": PaddingReference}, TypeError, "expected a reference"),
        ({"mode": None}, TypeError, "expected a mode"),
        ({"mode": Reverse}, TypeError, "expected a mode"),
        ({"reference": "pad"}, TypeError, "expected a reference"),
    ],
    ids=str,
)
def test_bad_settings_of_a_method_are_refused_and_leave_nothing(minilm, settings, error, message):
    before = state(minilm)
    with pytest.raises(error, match=message):
        minilm.explain(A, B, method=HiddenStates(**settings))
    assert state(minilm) == before


@pytest.mark.parametrize("name", ["explain", "explain_pairs", "explain_ranking", "token_vectors"])
def test_options_of_another_name_are_refused(minilm, name):
    call = getattr(minilm, name)
    arguments = {"explain": (A, B), "explain_pairs": ([(A, B)],), "explain_ranking": (A, [B])}.get(name, ([A],))
    with pytest.raises(TypeError, match=rf"{name} got layer=-1; expected it within the method: .*HiddenStates\(layer="):
        call(*arguments, layer=-1)
    with pytest.raises(TypeError, match=f"{name} got an unexpected option 'products'; expected some of method, "):
        call(*arguments, products=None)
    with pytest.raises(TypeError, match=r"method got <class .*expected a method, such as Presence\(\)"):
        call(*arguments, method=HiddenStates)


def test_layers_that_are_not_passed_over_run_in_float64_too(minilm):
    """As where a layer gives more than hidden states, which those behind it need."""
    from xsbert.models.inputs.text import read
    from xsbert.models.splitting.split import Split

    text, split = read(minilm, A), Split(list(minilm), 4)
    hidden, texts = split.hidden_states(text.features), torch.zeros(1, dtype=torch.long)
    tail = split.tail(text.features)
    expected = tail(hidden, texts)
    split._passed = 0
    torch.testing.assert_close(tail(hidden, texts), expected)
    double = tail(hidden.double(), texts)
    assert double.dtype == torch.float64
    torch.testing.assert_close(double.float(), expected, rtol=1e-4, atol=1e-5)


def test_an_encoder_that_cannot_be_split_is_refused(minilm, monkeypatch):
    """Layers that know their depth, or share more than hidden states, would be explained wrongly."""
    from xsbert.models.splitting import split

    monkeypatch.setattr(split, "passed_over", lambda layers, outputs: contextlib.nullcontext())
    assert minilm.explain(A, B, method=FAST).score == pytest.approx(0.7915, abs=1e-4)
    monkeypatch.setattr(split, "replaced_input", lambda layer, hidden: contextlib.nullcontext())
    monkeypatch.setattr(split, "passed_over", lambda layers, outputs: passed_over(layers, outputs))
    before = state(minilm)
    with pytest.raises(ValueError, match=r"BertModel can't be split at layer 5: .*expected layers that hand on"):
        minilm.explain(A, B, method=FAST)
    assert state(minilm) == before


def test_a_similarity_with_no_form_is_refused(minilm_folder):
    model = XSTransformer(minilm_folder, similarity_fn_name="manhattan")
    with pytest.raises(ValueError, match="similarity got 'manhattan'; expected 'cosine' or 'dot'"):
        model.explain(A, B)
    assert model.explain(A, B, similarity="cosine", method=FAST).score == pytest.approx(0.7915, abs=1e-4)


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"has none of modules\.json, .*expected a saved model"):
        XSTransformer(str(tmp_path))
    for name in (str(tmp_path / "none"), "./none", "some/where/else", __file__):
        with pytest.raises(ValueError, match="is no folder; expected a saved model"):
            XSTransformer(name)
    with pytest.raises(TypeError, match=r"got 3 \(int\); expected a name on the hub or a folder"):
        XSTransformer(3)


def test_many_texts_and_pairs(minilm, capfd):
    texts = [A, B, A]
    vectors = minilm.token_vectors(texts, show_progress_bar=True, method=FAST)
    assert vectors[0] is vectors[2]
    assert [v.text for v in vectors] == texts
    assert "Texts" in capfd.readouterr().err
    xs = minilm.explain_pairs([(A, B), (B, B), (A, B)], method=FAST)
    assert capfd.readouterr().err == ""
    assert [x.text_b for x in xs] == [B, B, B]
    assert xs[0] == xs[2] == minilm.explain(A, B, method=FAST)


@pytest.mark.parametrize(
    ("texts", "error", "message"),
    [
        ("one", TypeError, "expected a list of strings"),
        ([], ValueError, "empty list"),
        ([A, 3], TypeError, "expected a string"),
        (7, TypeError, "expected a list of strings"),
    ],
)
def test_bad_texts_are_refused(minilm, texts, error, message):
    with pytest.raises(error, match=message):
        minilm.token_vectors(texts)


@pytest.mark.parametrize("pairs", [[], "ab", None, 3, ["ab"], [(A, B, A)], [(A,)]])
def test_bad_pairs_are_refused(minilm, pairs):
    with pytest.raises((TypeError, ValueError), match=r"expected a list of \(text_a, text_b\)|empty list"):
        minilm.explain_pairs(pairs)


def test_pairs_may_come_one_by_one(minilm):
    assert [x.text_a for x in minilm.explain_pairs(zip([A, B], [B, B], strict=True), method=FAST)] == [A, B]


def test_a_ranking_is_in_order_of_similarity(minilm):
    documents = ["Stocks fell today.", "An awful espresso.", "The coffee is bad."]
    ranking = minilm.explain_ranking("Bad coffee", documents, method=FAST)
    assert [x.text_b for x in ranking] == [documents[2], documents[1], documents[0]]
    assert [x.score for x in ranking] == sorted((x.score for x in ranking), reverse=True)


def test_the_reference_keeps_special_tokens_and_pads_the_rest(minilm):
    from xsbert.models.inputs.batches import batched
    from xsbert.models.inputs.text import read
    from xsbert.models.splitting.split import Split

    seen = []

    class Watched(Split):
        def hidden_states(self, features):
            seen.append(features["input_ids"])
            return super().hidden_states(features)

    text = read(minilm, "Coffee [SEP] 🦄")
    PaddingReference().hidden_states(Watched(list(minilm), 0), batched([text]), minilm.tokenizer)
    pad, cls, sep = (minilm.tokenizer.convert_tokens_to_ids(t) for t in ("[PAD]", "[CLS]", "[SEP]"))
    # A [SEP] or an unknown token in the text is text.
    assert seen[0].tolist() == [[cls, pad, pad, pad, sep]]


@pytest.mark.parametrize("mode", [Forward(), Reverse()], ids=repr)
def test_a_model_that_was_loaded_in_inference_mode_is_explained_in_every_mode(minilm, minilm_folder, mode):
    with torch.inference_mode():
        model = XSTransformer(minilm_folder, device="cpu")
        for module in model.modules():
            for name, weight in module.named_parameters(recurse=False):
                setattr(module, name, torch.nn.Parameter(weight.clone()))
    assert next(model.parameters()).is_inference()
    rule = GaussLegendre(4)
    found = model.explain(A, B, method=HiddenStates(layer=-1, quadrature=rule, mode=mode))
    np.testing.assert_allclose(
        found.matrix, minilm.explain(A, B, method=HiddenStates(layer=-1, quadrature=rule)).matrix, atol=1e-5
    )
    model.init_attribution_to_layer(5, 2)
    assert model.explain_similarity(A, B, verbose=False)[0].shape == found.matrix.shape


def test_a_users_hooks_stay_on_the_model_and_out_of_explanations(minilm_folder):
    model, calls = XSTransformer(minilm_folder, device="cpu"), []
    layer = model[0].auto_model.encoder.layer[-1]
    handles = [
        layer.register_forward_hook(lambda *_: calls.append("after")),
        layer.register_forward_pre_hook(lambda *_: calls.append("before")),
        model[0].register_forward_hook(lambda *_, **__: calls.append("kwargs"), with_kwargs=True),
    ]
    model.explain(A, B, method=FAST)
    assert calls == []
    model.encode(A)
    assert calls == ["before", "after", "kwargs"]
    for handle in handles:
        handle.remove()


def test_hooks_that_a_model_computes_with_stay_in(minilm_folder, minilm):
    """As weight normalisation's: they are the hosts' own."""
    model = XSTransformer(minilm_folder, device="cpu")

    def doubled(module, args, output):
        return output * 2

    doubled.__module__ = "torch.nn.utils.some_norm"
    model[0].auto_model.encoder.layer[-1].output.dense.register_forward_hook(doubled)
    assert model.explain(A, B, method=FAST).score == pytest.approx(
        float(model.similarity(*model.encode([A, B]))), abs=1e-5
    )
    assert abs(model.explain(A, B, method=FAST).score - minilm.explain(A, B, method=FAST).score) > 1e-4
