"""A neutral reference: any model's own score, exactly, as it is."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from sentence_transformers.sentence_transformer.modules import Pooling

from xsbert import XSTransformer
from xsbert.attribution import Adaptive, GaussLegendre, Reverse
from xsbert.models import (
    HiddenStates,
    ItselfReference,
    MaskReference,
    MeanReference,
    NeutralReference,
    PaddingReference,
    ZeroReference,
)
from xsbert.models.references import neutral, neutral_store
from xsbert.models.references.weights_digest import digest_of_weights

A, B = "The coffee is bad.", "This is not a good coffee."
LONG = "She said that this is certainly not what anybody would call a good cup of coffee."
NEUTRAL = NeutralReference()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _a_cache_of_our_own(shared, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(shared))


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """A cache with nothing in it, in memory or in files: its folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(neutral_store, "_MEMORY", neutral_store.OrderedDict())
    monkeypatch.setattr(neutral, "_UNREACHED", {})
    return tmp_path / "xsbert" / "neutral"


@pytest.fixture
def searched(monkeypatch):
    """The lengths for which a zero was searched."""
    lengths, search = [], neutral.find_root

    def watched(function, start, *rest):
        lengths.append(len(start))
        return search(function, start, *rest)

    monkeypatch.setattr(neutral, "find_root", watched)
    return lengths


@pytest.fixture
def fresh(tiny_folders):
    """A tiny model that a test may change."""
    return XSTransformer(str(tiny_folders["mpnet_shelf"]), device="cpu")


def vectors(model, texts, layer=-1, reference=NEUTRAL, quadrature=GaussLegendre(2)):
    return model.token_vectors(texts, method=HiddenStates(layer=layer, reference=reference, quadrature=quadrature))


@pytest.mark.parametrize(("name", "layer"), [("minilm", -1), ("minilm", -2), ("mpnet_shelf", 2), ("mpnet_shelf", 3)])
def test_an_unmodified_model_is_exact(encoders, name, layer):
    model = encoders[name]
    x, y = model.explain_pairs([(A, B), (B, A)], method=HiddenStates(layer=layer, reference=NEUTRAL))
    own = float(model.similarity(*model.encode([A, B])))
    assert x.is_exact
    assert not model.explain(A, B, method=HiddenStates(layer=layer)).is_exact
    assert x.score == pytest.approx(own, abs=1e-5)
    assert x.explained == pytest.approx(own, abs=2e-3 * float(np.abs(x.matrix).sum()))
    np.testing.assert_allclose(y.matrix.T, x.matrix, atol=1e-6)
    assert "reference=NeutralReference()," in x.method
    for each in vectors(model, [A, B], layer):
        assert np.linalg.norm(each.reference_embedding) <= 3e-6 * np.linalg.norm(each.embedding)


def test_every_way_to_explain_takes_it(tiny):
    model, method = tiny["mpnet_shelf"], HiddenStates(-1, NEUTRAL)
    forward = model.explain(A, LONG, method=method)
    reverse = model.explain(A, LONG, method=replace(method, mode=Reverse()))
    np.testing.assert_allclose(reverse.matrix, forward.matrix, atol=1e-4)
    ranked = model.explain_ranking(A, [LONG, B], method=method)
    assert all(x.is_exact for x in (forward, reverse, *ranked))
    rounded = model.explain(A, B, matmul_dtype=torch.bfloat16, method=replace(method, quadrature=GaussLegendre(8)))
    assert rounded.is_exact
    np.testing.assert_allclose(rounded.matrix, model.explain(A, B, method=method).matrix, atol=2e-2)


def test_a_batch_gives_what_its_texts_give_alone(fresh, empty):
    texts = [A, "Some tea was good.", LONG]
    together = vectors(fresh, texts)
    neutral_store._MEMORY.clear()
    for file in empty.iterdir():
        file.unlink()
    for text, expected in zip(texts, together, strict=True):
        np.testing.assert_allclose(vectors(fresh, [text])[0].vectors, expected.vectors, atol=1e-6)


def test_each_length_is_searched_once(fresh, empty, searched):
    vectors(fresh, [A, "The bad is coffee.", LONG])
    vectors(fresh, ["Bad is the coffee."])
    assert sorted(searched) == sorted({len(text.tokens) for text in vectors(fresh, [A, LONG])})
    neutral_store._MEMORY.clear()
    vectors(fresh, [A])
    assert len(searched) == 2
    assert len(list(empty.iterdir())) == 2


