"""Words taken away for real: of any model of sentence-transformers, whatever it computes with."""

import re

import numpy as np
import onnxruntime
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import InputModule, Normalize
from sentence_transformers.sentence_transformer.modules import BoW, Pooling, StaticEmbedding
from torch import nn

from xsbert import Attribution, TokenVectors, XSFunction, XSTransformer, contrast
from xsbert.attribution.pair import attribute
from xsbert.evaluation.methods.matrices import Words
from xsbert.models import HiddenStates, Presence, Removal
from xsbert.models.removal.encodings import Encodings
from xsbert.models.removal.sources import OfModel
from xsbert.plot import page
from xsbert.results.parts.words import group

A, B = "The coffee is bad.", "This is not a good coffee."
LONG = "A man is playing the guitar on stage while the crowd cheers loudly. The band stops. Everyone goes home, tired."
TOKENS = 24
"""All texts are padded to so many for ONNX: what is exported keeps the length that it was traced with."""


def values_of(text, encode):
    """Each word's exact Shapley value in the game of the embedding, `(W, D)`, from all of its sub-texts."""
    words = Words(text, tuple(each.offset for each in group(text, [(i, i + 1) for i in range(len(text))])))
    count, values = len(words), 0.0
    f = {}
    for number in range(2**count):
        kept = tuple(number >> i & 1 for i in range(count))
        f[kept] = encode(words.kept(kept)) if number else 0.0
    values = [0.0] * count
    for kept, value in f.items():
        size = sum(kept)
        for i in range(count):
            others = size - kept[i]
            weight = 1 / (count * len(list(_choices(count - 1, others))))
            values[i] = values[i] + (weight if kept[i] else -weight) * value
    return np.array(values)


def _choices(n, k):
    from itertools import combinations

    return combinations(range(n), k)


def test_short_texts_have_exact_values(minilm):
    x = minilm.explain(A, B, method=Removal())
    memory = {}

    def unit(text):
        if text not in memory:
            memory[text] = minilm.encode(text, normalize_embeddings=True).astype(float)
        return memory[text]

    expected = values_of(A, unit) @ values_of(B, unit).T
    np.testing.assert_allclose(x.matrix, expected, atol=1e-5)
    assert x.standard_errors is None
    assert x.nodes == (31, 127)
    assert x.quadrature == "all 31 sub-texts and all 127 sub-texts"
    assert x.tokens_a == ("The", "coffee", "is", "bad", ".")
    assert x.is_exact
    assert x.score == pytest.approx(float(minilm.similarity(*minilm.encode([A, B]))), abs=1e-6)
    assert x.matrix.sum() == pytest.approx(x.score, abs=1e-5)


def test_long_texts_are_sampled_and_say_how_sure_they_are(minilm):
    text = LONG[:67]
    few, more = (minilm.explain(text, B, method=Removal(samples)) for samples in (80, 320))
    for x in (few, more):
        assert x.matrix.sum() == pytest.approx(x.score, abs=1e-5)
        assert x.standard_errors.shape == x.matrix.shape
    assert few.nodes[0] <= 80 < more.nodes[0] <= 320
    assert more.standard_errors.mean() < 0.7 * few.standard_errors.mean()
    apart = np.abs(few.matrix - more.matrix) / np.hypot(few.standard_errors, more.standard_errors).clip(1e-9)
    assert 0.1 < np.median(apart) < 2
    assert minilm.explain(text, B, method=Removal(80)) == few
    other = minilm.explain(text, B, method=Removal(80, seed=1))
    assert np.abs(other.matrix - few.matrix).max() > 1e-3


def test_errors_of_cells_are_what_other_seeds_miss_by():
    """Over seeds, the cells spread as the standard errors say; so they do for a text beside itself."""

    def curved(texts):
        sums = [sum(np.sin(np.arange(1, 9) * sum(map(ord, word))) for word in text.split()) for text in texts]
        return np.tanh(np.array(sums)) + 0.2

    model, first, second = (
        XSFunction(curved),
        "one two three four five six seven eight nine",
        "ten six five four three two",
    )
    for texts in ((first, f"{second} {first[:20]}"), (first, first)):
        drawn = [model.explain(*texts, method=Removal(60, seed)) for seed in range(40)]
        spread = np.var([x.matrix for x in drawn], axis=0, ddof=1).mean()
        said = np.mean([x.standard_errors.astype(float) ** 2 for x in drawn])
        assert 0.7 < said / spread < 1.4
    # Beside itself a word's vector misses both factors at once: its own cells spread twice as much as two draws' would.
    own = [np.var([x.matrix[i, i] for x in drawn], ddof=1) for i in range(len(drawn[0].matrix))]
    said = [np.mean([x.standard_errors[i, i].astype(float) ** 2 for x in drawn]) for i in range(len(own))]
    assert 0.75 < np.sum(said) / np.sum(own) < 1.33


