"""Judges against encoders whose answer is known in closed form, and against definitions written out."""

import itertools
import math
import re
from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.evaluation import A, B, Bag, judged, words
from xsbert.evaluation import (
    Coalitions,
    Completeness,
    Curves,
    DeletionInteractions,
    Directions,
    Encodings,
    ShortTexts,
)
from xsbert.evaluation.judges.interactions import banzhaf, by_shapiq, shapley, subsets
from xsbert.evaluation.methods.matrices import PairMatrix, WordMatrix, Words
from xsbert.models import HiddenStates

CURVED = Bag(np.tanh)


def similarity(encoder, a, b):
    left, right = encoder.encode([a, b])
    return float(left @ right)


def without(text, word):
    return " ".join(text.split()[:word] + text.split()[word + 1 :])


def test_a_bag_of_vectors_interacts_as_its_products():
    evidence, figures = judged(DeletionInteractions(), Bag())
    np.testing.assert_allclose(evidence.interactions, words().matrix, atol=1e-12)
    assert figures == pytest.approx({"pairs": 1, "words": 1})
    assert judged(DeletionInteractions(), Bag(), words(-words().matrix))[1] == pytest.approx({"pairs": -1, "words": -1})


def test_interactions_are_the_four_terms_and_effects_the_two():
    evidence, _ = judged(DeletionInteractions(), CURVED)
    for i, j in itertools.product(range(4), range(4)):
        a, b = without(A, i), without(B, j)
        two = similarity(CURVED, A, B) - similarity(CURVED, a, B)
        four = two - similarity(CURVED, A, b) + similarity(CURVED, a, b)
        assert evidence.interactions[i, j] == pytest.approx(four, abs=1e-12)
        assert evidence.effects_a[i] == pytest.approx(two, abs=1e-12)
    assert evidence.effects_b[2] == pytest.approx(similarity(CURVED, A, B) - similarity(CURVED, A, without(B, 2)))


def test_masked_words_are_replaced_and_encodings_are_few():
    bag = Bag()
    evidence, _ = judged(DeletionInteractions("[MASK]"), bag)
    assert "coffee [MASK] bad today" in bag.asked
    assert len(bag.asked) == len(set(bag.asked)) == (4 + 1) + (4 + 1)
    change_a, change_b = (bag.vector(word) - bag.vector("[MASK]") for word in ("tastes", "good"))
    assert evidence.interactions[1, 3] == pytest.approx(change_a @ change_b)


def test_coalitions_of_an_additive_encoder_are_the_sums():
    evidence, figures = judged(Coalitions(20), Bag())
    assert figures == pytest.approx({"r2": 1, "fit": 1})
    kept = " ".join(word for word, stays in zip(A.split(), evidence.kept_a[0], strict=True) if stays)
    other = " ".join(word for word, stays in zip(B.split(), evidence.kept_b[0], strict=True) if stays)
    assert evidence.scores[0] == pytest.approx(similarity(Bag(), kept, other))
    # Scale is no matter to the one, and all to the other.
    doubled = judged(Coalitions(20), Bag(), words(2 * words().matrix))[1]
    assert doubled["r2"] == pytest.approx(1)
    residual = evidence.scores - 2 * evidence.scores
    spread = ((evidence.scores - evidence.scores.mean()) ** 2).sum()
    assert doubled["fit"] == pytest.approx(1 - (residual**2).sum() / spread)
    assert judged(Coalitions(20), Bag(), words(-words().matrix))[1]["r2"] == pytest.approx(-1)


def test_completeness_is_what_the_sum_leaves_of_the_score():
    assert judged(Completeness(), Bag())[1] == {"missing": pytest.approx(0, abs=1e-12)}
    total = words().whole.sum()
    assert judged(Completeness(), Bag(), words(-words().matrix))[1]["missing"] == pytest.approx(2 * abs(total))


def test_special_tokens_count_in_the_sum(minilm):
    x = minilm.explain("The coffee is bad.", "This is not a good coffee.", method=HiddenStates(layer=-1))
    judge, encode, found = Completeness(), Encodings(minilm), WordMatrix.of(x)
    figures = judge.figures(found, judge.evidence(found.a, found.b, encode), encode)
    assert figures["missing"] == pytest.approx(abs(x.explained - x.score), abs=1e-5)