def test_another_process_finds_the_same(tiny_folders, fresh, empty, monkeypatch, tmp_path):
    folder = str(tiny_folders["mpnet_shelf"])
    vectors(fresh, [A])
    code = f"""
import torch; torch.set_num_threads({torch.get_num_threads()})
from xsbert import XSSparseEncoder, XSTransformer; from xsbert.models import NeutralReference
XSTransformer({folder!r}, device="cpu").token_vectors([{A!r}], method=HiddenStates(-1, NeutralReference()))"""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    (ours,), (theirs,) = empty.iterdir(), (tmp_path / "other" / "xsbert" / "neutral").iterdir()
    assert ours.name == theirs.name
    np.testing.assert_array_equal(np.load(ours)["states"], np.load(theirs)["states"])


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no archive", None])
def test_a_damaged_file_is_written_anew(fresh, empty, searched, damage):
    vectors(fresh, [A])
    (file,) = empty.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    neutral_store._MEMORY.clear()
    vectors(fresh, [A])
    assert len(searched) == 2
    assert file.read_bytes() == whole


def test_what_is_no_zero_any_more_is_found_anew(fresh, empty, searched):
    """A file of another's making, or weights that a fused optimizer changed without a trace."""
    first = vectors(fresh, [A])[0]
    (file,) = empty.iterdir()
    with np.load(file) as found:
        np.savez(file, states=found["states"] + 0.1, scale=found["scale"])
    neutral_store._MEMORY.clear()
    assert vectors(fresh, [A])[0] == first
    assert len(searched) == 2


def test_changed_weights_have_a_reference_of_their_own(fresh, empty, searched):
    before, digest = vectors(fresh, [A])[0], digest_of_weights(fresh)
    with torch.no_grad():
        weight = fresh[0].auto_model.encoder.layer[-1].attention.attn.q.weight
        weight.mul_(2)
    assert digest_of_weights(fresh) != digest
    assert np.linalg.norm(vectors(fresh, [A])[0].reference_embedding) <= 3e-6 * np.linalg.norm(before.embedding)
    assert len(searched) == len(list(empty.iterdir())) == 2
    with torch.no_grad():
        weight.div_(2)
    assert digest_of_weights(fresh) == digest


def test_a_cache_that_can_not_be_written_costs_time_alone(fresh, empty, searched, monkeypatch):
    empty.parent.parent.joinpath("xsbert").write_text("a file where a folder should be")
    first = vectors(fresh, [A])[0]
    assert vectors(fresh, [A])[0] == first
    assert len(searched) == 1


def test_where_there_is_no_zero_it_says_so_once_and_leaves_nothing(tiny, empty, searched):
    """The embedding of one token lies on an ellipsoid, which zero is not on."""
    model = XSTransformer(modules=[tiny["mpnet_shelf"][0], Pooling(32, pooling_mode="cls")], device="cpu")
    hooks = [len(module._forward_pre_hooks) for module in model.modules()]
    said = set()
    for text in (A, "The bad is coffee.", A):
        with pytest.raises(ValueError, match=r"NeutralReference\(\) reached ‖f.* Use PaddingReference\(\)") as got:
            vectors(model, [text])
        said.add(str(got.value))
    assert len(searched) == len(said) == 1
    assert not empty.exists()
    assert hooks == [len(module._forward_pre_hooks) for module in model.modules()]


def test_what_can_be_reached_may_be_enough(tiny):
    with pytest.raises(ValueError, match=r"or what was reached: rtol=0\.\d"):
        vectors(tiny["droberta_shelf"], [A], -2)
    loose = vectors(tiny["droberta_shelf"], [A], -2, NeutralReference(rtol=0.6))[0]
    assert np.linalg.norm(loose.reference_embedding) > 1e-2 * np.linalg.norm(loose.embedding)


class WritesInPlace(torch.nn.Module):
    """Writes over what its backward pass needs."""

    def forward(self, features):
        hidden = features["token_embeddings"] * 1
        features["token_embeddings"] = hidden * hidden
        hidden += 1
        return features


def test_an_encoder_without_gradients_says_so(minilm, monkeypatch):
    model = XSTransformer(modules=[minilm[0], WritesInPlace(), minilm[1]], device="cpu")
    refused = r"NeutralReference can't be searched for\. No gradients pass through .* Use PaddingReference\(\)"
    with pytest.raises(ValueError, match=refused):
        model.explain(A, B, method=HiddenStates(layer=-1, reference=NEUTRAL))
    monkeypatch.setattr(neutral, "MOST_EQUATIONS", 5)
    with pytest.raises(ValueError, match=r"dimensions that are not zero at the start; expected at most 5"):
        model.explain(A, B, method=HiddenStates(layer=-1, reference=NEUTRAL))


