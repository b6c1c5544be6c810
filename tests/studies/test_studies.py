"""The studies: each figure by hand, on models whose answer is known; and the command, which goes on where it was."""

import csv

import numpy as np
import pytest

from xsbert.evaluation.statistics import Mean
from xsbert.models import HiddenStates, Presence
from xsbert.studies.__main__ import main
from xsbert.studies.agreement import agreement, agreement_of
from xsbert.studies.explanations import Explanations
from xsbert.studies.few_pairs import few_pairs, top_sum
from xsbert.studies.findings import above, near

PAIRS = [
    ("A man plays the guitar.", "Somebody makes music."),
    ("The coffee is bad.", "This is not a good coffee."),
    ("Two dogs run.", "Dogs are running in the snow."),
    ("The bank is closed.", "A child eats an apple."),
]


def test_each_pair_is_explained_once_and_kept(minilm, tmp_path, monkeypatch):
    kept = Explanations(tmp_path)
    method = Presence(-1)
    first = kept.of(minilm, method, [*PAIRS, PAIRS[0]])
    assert first[0] == first[-1]
    assert [x.text_a for x in first] == [a for a, _ in [*PAIRS, PAIRS[0]]]
    direct = minilm.explain(*PAIRS[1], method=method).words()
    np.testing.assert_allclose(first[1].matrix, direct.matrix, atol=2e-3)
    monkeypatch.setattr(type(minilm), "explain_pairs", lambda *args, **kwargs: pytest.fail("explained again"))
    assert Explanations(tmp_path).of(minilm, method, PAIRS) == first[:4]
    with pytest.raises(pytest.fail.Exception):
        Explanations(tmp_path).of(minilm, HiddenStates(-1), PAIRS)


def test_the_strongest_are_summed_by_value_or_by_size():
    values = np.array([3.0, -5.0, 1.0, 0.5])
    assert top_sum(values, 1, True) == 3
    assert top_sum(values, 1, False) == -5
    assert top_sum(values, 50, True) == 4
    assert top_sum(values, 50, False) == -2
    assert top_sum(values, 100, True) == top_sum(values, 100, False) == -0.5


def test_few_pairs_by_hand(minilm, tmp_path):
    found = Explanations(tmp_path).of(minilm, Presence(-1), PAIRS)
    findings = few_pairs({"presence": found}, [0.5, 0.9, 0.8, 0.0])
    cells = [x.trimmed().matrix.ravel() for x in found]
    shares = [np.sort(v)[::-1][: int(np.ceil(0.25 * len(v)))].sum() / v.sum() for v in cells if v.sum() > 0.1]
    row = next(row for row in findings.rows if row[1] == "25 %")
    assert row[2].startswith(f"{np.median(shares):.2f} ")
    assert next(row for row in findings.rows if row[1] == "100 %")[2] == "1.00 [1.00, 1.00]"
    assert f"presence: {len(shares)} of 4 pairs" in findings.note
    negative = np.mean([(v < 0).mean() for v in cells])
    assert f"{negative:.2f} [" in str(findings.claims[-1])


def test_a_model_agrees_with_itself_and_not_with_chance(minilm, tiny, tmp_path):
    kept = Explanations(tmp_path)
    layers = {layer: kept.of(minilm, HiddenStates(layer), PAIRS) for layer in (-1, -2)}
    assert agreement_of(layers[-1], layers[-1]).value == pytest.approx(1)
    mine = {4: layers[-2], 5: layers[-1]}
    findings = agreement(("minilm", mine), {"itself": mine, "other": {4: layers[-1], 5: layers[-1][::-1][::-1]}})
    assert [row[2] for row in findings.rows[:2]] == ["1.00 [1.00, 1.00]"] * 2
    assert findings.claims[0].verdict == "holds"
    assert findings.rows[2][2] != findings.rows[0][2]


def test_verdicts_go_by_the_interval():
    assert near(Mean(0.5, 0.48, 0.52, 9), 0.5, 0.05) == "holds"
    assert near(Mean(0.5, 0.3, 0.7, 9), 0.5, 0.05) == "cannot be told"
    assert near(Mean(0.9, 0.8, 1.0, 9), 0.5, 0.05) == "does not hold"
    assert [above(Mean(v, v - 0.1, v + 0.1, 9), 0.5) for v in (0.7, 0.5, 0.3)] == [
        "holds",
        "cannot be told",
        "does not hold",
    ]


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    lines = "".join(f'"{a}","{b}",{3 + i / 2}\n' for i, (a, b) in enumerate(PAIRS))
    for name in ("train", "dev", "test"):
        (folder / f"{name}.csv").write_text(lines)
    return str(folder)


def test_the_command_writes_tables_and_pictures(data, tmp_path, capsys):
    output = tmp_path / "found"
    options = ["--data", data, "--output", str(output), "--methods", "padding", "--layers", "4", "5"]
    assert main(["few-pairs", "agreement", "--others", "minilm_cos", *options]) == 0
    printed = capsys.readouterr().out
    assert "## Do few pairs of words carry the score?" in printed
    assert "| all-MiniLM-L6-v2 with minilm_cos | 4 |" in printed
    for name in ("few_pairs", "agreement"):
        assert {path.suffix for path in output.glob(f"{name}.*")} == {".md", ".csv", ".png", ".svg"}
    with open(output / "agreement.csv", encoding="utf-8") as file:
        assert next(csv.reader(file)) == ["models", "layer", "rank correlation"]
    size = (output / "explanations.jsonl").stat().st_size
    assert main(["agreement", "--others", "minilm_cos", *options]) == 0
    assert (output / "explanations.jsonl").stat().st_size == size
    capsys.readouterr()
    assert main(["agreement", *options]) == 2
    assert "agreement got one model; expected --others" in capsys.readouterr().err
    assert main(["few-pairs", "--data", str(tmp_path / "none"), "--output", str(output)]) == 2
