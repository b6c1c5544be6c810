"""Human alignments: the files, and the judge."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.evaluation import Bag, judged, words
from xsbert.evaluation import HumanAlignments, PairMatrix, WordMatrix, read_alignments
from xsbert.evaluation.judges.alignment import f1, membership

FILE = """\
<sentence id="1" status="">
// A dog's ball
// The ball : red
<source>
1 A :
2 dog's :
3 ball :
</source>
<translation>
1 The :
2 ball :
3 : :
4 red :
</translation>
<alignment>
1 2 <==> 1 // SIMI // 3 // A dog's <==> The
3 <==> 2 // EQUI // 5 // ball <==> ball
0 <==> 3 4 // NOALI // 0 // -not aligned- <==> : red
</alignment>
</sentence>


"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "b.wa").write_text("\ufeff" + FILE, encoding="utf-8")  # a byte order mark
    (tmp_path / "a.wa").write_text(FILE.replace("ball", "Bälle"), encoding="utf-8")
    (tmp_path / "README.txt").write_text("no alignments here")
    return tmp_path


def test_files_are_read_in_the_order_of_their_names(folder):
    first, second = read_alignments(folder)
    assert first.text_a == "A dog's Bälle"
    assert (second.text_a, second.text_b) == ("A dog's ball", "The ball : red")
    assert second.aligned == {(0, 0), (1, 0), (2, 1)}
    assert second.matrix.sum() == 3
    assert read_alignments(folder / "b.wa") == [second]


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("2 dog's :", "3 dog's :", 6, "expected '2 word :'"),
        ("3 ball :", "3 ball", 7, "expected '3 word :'"),
        ("3 <==> 2 // EQUI", "3 <=> 2 // EQUI", 17, "expected '1 2 <==> 3 // EQUI // 5 // …'"),
        ("3 <==> 2 // EQUI", "4 <==> 2 // EQUI", 17, "expected numbers from 1 to 3, or 0 for none"),
        ("</source>\n", "", 8, "got '<translation>'; expected </source>"),
        ("<alignment>\n", "", 15, "expected <alignment>"),
        ("</alignment>\n</sentence>\n", "", 20, "the file ends within a sentence; expected </sentence>"),
        ('<sentence id="1" status="">', "<sent", 1, "expected <sentence …>"),
        ("1 A :\n2 dog's :\n3 ball :\n", "", 5, "expected at least one word"),
    ],
)
def test_a_bad_line_is_named(tmp_path, old, new, line, message):
    path = tmp_path / "bad.wa"
    assert old in FILE
    path.write_text(FILE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"bad.wa, line {line}: ") as caught:
        read_alignments(path)
    assert message in str(caught.value)


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="expected the files of iSTS 2016"):
        read_alignments(tmp_path)
    (tmp_path / "latin.wa").write_bytes(FILE.replace("ball", "Bälle").encode("latin-1"))
    with pytest.raises(ValueError, match=r"latin.wa, line \d+, is not UTF-8 .*; expected UTF-8"):
        read_alignments(tmp_path)


def test_our_words_lie_in_theirs():
    spans = ((0, 1), (2, 7), (8, 10), (10, 11), (11, 14))  # A, dog's, my, -, pet
    np.testing.assert_array_equal(
        membership(spans, ["A", "dog's", "my-pet", "gone"]),
        [[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 1, 1, 1], [0, 0, 0, 0, 0]],
    )


def by_hand(values, gold):
    """F1 by looking at each pair of words by itself."""
    right = predicted = 0
    rows, columns = set(), set()
    for i, j in itertools.product(*map(range, values.shape)):
        if values[i, j] > 0 and values[i, j] == max(values[i]) == max(values[:, j]):
            predicted += 1
            if gold[i, j]:
                right, rows, columns = right + 1, rows | {i}, columns | {j}
    wanted = sum(any(row) for row in gold) + sum(any(column) for column in gold.T)
    recall, precision = (len(rows) + len(columns)) / wanted, right / max(predicted, 1)
    return 2 * precision * recall / (precision + recall) if right else 0.0


def test_the_judges_name_tells_its_gold(folder):
    gold = read_alignments(folder / "b.wa")
    assert repr(HumanAlignments(gold)) == repr(HumanAlignments(tuple(gold)))
    less = replace(gold[0], aligned=frozenset(sorted(gold[0].aligned)[1:]))
    assert repr(HumanAlignments([less, *gold[1:]])) != repr(HumanAlignments(gold))


@pytest.mark.parametrize("seed", range(20))
def test_f1_against_brute_force(seed):
    random = np.random.default_rng(seed)
    values, gold = random.normal(size=(4, 6)), random.random((4, 6)) < 0.4
    assert f1(values, gold) == pytest.approx(by_hand(values, gold))
    assert f1(gold * 1.0, gold) == 1
    assert math.isnan(f1(values, np.zeros_like(gold)))


def test_the_judge_sums_over_the_annotators_words(folder):
    gold = read_alignments(folder / "b.wa")
    spans_a, spans_b = ((0, 1), (2, 5), (5, 6), (6, 7), (8, 12)), ((0, 3), (4, 8), (9, 10), (11, 14))
    matrix = np.zeros((5, 4))
    matrix[0, 0], matrix[1, 0], matrix[2, 3], matrix[4, 1] = 1, 2, 1, 5  # dog · The is 2, dog's · red 1
    x = WordMatrix.of(PairMatrix(gold[0].text_a, gold[0].text_b, spans_a, spans_b, matrix))
    _, figures = judged(HumanAlignments(gold), Bag(), x)
    assert figures["auc"] == pytest.approx((9 + 8.5 + 9) / 27)
    assert figures["f1"] == pytest.approx(2 * 1 * 0.8 / 1.8)  # 2 right of 2; of 5 aligned words A is missed
    assert all(math.isnan(value) for value in judged(HumanAlignments(gold), Bag(), words())[1].values())
