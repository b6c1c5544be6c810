"""A store: what goes in comes out, whoever made it is known, and whatever is killed leaves it whole."""

import multiprocessing
import random
import subprocess
import sys
import time

import numpy as np
import pyarrow as pa
import pytest
import torch

from tests.corpus.writer import write
from xsbert import XSTransformer, plot
from xsbert.attribution import Adaptive, Forward, GaussLegendre, attribute
from xsbert.corpus import VectorStore
from xsbert.corpus.recipe import KEY, Recipe
from xsbert.models import HiddenStates, MeanReference, PaddingReference, Presence, ZeroReference
from xsbert.results.rankings.ranking import Ranking

TEXTS = [
    "The coffee is bad.",
    "This is not a good coffee.",
    "A dog barks loudly today.",
    "Tea, please!",
    "The station in Rome — 5 minutes.",
    "咖啡很难喝。",
    "O'Hara's café isn't open.",
]
QUERY = "bad coffee"
IDS = ["a", "b", "c'd", 4, "5", "six six", "7;--"]


@pytest.fixture
def model(tiny):
    return tiny["mpnet_shelf"]


@pytest.fixture
def store(model, tmp_path):
    made = model.vector_store(tmp_path / "s.lance")
    assert made.add(TEXTS, IDS, chunk_size=3) == len(TEXTS)
    return made


@pytest.mark.parametrize(
    ("precision", "tolerance"), [("int16", 2e-4), ("float16", 1e-3), ("float32", 0), ("int8", 3e-2)]
)
def test_explained_from_storage_as_in_memory(minilm, tmp_path, precision, tolerance):
    store = minilm.vector_store(tmp_path / "s.lance", precision=precision)
    store.add(TEXTS)
    found = store.search(QUERY, top=4)
    expected = minilm.explain_ranking(QUERY, TEXTS, top=4, method=Presence(mode=Forward()))
    assert found.documents == expected.documents
    assert found.compared == len(TEXTS)
    for x, y in zip(found, expected, strict=True):
        assert np.abs(x.matrix - y.matrix).max() <= tolerance * np.abs(y.matrix).max() + 1e-6
        assert x.score == pytest.approx(y.score, abs=1e-6)
        assert x.errors == pytest.approx(y.errors, abs=1e-5)
        fields = ("tokens_a", "tokens_b", "offsets_b", "nodes", "method", "quadrature", "layer", "model")
        assert [getattr(x, name) for name in fields] == [getattr(y, name) for name in fields]
        assert x.is_exact


def test_token_vectors_come_back_as_they_were(tiny, tmp_path):
    method = HiddenStates(-1, quadrature=GaussLegendre(4))
    model = tiny["mpnet_shelf"]
    store = model.vector_store(tmp_path / "s.lance", method=method, precision="float32", prompt=(None, "review: "))
    store.add(TEXTS, IDS)
    expected = model.token_vectors(TEXTS, method=method, prompt="review: ")
    for name, vectors in zip(IDS, expected, strict=True):
        kept = store[name]
        assert kept.prompted == vectors.prompted != ()
        np.testing.assert_allclose(kept.embedding, vectors.embedding, rtol=1e-6)
        for field in ("vectors", "reference_embedding"):
            np.testing.assert_array_equal(getattr(kept, field), getattr(vectors, field))
        for field in ("text", "tokens", "offsets", "error", "nodes", "norm", "truncated", "unknown"):
            assert getattr(kept, field) == getattr(vectors, field)
        x, y = attribute(store["a"], kept), attribute(expected[0], vectors)
        assert x.reference_terms == pytest.approx(y.reference_terms, abs=1e-6)
    assert dict(store.items()).keys() == set(map(str, IDS))


