"""Rankings, what sets two documents apart, and tables: results about several pairs or for other tools."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from xsbert import Attribution, Ranking, contrast
from xsbert.attribution import ranked
from xsbert.models import HiddenStates

QUERY = "Bad coffee in the office"
DOCUMENTS = ["Stocks fell today.", "An awful espresso.", "The coffee is bad.", "An awful espresso."]


@pytest.fixture(scope="module")
def ranking(minilm):
    return minilm.explain_ranking(QUERY, DOCUMENTS)


def test_a_ranking_is_a_sequence_in_order(ranking, minilm):
    assert isinstance(ranking, Ranking)
    assert len(ranking) == 4
    assert list(ranking.scores) == sorted(ranking.scores, reverse=True)
    assert ranking.documents == tuple(DOCUMENTS[i] for i in ranking.positions)
    assert ranking.positions == (2, 1, 3, 0)  # a tie stays in the order of the list
    assert ranking[0] == minilm.explain(QUERY, DOCUMENTS[2], task=("query", "document"))
    assert [x.text_b for x in ranking] == [ranking[i].text_b for i in range(4)]
    assert ranking[-1].text_b == DOCUMENTS[0]
    assert isinstance(ranking[1:3], Ranking)
    assert ranking[1:3].positions == (1, 3)
    assert repr(ranking).startswith("Ranking('Bad coffee in the office', 4 documents, first 0.")


def test_a_part_may_be_empty(ranking, tmp_path):
    for none in (ranking[5:], ranking[2:2]):
        assert (len(none), none.query, none.scores, none.compared) == (0, QUERY, (), 4)
        assert none.words() == none.folded() == none[:3] == none
        assert repr(none) == "Ranking('Bad coffee in the office', 0 documents)"
        assert len(none.to_dataframe()) == 0
        none.save(tmp_path / "none.json")
        assert Ranking.load(tmp_path / "none.json") == none
        assert none._repr_html_() is None
    with pytest.raises(ValueError, match="page got a ranking of no documents"):
        ranking[5:].save(tmp_path / "none.html")


def test_a_part_knows_how_many_were_compared(ranking):
    assert (ranking.compared, ranking[1:2].compared, ranking.words()[:1].compared) == (4, 4, 4)
    assert ranked(list(ranking)).compared == 4
    with pytest.raises(ValueError, match="and 3 compared documents; expected a string, and a whole number of at least"):
        replace(ranking, compared=3)


def test_results_have_hashes(ranking, minilm, tmp_path):
    x = ranking[0]
    vectors = minilm.token_vectors(["coffee"])[0]
    same = replace(x, matrix=x.matrix.astype(np.float64))
    assert same == x
    assert len({x, same, ranking[1]}) == 2
    for each in (x, ranking, vectors, contrast(ranking[0], ranking[1])):
        each.save(tmp_path / "kept.json")
        assert {each: "seen"}[type(each).load(tmp_path / "kept.json")] == "seen"


def test_words_keep_the_totals(ranking):
    for x, y in zip(ranking, ranking.words(), strict=True):
        assert y.explained == pytest.approx(x.explained, abs=1e-5)
    assert ranking.folded() == ranking  # no prompt


def test_a_file_and_back(ranking, tmp_path):
    ranking.save(tmp_path / "ranking.json")
    assert Ranking.load(tmp_path / "ranking.json") == ranking
    assert ranking != ranking[:2]


def test_ids_stay_with_their_documents(ranking, minilm, tmp_path):
    named = minilm.explain_ranking(QUERY, DOCUMENTS, ids=["a", 7, "c", "d"])
    assert named.ids == ("c", "7", "d", "a")
    assert named[1:].ids == named.words()[1:].ids == named.folded()[1:].ids == ("7", "d", "a")
    named.save(tmp_path / "ranking.json")
    assert Ranking.load(tmp_path / "ranking.json") == named != ranking
    assert named.to_dataframe().id.tolist() == ["c", "7", "d", "a"]
    assert ranking.ids == ()
    assert "id" not in ranking.to_dataframe()


def test_a_file_from_before_there_were_ids(ranking, tmp_path):
    old = {name: value for name, value in ranking.to_dict().items() if name != "ids"}
    (tmp_path / "old.json").write_text(json.dumps(old))
    assert Ranking.load(tmp_path / "old.json") == ranking
    (tmp_path / "bad.json").write_text(json.dumps(old | {"ids": ["a"]}))
    with pytest.raises(ValueError, match=r"bad\.json is damaged .*got 4 attributions and the ids \('a',\)"):
        Ranking.load(tmp_path / "bad.json")


@pytest.mark.parametrize(
    ("ids", "error", "message"),
    [
        (["a"], ValueError, "ids got 1 for 4 documents; expected a string or a whole number for each"),
        ("abcd", TypeError, "ids got 'abcd'"),
        ([1, 2, 3.5, 4], TypeError, r"ids\[2\] got 3\.5 \(float\)"),
    ],
)
def test_ids_that_are_none_are_refused(minilm, ids, error, message):
    with pytest.raises(error, match=message):
        minilm.explain_ranking(QUERY, DOCUMENTS, ids=ids)


def test_a_damaged_file_is_refused(ranking, tmp_path):
    ranking[0].save(tmp_path / "pair.json")
    with pytest.raises(ValueError, match=r"holds 'xsbert.Attribution'; expected a file written by Ranking.save"):
        Ranking.load(tmp_path / "pair.json")
    ranking.save(tmp_path / "ranking.json")
    text = (tmp_path / "ranking.json").read_text()
    (tmp_path / "ranking.json").write_text(text.replace('"score"', '"sc"'))
    with pytest.raises(ValueError, match="damaged"):
        Ranking.load(tmp_path / "ranking.json")
    with pytest.raises(ValueError, match=r"ends in \.json or \.html"):
        ranking.save(tmp_path / "ranking.txt")


def test_what_is_no_ranking_is_refused(ranking, minilm):
    with pytest.raises(ValueError, match="Ranking got 0 attributions"):
        ranked([])
    other = minilm.explain("Another query", DOCUMENTS[0])
    with pytest.raises(ValueError, match="Ranking got two queries, 'Bad coffee in the office' and 'Another query'"):
        ranked([ranking[0], other])
    with pytest.raises(ValueError, match="Ranking got attributions whose tokens_a differ"):
        ranked([ranking[0].words(), replace(ranking[1], tokens_a=tuple("abcdefg"))])


@pytest.mark.parametrize("words", [False, True])
@pytest.mark.parametrize("name", ["minilm", "mpnet_cos"])
def test_a_contrast_sums_to_the_difference_of_the_scores(encoders, name, words):
    ranking = encoders[name].explain_ranking(QUERY, DOCUMENTS)
    x, y = ranking[0], ranking[-1]
    c = contrast(x.words(), y.words()) if words else contrast(x, y)
    assert c.score_difference == x.score - y.score
    assert abs(c.differences.sum() + c.reference_difference - c.score_difference) <= c.error + 1e-6
    assert contrast(y, x).differences == pytest.approx(-contrast(x, y).differences)
    assert c.documents == (x.text_b, y.text_b)
    assert len(c.top(3)) == 3
    if name == "mpnet_cos":  # exact
        assert abs(c.reference_difference) < 1e-6


def test_a_contrast_names_the_word_that_is_missing(minilm_cos):
    x, y = minilm_cos.explain_ranking("cheap hotel in Rome", ["A cheap hotel in Rome.", "A cheap hotel in Oslo."])
    assert contrast(x.words(), y.words()).top(1)[0][0] == "Rome"


def test_contrasts_of_different_things_are_refused(ranking, minilm):
    with pytest.raises(ValueError, match="whose text_a differ"):
        contrast(ranking[0], minilm.explain("Another query", DOCUMENTS[0]))
    with pytest.raises(ValueError, match="whose layer differ"):
        contrast(ranking[0], minilm.explain(QUERY, DOCUMENTS[0], method=HiddenStates(layer=5)))
    with pytest.raises(TypeError, match="contrast got a Ranking; expected two Attributions"):
        contrast(ranking, ranking)


def test_tables_of_pandas(ranking):
    x = ranking[0]
    table = x.to_dataframe()
    assert table.shape == (x.matrix.size, 5)
    back = table.pivot(index="position_a", columns="position_b", values="attribution").to_numpy()
    assert np.array_equal(back, x.matrix)
    best = table.loc[table.attribution.abs().idxmax()]
    assert (best.token_a, best.token_b) == x.top(1)[0][:2]
    assert ranking.to_dataframe().position.tolist() == list(ranking.positions)
    assert ranking.to_dataframe()["rank"].tolist() == [1, 2, 3, 4]


def test_tables_without_pandas_say_what_to_do(ranking, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install pandas, or use x\.matrix"):
        ranking[0].to_dataframe()
    assert isinstance(ranking[0], Attribution)
