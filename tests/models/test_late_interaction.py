"""Late interaction: the matrix sums to the score by construction."""

import numpy as np
import pytest
import transformers
from sentence_transformers import MultiVectorEncoder
from sentence_transformers.base.modules import Dense, Normalize, Transformer
from sentence_transformers.multi_vector_encoder.modules import HierarchicalTokenPooling, MultiVectorMask
from torch import nn

from xsbert import XSMultiVectorEncoder

QUERY = "Who chases the cat?"
DOCUMENTS = ["Outside in the garden the cat is chased by the dog.", "The dog sleeps.", "A cat, a dog; a yard!"]


def modules(folder, **options):
    project = Dense(
        32,
        12,
        bias=False,
        activation_function=nn.Identity(),
        module_input_name="token_embeddings",
        module_output_name="token_embeddings",
    )
    normalize = Normalize(module_input_name="token_embeddings", module_output_name="token_embeddings")
    return [Transformer(folder), project, normalize, MultiVectorMask(**options)]


@pytest.fixture(params=[{}, {"skiplist_words": ["dog"]}], ids=["all tokens", "some left out"])
def model(request, tiny_folders):
    return XSMultiVectorEncoder(modules=modules(str(tiny_folders["mpnet_shelf"]), **request.param), device="cpu")


@pytest.mark.parametrize("similarity", ["maxsim", "meanmaxsim"])
def test_the_matrix_sums_to_the_models_own_score(model, similarity):
    model.similarity_fn_name = similarity
    own = model.similarity(model.encode_query([QUERY]), model.encode_document(DOCUMENTS))[0].tolist()
    found = model.explain_pairs([(QUERY, document) for document in DOCUMENTS])
    for x, score in zip(found, own, strict=True):
        assert x.score == pytest.approx(score, abs=1e-5)
        assert x.explained == pytest.approx(score, abs=1e-5)
        assert x.similarity == similarity
        assert x.is_exact
        assert x.error < 1e-6
        assert ((x.matrix != 0).sum(axis=1) <= 1).all()
        assert x.words().explained == pytest.approx(x.explained, abs=1e-5)


def test_a_batch_gives_what_each_gives_alone(model):
    for x in model.explain_pairs([(QUERY, document) for document in DOCUMENTS]):
        np.testing.assert_allclose(x.matrix, model.explain(x.text_a, x.text_b).matrix, atol=1e-6)


def test_a_ranking_is_in_the_order_of_the_scores(model):
    ranking = model.explain_ranking(QUERY, DOCUMENTS)
    assert [x.score for x in ranking] == sorted((x.score for x in ranking), reverse=True)
    assert {x.text_b for x in ranking} == set(DOCUMENTS)
    best = model.explain_ranking(QUERY, DOCUMENTS, top=2)
    assert (best.positions, best.compared) == (ranking.positions[:2], len(DOCUMENTS))


def test_tokens_and_offsets_are_the_texts_own(model):
    x = model.explain(QUERY, DOCUMENTS[2])
    assert x.text_b == DOCUMENTS[2]
    assert "".join(x.text_b[slice(*offset)] for offset in x.offsets_b if offset) == DOCUMENTS[2].replace(" ", "")


def test_tokens_that_are_not_scored_have_no_share(model):
    x = model.explain("dog", "a dog")
    position = x.tokens_b.index("dog")
    assert x.matrix[:, position].any() == (not model[3].skiplist_words)


def test_a_models_own_prompts_are_used_and_marked(tiny_folders):
    prompts = {"query": "query: ", "document": "document: "}
    model = XSMultiVectorEncoder(modules=modules(str(tiny_folders["mpnet_shelf"])), prompts=prompts, device="cpu")
    x = model.explain(QUERY, DOCUMENTS[0])
    own = float(model.similarity(model.encode_query([QUERY]), model.encode_document(DOCUMENTS[:1])))
    assert x.score == pytest.approx(own, abs=1e-5)
    assert x.folded().tokens_a.count("query:") == 1


def test_pooled_tokens_are_refused(tiny_folders):
    pooled = [*modules(str(tiny_folders["mpnet_shelf"])), HierarchicalTokenPooling(pool_factor=2)]
    model = XSMultiVectorEncoder(modules=pooled, device="cpu")
    with pytest.raises(ValueError, match="pooled tokens stand for others"):
        model.explain(QUERY, DOCUMENTS[0])


def test_it_is_what_the_host_gives(model, tmp_path):
    model.save_pretrained(str(tmp_path))
    host, ours = MultiVectorEncoder(str(tmp_path), device="cpu"), XSMultiVectorEncoder(str(tmp_path), device="cpu")
    np.testing.assert_allclose(ours.encode_query(QUERY), host.encode_query(QUERY))
    assert isinstance(ours.transformers_model, transformers.PreTrainedModel)


def test_a_querys_expansion_is_scored_and_shown(tiny_folders):
    """ColBERT pads a query with tokens that match too."""
    expanding = modules(str(tiny_folders["mpnet_shelf"]))
    expansion = {"strategy": "fixed", "length": 24}
    expanding[0] = Transformer(str(tiny_folders["mpnet_shelf"]), query_expansion=expansion)
    model = XSMultiVectorEncoder(modules=expanding, device="cpu")
    x = model.explain(QUERY, DOCUMENTS[0])
    own = float(model.similarity(model.encode_query([QUERY]), model.encode_document(DOCUMENTS[:1])))
    assert x.score == pytest.approx(own, abs=1e-5)
    assert len(x.tokens_a) == 24
    assert x.tokens_a[-1] == "<pad>"
    assert x.matrix[-1].any()


def test_a_wrapped_model_shares_all_with_the_original(tiny_folders):
    plain = MultiVectorEncoder(modules=modules(str(tiny_folders["mpnet_shelf"])), device="cpu")
    model = XSMultiVectorEncoder.wrap(plain)
    assert model[0] is plain[0]
    x = model.explain(QUERY, DOCUMENTS[0])
    assert x.explained == pytest.approx(x.score, abs=1e-5)
    with pytest.raises(TypeError, match=r"XSMultiVectorEncoder\.wrap got a Linear; expected a MultiVectorEncoder"):
        XSMultiVectorEncoder.wrap(nn.Linear(2, 2))
