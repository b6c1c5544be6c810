"""The ledger, and each study: its figures by hand, on models whose answer is known."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from tests.studies.conftest import PAIRS
from xsbert.evaluation import IntegratedJacobian
from xsbert.evaluation.methods.matrices import WordMatrix
from xsbert.evaluation.statistics import Mean, bootstrap, bootstrap_of, spearman
from xsbert.models import HiddenStates, Presence, XSFunction
from xsbert.studies import NAMES
from xsbert.studies import study as study_of
from xsbert.studies.explanations import Explanations
from xsbert.studies.findings import above, near
from xsbert.studies.questions import agreement, lexical_bias, negation, opposites, parts_of_speech, steps, swaps
from xsbert.studies.questions.few_pairs import top_sum
from xsbert.studies.study import of_material as study

TEXTS = [(pair.text_a, pair.text_b) for pair in PAIRS]


def number(shown):
    """The figure of a table's cell."""
    return float(shown.split(" ")[0].replace("−", "-"))


def row(findings, *begins):
    return next(row for row in findings.rows if row[: len(begins)] == begins)


def test_each_pair_is_explained_once_and_kept(minilm, tmp_path, monkeypatch):
    kept = Explanations(tmp_path)
    method = IntegratedJacobian(minilm, Presence(-1))
    first = kept.of(minilm, method, [*TEXTS[:4], TEXTS[0]])
    assert [(x.a.text, x.b.text) for x in first] == [*TEXTS[:4], TEXTS[0]]
    direct = WordMatrix.of(minilm.explain(*TEXTS[1], method=Presence(-1)))
    np.testing.assert_allclose(first[1].whole, direct.whole, atol=2e-3)
    assert first[1].a == direct.a
    monkeypatch.setattr(type(minilm), "explain_pairs", lambda *args, **kwargs: pytest.fail("explained again"))
    again = Explanations(tmp_path).of(minilm, method, TEXTS[:4])
    for x, y in zip(again, first, strict=False):
        np.testing.assert_array_equal(x.whole, y.whole)
    with pytest.raises(pytest.fail.Exception):
        Explanations(tmp_path).of(minilm, IntegratedJacobian(minilm, HiddenStates(-1)), TEXTS[:4])


def test_the_strongest_are_summed_by_value_or_by_size():
    values = np.array([3.0, -5.0, 1.0, 0.5])
    assert top_sum(values, 1, True) == 3
    assert top_sum(values, 1, False) == -5
    assert top_sum(values, 50, True) == 4
    assert top_sum(values, 50, False) == -2
    assert top_sum(values, 100, True) == top_sum(values, 100, False) == -0.5


def test_few_pairs_by_hand(made):
    material = made(methods=("presence",))
    findings = study("few-pairs", material)
    cells = [x.matrix.ravel() for x in material.explained("presence")]
    shares = [np.sort(v)[::-1][: int(np.ceil(0.25 * len(v)))].sum() / v.sum() for v in cells if v.sum() > 0.1]
    assert row(findings, "presence", "25 %")[2].startswith(f"{np.median(shares):.2f} ")
    assert row(findings, "presence", "100 %")[2] == "1.00 [1.00, 1.00]"
    assert f"presence: {len(shares)} of {len(PAIRS)} pairs" in findings.note
    negative = np.mean([(v < 0).mean() for v in cells])
    assert f"{negative:.2f} [" in str(findings.claims[-1])


def test_a_model_agrees_with_itself_and_an_exact_one_is_explained_from_padding(made, minilm, minilm_cos, monkeypatch):
    material = made(pairs=PAIRS[:4], methods=("padding", "presence"), layers=[4, 5], others={"itself": minilm})
    findings = study("agreement", material)
    assert {row[4] for row in findings.rows} == {"1.00 [1.00, 1.00]"}
    assert [row[2] for row in findings.rows] == ["padding"] * 2 + ["presence"] * 2
    assert not findings.claims
    with_exact = replace(material, others={"exact": minilm_cos}, layers=[-1])
    found = list(agreement.comparisons(with_exact))
    assert found == [(("minilm", name), ("exact", "padding")) for name in ("padding", "presence")]
    (first, _) = study("agreement", with_exact).rows
    mine, theirs = (WordMatrix.of(m.explain(*TEXTS[0], method=HiddenStates(-1))) for m in (minilm, minilm_cos))
    one = spearman(mine.matrix, theirs.matrix)
    assert np.isclose(agreement.agreement_of([mine], [theirs]).value, one, atol=1e-6)
    assert -1 < number(first[4]) < 1
    with pytest.raises(ValueError, match="agreement got one model; expected --others"):
        study("agreement", made())


