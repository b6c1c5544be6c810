"""Texts behind prompts, and queries and documents that take routes of their own."""

import numpy as np
import pytest
from sentence_transformers.base.modules import Router
from sentence_transformers.sentence_transformer.modules import Pooling

from xsbert import Attribution, XSTransformer
from xsbert.attribution import Adaptive
from xsbert.models import HiddenStates

QUERY, DOCUMENT = "Who chases the cat?", "Outside in the garden the cat is chased by the dog."
PROMPTS = {"query": "query: ", "document": "a long passage, namely: ", "sts": "the same meaning? "}
RULE = Adaptive(1e-2)


@pytest.fixture(params=["all tokens", "the prompt left out"])
def model(request, tiny):
    pooling = Pooling(32, "mean", include_prompt=request.param == "all tokens")
    return XSTransformer(modules=[tiny["mpnet_shelf"][0], pooling], prompts=PROMPTS, device="cpu")


def own(model, a, b):
    return float(model.similarity(a, b))


@pytest.mark.parametrize(
    ("options", "encoded"),
    [
        ({}, lambda m: (m.encode(QUERY), m.encode(DOCUMENT))),
        ({"prompt": "query: "}, lambda m: (m.encode(QUERY, prompt="query: "), m.encode(DOCUMENT, prompt="query: "))),
        ({"prompt_name": "sts"}, lambda m: m.encode([QUERY, DOCUMENT], prompt_name="sts")),
        (
            {"prompt_name": ("query", None)},
            lambda m: (m.encode(QUERY, prompt_name="query"), m.encode(DOCUMENT)),
        ),
        (
            {"prompt": ("who? ", "where? ")},
            lambda m: (m.encode(QUERY, prompt="who? "), m.encode(DOCUMENT, prompt="where? ")),
        ),
        ({"task": ("query", "document")}, lambda m: (m.encode_query(QUERY), m.encode_document(DOCUMENT))),
    ],
    ids=["none", "prompt", "name", "for one", "two prompts", "tasks"],
)
def test_the_score_is_that_of_encode(model, options, encoded):
    x = model.explain(QUERY, DOCUMENT, method=HiddenStates(quadrature=RULE), **options)
    assert x.score == pytest.approx(own(model, *encoded(model)), abs=1e-5)
    assert max(x.errors) <= 1e-2


def test_a_ranking_puts_a_query_to_documents(model):
    documents = [DOCUMENT, "The dog sleeps."]
    ranking = model.explain_ranking(QUERY, documents, method=HiddenStates(quadrature=RULE))
    scores = model.similarity(model.encode_query(QUERY), model.encode_document(documents))[0]
    assert [x.score for x in ranking] == pytest.approx(sorted(scores.tolist(), reverse=True), abs=1e-5)
    assert ranking[0].prompts == ("query: ", PROMPTS["document"])


def test_the_default_prompt_is_used(tiny):
    model = XSTransformer(modules=list(tiny["mpnet_shelf"]), prompts=PROMPTS, default_prompt_name="sts", device="cpu")
    x = model.explain(QUERY, DOCUMENT, method=HiddenStates(quadrature=RULE))
    assert x.prompts == (PROMPTS["sts"],) * 2
    assert x.score == pytest.approx(own(model, *model.encode([QUERY, DOCUMENT])), abs=1e-5)


def test_prompt_tokens_are_marked_and_fold_into_one(model, tmp_path):
    x = model.explain(QUERY, DOCUMENT, task=("query", "document"), method=HiddenStates(quadrature=RULE))
    marked = [x.tokens_a[i] for i in x.prompted_a]
    assert "".join(marked) == "query:"
    assert all(x.offsets_a[i] is None for i in x.prompted_a)
    assert x.text_a == QUERY  # offsets point into the user's own text
    assert "".join(x.text_a[slice(*o)] for o in x.offsets_a if o) == QUERY.replace(" ", "")
    for y in (x.folded(), x.words().folded(), x.folded().words()):
        assert y.tokens_a.count("query:") == 1
        assert y.tokens_b.count("a long passage, namely:") == 1
        assert len(y.prompted_a) == len(y.prompted_b) == 1
        assert y.explained == pytest.approx(x.explained, rel=1e-6)
        np.testing.assert_allclose(y.matrix[y.prompted_a[0]].sum(), x.matrix[list(x.prompted_a)].sum(), rtol=1e-5)
    x.save(tmp_path / "x.json")
    assert Attribution.load(tmp_path / "x.json") == x


def test_token_vectors_fold_too(model):
    (vectors,) = model.token_vectors([DOCUMENT], task="document", method=HiddenStates(quadrature=RULE))
    folded = vectors.folded()
    assert folded.prompt == PROMPTS["document"]
    np.testing.assert_allclose(folded.vectors.sum(0), vectors.vectors.sum(0), atol=1e-5)
    assert len(folded.tokens) == len(vectors.tokens) - len(vectors.prompted) + 1


def test_without_a_prompt_nothing_folds(model):
    x = model.explain(QUERY, DOCUMENT, method=HiddenStates(quadrature=RULE))
    assert x.folded() == x
    assert x.prompted_a == x.prompted_b == ()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"prompt_name": "poem"},
            ValueError,
            "prompt_name got 'poem'; this model's prompts are 'query', 'document', 'sts'",
        ),
        ({"prompt": 3}, TypeError, "prompt got 3 .int.; expected a string, or a pair of them"),
        ({"prompt": ("a", "b", "c")}, ValueError, "expected one choice for both, or .for a, for b."),
    ],
)
def test_bad_prompts_are_refused(model, options, error, message):
    with pytest.raises(error, match=message):
        model.explain(QUERY, DOCUMENT, **options)


def test_a_router_takes_queries_and_documents_their_own_ways(tiny):
    one, other = tiny["mpnet_shelf"], tiny["droberta_shelf"]
    router = Router.for_query_document([one[0], Pooling(32, "cls")], [other[0], Pooling(32, "mean")])
    model = XSTransformer(modules=[router], device="cpu")
    x = model.explain(QUERY, DOCUMENT, task=("query", "document"), method=HiddenStates(quadrature=RULE))
    assert x.score == pytest.approx(own(model, model.encode_query(QUERY), model.encode_document(DOCUMENT)), abs=1e-5)
    assert max(x.errors) <= 1e-2
    assert len(x.tokens_a) == len(one.tokenize_text(QUERY))
    assert len(x.tokens_b) == len(other.tokenize_text(DOCUMENT))
    back = model.explain(DOCUMENT, QUERY, task=("document", "query"), method=HiddenStates(quadrature=RULE))
    np.testing.assert_allclose(back.matrix, x.matrix.T, atol=1e-6)
    with pytest.raises(ValueError, match="No route found for task type 'poem'"):
        model.explain(QUERY, DOCUMENT, task="poem")
