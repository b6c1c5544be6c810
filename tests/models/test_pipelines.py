"""Whatever stands after the encoder is explained as it is: every pooling, and modules in any order."""

import numpy as np
import pytest
import torch
from sentence_transformers.base.modules import Dense, Normalize
from sentence_transformers.sentence_transformer.modules import Dropout, LayerNorm, Pooling, WordWeights
from torch import nn

from xsbert import XSTransformer
from xsbert.attribution import Adaptive
from xsbert.models import HiddenStates, MaskReference, PaddingReference

A, B = "The dog runs after the kitten in the yard.", "Outside in the garden the cat is chased by the dog."
SIZE = 32
MODES = Pooling.POOLING_MODES
POOLINGS = [*MODES, ("cls", "max"), ("mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")]


def dense(size=SIZE, out=12, **options):
    torch.manual_seed(1)
    return Dense(size, out, **options)


def norm(size=SIZE):
    torch.manual_seed(2)
    module = LayerNorm(size)
    nn.init.normal_(module.norm.weight)
    return module


BEHIND = {
    "normalize": [Normalize()],
    "normalize twice": [Normalize(), Normalize()],
    "dense": [dense()],
    "dense without bias, linear": [dense(bias=False, activation_function=nn.Identity())],
    "dense, normalize": [dense(), Normalize()],
    "normalize, dense": [Normalize(), dense()],
    "normalize, dense, normalize": [Normalize(), dense(), Normalize()],
    "layer norm": [norm()],
    "layer norm, dense, dropout, normalize": [norm(), dense(), Dropout(0.5), Normalize()],
    "dropout, dense, layer norm": [Dropout(0.5), dense(), norm(12)],
}


def check(model, reference=PaddingReference(), **options):
    """Both laws, and the model's own score."""
    for layer in (0, -1):
        x = model.explain(A, B, method=HiddenStates(layer, reference, Adaptive(1e-2)), **options)
        assert max(x.errors) <= 1e-2
        assert x.error <= 4e-2 * sum(map(abs, (x.score, *x.reference_terms)))
        own = model.encode([A, B], **({"truncate_dim": model.truncate_dim} if model.truncate_dim else {}))
        if x.similarity == "cosine":
            own = own / np.linalg.norm(own, axis=1, keepdims=True)
        assert x.score == pytest.approx(float(own[0] @ own[1]), abs=1e-5 * max(1, abs(x.score)))
    return x


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
@pytest.mark.parametrize("mode", POOLINGS, ids=str)
def test_every_pooling(tiny, mode, similarity):
    model = XSTransformer(modules=[tiny["mpnet_shelf"][0], Pooling(SIZE, mode)], device="cpu")
    check(model, similarity=similarity)


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
@pytest.mark.parametrize("behind", BEHIND)
def test_every_order_of_modules(tiny, behind, similarity):
    modules = [tiny["mpnet_shelf"][0], Pooling(SIZE, "mean"), *BEHIND[behind]]
    model = XSTransformer(modules=modules, device="cpu", similarity_fn_name=similarity)
    x = check(model)
    assert x.score == pytest.approx(float(model.similarity(*model.encode([A, B]))), abs=1e-5 * max(1, abs(x.score)))


@pytest.mark.parametrize("dimensions", [1, 5, 12])
@pytest.mark.parametrize("behind", ["dense", "dense, normalize"])
def test_truncated_embeddings(tiny, behind, dimensions):
    modules = [tiny["mpnet_shelf"][0], Pooling(SIZE, "mean"), *BEHIND[behind]]
    model = XSTransformer(modules=modules, device="cpu", truncate_dim=dimensions)
    assert model.token_vectors([A])[0].vectors.shape[1] == dimensions
    for similarity in ("cosine", "dot"):
        check(model, similarity=similarity)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_weights_of_any_dtype_are_left_as_they_are(tiny_folders, dtype):
    model = XSTransformer(str(tiny_folders["mpnet_shelf"]), device="cpu").to(dtype)
    x = model.explain(A, B)
    assert {p.dtype for p in model.parameters()} == {dtype}
    full = XSTransformer(str(tiny_folders["mpnet_shelf"]), device="cpu").to(dtype).to(torch.float32).explain(A, B)
    np.testing.assert_allclose(x.matrix, full.matrix, atol=2e-4 * np.abs(full.matrix).max())


def test_fused_attention_is_left_as_it_is(tiny_folders):
    eager = XSTransformer(str(tiny_folders["droberta_shelf"]), device="cpu")
    fused = XSTransformer(
        str(tiny_folders["droberta_shelf"]), device="cpu", model_kwargs={"attn_implementation": "sdpa"}
    )
    eager.transformers_model.set_attn_implementation("eager")
    np.testing.assert_allclose(fused.explain(A, B).matrix, eager.explain(A, B).matrix, atol=1e-5)
    assert fused.transformers_model.config._attn_implementation == "sdpa"


def test_a_compiled_encoder_is_explained_as_what_it_was_compiled_from(tiny_folders):
    plain = XSTransformer(str(tiny_folders["droberta_shelf"]), device="cpu")
    expected = plain.explain(A, B)
    plain[0].auto_model.compile(backend="eager")
    np.testing.assert_allclose(plain.explain(A, B).matrix, expected.matrix, atol=1e-5)
    assert plain[0].auto_model._compiled_call_impl is not None


@pytest.mark.parametrize("reference", [PaddingReference(), MaskReference()], ids=repr)
def test_weights_of_a_texts_own_tokens_stay_with_them(tiny, reference):
    """What reads the tokens behind the layers sees the text's own at both ends of its path."""
    transformer, pooling = list(tiny["mpnet_shelf"])[:2]
    vocabulary = tiny["mpnet_shelf"].tokenizer.convert_ids_to_tokens(range(len(tiny["mpnet_shelf"].tokenizer)))
    weights = WordWeights(vocabulary, {"dog": 3.0, "cat": 2.0, "<pad>": 9.0}, 0.7)
    check(XSTransformer(modules=[transformer, weights, pooling], device="cpu"), reference=reference)
