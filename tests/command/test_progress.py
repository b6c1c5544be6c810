"""What the command shows while it works, at a terminal, once that takes two seconds: how far it is, the time left."""

import pytest

from tests.helpers.commands import command  # noqa: F401  # a fixture
from xsbert.models import progress

LONG = "The dog runs after the kitten in the yard, and the cat sleeps."
FAST = ("--method", "hidden-states", "--layer", "-1")


@pytest.fixture(params=["pair", "rank", "contrast", "pairs", "check"])
def words(request, tmp_path):
    """A command and what it counts."""
    documents, pairs, minimal = (tmp_path / name for name in ("documents.txt", "pairs.tsv", "minimal.csv"))
    documents.write_text(f"{LONG}\nA cat.\nTea.\n")
    pairs.write_text(f"text_a\ttext_b\n{LONG}\tA cat.\nTea\tCoffee\n")
    minimal.write_text("family,text,same,different\nnegation,It is good.,It is fine.,It is bad.\n")
    asked = {
        "pair": ("A cat", LONG),
        "rank": ("rank", "a cat", str(documents), "--top", "2"),
        "contrast": ("contrast", "a cat", LONG, "Tea."),
        "pairs": ("pairs", str(pairs), "--output", str(tmp_path / "explained")),
        "check": ("check", "--pairs", str(minimal), "--only-pairs"),
    }
    counted = {"rank": ("Documents: 100%", "3/3 [", "Texts: 100%"), "pairs": ("Pairs: 100%", "2/2 [")}
    return (*asked[request.param], *FAST), counted.get(request.param, ("Texts: 100%",))


def test_long_work_shows_how_far_it_is(command, words, monkeypatch):  # noqa: F811
    monkeypatch.setattr(progress, "_is_watched", lambda: True)
    monkeypatch.setattr(progress, "SECONDS_OF_PATIENCE", 0)
    _, _, messages = command(*words[0])
    for part in words[1]:
        assert part in messages
    assert "<00:00]" in messages  # the time left


def test_quick_work_shows_nothing_and_nor_does_any_where_nobody_looks(command, words, monkeypatch):  # noqa: F811
    monkeypatch.setattr(progress, "_is_watched", lambda: True)
    monkeypatch.setattr(progress, "SECONDS_OF_PATIENCE", 600)
    assert "%|" not in command(*words[0])[2]
    monkeypatch.setattr(progress, "_is_watched", lambda: False)
    monkeypatch.setattr(progress, "SECONDS_OF_PATIENCE", 0)
    assert "%|" not in command(*words[0])[2]
