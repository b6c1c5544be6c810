"""Results: frozen, saved and loaded whole, clear about broken files."""

import dataclasses
import json

import numpy as np
import pytest

from tests.conftest import GOLDEN
from xsbert import Attribution, Ranking, TokenVectors
from xsbert.attribution import GaussLegendre, attribute
from xsbert.models import HiddenStates, Presence

A, B = "The coffee is bad.", "This is not a good coffee."


@pytest.fixture(scope="module")
def x(minilm) -> Attribution:
    return minilm.explain(A, B, method=HiddenStates())


@pytest.fixture(scope="module")
def vectors(minilm) -> TokenVectors:
    return minilm.token_vectors([A], method=HiddenStates())[0]


def test_results_are_frozen(x, vectors):
    with pytest.raises(dataclasses.FrozenInstanceError):
        x.score = 1.0
    with pytest.raises(ValueError, match="read-only"):
        x.matrix[0, 0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        vectors.vectors[0, 0] = 1.0


@pytest.mark.parametrize("words", [False, True])
def test_saving_and_loading_give_the_same(x, vectors, tmp_path, words):
    for result in (x, vectors):
        result = result.words() if words else result
        result.save(tmp_path / "result.json")
        loaded = type(result).load(tmp_path / "result.json")
        assert loaded == result
        assert loaded.to_dict() == result.to_dict() == json.loads((tmp_path / "result.json").read_text())
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def test_equality_is_by_content(x, vectors):
    assert x != vectors
    assert x != dataclasses.replace(x, matrix=x.matrix + 1)
    assert x == dataclasses.replace(x, matrix=x.matrix.copy())


def test_the_dictionary_is_plain(x):
    data = x.to_dict()
    assert (data["format"], data["version"]) == ("xsbert.Attribution", 2)
    assert np.asarray(data["matrix"]).shape == (len(x.tokens_a), len(x.tokens_b))
    assert json.loads(json.dumps(data)) == data


def test_text_that_json_must_escape_survives(minilm, tmp_path):
    x = minilm.explain('"quotes" \\ and \u2028 lines', "null \x00 byte 🦄", method=HiddenStates(layer=-1))
    x.save(tmp_path / "x.json")
    assert Attribution.load(tmp_path / "x.json") == x


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[1]", "holds 'list'"),
        (b"{}", "holds 'no format'"),
        (b'{"format": "xsbert.TokenVectors"}', "holds 'xsbert.TokenVectors'"),
        (b'{"format": "xsbert.Attribution", "version": 99}', "has version 99"),
        (b'{"format": "xsbert.Attribution", "version": 1}', "is damaged"),
    ],
)
def test_a_broken_file_gets_a_clear_error(tmp_path, content, message):
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        Attribution.load(path)


@pytest.mark.parametrize(
    "change",
    [
        {"matrix": [[1.0]]},
        {"matrix": "x"},
        {"matrix": [[1.0], [1.0, 2.0]]},
        {"tokens_a": ["a"]},
        {"score": "high"},
        {"layer": None},
        {"dtype": "object"},
        {"offsets_b": []},
    ],
    ids=str,
)
def test_a_damaged_field_gets_a_clear_error(x, tmp_path, change):
    path = tmp_path / "damaged.json"
    path.write_text(json.dumps(x.to_dict() | change))
    with pytest.raises(ValueError, match="is damaged"):
        Attribution.load(path)


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        Attribution.load(tmp_path / "none.json")


def test_an_unknown_ending_is_refused_and_nothing_written(x, tmp_path):
    with pytest.raises(ValueError, match=r"ends in \.json"):
        x.save(tmp_path / "pair.xml")
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_file(x, tmp_path, monkeypatch):
    path = tmp_path / "pair.json"
    x.save(path)
    before = path.read_bytes()

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="no space"):
        x.words().save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["pair.json"]


def test_top_gives_the_strongest_pairs_in_order(x):
    top = x.top(4)
    assert top[0][:2] == ("coffee", "coffee")
    assert [abs(pair.value) for pair in top] == sorted(np.abs(x.matrix).ravel(), reverse=True)[:4]
    assert len(x.top(10**6)) == x.matrix.size
    token, share = max(((t, v) for t, v in zip(x.tokens_a, x.matrix.sum(1), strict=True)), key=lambda p: p[1])
    assert token == "coffee"
    assert share > 0


def test_top_of_token_vectors_sums_to_what_is_explained(vectors):
    shares = sum(share for _, share in vectors.top(100))
    f, r = vectors.embedding.astype(float), vectors.reference_embedding.astype(float)
    assert shares == pytest.approx((f - r) @ f / (f @ f), rel=1e-3)