def test_accuracy_is_spearmans_correlation_with_people(made, minilm, minilm_cos):
    findings = study("accuracy", made(others={"exact": minilm_cos}))
    scores = [minilm.similarity_pairwise(*map(minilm.encode, pair)).item() for pair in ([a, b] for a, b in TEXTS)]
    gold = [pair.score for pair in PAIRS]
    assert number(findings.rows[0][1]) == pytest.approx(spearman(np.array(scores), np.array(gold)), abs=1e-3)
    (claim,) = findings.claims
    assert claim.found.startswith("exact less minilm: ")


def test_more_steps_miss_less(made, monkeypatch):
    monkeypatch.setattr(steps, "STEPS", (20, 100))
    findings = study("steps", made(pairs=PAIRS[:2], layers=[-1]))
    misses = [float(each[2]) for each in findings.rows[: len(steps.STEPS)]]
    assert misses == sorted(misses, reverse=True)
    assert misses[-1] < misses[0] / 4
    assert findings.rows[-1][1].startswith("ours, ")
    assert float(findings.rows[-1][2]) < 2e-3


def test_classes_are_let_in_one_by_one(made, parser):
    material = made()
    findings = study("parts-of-speech", material)
    cells = parts_of_speech.cells_of(material.explained("padding"), parser, material.rarity)
    sums = [x.matrix.sum() for x in material.explained("padding")]
    assert parts_of_speech.summed(cells, None, len(PAIRS)) == pytest.approx(sums)
    whole = spearman(np.array(sums), material.gold)
    assert number(row(findings, "padding", "all")[-1]) == pytest.approx(whole, abs=5e-3)
    order = list(dict.fromkeys(cells["tags"]))
    assert parts_of_speech.allowed(cells, order, material.gold)[-1] == pytest.approx(whole)
    nouns = cells[cells["tags"] == "noun – noun"]
    by_hand = nouns.groupby("pair")["value"].sum().reindex(range(len(PAIRS)), fill_value=0)
    assert parts_of_speech.summed(cells, ["noun – noun"], len(PAIRS)) == pytest.approx(by_hand.to_numpy())
    assert len(findings.claims) == 2


def test_roles_are_asked_of_clauses_alone(made):
    findings = study("roles", made())
    assert {each[4] for each in findings.rows} == {"–"}  # so few pairs can't tell one class from another
    assert findings.note.startswith("5 of the 5 pairs whose texts both have a verbal root")
    lifts = [number(each[3]) for each in findings.rows if each[3]]
    assert lifts == sorted(lifts, reverse=True)
    with pytest.raises(ValueError, match="roles found no pair whose texts both have a verb"):
        study("roles", made(pairs=[PAIRS[6]]))


def test_swapped_arguments_by_hand(made, minilm, monkeypatch):
    clauses = [swaps.Clause(*each) for each in swaps.records("clauses.csv", swaps.Clause._fields)][:6]
    monkeypatch.setattr(swaps, "records", lambda *args: clauses)
    findings = study("swaps", made())
    assert clauses[0].texts == (
        "The doctor thanks the farmer.",
        "The farmer thanks the doctor.",
        "The singer thanks the farmer.",
    )
    pairs = [each.texts[:2] for each in clauses]
    found = [x.words() for x in minilm.explain_pairs(pairs, method=HiddenStates())]
    kept, subjects = [], []
    for x, clause in zip(found, clauses, strict=True):
        rows, columns = ([word.casefold() for word in words] for words in (x.tokens_a, x.tokens_b))
        nouns = [x.matrix[rows.index(noun), columns.index(noun)] for noun in (clause.first, clause.second)]
        kept.append(np.mean(nouns))
        subjects.append(x.matrix[rows.index(clause.first), columns.index(clause.second)])
    swapped = row(findings, "padding", "swapped")
    assert number(swapped[3]) == pytest.approx(np.mean(kept), abs=6e-3)
    assert number(swapped[4]) == pytest.approx(np.mean(subjects), abs=6e-3)
    assert row(findings, "padding", "the same")[2] == "1.00 [1.00, 1.00]"