def test_a_store_is_a_collection(store, tmp_path):
    assert len(store) == len(TEXTS)
    assert set(store) == set(map(str, IDS))
    assert "c'd" in store
    assert 4 in store
    assert "x" not in store
    with pytest.raises(KeyError, match="x"):
        _ = store["x"]
    assert store.add(TEXTS, IDS) == 0
    assert store.delete(["c'd", "x"]) == 1
    assert "c'd" not in store
    assert store.add(TEXTS, IDS) == 1
    info = store.info()
    assert info["documents"] == 7
    store.optimize()
    assert store.info() | {"fragments": 1, "versions": 1} == store.info()
    assert set(store) == set(map(str, IDS))
    assert f"{len(TEXTS)} documents" in repr(store)


def test_what_is_there_with_another_text_is_refused(store):
    with pytest.raises(ValueError, match=r"the id 'a' is in .* with another text, 'The coffee is bad\.'; got 'Tea"):
        store.add(["Tea"], ["a"])
    with pytest.raises(ValueError, match="the id '9' stands before two texts, 'x' and 'y'"):
        store.add(["x", "y"], [9, "9"])
    assert store.add(["x", "x", "", "  "], show_progress_bar=False) == 1
    assert len(store) == len(TEXTS) + 1


def test_a_query_and_named_documents(store, model):
    ranking = store.explain(QUERY, ["5", "a", 4])
    assert isinstance(ranking, Ranking)
    assert set(ranking.ids) == {"5", "a", "4"}
    assert ranking.compared == 3
    with pytest.raises(ValueError, match=r"has no document 'x', nor 1 others; expected ids that were added"):
        store.explain(QUERY, ["a", "x", "y"])
    with pytest.raises(ValueError, match="ids got an empty list"):
        store.explain(QUERY, [])
    with pytest.raises(TypeError, match="query got 7"):
        store.explain(7, ["a"])
    with pytest.raises(ValueError, match="top got 0"):
        store.search(QUERY, 0)


def test_an_empty_store_finds_nothing(model, tmp_path):
    store = model.vector_store(tmp_path / "s.lance")
    assert (len(store), list(store), store.delete(["a"]), store.add([])) == (0, [], 0, 0)
    with pytest.raises(ValueError, match="holds no document yet; add some first"):
        store.search(QUERY)


def test_the_words_of_a_ranking(minilm, tmp_path):
    store = minilm.vector_store(tmp_path / "s.lance")
    store.add([*TEXTS, "Coffee? Bad coffee!"])
    found = store.words(QUERY)
    assert [word.word for word in found.query_words] == ["bad", "coffee"]
    assert sum(word.mean for word in found.query_words) == pytest.approx(found.score, abs=1e-3)
    assert sum(word.mean for word in found.document_words) == pytest.approx(found.score, abs=1e-3)
    coffee = next(word for word in found.document_words if word.word == "coffee")
    assert coffee in found.top(2)
    assert coffee.documents == 3
    assert coffee.mean * found.documents == pytest.approx(coffee.where * coffee.documents)
    assert coffee.where > 0.3
    by_hand = [x.matrix.sum(1)[x.tokens_a.index("bad")] for x in store.search(QUERY, 100)]
    assert found.query_words[0].mean == pytest.approx(np.mean(by_hand), abs=1e-6)
    assert found.query_words[0].spread == pytest.approx(np.std(by_hand), abs=1e-6)
    frame = found.to_dataframe()
    assert list(frame["side"].unique()) == ["query", "documents"]
    ax = plot.words(found, top=3)
    assert [label.get_text() for label in ax.get_yticklabels()][:2] == ["bad", "coffee"]
    assert len(ax.patches) == 5
    some = store.words(QUERY, list(store)[:2])
    assert some.documents == 2
    with pytest.raises(TypeError, match=r"words got a Ranking; expected a summary"):
        plot.words(store.search(QUERY))
    with pytest.raises(ValueError, match="got an empty ranking"):
        store.search(QUERY)[:0].summary()


def test_search_with_an_index_finds_what_is_near(model, tmp_path):
    store = model.vector_store(tmp_path / "s.lance", method=Presence(-1, quadrature=GaussLegendre(4)))
    store.add([f"{text} {i}" for i in range(40) for text in TEXTS])
    exact = store.search(QUERY, 5)
    store.optimize(search_index=True)
    assert store.info()["search_index"]
    assert store.search(QUERY, 5).documents == exact.documents


