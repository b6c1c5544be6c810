"""What a model hears: the figures by hand, the words, the page, the command and its status."""

import pandas as pd
import pytest

from tests.helpers.commands import command  # noqa: F401  # a fixture
from xsbert.results.check import CheckReport, MinimalPair
from xsbert.studies import check, read_minimal_pairs

PAIRS = [
    MinimalPair("negation", "The hotel is quiet.", "The hotel is calm.", "The hotel is not quiet."),
    MinimalPair("names", "The museum is in Vienna.", "You find the museum in Vienna.", "The museum is in Berlin."),
    MinimalPair("word order", "The dog bit a man.", "A man was bitten by the dog.", "A man bit the dog."),
]


@pytest.fixture(scope="module")
def report(minilm):
    return check(minilm, PAIRS)


def test_scores_and_words_are_those_of_explain(report, minilm):
    for pair, found in zip(PAIRS, report.results, strict=True):
        x = minilm.explain(pair.text, pair.different)
        assert found.pair == pair
        assert found.same == pytest.approx(minilm.explain(pair.text, pair.same).score, abs=1e-5)
        assert found.different == pytest.approx(x.score, abs=1e-5)
        assert found.heard == (found.same > found.different)
    negated, named, swapped = report.results
    words = minilm.explain(PAIRS[0].text, PAIRS[0].different).words()
    (name, value) = negated.words[0]
    assert (name, len(negated.words)) == ("not", 1)
    assert value == pytest.approx(words.matrix[:, words.tokens_b.index("not")].sum(), abs=2e-3)
    assert [word for word, _ in named.words] == ["Berlin"]
    assert sum(change for _, change in swapped.words) == pytest.approx(swapped.different - 1, abs=5e-3)


def test_families_are_means(report):
    again = CheckReport(report.model, report.method, report.similarity, report.results + report.results[:1])
    family = again.families[0]
    assert (family.name, family.pairs) == ("negation", 2)
    assert family.fall == pytest.approx(report.results[0].fall)
    assert [each.name for each in again.below(1.0)] == [each.name for each in again.families if each.heard < 1]
    assert again.below(0) == ()
    frame = report.to_dataframe()
    assert isinstance(frame, pd.DataFrame)
    assert list(frame["family"]) == ["negation", "names", "word order"]


def test_a_report_is_saved_and_shown(report, tmp_path):
    report.save(tmp_path / "r.json")
    assert CheckReport.load(tmp_path / "r.json") == report
    (tmp_path / "x.json").write_text('{"format": "xsbert.CheckReport", "version": 1, "results": [{}]}')
    with pytest.raises(ValueError, match="is damaged"):
        CheckReport.load(tmp_path / "x.json")
    report.save(tmp_path / "r.html")
    html = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "The hotel is not quiet." in html
    assert "<bdi>not</bdi>" in html
    assert "negation 0%" in repr(report) or "negation 100%" in repr(report)


def test_a_notebook_shows_it_in_a_frame(report):
    shown = report._repr_html_()
    assert shown.startswith("<iframe")
    assert "The hotel is not quiet." in shown


def test_our_own_pairs():
    pairs = read_minimal_pairs()
    assert {pair.family for pair in pairs} == {"negation", "opposites", "numbers", "names", "word order"}
    assert len(pairs) == len(set(pairs)) == 50
    assert all(len({pair.text, pair.same, pair.different}) == 3 for pair in pairs)
    for pair in pairs:
        if pair.family == "word order":
            assert set(pair.text.lower()) == set(pair.different.lower())


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("family,text,same\nx,a,b\n", "has no column 'different'; expected family, text, same, different"),
        ("family,text,same,different\nx,a,b\n", "line 2: got 'x, a, b'; expected 4 columns"),
        ("family,text,same,different\nx,a,,c\n", "line 2: got"),
        ("family,text,same,different\n", "holds no pairs; expected a row for each"),
    ],
)
def test_a_bad_file_of_pairs_is_refused(tmp_path, content, error):
    (tmp_path / "p.csv").write_text(content)
    with pytest.raises(ValueError, match=error):
        read_minimal_pairs(tmp_path / "p.csv")


def test_no_pairs_are_refused(minilm):
    with pytest.raises(ValueError, match="check got no pairs"):
        check(minilm, [])


def test_the_command_and_its_status(command, tmp_path):  # noqa: F811
    path = tmp_path / "ours.csv"
    path.write_text("family,text,same,different\nours,The bus is late.,The bus is delayed.,The bus is red.\n")
    options = ("check", "--pairs", str(path), "--only-pairs")
    status, output, _ = command(*options, "--output", str(tmp_path / "c.html"))
    assert status == 0
    assert "ours        1 " in output or "ours" in output
    assert "red " in output
    assert (tmp_path / "c.html").is_file()
    status, output, error = command("check", "--family", "word order", "--fail-below", "0.5", "--layer", "-1")
    assert status == 1
    assert "word order     10" in output
    assert error.splitlines()[-1] == "xsbert: heard less than 50%: word order 0%"
    status, _, error = command("check", "--family", "tone")
    assert (status, "--family got tone; expected one of negation" in error) == (2, True)
    assert command("check", "--fail-below", "7")[0] == 2
