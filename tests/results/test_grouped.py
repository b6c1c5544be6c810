"""Words of the caller's own: each span one word, the words outside as ever, the total kept."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xsbert.models import HiddenStates
from xsbert.results.parts.words import checked_spans, divided, group, word_starts

A = "See https://example.com/a?b=1 about New York."
B = "New York, explained."


@pytest.fixture(scope="module")
def x(minilm):
    return minilm.explain(A, B, method=HiddenStates(layer=-1))


def spans(pattern, text):
    return [match.span() for match in re.finditer(pattern, text)]


def test_an_address_and_a_name_are_one_word_each(x):
    y = x.grouped(spans(r"https?://\S+|New York", A), spans("New York", B))
    assert y.tokens_a[1:-1] == ("See", "https://example.com/a?b=1", "about", "New York", ".")
    assert y.tokens_b[1:-1] == ("New York", ",", "explained", ".")
    assert y.offsets_a[2] == (4, 29)
    assert y.explained == pytest.approx(x.explained, abs=1e-6 * float(np.abs(x.matrix).sum()))
    address, name = (
        [i for i, at in enumerate(offsets) if at and start <= at[0] < end]
        for offsets, (start, end) in ((x.offsets_a, (4, 29)), (x.offsets_b, (0, 8)))
    )
    assert y.matrix[2, 1] == pytest.approx(x.matrix[np.ix_(address, name)].sum(dtype=np.float64), abs=1e-6)
    assert y.words() == y
    assert "https://example.com/a?b=1" in y.to_dict()["tokens_a"]


def test_without_spans_they_are_the_words(x):
    assert x.grouped() == x.grouped([], np.zeros((0, 2), int)) == x.words()


def test_token_vectors_are_grouped_alike(minilm, x):
    (v,) = minilm.token_vectors([A], method=HiddenStates(layer=-1))
    named = v.grouped(np.array([[36, 44], [4, 29]]))
    assert named.tokens == x.grouped([(4, 29), (36, 44)]).tokens_a
    assert v.grouped() == v.words()
    np.testing.assert_allclose(named.vectors.sum(0), v.vectors.sum(0), atol=1e-5)


def test_what_is_left_of_a_word_that_a_span_cuts_is_a_word():
    text = "unbelievable"
    offsets = [(i, i + 1) for i in range(len(text))]
    words = group(text, offsets, [(2, 5), (9, 10)])
    assert [text[slice(*word.offset)] for word in words] == ["un", "bel", "ieva", "b", "le"]


def test_a_token_that_reaches_out_of_a_span_joins_what_it_touches():
    assert [word.positions for word in group("coffee house bar", [(0, 6), (6, 12), (13, 16)], [(0, 8)])] == [
        [0, 1],
        [2],
    ]


@given(st.text("a b.", max_size=20), st.data())
def test_every_character_of_a_span_is_in_its_word(text, data):
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    own = [(start, end) for start, end in zip(cuts[::2], cuts[1::2], strict=False)]
    starts, before = divided(word_starts(text), checked_spans(text, own, "spans")), word_starts(text)
    inside = {i: span[0] for span in own for i in range(*span)}
    for i, start in enumerate(starts):
        assert start == inside.get(i, start)
        if i not in inside:
            assert (start < 0) == (before[i] < 0)
            assert start < 0 or (before[i] <= start <= i and not any(j in inside for j in range(start, i + 1)))


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ([(4, 29), (20, 31)], ValueError, r"spans_a got \(4, 29\) and \(20, 31\), which overlap"),
        ([(4, 4)], ValueError, r"spans_a\[0\] got \(4, 4\); expected \[start, end\) with 0 ≤ start < end ≤ 45"),
        ([(0, 3), (4, 46)], ValueError, r"spans_a\[1\] got \(4, 46\)"),
        ([(-3, 2)], ValueError, r"spans_a\[0\] got \(-3, 2\)"),
        ([(0, 1.5)], TypeError, r"spans_a\[0\] got \(0, 1\.5\)"),
        ([4], TypeError, r"spans_a\[0\] got 4"),
        ([(1, 2, 3)], TypeError, r"spans_a\[0\] got \(1, 2, 3\)"),
        ("New York", TypeError, r"spans_a got 'New York'; expected a list of \(start, end\)"),
        (7, TypeError, r"spans_a got 7"),
    ],
)
def test_spans_that_are_none_are_refused(x, wrong, error, message):
    with pytest.raises(error, match=message):
        x.grouped(wrong)