def test_negation_by_hand(made, minilm):
    material = made(pairs=PAIRS[:3], methods=("presence",))
    findings = study("negation", material)
    texts = [text for pair in TEXTS[:3] for text in pair][:3]
    denied = [negation.negated(text, material.parser) for text in texts]
    found = [minilm.explain(each.text, each.negated).words() for each in denied]
    column = [x.matrix[:, x.tokens_b.index("not")].sum() for x in found]
    put_in = row(findings, "presence", "“not”")
    assert number(put_in[2]) == pytest.approx(np.mean([1 - x.score for x in found]), abs=1e-3)
    assert number(put_in[3]) == pytest.approx(np.mean(column), abs=2e-3)
    assert findings.note.startswith("3 sentences; a rule fits")
    (_, natural) = findings.claims
    assert natural.verdict == "cannot be told"  # there is none in these
    whole = made(methods=("presence",))
    mean, count = negation.natural(whole)
    assert count == 2  # "not a good coffee", "will not leave"
    scores, gold = whole.scores(TEXTS), whole.gold
    ones = [4, 9]
    line = np.polyfit(np.delete(gold, ones), np.delete(scores, ones), 1)
    assert mean.value == pytest.approx(np.mean(scores[ones] - np.polyval(line, gold[ones])))
    with pytest.raises(ValueError, match='no sentence that "not" can be put into'):
        study("negation", made(pairs=[PAIRS[0]._replace(text_a="A dog", text_b="No cat")]))


def test_opposites_by_hand(made, minilm):
    findings = study("opposites", made(pairs=PAIRS[:3]))
    cells = []
    for item in opposites.items(3):
        text, word = item.others[2]
        x = minilm.explain(item.text, text, method=HiddenStates()).words()
        cells.append(x.matrix[x.tokens_a.index(item.adjective), x.tokens_b.index(word)])
    opposite = row(findings, "padding", "opposite")
    assert number(opposite[3]) == pytest.approx(np.mean(cells), abs=2e-3)
    assert number(opposite[4]) == pytest.approx(np.mean(np.array(cells) > 0), abs=1e-2)
    claims = {claim.claim: claim for claim in findings.claims}
    x = minilm.explain("The coffee is bad.", "This is not a good coffee.", method=HiddenStates()).words()
    good = x.matrix[x.tokens_a.index("bad"), x.tokens_b.index("good")]
    assert number(claims["bad – good adds to the score."].found) == pytest.approx(good, abs=2e-3)


def test_lexical_bias_by_hand(made, minilm):
    material = made(methods=("presence",))
    single = lexical_bias.synonyms(made(pairs=[PAIRS[8]], methods=("presence",)), "presence")
    x = minilm.explain("She drives an old car.", "She drives an old car.").words()
    y = minilm.explain("She drives an old car.", "She drives an ancient car.").words()
    row_of = x.tokens_a.index("old")
    assert single.same[:1] == pytest.approx([x.matrix[row_of, row_of]], abs=2e-3)
    assert single.other[:1] == pytest.approx([y.matrix[row_of, y.tokens_b.index("ancient")]], abs=2e-3)
    assert single.difference.value == pytest.approx(single.same.value - single.other.value)
    shared = lexical_bias.shared_words(material, "presence")
    x = minilm.explain(*TEXTS[7]).words()  # a cat in both, and people call them unlike
    assert shared.same.pairs == 1
    assert shared.same.value == pytest.approx(x.matrix[x.tokens_a.index("cat"), x.tokens_b.index("cat")], abs=2e-3)
    assert shared.difference.value == pytest.approx(shared.same.value - shared.other.value)


CHUNKS = """<sentence id="1" status="">
// a
// b
<source>
1 dogs :
2 run :
3 fast :
</source>
<translation>
1 dogs :
2 sprint :
3 quickly :
</translation>
<alignment>
1 <==> 1 // EQUI // 5 // dogs <==> dogs
2 <==> 2 // EQUI // 5 // run <==> sprint
3 <==> 3 // SIMI // 4 // fast <==> quickly
</alignment>
</sentence>
"""


