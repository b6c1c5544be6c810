"""Tokens that the tokenizer does not know: marked wherever a result is kept or shown, and warned of."""

import json

import pytest

from xsbert import Attribution
from xsbert.attribution import GaussLegendre
from xsbert.command.actions.pair import report
from xsbert.models import HiddenStates
from xsbert.plot.html.page_data import UNKNOWN, view

RULE = HiddenStates(layer=-1, quadrature=GaussLegendre(6))
TEXT = "Good 🦩 coffee"


@pytest.fixture(scope="module")
def marked(minilm):
    with pytest.warns(UserWarning, match="Of the text 'Good 🦩 coffee' the model knows only 2 of 3 tokens"):
        return minilm.explain(TEXT, "Bad coffee", method=RULE)


def test_unknown_tokens_are_marked_and_stay_so(marked, tmp_path):
    assert (marked.unknown_a, marked.unknown_b) == ((2,), ())
    assert marked.words().unknown_a == (2,)
    assert marked.folded().unknown_a == (2,)
    marked.save(tmp_path / "x.json")
    assert Attribution.load(tmp_path / "x.json") == marked
    older = {k: v for k, v in json.loads((tmp_path / "x.json").read_text()).items() if not k.startswith("unknown")}
    (tmp_path / "older.json").write_text(json.dumps(older))
    assert Attribution.load(tmp_path / "older.json").unknown_a == ()


def test_a_prompts_tokens_keep_the_mark_when_they_are_folded(minilm):
    vectors = minilm.token_vectors(
        ["Good coffee, and tea with much milk in it, please"], prompt="🦩 find: ", method=RULE
    )[0]
    assert vectors.unknown == vectors.folded().unknown == (1,)


def test_few_unknown_tokens_are_marked_without_a_word(minilm, recwarn):
    (vectors,) = minilm.token_vectors(["Good coffee and tea with milk or sugar, or with none of these 🦩"], method=RULE)
    assert len(vectors.unknown) == 1
    assert not [each for each in recwarn if "knows only" in str(each.message)]


def test_they_are_shown(marked):
    assert "not in the model's vocabulary: 🦩\n" in report(marked, 3)
    assert (2, "🦩", UNKNOWN) in view(marked, "tokens")["a"]
    assert all(len(piece) < 3 or piece[2] != UNKNOWN for piece in view(marked, "tokens")["b"])