def test_special_tokens_are_in_every_coalition():
    bordered = np.arange(30.0).reshape(5, 6)
    x = WordMatrix.of(PairMatrix("a b c", "d e f g", (None, (0, 1), (2, 3), (4, 5), None),
                                 (None, (0, 1), (2, 3), (4, 5), (6, 7), None), bordered))  # fmt: skip
    chosen_a, chosen_b = np.array([[True, False, True]]), np.array([[False, True, False, False]])
    assert x.kept(chosen_a, chosen_b) == pytest.approx([bordered[np.ix_([0, 1, 3, 4], [0, 2, 5])].sum()])
    np.testing.assert_allclose(x.matrix, bordered[1:4, 1:5])
    np.testing.assert_allclose(x.row_sums, bordered[1:4].sum(axis=1))
    assert x.whole.sum() == bordered.sum()


def test_curves_against_sub_texts_written_out():
    found = words(np.diag([1.0, 3.0, 2.0, -1.0]))
    _, figures = judged(Curves(), CURVED, found)
    order = {A: ["tastes", "bad", "coffee", "today"], B: ["was", "really", "tea", "good"]}
    expected = {"insert: score": [], "insert: distance": [], "delete: score": [], "delete: distance": []}
    for text, other in ((A, B), (B, A)):
        for count, name in itertools.product((1, 2, 3), ("insert", "delete")):
            kept = order[text][:count] if name == "insert" else order[text][count:]
            part = " ".join(word for word in text.split() if word in kept)
            full, sub = CURVED.encode([text, part])
            expected[f"{name}: score"].append(similarity(CURVED, part, other) - similarity(CURVED, text, other))
            expected[f"{name}: distance"].append(np.linalg.norm(full - sub))
    assert figures == pytest.approx({name: np.mean(values) for name, values in expected.items()})


def embedded(encoder, text):
    parts = Words(text, words(a=text).a.spans)
    return Encodings(encoder)([parts.kept(row) for row in subsets(len(parts))])


def equal_weights(size, others):
    return 0.5**others


def by_permutations(size, others):
    return math.factorial(size) * math.factorial(others - size) / math.factorial(others + 1)


def by_definition(a, b, i, j, weight):
    """The interaction of word i of a and j of b: a weighted mean of second differences over all coalitions."""
    total, others = 0.0, len(a.split()) + len(b.split()) - 2
    for kept in itertools.product((False, True), repeat=others):
        kept_a, kept_b = list(kept[: len(a.split()) - 1]), list(kept[len(a.split()) - 1 :])
        for with_i, with_j in itertools.product((False, True), repeat=2):
            sides = ((a, kept_a, i, with_i), (b, kept_b, j, with_j))
            parts = [
                " ".join(w for w, stays in zip(t.split(), [*k[:n], own, *k[n:]], strict=True) if stays)
                for t, k, n, own in sides
            ]
            sign = 1 if with_i == with_j else -1
            total += sign * weight(sum(kept), others) * similarity(CURVED, *parts)
    return total


@pytest.mark.parametrize(("index", "weight"), [(banzhaf, equal_weights), (shapley, by_permutations)])
def test_interactions_are_their_definitions(index, weight):
    a, b = "bad coffee today", "good tea"
    found = index(embedded(CURVED, a), embedded(CURVED, b))
    assert found.shape == (3, 2)
    for i, j in itertools.product(range(3), range(2)):
        assert found[i, j] == pytest.approx(by_definition(a, b, i, j, weight), abs=1e-12)


@pytest.mark.parametrize(("index", "name"), [(shapley, "SII"), (banzhaf, "BII")])
def test_interactions_are_those_of_the_library(index, name):
    pytest.importorskip("shapiq", reason="the oracle, shapiq, is not installed: pip install -e '.[evaluation]'")
    a, b = embedded(CURVED, A), embedded(CURVED, "good tea today")
    np.testing.assert_allclose(index(a, b), by_shapiq(a, b, name), atol=1e-10)


def test_without_the_library_an_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "shapiq", None)
    with pytest.raises(ImportError, match=r'pip install "xsbert\[evaluation\]"'):
        by_shapiq(np.ones((2, 1)), np.ones((2, 1)), "SII")


def test_short_texts_agree_with_the_bag_and_long_ones_are_left_out():
    evidence, figures = judged(ShortTexts(), Bag())
    for index in evidence:
        np.testing.assert_allclose(index, words().matrix, atol=1e-12)
    assert figures == pytest.approx({"shapley": 1, "banzhaf": 1})
    assert all(math.isnan(value) for value in judged(ShortTexts(most=3), Bag())[1].values())