def test_chunks_of_equal_meaning_are_compared_at_equal_length_and_tag(made, tmp_path):
    (tmp_path / "a.wa").write_text(CHUNKS)
    (pair,) = lexical_bias.read_alignments(tmp_path)
    assert pair.equal == (((0,), (0,)), ((1,), (1,)))
    assert len(pair.aligned) == 3
    material = made(methods=("presence",), chunks=str(tmp_path))
    (x,) = material.explained("presence", [(pair.text_a, pair.text_b)])
    found = list(lexical_bias._chunks(x, pair, material.parser))
    assert [(same, kind) for _, same, kind in found] == [(True, "1 noun"), (False, "1 verb")]
    assert found[0][0] == pytest.approx(x.matrix[0, 0] / (x.matrix.sum() / 3))
    values, same = np.array([3.0, 1.0, 5.0, 4.0]), np.array([True, False, True, True])
    mixed = lexical_bias._apart("", values, same, np.array(["n", "n", "v", "n"]))
    assert mixed.difference.value == pytest.approx(3.5 - 1)  # of nouns: no other verb stands beside 5
    assert study("lexical-bias", material).rows[1][1] == lexical_bias.CHUNKS


def test_one_bootstrap_for_all():
    values = np.random.default_rng(0).normal(size=50)
    (mean,) = bootstrap(values[:, None], draws=500)
    assert bootstrap_of(lambda drawn: values[drawn].mean(), 50) == pytest.approx(mean)


def test_verdicts_go_by_the_interval():
    assert near(Mean(0.5, 0.48, 0.52, 9), 0.5, 0.05) == "holds"
    assert near(Mean(0.5, 0.3, 0.7, 9), 0.5, 0.05) == "cannot be told"
    assert near(Mean(0.9, 0.8, 1.0, 9), 0.5, 0.05) == "does not hold"
    assert above(Mean(0.9, 0.9, 0.9, 4), 0.5) == "cannot be told"  # of so few pairs
    assert [above(Mean(v, v - 0.1, v + 0.1, 9), 0.5) for v in (0.7, 0.5, 0.3)] == [
        "holds",
        "cannot be told",
        "does not hold",
    ]


def test_a_study_by_its_name(minilm, tmp_path, monkeypatch):
    found = study_of("few-pairs", minilm, PAIRS[:4], ["padding"], folder=tmp_path)
    assert found.markdown == found._repr_markdown_()
    ax = found.plot()
    assert ax.get_xlabel().startswith("the strongest pairs of words")
    assert ax.figure.get_size_inches()[1] == found.height
    plt.close(ax.figure)
    figure, own = plt.subplots()
    assert found.plot(own) is own
    plt.close(figure)
    monkeypatch.setattr(type(minilm), "explain_pairs", lambda *args, **kwargs: pytest.fail("explained again"))
    assert study_of("few-pairs", minilm, PAIRS[:4], ["padding"], folder=tmp_path).rows == found.rows
    with pytest.raises(ValueError, match="study got 'few'; expected one of 'accuracy', 'steps', 'few-pairs'"):
        study_of("few", minilm, PAIRS)
    with pytest.raises(ValueError, match="methods got 'none'; expected some of 'presence'"):
        study_of("few-pairs", minilm, PAIRS, ["none"])
    with pytest.raises(ValueError, match="study got no pairs"):
        study_of("few-pairs", minilm, [])
    assert len(NAMES) == len(set(NAMES)) == 10


@pytest.mark.parametrize("name", ["few-pairs", "accuracy", "opposites"])
def test_what_needs_no_parser_asks_for_none(made, name):
    """A language without a parser runs these."""
    assert study(name, made(pairs=PAIRS[:3], parser_name="xx_none")).rows
    with pytest.raises(ValueError, match="spaCy has no model 'xx_none'"):
        study("roles", made(pairs=PAIRS[:3], parser_name="xx_none"))


def test_two_models_of_one_name_are_refused(made, minilm):
    with pytest.raises(ValueError, match="two models are called 'minilm'"):
        made(others={"minilm": minilm})


def test_a_function_is_asked_what_needs_no_layers(minilm, tmp_path):
    """By removal a study of a function finds what it finds of the model behind it."""
    model = XSFunction(lambda texts: minilm.encode(texts), name="service")
    pairs = [tuple(pair) for pair in PAIRS[:4]]
    found = study_of("few-pairs", model, pairs, ("removal",), folder=tmp_path / "a")
    own = study_of("few-pairs", minilm, pairs, ("removal",), folder=tmp_path / "b")
    assert [claim.found for claim in found.claims] == [claim.found for claim in own.claims]
    for name, methods in (("few-pairs", ("presence",)), ("steps", ("removal",))):
        with pytest.raises(ValueError, match="the function 'service'"):
            study_of(name, model, pairs, methods)