@pytest.mark.parametrize("similarity", ["dot", "cosine"])
def test_search_goes_by_the_similarity(tiny, tmp_path, similarity):
    model = tiny["droberta_shelf"]
    store = model.vector_store(tmp_path / "s.lance", similarity=similarity)
    store.add(TEXTS)
    expected = model.explain_ranking(QUERY, TEXTS, similarity=similarity)
    assert store.search(QUERY, len(TEXTS)).scores == pytest.approx(expected.scores, rel=1e-5)


def test_another_model_or_method_is_refused(store, tiny, tmp_path):
    path, model = store.uri, tiny["mpnet_shelf"]
    with pytest.raises(ValueError, match="embeds otherwise than"):
        tiny["mpnet_cos"].vector_store(path)
    with pytest.raises(ValueError, match="has other weights than"):
        tiny["droberta_shelf"].vector_store(path)
    with pytest.raises(ValueError, match=r"method got 'HiddenStates\(.*holds 'Presence\(.*Leave method out"):
        model.vector_store(path, method=HiddenStates())
    with pytest.raises(ValueError, match=r"similarity got 'dot'; .* holds 'cosine'"):
        model.vector_store(path, similarity="dot")
    with pytest.raises(ValueError, match=r"precision got 'int8'; .* holds 'int16'"):
        model.vector_store(path, precision="int8")
    with pytest.raises(ValueError, match="products got 'bfloat16'"):
        model.vector_store(path, matmul_dtype=torch.bfloat16)
    with pytest.raises(ValueError, match="prompts got"):
        model.vector_store(path, prompt="query: ")
    with pytest.raises(ValueError, match="precision got 'float8'; expected one of int16, float16, float32, int8"):
        model.vector_store(tmp_path / "new", precision="float8")
    with pytest.raises(ValueError, match="similarity got 'euclid'"):
        model.vector_store(tmp_path / "new", similarity="euclid")
    assert not (tmp_path / "new").exists()
    assert model.vector_store(path).recipe == store.recipe


def test_a_store_opens_by_its_folder_and_loads_its_model_when_asked(tiny_folders, tmp_path):
    folder = str(tiny_folders["mpnet_shelf"])
    made = XSTransformer(folder, device="cpu").vector_store(tmp_path / "s.lance")
    made.add(TEXTS, IDS)
    opened = VectorStore(tmp_path / "s.lance")
    assert opened["a"] == made["a"]
    assert opened._model is None
    assert opened.explain(QUERY, ["a"]).scores == made.explain(QUERY, ["a"]).scores
    assert opened._model is not None
    code = "import sys; from xsbert.corpus import VectorStore; print(len(VectorStore(sys.argv[1])['a'].tokens))"
    done = subprocess.run([sys.executable, "-c", code, made.uri], capture_output=True, text=True, check=True)
    assert int(done.stdout) == len(made["a"].tokens)


def test_what_is_no_store_is_refused(tmp_path, model):
    with pytest.raises(FileNotFoundError, match="holds no collection; expected one that"):
        VectorStore(tmp_path / "none")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "x").write_text("x")
    with pytest.raises(FileExistsError, match="is there and is no collection; expected a new folder"):
        model.vector_store(tmp_path / "folder")
    import lance

    lance.write_dataset(pa.table({"a": [1]}), tmp_path / "other.lance")
    with pytest.raises(ValueError, match="is a table of something else"):
        VectorStore(tmp_path / "other.lance")
    for said, error in (
        (b"{", "is damaged"),
        (b'{"version": 9}', "is of version 9"),
        (b'{"version": 1}', "is damaged"),
    ):
        with pytest.raises(ValueError, match=error):
            Recipe.from_metadata({KEY: said}, "s.lance")