def test_the_rest_may_stand_by_itself(minilm):
    shared, apart = (minilm.explain(A, B, method=Removal(shared=each)) for each in (True, False))
    nothing = minilm.encode("", normalize_embeddings=True).astype(float)
    embeddings = minilm.encode([A, B], normalize_embeddings=True).astype(float)
    expected = (nothing @ embeddings[1], embeddings[0] @ nothing, nothing @ nothing)
    assert apart.reference_terms == pytest.approx(expected, abs=1e-5)
    assert apart.error < 1e-5
    assert not apart.is_exact
    assert apart.compared_with == "the texts without their words"
    assert shared.reference_terms == (0, 0, 0)


def test_the_words_are_those_of_presence(minilm):
    for text in (A, B, "Café-au-lait, 3.50 €!", "It's 5 o'clock."):
        presence, removal = (minilm.explain(text, A, method=method) for method in (Presence(layer=-1), Removal(20)))
        assert removal.tokens_a == presence.trimmed().words().tokens_a


def test_what_a_model_cuts_is_no_player(minilm):
    short = XSTransformer.wrap(minilm)
    short.max_seq_length = 8
    try:
        with pytest.warns(UserWarning, match="was cut to 8 tokens"):
            x = short.explain(LONG, A, method=Removal(63))
        assert x.truncated == (True, False)
        assert x.tokens_a == ("A", "man", "is", "playing", "the", "guitar")
        assert x.score == pytest.approx(float(short.similarity(*short.encode([LONG, A]))), abs=1e-6)
        read = short.explain("A man is playing the guitar", A, method=Removal(63))
        np.testing.assert_allclose(x.matrix, read.matrix, atol=1e-5)  # nothing behind moves up in a sub-text
    finally:
        short.max_seq_length = 256


def test_prompts_are_always_there(minilm):
    x = minilm.explain(A, B, method=Removal(), prompt=("query: ", None))
    f = minilm.encode([A], prompt="query: "), minilm.encode([B])
    assert x.score == pytest.approx(float(minilm.similarity(*f)), abs=1e-6)
    assert x.prompts == ("query: ", "")
    assert len(x.tokens_a) == 5


def test_a_text_without_words_is_there_as_a_whole(minilm):
    x = minilm.explain("", A, method=Removal())
    assert x.tokens_a == ("␣",)
    assert x.matrix.sum() == pytest.approx(x.score, abs=1e-6)


@pytest.mark.parametrize(
    "method", [Removal(units="sentences"), Presence(units="sentences")], ids=["removal", "presence"]
)
def test_sentences_come_and_go_as_one(minilm, method):
    x = minilm.explain(LONG, B, method=method)
    inside = [token for token, offset in zip(x.tokens_a, x.offsets_a, strict=True) if offset]
    assert inside == [LONG[:67], "The band stops.", "Everyone goes home, tired."]
    assert x.matrix.sum() == pytest.approx(x.score, abs=2e-3)
    assert "units='sentences'" in x.method


def test_by_presence_a_unit_is_the_sum_of_its_tokens(minilm):
    tokens = minilm.explain(LONG, B, method=Presence(layer=-1, shared=False))
    x = minilm.explain(LONG, B, method=Presence(layer=-1, shared=False, units="words"))
    np.testing.assert_allclose(x.matrix, tokens.words().matrix, atol=1e-6)
    shared = minilm.token_vectors([LONG], method=Presence(layer=-1, units="sentences"))[0]
    alone = minilm.token_vectors([LONG], method=Presence(layer=-1, shared=False, units="sentences"))[0]
    shares = shared.vectors - alone.vectors
    np.testing.assert_allclose(shares[1:-1], np.tile(alone.reference_embedding / 3, (3, 1)), atol=1e-6)
    assert not shares[[0, -1]].any()


