"""What a page holds, without a browser: texts in pieces, packed matrices, sizes, refusals."""

import base64
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xsbert.attribution import GaussLegendre
from xsbert.models import HiddenStates
from xsbert.plot import page
from xsbert.plot.html.iframe import frame
from xsbert.plot.html.page_data import CUT, packed, pieces, printable

WORDS = "rain flooded several streets in the old town on Sunday evening and firefighters pumped water out of cellars"


@given(st.text(), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 8)) | st.none()), st.booleans())
def test_pieces_are_the_text(text, starts, truncated):
    spans = sorted((min(s, len(text)), min(s + n, len(text))) for s, n in filter(None, starts))
    offsets = [None, *spans, None]
    found = list(pieces(text, ["t"] * len(offsets), offsets, truncated))
    assert "".join(piece[1] for piece in found if len(piece) == 2) == printable(text)
    assert [piece[0] for piece in found if piece[0] >= 0] == list(range(len(offsets)))


def test_what_the_model_did_not_read_is_marked():
    *_, last = pieces("abc def" + "x" * 5000, ["abc"], [(0, 3)], True)
    assert last[0] == CUT
    assert last[1].endswith("… and 3,004 more characters")


def test_a_matrix_keeps_its_values():
    matrix = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    data = packed(matrix)
    assert np.array_equal(np.frombuffer(base64.b64decode(data["packed"]), "<f4").reshape(7, 5), matrix)


def test_two_texts_of_a_hundred_words_are_small(minilm):
    texts = [" ".join(f"{word}{i}" if i % 3 == 0 else word for i in range(6) for word in WORDS.split())] * 2
    assert all(len(text.split()) >= 100 for text in texts)
    x = minilm.explain(texts[0], texts[1] + ".", method=HiddenStates(layer=5, quadrature=GaussLegendre(1)))
    assert len(page(x).encode()) <= 300_000
    assert len(frame(x).encode()) <= 400_000


def test_too_large_a_matrix_is_refused(minilm, tmp_path):
    x = minilm.explain("one", "two")
    names = tuple("w" * 3000)
    large = replace(
        x, matrix=np.zeros((3000, 3000)), tokens_a=names, tokens_b=names, offsets_a=(None,) * 3000,
        offsets_b=(None,) * 3000,
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"9,000,000 token pairs; expected at most 4,000,000"):
        large.save(tmp_path / "large.html")
    assert list(tmp_path.iterdir()) == []
    assert large._repr_html_() is None


@pytest.mark.parametrize("wrong", [None, "text", np.zeros((2, 2))], ids=str)
def test_what_is_no_result_is_refused(wrong):
    with pytest.raises(TypeError, match="expected an Attribution or a Ranking"):
        page(wrong)


def test_a_prompt_is_one_piece(minilm):
    x = minilm.explain("coffee", "tea", prompt="search for: ", method=HiddenStates())
    assert page(x).count("search for:") >= 2
    assert [p[1] for p in pieces(x.text_a, x.folded().tokens_a, x.folded().offsets_a, False)] == [
        "[CLS]",
        "search for:",
        "coffee",
        "[SEP]",
    ]