@pytest.mark.parametrize(
    "method",
    [
        Presence(),
        Presence(0, shared=False, quadrature=Adaptive(1e-2, 50), layer_stack="encoder.layer"),
        HiddenStates(-2, PaddingReference(), GaussLegendre(3), shared=True),
        HiddenStates(reference=ZeroReference()),
    ],
)
def test_a_method_is_told_by_its_name(store, method):
    recipe = Recipe(**{**vars(store.recipe), "method": repr(method)})
    assert recipe.restored_method() == method
    assert Recipe(**{**vars(store.recipe), "method": "__import__('os')"}).restored_method() is None


def test_a_method_that_does_not_tell_all_is_asked_for(model, tmp_path):
    method = HiddenStates(-1, MeanReference(("Coffee.", "Tea.")), GaussLegendre(4))
    model.vector_store(tmp_path / "s.lance", method=method).add(TEXTS, IDS)
    store = VectorStore(tmp_path / "s.lance", model)
    assert store["a"].method.startswith("HiddenStates(")
    with pytest.raises(ValueError, match="does not tell all of itself; expected it as method="):
        store.search(QUERY)
    assert VectorStore(tmp_path / "s.lance", model, method=method).search(QUERY, 2)


def test_large_vectors_need_float32(tmp_path):
    import copy

    model = copy.deepcopy(XSTransformer.wrap(_bare()))
    with pytest.raises(ValueError, match="which float16 does not hold; make the store with another precision"):
        model.vector_store(tmp_path / "s.lance", similarity="dot", precision="float16").add(TEXTS)
    store = model.vector_store(tmp_path / "t.lance", similarity="dot")
    assert store.add(TEXTS) == len(TEXTS)


def _bare():
    """Static embeddings of a huge length."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import StaticEmbedding
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    words = dict.fromkeys(word for text in [*TEXTS, "text"] for word in text.replace(".", " .").split())
    tokenizer = Tokenizer(WordLevel({"[UNK]": 0, **{word: i for i, word in enumerate(words, 1)}}, "[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    return SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=1e6 * torch.rand(60, 8))])


def test_a_store_opens_elsewhere_with_the_same_rows(store, tmp_path):
    import datasets
    import lance
    import lancedb

    rows = lance.dataset(store.uri).to_table().to_pylist()
    table = lancedb.connect(str(tmp_path)).open_table("s")
    assert table.to_arrow().to_pylist() == rows
    embedding = rows[0]["embedding"]
    assert table.search(embedding, vector_column_name="embedding").limit(1).to_list()[0]["id"] == rows[0]["id"]
    found = datasets.load_dataset("lance", data_dir=store.uri, split="train", cache_dir=str(tmp_path / "cache"))
    assert sorted(found["id"]) == sorted(row["id"] for row in rows)
    assert found.with_format("arrow")[:]["vectors"].to_pylist() == [row["vectors"] for row in rows]


def test_killed_writers_leave_whole_batches_and_no_duplicates(tiny_folders, tmp_path):
    """SIGKILL ten times at random moments over three that write at once, then one more run."""
    folder = str(tiny_folders["mpnet_shelf"])
    texts = [f"{text} {i}" for i in range(30) for text in TEXTS]
    store = XSTransformer(folder, device="cpu").vector_store(tmp_path / "s.lance")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.corpus.writer"])
    chance = random.Random(0)

    def started():
        process = context.Process(target=write, args=(store.uri, folder, chance.sample(texts, len(texts)), 3))
        process.start()
        return process

    writers = [started() for _ in range(3)]
    while not len(store):
        time.sleep(0.05)
    for _ in range(10):
        time.sleep(chance.uniform(0.05, 0.6))
        victim = writers.pop(chance.randrange(3))
        victim.kill()
        victim.join()
        there = [id_ for id_, _ in VectorStore(store.uri).items()]  # once, because the others write on
        assert len(there) == len(set(there))
        writers.append(started())
    for process in writers:
        process.kill()
        process.join()
    before = len(store)
    assert before > 0
    assert store.add(texts) == len(texts) - before
    assert len(store) == len(set(store)) == len(texts)
    store.optimize()
    assert len(store) == len(texts)
