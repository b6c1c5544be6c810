"""Texts from tables: what pandas and NumPy hold is taken as a list is, and what is missing is named by its place."""

import re

import numpy as np
import pandas as pd
import pytest

from tests.models.test_late_interaction import modules
from xsbert import XSMultiVectorEncoder
from xsbert.models import HiddenStates
from xsbert.models.inputs.lists import listed_ids, listed_pairs, listed_texts

TEXTS = ["The coffee is bad.", "Not a good coffee."]
KINDS = {
    "list": list,
    "tuple": tuple,
    "series": lambda texts: pd.Series(texts, index=range(5, 5 + len(texts))),
    "index": pd.Index,
    "objects": lambda texts: np.array(texts, dtype=object),
    "characters": np.array,
}


@pytest.fixture(scope="module")
def late(tiny_folders):
    return XSMultiVectorEncoder(modules=modules(str(tiny_folders["mpnet_shelf"])), device="cpu")


@pytest.mark.parametrize("kind", KINDS)
def test_lists_of_any_kind_hold_the_same_texts(minilm, kind):
    texts = KINDS[kind](TEXTS)
    vectors = minilm.token_vectors(texts, method=HiddenStates(layer=-1))
    assert [v.text for v in vectors] == TEXTS
    ranking = minilm.explain_ranking(TEXTS[0], texts, ids=KINDS[kind](["a", "b"]), method=HiddenStates(layer=-1))
    assert (ranking.documents, ranking.ids) == (tuple(TEXTS), ("a", "b"))
    assert type(ranking.documents[0]) is str
    (x, y) = minilm.explain_pairs(zip(texts, texts, strict=True), method=HiddenStates(layer=-1))
    assert (x.text_a, y.text_b) == tuple(TEXTS)
    assert listed_ids(KINDS[kind]([1, 2]), 2) == ["1", "2"]


@pytest.mark.parametrize("kind", KINDS)
def test_pairs_of_any_kind(kind):
    pairs = [(TEXTS[0], TEXTS[1]), (TEXTS[1], TEXTS[0])]
    if kind in ("list", "tuple", "series"):
        assert listed_pairs(KINDS[kind](pairs)) == pairs
    else:
        table = np.array(pairs, dtype=object if kind == "objects" else None)
        assert listed_pairs(table) == listed_pairs(list(table)) == pairs


@pytest.mark.parametrize("missing", [None, float("nan"), 3, b"coffee"])
def test_what_is_missing_is_named_by_its_place(minilm, late, missing):
    shown = re.escape(f"got {missing!r} ({type(missing).__name__}); expected a string")
    texts = [*["tea"] * 1_000, missing, "tea"]
    for call in (minilm.token_vectors, listed_texts):
        with pytest.raises(TypeError, match=rf"texts\[1000\] {shown}"):
            call(texts)
    for model in (minilm, late):
        with pytest.raises(TypeError, match=rf"documents\[1000\] {shown}"):
            model.explain_ranking("tea", np.array(texts, dtype=object))
        with pytest.raises(TypeError, match=rf"pairs\[1000\]\[1\] {shown}"):
            model.explain_pairs([("tea", text) for text in texts])
        with pytest.raises(TypeError, match=rf"query {shown}"):
            model.explain_ranking(missing, ["tea"])
    with pytest.raises(TypeError, match=rf"text_b {shown}"):
        minilm.explain("tea", missing)
    with pytest.raises(TypeError, match=rf"document {shown}"):
        late.explain("tea", missing)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: listed_texts("tea"), r"texts got 'tea' \(str\); expected a list of strings"),
        (lambda: listed_texts({"tea"}), r"texts got \{'tea'\} \(set\); expected a list of strings"),
        (lambda: listed_texts(np.array("tea")), r"texts got 'tea' \(str\)"),
        (lambda: listed_texts(np.array([["tea"]])), r"texts\[0\] got \['tea'\] \(list\)"),
        (lambda: listed_texts(pd.Series(["tea", None])), r"texts\[1\] got (nan|None) "),
        (lambda: listed_pairs(pd.DataFrame({"a": ["x"], "b": ["y"]})), r"\(DataFrame\); .* zip\(table\['a'\]"),
        (lambda: listed_ids(pd.Series([1.0, np.nan]), 2), r"ids\[0\] got 1\.0 \(float\)"),
    ],
)
def test_what_is_no_list_is_refused(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_a_pair_of_three_is_named_by_its_place():
    with pytest.raises(ValueError, match=r"among the pairs, at position 2; expected a list of \(text_a, text_b\)"):
        listed_pairs([("a", "b"), ("a", "b"), ("a", "b", "c")])
    with pytest.raises(ValueError, match="explain_pairs got no pairs"):
        listed_pairs([])
