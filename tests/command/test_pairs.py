"""A file of pairs, explained into a folder; and two documents, contrasted."""

import csv
import json
import re

import pytest

from tests.helpers.browser import browsers
from tests.helpers.commands import command  # noqa: F401  # a fixture
from xsbert.pairs import read_pairs

ROWS = [
    ("A man plays the guitar.", "A man sings.", 1.0),
    ("Dogs bark.", "Stocks fell today.", 0.0),
    ("The cat sleeps.", "A cat is <b>asleep</b>.", 5.0),
]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "pairs.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("sentence1", "sentence2", "score"), *ROWS])
    return path


def test_a_folder_with_a_page_for_each_pair_and_an_overview(command, table, tmp_path):  # noqa: F811
    output = tmp_path / "explained"
    status, printed, said = command("pairs", str(table), "--output", str(output), "--method", "hidden-states")
    assert status == 0
    assert "3 pairs, mean score 0." in printed
    assert re.search(r"^man +\+0\.\d+ +1  man$", printed, re.MULTILINE)
    assert "pairs of words that over-match" in printed
    assert "written: " in said
    assert sorted(path.name for path in (output / "pages").iterdir()) == ["00001.html", "00002.html", "00003.html"]
    with open(output / "word_pairs.csv", encoding="utf-8") as file:
        assert next(csv.reader(file)) == ["word_a", "word_b", "total", "mean", "pairs", "excess"]
    assert "A man plays" in (output / "pages" / "00001.html").read_text(encoding="utf-8")


def test_what_was_explained_is_kept(command, table, tmp_path, monkeypatch, minilm):  # noqa: F811
    output = tmp_path / "explained"
    options = ["pairs", str(table), "--output", str(output)]
    assert command(*options)[0] == 0
    before = (output / "index.html").read_bytes()
    monkeypatch.setattr(type(minilm), "explain_pairs", lambda *args, **kwargs: pytest.fail("explained again"))
    status, _, said = command(*options)
    assert (status, "3 pairs are there already" in said) == (0, True)
    assert (output / "index.html").read_bytes() == before


def test_the_overview_is_sorted_found_and_opens_pages(command, table, tmp_path):  # noqa: F811
    output = tmp_path / "explained"
    assert command("pairs", str(table), "--output", str(output), "--sort", "difference")[0] == 0
    with browsers() as browser:
        page = browser._browser.new_page(viewport={"width": 360, "height": 800})
        page.goto((output / "index.html").as_uri())
        column = "n => [...document.querySelectorAll('#rows tbody tr')].map(row => row.cells[n].textContent)"
        apart = [float(text.replace("−", "-")) for text in page.evaluate(column, 3)]
        assert apart == sorted(apart, reverse=True)
        page.get_by_role("button", name="label").click()
        assert page.evaluate(column, 2) == ["5", "1", "0"]
        page.get_by_role("button", name="label").click()
        assert page.evaluate(column, 2) == ["0", "1", "5"]
        page.locator("#find").fill("CAT")
        assert page.locator("#rows tbody tr:visible").count() == 1
        assert page.locator("#found").inner_text() == "1 of 3 pairs"
        assert page.locator("td b").count() == 0  # texts are data
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.locator("#rows tbody tr:visible td").first.click()
        page.wait_for_url("**/pages/00003.html")
        assert "asleep" in page.locator("#text-b").inner_text()


@pytest.mark.parametrize(
    ("name", "content", "more", "said"),
    [
        ("p.csv", "x,y,z\na,b,c\n", (), "say which two hold the texts"),
        ("p.csv", "a,b\none,\n", (), "line 2: a text is blank"),
        ("p.csv", "a,b,score\none,two,high\n", (), "'score' holds 'high'; expected a number"),
        ("p.csv", "a,b\none,two,three\n", (), "has 3 columns; expected 2"),
        ("p.csv", "a,b\n", (), "holds no pairs"),
        ("p.csv", "a,b\none,two\n", ("--columns", "a", "c"), "has no column 'c'; it has 'a', 'b'"),
        ("p.txt", "one\n", (), "is no table; expected a .csv"),
        ("p.jsonl", "[1]\n", (), "holds a list; expected a JSON object"),
    ],
)
def test_bad_files_are_refused_and_leave_nothing(command, tmp_path, name, content, more, said):  # noqa: F811
    (tmp_path / name).write_text(content, encoding="utf-8")
    status, printed, error = command("pairs", str(tmp_path / name), *more, "--output", str(tmp_path / "out"))
    assert (status, printed) == (2, "")
    assert said in error
    assert not (tmp_path / "out").exists()


def test_columns_are_guessed_or_named():
    lines = [{"question1": "a", "question2": "b", "is_duplicate": 1, "id": 7}]
    (pair,) = read_pairs("\n\n".join(map(json.dumps, lines)) + "\n", "q.jsonl", id_column="id")
    assert pair == ("a", "b", 1.0, "7")
    assert read_pairs("left\tright\none\ttwo\n", "p.tsv")[0] == ("one", "two", None, "2")
    assert read_pairs("x,y,z\n1,one,two\n", "p.csv", ["y", "z"])[0].text_b == "two"
    assert read_pairs("x,y,z\n1,one,two\n", "p.csv", ["y", "z"], label="x")[0].label == 1
    with pytest.raises(ValueError, match="columns got a; expected two"):
        read_pairs("a,b\none,two\n", "p.csv", ["a"])


def test_two_documents_are_contrasted(command, minilm):  # noqa: F811
    from xsbert import contrast

    texts = ("bad coffee", "The coffee was awful.", "The tea was bad.")
    status, printed, _ = command("contrast", *texts)
    x, y = (minilm.explain(texts[0], text, task=("query", "document")).words() for text in texts[1:])
    made = contrast(x, y)
    assert status == 0
    assert f"{made.score_difference:+.4f} more similar = the sum of all words of the query" in printed
    assert f"1      {x.score:.4f}  The coffee was awful." in printed
    (coffee,) = (value for word, value in made.top(9) if word == "coffee")
    assert float(re.search(r"^coffee +([+-]\d\.\d+)$", printed, re.MULTILINE)[1]) == pytest.approx(coffee, abs=2e-4)
    assert "[CLS]" not in printed
    status, printed, _ = command("contrast", *texts, "--json")
    assert json.loads(printed)["query"] == "bad coffee"
    assert command("contrast", "bad coffee", " ", "tea")[0] == 2
