"""What many pairs say of words: sums by hand, and which over-match."""

import numpy as np
import pytest

from xsbert import plot, summary
from xsbert.models import Presence

PAIRS = [
    ("A man plays the guitar.", "A man sings."),
    ("The man sleeps.", "A man sings loudly."),
    ("Dogs bark.", "Stocks fell today."),
    ("The cat sleeps.", "A cat is asleep."),
]


@pytest.fixture(scope="module")
def xs(minilm):
    return minilm.explain_pairs(PAIRS, method=Presence(-1))


def cell(x, a, b):
    x = x.words()
    return sum(
        x.matrix[i, j]
        for i, word_a in enumerate(x.tokens_a)
        for j, word_b in enumerate(x.tokens_b)
        if (word_a.casefold(), word_b.casefold()) == (a, b)
    )


def test_pairs_of_words_are_summed_over_texts(xs):
    made = summary(xs)
    man = next(pair for pair in made.word_pairs if (pair.word_a, pair.word_b) == ("man", "man"))
    values = [cell(x, "man", "man") for x in xs[:2]]
    assert man.total == pytest.approx(sum(values), abs=1e-6)
    assert man.mean == pytest.approx(np.mean(values), abs=1e-6)
    assert man.pairs == 2
    assert np.isnan(man.excess)
    assert sum(pair.total for pair in made.word_pairs) == pytest.approx(sum(x.score for x in xs), abs=4e-3)
    totals = [abs(pair.total) for pair in made.word_pairs]
    assert totals == sorted(totals, reverse=True)
    assert made.score == pytest.approx(np.mean([x.score for x in xs]))
    assert repr(made).startswith("PairsSummary(4 pairs, mean score 0.")


def test_what_over_matches_adds_to_scores_above_their_labels(xs):
    labels = [0.1, 0.1, 0.0, 5.0]
    made = summary(xs, labels)
    scores = np.array([x.score for x in xs])
    line = np.polyfit(labels, scores, 1)
    assert made.differences == pytest.approx(scores - np.polyval(line, labels))
    man = next(pair for pair in made.word_pairs if (pair.word_a, pair.word_b) == ("man", "man"))
    weights = np.abs([cell(x, "man", "man") for x in xs[:2]])
    assert man.excess == pytest.approx(np.average(made.differences[:2], weights=weights), abs=1e-5)
    over = made.over_matching(3)
    assert over[0].word_a == over[0].word_b == "man"
    assert all(pair.total > 0 and pair.excess > 0 for pair in over)
    assert all(pair.pairs >= 2 for pair in made.over_matching(3, least=2))
    assert summary(xs, [1, 1, 1, 1]).differences == pytest.approx(scores - scores.mean())


def test_it_is_a_table_and_a_picture(xs):
    made = summary(xs)
    frame = made.to_dataframe()
    assert list(frame.columns) == ["word_a", "word_b", "total", "mean", "pairs", "excess"]
    assert len(frame) == len(made.word_pairs)
    ax = plot.words(made, top=5)
    widths = [bar.get_width() for bar in ax.patches]
    assert widths == pytest.approx([pair.total for pair in made.top(5)])
    assert ax.get_yticklabels()[0].get_text().endswith(f"({made.word_pairs[0].pairs})")


@pytest.mark.parametrize(
    ("labels", "said"), [([1, 2], "labels got 2 values for 4 pairs"), ([1, 2, 3, float("nan")], "a number for each")]
)
def test_what_cannot_be_summed_is_refused(xs, labels, said):
    with pytest.raises(ValueError, match=said):
        summary(xs, labels)
    with pytest.raises(ValueError, match="summary\\(\\) got no attributions"):
        summary([])
    with pytest.raises(TypeError, match="words got a list; expected a summary"):
        plot.words([])


def test_scores_that_fit_their_labels_over_match_nowhere(xs):
    assert summary(xs[:2], [1, 0]).over_matching(5) == []  # a line goes through any two points
