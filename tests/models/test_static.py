"""Encoders without a transformer: means of static embeddings, alone or on one side of a router."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sentence_transformers.base.modules import Dense, Normalize, Router
from sentence_transformers.sentence_transformer.modules import BoW, StaticEmbedding

from xsbert import XSTransformer
from xsbert.attribution import Forward, GaussLegendre, Reverse
from xsbert.attribution.pair import attribute
from xsbert.models import HiddenStates

QUERY, DOCUMENT = "cheap hotel", "A cheap hotel near the station."
RULE = HiddenStates(layer=-1, quadrature=GaussLegendre(16))


@pytest.fixture
def static(tiny):
    torch.manual_seed(0)
    return StaticEmbedding(tiny["mpnet_shelf"].tokenizer, embedding_dim=32)


@pytest.fixture
def router(tiny, static):
    document = list(tiny["mpnet_shelf"])[:2]
    return XSTransformer(modules=[Router.for_query_document([static], document), Normalize()], device="cpu")


@pytest.mark.parametrize("mode", [Forward(), Reverse()], ids=repr)
def test_queries_of_static_embeddings_are_explained(router, mode):
    (x,) = router.explain_ranking(QUERY, [DOCUMENT], method=replace(RULE, mode=mode))
    own = router.similarity(router.encode_query(QUERY), router.encode_document(DOCUMENT))
    assert x.score == pytest.approx(float(own), abs=1e-5)
    assert x.errors[0] < 1e-6
    assert max(x.errors) < 1e-2
    assert x.reference_terms[0] == x.reference_terms[2] == 0
    assert x.error < 1e-2
    assert x.layer == 3
    assert x.method.startswith("HiddenStates(layer=3, reference=PaddingReference(),")
    assert x.words().tokens_a == ("cheap", "hotel")


def test_token_vectors_are_shares_of_the_embeddings(router, static):
    (query,) = router.token_vectors([QUERY], task="query", method=RULE)
    ids = static.preprocess([QUERY])["input_ids"]
    expected = static.embedding.weight[ids].detach().numpy() / len(ids)
    np.testing.assert_allclose(query.vectors, expected, atol=1e-6)
    assert not query.reference_embedding.any()
    (document,) = router.token_vectors([DOCUMENT], task="document", method=RULE)
    assert (
        attribute(query, document) == router.explain_ranking(QUERY, [DOCUMENT], method=replace(RULE, mode=Forward()))[0]
    )


@pytest.mark.parametrize("behind", [[], [Normalize()], [Dense(32, 8), Normalize()]], ids=["none", "norm", "dense"])
def test_a_static_encoder_alone(static, behind):
    model = XSTransformer(modules=[static, *behind], device="cpu")
    x = model.explain(QUERY, DOCUMENT, method=HiddenStates(quadrature=GaussLegendre(16)))
    assert x.score == pytest.approx(float(model.similarity(*model.encode([QUERY, DOCUMENT]))), abs=1e-5)
    assert max(x.errors) < 1e-5
    assert x.is_exact == (len(behind) < 2)  # a bias is there without tokens
    pairs = model.explain_pairs(
        [(QUERY, DOCUMENT), (DOCUMENT, "hotel cheap")], method=HiddenStates(quadrature=GaussLegendre(16))
    )
    np.testing.assert_allclose(pairs[0].matrix, x.matrix, atol=1e-6)


def test_a_text_without_a_token_is_refused(static):
    with pytest.raises(ValueError, match="The text '' has no token for static embeddings"):
        XSTransformer(modules=[static], device="cpu").explain("", QUERY)


def test_an_encoder_that_is_neither_gets_a_message_of_its_own():
    model = XSTransformer(modules=[BoW(["cheap", "hotel"])], device="cpu")
    with pytest.raises(ValueError, match=r"Got modules \['BoW'\]; expected a transformer among them, or a StaticEmb"):
        model.explain(QUERY, DOCUMENT)