def test_units_of_texts_of_one_length_are_each_text_s_own(minilm):
    """Texts of a batch have other units, and other numbers of them; a tangent for each, not for each token."""
    texts = ["Tea. I like it hot.", "Tea is good. So.", "Tea and coffee again now."]
    method = Presence(layer=-1, units="sentences")
    assert len({len(minilm.tokenizer(text)["input_ids"]) for text in texts[1:]}) == 1
    together = minilm.token_vectors(texts, method=method)
    for text, found in zip(texts, together, strict=True):
        tokens = minilm.token_vectors([text], method=Presence(layer=-1, shared=False))[0]
        spans = [offset for offset in found.offsets if offset]
        expected = tokens.grouped(spans).vectors.copy()
        expected[1:-1] += tokens.reference_embedding / len(spans)
        np.testing.assert_allclose(found.vectors, expected, atol=2e-5)
    assert [len(found.tokens) - 2 for found in together] == [2, 2, 1]


def test_spans_of_the_callers_are_units(minilm):
    def halves(text):
        return [match.span() for match in re.finditer(r"[^,\s][^,]*", text)]

    x = minilm.explain("good coffee here, bad tea there", A, method=Removal(units=halves))
    assert x.tokens_a == ("good coffee here", ",", "bad tea there")
    assert "halves" in x.method
    with pytest.raises(ValueError, match=r"units\[0\] got \(0, 99\)"):
        minilm.explain(A, B, method=Removal(units=lambda text: [(0, 99)]))


class OnnxTransformer(InputModule):
    """A transformer as ONNX Runtime runs it: no weights and no gradients that PyTorch knows of."""

    def __init__(self, path, inner):
        super().__init__()
        self.session = onnxruntime.InferenceSession(str(path))
        self.tokenizer, self.inner = inner.tokenizer, [inner]  # in a list, which modules are not looked for in

    def preprocess(self, inputs, prompt=None, **kwargs):
        return self.inner[0].preprocess(inputs, prompt=prompt, **kwargs)

    def forward(self, features, **kwargs):
        ids, mask = (nn.functional.pad(features[name], (0, TOKENS)) for name in ("input_ids", "attention_mask"))
        given = {"ids": ids[:, :TOKENS].numpy(), "mask": mask[:, :TOKENS].numpy()}
        hidden = torch.from_numpy(self.session.run(None, given)[0])
        return features | {"token_embeddings": hidden[:, : features["input_ids"].shape[1]]}

    def save(self, *args, **kwargs):
        raise NotImplementedError


