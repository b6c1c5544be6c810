"""Tokens into words: every token in one group, words taken whole, totals kept."""

import time

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from xsbert.models import HiddenStates
from xsbert.results.parts.words import group, word_starts


def words(text):
    """The words of a text whose every character is a token."""
    offsets = [(i, i + 1) for i, char in enumerate(text) if not char.isspace()]
    return [text[slice(*word.offset)] for word in group(text, offsets)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The coffee is bad.", ["The", "coffee", "is", "bad", "."]),
        ("She isn't here", ["She", "isn't", "here"]),
        ("It costs $3.50, or 1,000!", ["It", "costs", "$", "3.50", ",", "or", "1,000", "!"]),
        ("well-known", ["well", "-", "known"]),
        ("'quoted' text…", ["'", "quoted", "'", "text", "…"]),
        ("snake_case x2", ["snake_case", "x2"]),
        ("我喜欢咖啡。", ["我", "喜", "欢", "咖", "啡", "。"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("cafe\u0301 au lait", ["cafe\u0301", "au", "lait"]),
        ("👩\u200d🔬 ok", ["👩\u200d🔬", "ok"]),
        ("👍🏽👍🏽", ["👍🏽", "👍🏽"]),
        ("🇩🇪🇫🇷!", ["🇩🇪", "🇫🇷", "!"]),
        ("❤️\u200d🔥", ["❤️\u200d🔥"]),
        ("กาแฟดี", ["ก", "า", "แ", "ฟ", "ดี"]),
        ("コーヒーが好き", ["コーヒー", "が", "好", "き"]),
        ("مرحبا بالعالم", ["مرحبا", "بالعالم"]),
        ("co\u00adoperate", ["co\u00adoperate"]),
        ("צה״ל", ["צה״ל"]),
        ("U.S.A. or e.g. 3.14kg.", ["U.S.A", ".", "or", "e.g", ".", "3.14kg", "."]),
        ("bad.This don't.You é\u0301.à", ["bad", ".", "This", "don't", ".", "You", "é\u0301.à"]),
        ("a.The U.S.A.bad", ["a", ".", "The", "U.S.A", ".", "bad"]),
        ("me@example.com", ["me", "@", "example", ".", "com"]),
        ("https://a.io/x", ["https", ":", "/", "/", "a", ".", "io", "/", "x"]),
        ("🇩🇪\u0301🇫🇷🇮a", ["🇩🇪\u0301", "🇫🇷", "🇮", "a"]),
        ("10\u202f000 \u0301", ["10", "000", "\u0301"]),
        ("  \t\n", []),
        ("", []),
    ],
)
def test_words_are_what_a_reader_sees(text, expected):
    assert words(text) == expected


RUNS = [
    *("\U0001f1e6", "a", "\u0301", "\u200d", "👍", "👩\u200d", "\U0001f3fb", " ", "\r\n", "\u202f", "\u00ad", "\x00"),
    *(
        "A.",
        "A.a",
        "1",
        "1,",
        "1.",
        ".",
        "'",
        "a'",
        'א"',
        "_",
        "我",
        "か",
        "ア",
        "ก",
        "가",
        "a\u0301",
        "\U0001f1e6\u0301",
    ),
]


@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize("run", RUNS)
def test_time_grows_as_the_text_does(run, width):
    """Eight times the text takes some eight times as long; what counts back to a run's start takes 64 times."""

    def seconds(characters):
        text = "b" + run * (characters // len(run)) + "b"
        offsets = [(i, min(i + width, len(text))) for i in range(len(text))]
        start = time.thread_time()
        group(text, offsets)
        return time.thread_time() - start

    assert any(seconds(16_000) < 24 * seconds(2_000) for _ in range(5))


def test_tokens_without_an_offset_stay_alone():
    groups = group("ab cd", [None, (0, 1), (1, 2), (3, 5), None])
    assert [word.positions for word in groups] == [[0], [1, 2], [3], [4]]
    assert [word.offset for word in groups] == [None, (0, 2), (3, 5), None]


def test_a_token_over_several_words_joins_them():
    groups = group("New York City", [(0, 3), (2, 9), (9, 13)])
    assert [word.positions for word in groups] == [[0, 1], [2]]
    assert groups[0].offset == (0, 8)


def test_bytes_of_one_character_are_one_word():
    assert [word.positions for word in group("é!", [(0, 1), (0, 1), (1, 2)])] == [[0, 1], [2]]


def test_characters_that_no_token_stands_for_belong_to_their_word():
    (word,) = group("में", [(0, 1)])
    assert word.offset == (0, 3)


@given(st.text(max_size=30), st.data())
def test_any_text_any_tokens(text, data):
    """No crash, every token in exactly one group, in order."""
    places = st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).map(lambda ends: tuple(sorted(ends)))
    offsets = sorted(data.draw(st.lists(places, max_size=10)))
    groups = group(text, [None, *offsets, None])
    assert [i for word in groups for i in word.positions] == list(range(len(offsets) + 2))
    assert len(word_starts(text)) == len(text)


@pytest.mark.parametrize("name", ["minilm", "mpnet_shelf", "droberta_shelf"])
def test_words_of_real_tokenizers(encoders, name):
    """WordPiece and byte-level BPE: the same words, the total kept."""
    x = encoders[name].explain("Unbelievably, naïve Zoë isn't here.", "Coffee ☕!", method=HiddenStates(layer=-1))
    w = x.words()
    assert w.tokens_a[1:-1] == ("Unbelievably", ",", "naïve", "Zoë", "isn't", "here", ".")
    assert w.tokens_b[1:-1] == ("Coffee", "☕", "!")
    assert (w.tokens_a[0], w.tokens_a[-1]) == (x.tokens_a[0], x.tokens_a[-1])
    assert w.explained == pytest.approx(x.explained, abs=1e-6 * float(np.abs(x.matrix).sum()))
    assert w.words() == w
    assert (w.score, w.reference_terms) == (x.score, x.reference_terms)


def test_words_of_token_vectors_are_the_words_of_the_pair(minilm):
    a, b = minilm.token_vectors(["Unbelievable coffee", "Incredible espresso"], method=HiddenStates(layer=-1))
    x = minilm.explain("Unbelievable coffee", "Incredible espresso", method=HiddenStates(layer=-1)).words()
    products = torch.from_numpy(a.words().vectors @ b.words().vectors.T / x.normalizer)
    assert a.words().tokens == x.tokens_a
    torch.testing.assert_close(products, torch.from_numpy(x.matrix.copy()), rtol=1e-4, atol=1e-6)


def test_white_space_goes_with_the_word_behind_it():
    groups = group("a  b ", [None, (0, 1), (2, 2), (3, 3), (3, 4), (5, 5), None])
    assert [word.positions for word in groups] == [[0], [1], [2, 3, 4], [5], [6]]
    assert groups[2].offset == (3, 4)
