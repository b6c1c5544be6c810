"""The terminal and the page of the same result say the same, in the same words."""

import html
import re
from dataclasses import replace

import pytest

from tests.helpers.commands import command  # noqa: F401  # a fixture
from xsbert.models import HiddenStates
from xsbert.plot import page

A, B = "The coffee is bad.", "A café, and no tea 🦩."
LONG = "The staff was friendly and kind. " * 60
FAST = ("--method", "hidden-states", "--layer", "-1")
NUMBER = re.compile(r"[+−-]?\d+(\.\d+)?(e-\d+)?")


def plain(text):
    """The words alone: no markup, no figures, one space between."""
    text = re.sub(r"<(style|script).*?</\1>", " ", text, flags=re.DOTALL)
    return " ".join(NUMBER.sub("#", html.unescape(re.sub(r"<[^>]*>", " ", text))).split())


def both(command, tmp_path, *arguments):  # noqa: F811
    """What the terminal says, and what the page does."""
    path = tmp_path / "page.html"
    status, printed, _ = command(*arguments, "--output", str(path))
    assert status == 0
    return plain(printed), plain(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("method", [(), FAST], ids=["presence", "hidden-states"])
def test_a_pair(command, tmp_path, method):  # noqa: F811
    terminal, shown = both(command, tmp_path, A, B, "--words", *method)
    said = ["# similar = the sum of all word pairs"]
    if method:
        said = [
            "# similar where all word pairs add #, compared with texts of padding",
            "# = # # # #",
            "the terms are those of the reference of A with text B, of text A with the reference of B, and of both ref",
            "# and # outside the texts ([CLS], [SEP])",
        ]
    for part in (*said, "word of A", "word of B", "attribution", "cosine similarity", "error #", "# + # nodes"):
        assert part in terminal
        assert part in shown
    for text in (terminal, shown):
        assert "not in the model's vocabulary" in text
        assert ("outside the texts" in text) is bool(method)


@pytest.mark.filterwarnings("ignore:The text")
def test_a_text_that_was_cut(command, tmp_path):  # noqa: F811
    terminal, shown = both(command, tmp_path, LONG, A, *FAST)
    assert "The model did not read all of A." in terminal
    assert "The model did not read all of A: what is grey was cut off." in shown


@pytest.mark.filterwarnings("ignore:The text")
@pytest.mark.parametrize("unit", ["--words", "--tokens"])
def test_a_ranking(command, tmp_path, unit):  # noqa: F811
    file = tmp_path / "documents.txt"
    file.write_text(f"{A}\n{LONG}\n")
    terminal, shown = both(command, tmp_path, "rank", "friendly coffee", str(file), unit, *FAST)
    said = "eference terms of up to # are what the {} pairs leave unexplained"
    assert said.format(unit.strip("-s")) in terminal
    assert said.format("word") in shown
    for part in (
        "# documents, the most similar first",
        "The model did not read all of document #.",
        "cosine similarity",
        "error up to #",
        "line #",
    ):
        assert part in terminal
        assert part in shown
    assert "outside the texts ([CLS], [SEP]) #" in terminal  # as of pairs


def test_what_ids_are_called_stays_with_a_ranking(command, minilm, tmp_path):  # noqa: F811
    file = tmp_path / "documents.csv"
    file.write_text("sku,text\nB7,Good coffee\n")
    terminal, shown = both(command, tmp_path, "rank", "coffee", str(file), "--column", "text", "--id", "sku", *FAST)
    assert "sku B#" in terminal
    assert "sku B#" in shown
    ranking = replace(minilm.explain_ranking("tea", ["Tea"], ids=["7"], method=HiddenStates(layer=-1)), id_name="key")
    ranking.save(tmp_path / "x.json")
    assert type(ranking).load(tmp_path / "x.json") == ranking
    assert "key <bdi>7" in page(ranking)


@pytest.mark.filterwarnings("ignore:The text")
def test_terms_that_are_said_to_be_left_are_what_is_left(command, tmp_path, minilm):  # noqa: F811
    ranking = minilm.explain_ranking("coffee", [A, B], method=HiddenStates(layer=-1))
    most = max(abs(x.score - x.explained) for x in ranking)
    assert f"Reference terms of up to {most:.2f}" in page(ranking)


def test_many_pairs(command, tmp_path):  # noqa: F811
    file = tmp_path / "pairs.csv"
    file.write_text("text_a,text_b,score\nA man plays.,A man sings.,1\nDogs bark.,Stocks fell.,0\nTea.,Tea?,5\n")
    status, printed, _ = command("pairs", str(file), "--output", str(tmp_path / "explained"), *FAST)
    terminal, shown = plain(printed), plain((tmp_path / "explained" / "index.html").read_text(encoding="utf-8"))
    assert status == 0
    for part in ("word of A", "word of B", "in all", "too much", "airs of words that over-match"):
        assert part in terminal
        assert part in shown