class States(nn.Module):
    """What is exported: ids and mask to hidden states."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, ids, mask):
        return self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state


@pytest.mark.filterwarnings("ignore")
def test_a_model_in_onnx_is_explained(minilm_folder, minilm, tmp_path):
    """Presence refuses it and names the remedy, which gives what it gives for the same model in PyTorch."""
    host = SentenceTransformer(minilm_folder, device="cpu")
    states = States(host[0].auto_model).eval()
    ids = torch.ones(2, TOKENS, dtype=torch.long)
    sizes = {name: {0: "texts"} for name in ("ids", "mask", "hidden")}
    names = {"input_names": ["ids", "mask"], "output_names": ["hidden"], "dynamic_axes": sizes}
    torch.onnx.export(states, (ids, ids), str(tmp_path / "m.onnx"), dynamo=False, opset_version=17, **names)
    modules = [OnnxTransformer(tmp_path / "m.onnx", host[0]), Pooling(384), Normalize()]
    model = XSTransformer.wrap(SentenceTransformer(modules=modules, device="cpu"))
    for method in (Presence(), HiddenStates()):
        with pytest.raises(ValueError, match=r"Use Removal\(\)"):
            model.explain(A, B, method=method)
    x = model.explain(A, B, method=Removal())
    np.testing.assert_allclose(x.matrix, minilm.explain(A, B, method=Removal()).matrix, atol=1e-4)
    assert x.model == "OnnxTransformer"
    ranking = model.explain_ranking(A, [B, "Tea is fine."], method=Removal())
    assert ranking.positions == (0, 1)


@pytest.mark.parametrize("behind", [[], [Normalize()]], ids=["mean", "normalised"])
@pytest.mark.parametrize("units", ["words", "sentences"])
def test_a_mean_of_static_embeddings_is_explained_in_closed_form(tiny, behind, units, monkeypatch):
    torch.manual_seed(0)
    static = StaticEmbedding(tiny["mpnet_shelf"].tokenizer, embedding_dim=16)
    model = XSTransformer(modules=[static, *behind], device="cpu")
    text = "The kittens are unbelievably fast. Dogs run."
    own = float(model.similarity(*model.encode([text, A])))
    tokens = {word: len(static.preprocess([word])["input_ids"]) for word in text.replace(".", " .").split()}
    assert max(tokens.values()) > 1
    memory = {}

    def raw(part):
        if part not in memory:
            memory[part] = static(static.preprocess([part]))["sentence_embedding"][0].detach().double().numpy()
        return memory[part]

    monkeypatch.setattr(type(model), "encode", None)
    x = model.explain(text, A, method=Removal(units=units))
    assert x.quadrature == "closed form"
    assert x.matrix.sum() == pytest.approx(own, abs=1e-5)
    assert x.score == pytest.approx(own, abs=1e-5)
    (vectors,) = model.token_vectors([text], method=Removal(units=units))
    if units == "words":
        np.testing.assert_allclose(vectors.vectors, values_of(text, raw), atol=1e-5)
    assert len(vectors.tokens) == {"words": 9, "sentences": 2}[units]


def test_a_model_without_tokens_is_explained():
    model = XSTransformer(modules=[BoW(["coffee", "bad", "good"])], device="cpu")
    x = model.explain("bad coffee", "good coffee", method=Removal())
    assert x.matrix.sum() == pytest.approx(x.score, abs=1e-6) == 0.5
    assert x.top(1)[0][:2] == ("coffee", "coffee")


def test_results_are_kept_and_shown(minilm, tmp_path):
    x = minilm.explain(LONG, B, method=Removal(120))
    x.save(tmp_path / "pair.json")
    assert Attribution.load(tmp_path / "pair.json") == x
    (vectors,) = minilm.token_vectors([LONG], method=Removal(120))
    vectors.save(tmp_path / "vectors.json")
    assert TokenVectors.load(tmp_path / "vectors.json") == vectors
    assert vectors.standard_errors.shape == (len(vectors.tokens),)
    (other,) = minilm.token_vectors([B], method=Removal(120))
    np.testing.assert_allclose(attribute(vectors, other).matrix, x.matrix, atol=1e-6)
    table = x.to_dataframe()
    assert list(table.columns)[-2:] == ["attribution", "standard_error"]
    np.testing.assert_array_equal(table["standard_error"], x.standard_errors.ravel())
    assert "standard errors of pairs" in page(x)
    merged = x.grouped([(0, 67)])
    assert merged.standard_errors[0, 0] == pytest.approx(x.standard_errors[:14, 0].sum(), rel=1e-5)
    ranking = minilm.explain_ranking(B, [LONG[:67], A], method=Removal(60))
    assert contrast(ranking[0], ranking[1]).top(3)


def test_a_collection_keeps_no_more_embeddings_than_it_may(monkeypatch):
    """What earlier texts asked is forgotten before the next are asked for, once it is too much."""
    model = XSTransformer(modules=[BoW(["coffee", "bad", "good"])], device="cpu")
    monkeypatch.setattr("xsbert.models.removal.engine.MOST_AT_HAND", 1)
    monkeypatch.setattr(OfModel, "at_once", 1)
    held, fetch = [], Encodings.fetch

    def watched(self, texts):
        held.append(len(self._at_hand))
        fetch(self, texts)

    monkeypatch.setattr(Encodings, "fetch", watched)
    model.token_vectors(["bad coffee", "good coffee now", "so good"], method=Removal())
    assert held[::2] == [0, 0, 0]  # each text's first question; the second finds what the first got
    assert min(held[1::2]) >= 3


def test_the_model_keeps_its_mode(minilm):
    minilm.train()
    try:
        first, second = (minilm.explain(A, B, method=Removal()) for _ in range(2))
        assert first == second
        assert minilm.training
        assert minilm[0].training
    finally:
        minilm.eval()


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"samples": 1}, ValueError, "samples got 1"),
        ({"samples": 2.5}, TypeError, "samples got 2.5"),
        ({"seed": -1}, ValueError, "seed got -1"),
        ({"units": "tokens"}, ValueError, "units got 'tokens'; expected 'words', 'sentences', or a function"),
        ({"units": [(0, 3)]}, TypeError, "units got"),
    ],
)
def test_bad_settings_are_refused(settings, error, message):
    with pytest.raises(error, match=message):
        Removal(**settings)