def test_cosines_are_products_and_an_empty_text_is_similar_to_nothing():
    encode = Encodings(CURVED, "cosine")
    a, b, empty = encode([A, B, ""])
    left, right = CURVED.encode([A, B])
    assert a @ b == pytest.approx(left @ right / np.linalg.norm(left) / np.linalg.norm(right))
    assert empty @ a == 0
    with pytest.raises(ValueError, match="expected 'cosine' or 'dot'"):
        Encodings(CURVED, "euclidean")


@pytest.mark.parametrize(
    ("chosen", "put", "expected"),
    [
        ([1, 1, 1, 1], "", "Bad  coffee\n.  It"),
        ([0, 1, 1, 1], "", "coffee . It"),
        ([1, 0, 1, 1], "", "Bad . It"),
        ([0, 0, 0, 0], "", ""),
        ([1, 0, 1, 0], "<mask>", "Bad  <mask>\n.  <mask>"),
    ],
)
def test_words_are_left_out_or_replaced(chosen, put, expected):
    text = Words("Bad  coffee\n.  It", ((0, 3), (5, 11), (12, 13), (15, 17)))
    assert text.kept([bool(each) for each in chosen], put) == expected


@pytest.mark.parametrize(
    ("text", "gone", "expected"),
    [
        ("a well-known dog", "-", "a well known dog"),
        ("a well-known dog", "known", "a well- dog"),
        ("a well-known dog", "well -", "a known dog"),
        ("30-60mins", "-", "30 60mins"),
        ("so, what", ",", "so what"),
        ("the end.", ".", "the end"),
        ("我喜欢猫", "喜欢", "我猫"),
    ],
)
def test_words_that_punctuation_held_together_stay_two(text, gone, expected):
    strings = re.findall(r"喜欢|[我猫]|[a-z]+|\d+|[^\w\s]", text)
    starts = [text.index(string) for string in strings]
    parts = Words(text, tuple((start, start + len(string)) for start, string in zip(starts, strings, strict=True)))
    assert parts.kept([string not in gone.split() for string in strings]) == expected


def test_a_matrix_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"got a matrix of shape \(2, 2\) for \(4, 4\) tokens"):
        words(np.ones((2, 2)))


def with_selves(a=A, b=B):
    return replace(words(a=a, b=b), selves=(words(a=a, b=a), words(a=b, b=b)))


def test_sums_of_a_bag_point_where_its_embeddings_point():
    evidence, figures = judged(Directions(20), Bag(), with_selves())
    assert figures == pytest.approx({"r2": 1, "fit": 1, "within": 1})
    kept = " ".join(word for word, stays in zip(A.split(), evidence.kept_a[1], strict=True) if stays)
    other = " ".join(word for word, stays in zip(B.split(), evidence.kept_b[1], strict=True) if stays)
    left, right = Bag().encode([kept, other])
    assert evidence.between[1] == pytest.approx(left @ right / np.linalg.norm(left) / np.linalg.norm(right))


def test_a_length_of_each_sub_texts_own_is_no_matter_to_directions():
    normalised = Bag(lambda total: total / max(1e-9, np.linalg.norm(total)))
    assert judged(Directions(20), normalised, with_selves())[1] == pytest.approx({"r2": 1, "fit": 1, "within": 1})
    assert judged(Coalitions(20), normalised)[1]["fit"] < 0.9
    whole, (self_a, self_b) = with_selves(), with_selves().selves
    scaled_selves = (replace(self_a, whole=4 * self_a.whole), replace(self_b, whole=9 * self_b.whole))
    scaled = replace(whole, whole=6 * whole.whole, selves=scaled_selves)
    assert judged(Directions(20), Bag(), scaled)[1] == pytest.approx({"r2": 1, "fit": 1, "within": 1})


def test_directions_tell_vectors_that_point_elsewhere():
    found = with_selves()
    turned = replace(found, whole=-found.whole)
    figures = judged(Directions(20), Bag(), turned)[1]
    assert figures["r2"] == pytest.approx(-1)
    assert figures["fit"] < 0
    assert figures["within"] == pytest.approx(1)
    assert all(map(math.isnan, judged(Directions(20), Bag(), words())[1].values()))
    negative = replace(found, selves=tuple(replace(each, whole=-each.whole) for each in found.selves))
    assert judged(Directions(20), Bag(), negative)[1]["r2"] == 0
