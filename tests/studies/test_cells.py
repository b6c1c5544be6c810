"""The table of all word pairs; lifts and regressions by hand."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.formula.api import ols

from xsbert.evaluation.methods.matrices import WordMatrix, Words
from xsbert.studies.cells import cells_of, lifts, regression, shares


def matrix(text_a, text_b, values):
    words = [Words(text, tuple(_spans(text))) for text in (text_a, text_b)]
    whole = np.zeros((len(words[0]) + 1, len(words[1]) + 1))
    whole[:-1, :-1] = values
    return WordMatrix(*words, whole)


def _spans(text):
    start = 0
    for word in text.split(" "):
        yield start, start + len(word)
        start += len(word) + 1


@pytest.fixture
def cells(parser):
    first = matrix("he sings", "he sleeps", [[0.6, 0.1], [0.1, 0.2]])
    second = matrix("good dogs", "cats", [[-0.5], [0.4]])
    return cells_of([first, second], parser, {"he": 1.0, "sings": 3.0})


def test_a_row_for_each_cell(cells):
    assert len(cells) == 6
    assert list(cells["pair"]) == [0] * 4 + [1] * 2
    np.testing.assert_allclose(cells["value"], [0.6, 0.1, 0.1, 0.2, -0.5, 0.4])
    np.testing.assert_allclose(cells["relative"][:4], [2.4, 0.4, 0.4, 0.8])
    assert cells["relative"][4:].isna().all()  # their sum says nothing
    assert list(cells["place"][[0, 3, 5, 4]]) == [1, 2, 1, 2]
    assert sorted(cells["place"][1:3]) == [3, 4]
    assert list(cells["tags"])[:4] == ["pronoun – pronoun", "pronoun – verb", "pronoun – verb", "verb – verb"]
    assert list(cells["tags"])[4:] == ["adjective – noun", "noun – noun"]
    assert list(cells["same_lemma"]) == [True, False, False, False, False, False]
    assert list(cells["both_content"]) == [False] * 3 + [True] * 3
    np.testing.assert_allclose(cells["rarity"][:3], [1.0, 0.5, 2.0])
    np.testing.assert_allclose(cells["distance"][:4], [0, 1, 1, 0])
    assert shares(cells, "tags")["pronoun – verb"] == pytest.approx(2 / 6)


def test_a_lift_is_a_share_over_a_share(cells):
    classes = {name: (cells["tags"] == name).to_numpy() for name in ("pronoun – pronoun", "pronoun – verb")}
    found = lifts(cells, classes, 25)  # one cell of four, one of two
    same = found["pronoun – pronoun"]
    assert same.value == pytest.approx((1 / 2) / (1 / 6))
    assert found["pronoun – verb"].value == 0
    assert (same.low, same.high) == pytest.approx((3, 4))  # the second pair, drawn twice, has none
    assert lifts(cells, classes, 100)["pronoun – pronoun"].value == pytest.approx(1)


def test_the_regression_is_statsmodels_clustered_by_pair():
    random = np.random.default_rng(0)
    count = 400
    made = pd.DataFrame(
        {
            "pair": np.repeat(np.arange(40), 10),
            "tags": random.choice(["x", "y", "z"], count),
            "same_lemma": random.random(count) < 0.3,
            "both_content": random.random(count) < 0.5,
            "rarity": random.random(count),
            "distance": random.random(count),
        }
    )
    of_pair = np.repeat(random.normal(size=40), 10)
    made["relative"] = 2.0 * (made["tags"] == "x") + made["same_lemma"] + of_pair + random.normal(0, 0.1, count)
    found = regression(made, "tags", ["x"])
    assert found["x"].low < 2 < found["x"].high
    made["is_x"] = (made["tags"] == "x").astype(float)
    for column in ("same_lemma", "both_content"):
        made[column] = made[column].astype(float)
    fitted = ols("relative ~ is_x + same_lemma + both_content + rarity + distance", made).fit(
        cov_type="cluster", cov_kwds={"groups": made["pair"]}
    )
    assert found["x"][:3] == pytest.approx([fitted.params["is_x"], *fitted.conf_int().loc["is_x"]])
    assert found["x"].pairs == 40
    assert list(found) == ["x", "same lemma", "both content words", "rarity", "distance"]
    assert np.isnan(regression(made[made["pair"] == 0], "tags", ["x"])["x"].value)