@pytest.mark.parametrize("k", [0, -1])
def test_top_of_nothing_is_refused(x, k):
    with pytest.raises(ValueError, match="expected at least 1"):
        x.top(k)
    with pytest.raises(TypeError, match="expected a whole number"):
        x.top(1.5)


def test_the_repr_says_what_it_is(x, vectors):
    assert repr(x).startswith("Attribution('The coffee is bad.', 'This is not a good coffee.', cosine 0.7915")
    assert "approximate" in repr(x)
    assert repr(vectors).startswith("TokenVectors('The coffee is bad.', 7 tokens, 384 dimensions, layer 4")


def test_vectors_of_different_layers_do_not_make_a_pair(minilm):
    (a,), (b,) = (
        minilm.token_vectors([A], method=HiddenStates(layer=-1)),
        minilm.token_vectors([B], method=HiddenStates(layer=-2)),
    )
    with pytest.raises(ValueError, match="vectors of layer 5 and 4"):
        attribute(a, b)


def test_an_unknown_similarity_is_refused(vectors):
    with pytest.raises(ValueError, match="expected 'cosine' or 'dot'"):
        attribute(vectors, vectors, "euclidean")


def test_a_pair_of_texts_explained_in_two_ways_names_both(minilm):
    a, b = (
        minilm.token_vectors(["coffee"], method=HiddenStates(layer=-1, quadrature=GaussLegendre(n)))[0] for n in (3, 4)
    )
    another = dataclasses.replace(b, method="Another()")
    assert attribute(a, another).method == f"{a.method} and Another()"
    assert attribute(a, b).quadrature == "GaussLegendre(n=3) and GaussLegendre(n=4)"
    assert attribute(a, a).quadrature == "GaussLegendre(n=3)"


def test_files_of_version_1_load():
    x = Attribution.load(GOLDEN / "version1_attribution.json")
    assert x.quadrature == "Adaptive(rtol=0.02, max_nodes=2000)"
    assert (
        x.method
        == f"HiddenStates(layer=4, reference=PaddingReference(), quadrature={x.quadrature}), products in bfloat16"
    )
    ranking = Ranking.load(GOLDEN / "version1_ranking.json")
    assert ranking[0].method.startswith("HiddenStates(layer=5, reference=PaddingReference(), quadrature=Adaptive(")
    assert Ranking.load(GOLDEN / "version1_ranking.json") == ranking


@pytest.mark.parametrize(("reference", "method"), [("none", "MaxSim"), ("zero, as of no tokens", "StaticEmbedding")])
def test_what_had_no_layer_in_version_1_is_named(tmp_path, reference, method):
    data = json.loads((GOLDEN / "version1_attribution.json").read_text()) | {
        "reference": reference,
        "quadrature": "none",
    }
    (tmp_path / "x.json").write_text(json.dumps(data))
    assert Attribution.load(tmp_path / "x.json").method == method


def test_what_is_outside_the_texts_and_has_no_part_is_trimmed(minilm, x):
    found = minilm.explain(A, B, prompt="find: ")
    trimmed = found.trimmed()
    assert None not in (*trimmed.offsets_a, *trimmed.offsets_b)
    assert trimmed.prompted_a == trimmed.prompted_b == ()
    assert len(trimmed.tokens_a) == len(found.tokens_a) - 2 - len(found.prompted_a)
    assert trimmed.explained == pytest.approx(found.explained, abs=1e-6)
    assert x.trimmed() == x, "by hidden states special tokens have a part"
    nothing = minilm.explain("", A)
    assert nothing.trimmed().tokens_a == nothing.tokens_a


def test_positions_move_where_tokens_are_trimmed(x):
    matrix = x.matrix.copy()
    matrix[0], matrix[:, -1] = 0, 0
    marked = dataclasses.replace(x, matrix=matrix, unknown_a=(2,), unknown_b=(1,), prompted_a=(0, 3))
    trimmed = marked.trimmed()
    assert (trimmed.unknown_a, trimmed.unknown_b, trimmed.prompted_a) == ((1,), (1,), (2,))
    assert trimmed.tokens_a == x.tokens_a[1:]
    assert trimmed.tokens_b == x.tokens_b[:-1]


def test_what_is_compared_with_has_a_name(x, minilm):
    assert x.compared_with == "texts of padding"
    assert minilm.explain(A, B, method=Presence(shared=False)).compared_with == "the texts without their words"
    another = dataclasses.replace(x, method="HiddenStates(layer=4, reference=ZeroReference())")
    assert another.compared_with == "their references"