@pytest.mark.parametrize("name", ["mpnet_cos", "droberta_cos"])
def test_the_start_of_an_exact_model_is_its_reference(tiny, name):
    neutral_vectors, padding = (vectors(tiny[name], [A], -2, each)[0] for each in (NEUTRAL, PaddingReference()))
    np.testing.assert_array_equal(neutral_vectors.vectors, padding.vectors)


def test_an_exact_model_has_a_reference_of_its_own(tiny, empty, searched):
    unmodified, exact = tiny["mpnet_shelf"], tiny["mpnet_cos"]  # of the same weights
    for model in (unmodified, exact, unmodified, exact):
        vectors(model, [A])
    assert len(searched) == len(list(empty.iterdir())) == 2


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_models_of_other_precisions(tiny_folders, empty, dtype):
    model = XSTransformer(str(tiny_folders["mpnet_shelf"]), device="cpu").to(dtype)
    x = model.explain(A, B, method=HiddenStates(layer=-1, reference=NEUTRAL))
    assert x.is_exact
    assert model.dtype == dtype
    (file, *_) = empty.iterdir()
    assert np.load(file)["states"].dtype == (np.float64 if dtype == torch.float64 else np.float32)


def test_special_tokens_may_stay(minilm):
    references = (NeutralReference(rtol=0.7, special=s) for s in (True, False))
    free, fixed = (vectors(minilm, [A], 0, each)[0] for each in references)
    assert np.abs(free.vectors[[0, -1]]).max() > 0
    assert not fixed.vectors[[0, -1]].any()


@pytest.mark.parametrize("start", [MaskReference(), MeanReference((A, LONG)), ItselfReference()], ids=repr)
def test_other_starts(tiny, start):
    reference = NeutralReference(start)
    x = tiny["mpnet_shelf"].explain(A, B, method=HiddenStates(layer=-1, reference=reference))
    assert x.is_exact
    assert f"reference=NeutralReference(start={start!r})," in x.method


def test_the_other_references(minilm):
    zero, mean, itself, mask = (
        vectors(minilm, [A], -1, each, Adaptive(1e-2))[0]
        for each in (ZeroReference(), MeanReference((A, LONG)), ItselfReference(), MaskReference())
    )
    assert max(zero.error, mean.error, mask.error) <= 1e-2
    assert not itself.vectors.any()
    embeddings = [each.reference_embedding for each in (zero, mean, mask)]
    assert np.linalg.matrix_rank(np.stack(embeddings)) == 3
    minilm_mask = minilm.encode("[MASK] [MASK] [MASK] [MASK] [MASK]", normalize_embeddings=True)
    assert minilm_mask @ mask.reference_embedding == pytest.approx(np.linalg.norm(mask.reference_embedding), rel=1e-5)


def test_a_mean_is_of_the_corpus_as_the_model_reads_it(minilm_folder):
    """Behind the texts' prompt, and cut at the model's length; a tokenizer may name none."""
    model = XSTransformer(minilm_folder, device="cpu", prompts={"query": "find: "})
    model.tokenizer.model_max_length, long = int(1e30), "coffee " * 300
    model.max_seq_length = 16
    method = HiddenStates(0, MeanReference((long,)), GaussLegendre(2))
    (plain,), (prompted,) = (model.token_vectors([A], prompt_name=name, method=method) for name in (None, "query"))
    model.max_seq_length = 8
    (shorter,) = model.token_vectors([A], method=method)
    for other in (prompted, shorter):
        assert not np.allclose(plain.reference_embedding, other.reference_embedding, atol=1e-3)


def test_bad_values_are_refused():
    with pytest.raises(ValueError, match=r"rtol got 0; expected a number between 0 and 1"):
        NeutralReference(rtol=0)
    with pytest.raises(TypeError, match=r"start got 'padding'; expected a reference, such as PaddingReference\(\)"):
        NeutralReference("padding")
    with pytest.raises(TypeError, match="corpus got a list; expected a tuple of strings"):
        MeanReference([A])
    with pytest.raises(ValueError, match="corpus got an empty tuple"):
        MeanReference(())
    assert repr(NeutralReference(rtol=1e-3, special=False)) == "NeutralReference(rtol=0.001, special=False)"


def test_a_corpus_is_named_in_short():
    mean, other = MeanReference((A, LONG)), MeanReference((LONG, A))
    assert repr(mean).startswith("MeanReference(2 texts, ")
    assert repr(mean) == repr(MeanReference((A, LONG))) != repr(other)
    assert len(repr(mean)) < 40
