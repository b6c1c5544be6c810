"""The study: results are kept as they come, nothing is done twice, and the tables say what was found."""

import copy
import io
import json
import math
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest
from torch import nn
from tqdm import tqdm

from tests.evaluation.test_alignments import FILE
from xsbert.evaluation import (
    Chance,
    Coalitions,
    DeletionInteractions,
    Directions,
    Grid,
    LeaveOneOut,
    Study,
    Task,
    inputs,
    table,
)
from xsbert.evaluation.__main__ import main
from xsbert.evaluation.examples import PAIRS
from xsbert.evaluation.fingerprint import fingerprint
from xsbert.evaluation.grid import METHODS, Row, references
from xsbert.evaluation.ledger import Ledger
from xsbert.evaluation.methods.matrices import PairMatrix
from xsbert.evaluation.statistics import Mean
from xsbert.evaluation.study import TOGETHER
from xsbert.models import XSTransformer

MANY = [(f"{a} {number}", b) for number in range(3) for a, b in PAIRS]


@dataclass(frozen=True)
class Counted:
    """Chance that counts what it is asked, and breaks where it is told to."""

    model: XSTransformer = field(repr=False)
    asked: Counter = field(default_factory=Counter, repr=False)
    cause: list = field(default_factory=list, repr=False)

    def explain(self, pairs):
        if self.cause and sum(self.asked.values()) >= TOGETHER:
            raise self.cause[0]
        self.asked.update(pairs)
        return Chance(self.model).explain(pairs)


@pytest.fixture
def model(tiny):
    return tiny["mpnet_shelf"]


def study_of(model, folder):
    return Study({"tiny": model}, folder)


def task_of(method, pairs=tuple(MANY)):
    return Task([Row("tiny", "counted", None, "", method)], pairs, {"coalitions": Coalitions(8)})


def run(study, task):
    study.run(task, progress=False)
    (row,), (judge,) = task.rows, task.judges.values()
    return study.figures(row, judge, task.pairs)


def test_a_killed_run_goes_on_where_it_was(model, tmp_path):
    whole = run(study_of(model, tmp_path / "whole"), task_of(Counted(model)))
    first, folder = Counted(model, cause=[KeyboardInterrupt()]), tmp_path / "killed"
    with pytest.raises(KeyboardInterrupt):
        run(study_of(model, folder), task_of(first))
    assert sum(first.asked.values()) == TOGETHER
    second = Counted(model)
    assert run(study_of(model, folder), task_of(second)) == whole
    assert set(second.asked) == set(MANY) - set(first.asked)
    third = Counted(model)
    assert run(study_of(model, folder), task_of(third)) == whole
    assert not third.asked


@pytest.mark.parametrize(("long", "sizes"), [(math.inf, [1, 7, 8]), (0.0, [1] * 16)])
def test_pairs_that_take_long_are_explained_and_kept_one_by_one(model, tmp_path, monkeypatch, long, sizes):
    monkeypatch.setattr("xsbert.evaluation.study.LONG", long)
    kept, study = [], study_of(model, tmp_path)

    class Watched(Counted):
        def explain(self, pairs):
            kept.append((len(pairs), len(study.matrices)))
            return super().explain(pairs)

    study.run(task_of(Watched(model), MANY[:16]), progress=False)
    assert kept == [(size, sum(sizes[:call])) for call, size in enumerate(sizes)]


def test_progress_counts_every_pair_known_or_new(model, tmp_path, monkeypatch):
    bars = []

    class Bar(tqdm):
        def __init__(self, **options):
            super().__init__(**options | {"file": io.StringIO()})
            bars.append(self)

    monkeypatch.setattr("xsbert.evaluation.study.tqdm", Bar)
    for pairs in (MANY[:3], [*MANY[:10], MANY[0]]):
        study_of(model, tmp_path).run(task_of(Counted(model), pairs))
    assert [(bar.n, bar.total) for bar in bars] == [(3, 3), (11, 11)]


@pytest.mark.parametrize("name", ["matrices.jsonl", "figures.jsonl"])
@pytest.mark.parametrize("torn", [1, 30])
def test_a_torn_last_line_is_done_again(model, tmp_path, name, torn):
    whole = run(study_of(model, tmp_path), task_of(Counted(model)))
    path = tmp_path / name
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]) + lines[-1][:-torn])
    again = Counted(model)
    assert run(study_of(model, tmp_path), task_of(again)) == whole
    assert sum(again.asked.values()) == (1 if name == "matrices.jsonl" else 0)
    assert len(path.read_bytes().splitlines()) == len(lines)
    assert [json.loads(line)["key"] for line in path.read_text().splitlines()]


def test_a_bad_line_in_the_middle_is_named(tmp_path):
    ledger = Ledger(tmp_path / "new" / "some.jsonl")
    ledger.add(("a", "b"), {"x": 1.5})
    ledger.add(("ü",), [None])
    assert Ledger(ledger.path)["a", "b"] == {"x": 1.5}
    assert ("ü",) in Ledger(ledger.path)
    with pytest.raises(ValueError, match="not JSON compliant"):
        ledger.add(("c",), float("nan"))
    assert len(Ledger(ledger.path)) == 2
    ledger.path.write_bytes(b'{"key": ["a"]}\n' + ledger.path.read_bytes())
    with pytest.raises(ValueError, match=r"some.jsonl, line 1: .* Delete the line"):
        Ledger(ledger.path)


def test_another_judge_needs_no_new_explanation_and_other_weights_do(model, tiny, tmp_path):
    run(study_of(model, tmp_path), task_of(Counted(model)))
    other = Counted(model)
    row = Row("tiny", "counted", None, "", other)
    study = study_of(model, tmp_path)
    study.run(Task([row], MANY[:2], {"deletion": DeletionInteractions()}), progress=False)
    assert not other.asked
    assert all(study.figures(row, DeletionInteractions(), MANY[:2]))
    assert fingerprint(model) != fingerprint(tiny["mpnet_cos"])
    study_of(tiny["mpnet_cos"], tmp_path).run(Task([row], MANY[:2], {}), progress=False)
    assert set(other.asked) == set(MANY[:2])


@pytest.mark.parametrize(
    "change",
    [
        lambda model: setattr(model[0], "max_seq_length", 4),
        lambda model: setattr(model[1], "pooling_mode", "cls"),
        lambda model: model.prompts.update(query="Why: "),
        lambda model: setattr(model, "default_prompt_name", "query"),
        lambda model: setattr(model, "truncate_dim", 2),
        lambda model: setattr(model, "similarity_fn_name", "dot"),
        lambda model: setattr(model.transformers_model.config, "layer_norm_eps", 0.5),
        lambda model: model.tokenizer.add_tokens(["xylophonist"]),
        lambda model: next(model.parameters()).data.add_(1),
        lambda model: model.append(nn.Identity()),
    ],
)
def test_a_model_with_other_settings_is_another_model(model, change):
    other = copy.deepcopy(model)
    assert fingerprint(other) == fingerprint(model)
    change(other)
    assert fingerprint(other) != fingerprint(model)


def test_where_a_model_lies_says_nothing_of_it(tiny_folders, tmp_path):
    folder = shutil.copytree(tiny_folders["mpnet_shelf"], tmp_path / "elsewhere")
    assert fingerprint(XSTransformer(str(folder))) == fingerprint(XSTransformer(str(tiny_folders["mpnet_shelf"])))


def test_results_of_another_version_are_made_anew(model, tmp_path, monkeypatch):
    run(study_of(model, tmp_path), task_of(Counted(model)))
    monkeypatch.setattr("xsbert.evaluation.study.VERSION", 99)
    again = Counted(model)
    run(study_of(model, tmp_path), task_of(again))
    assert set(again.asked) == set(MANY)


def test_what_is_kept_reads_back_as_it_was(model, tmp_path):
    study, method = study_of(model, tmp_path), Chance(model)
    row = Row("tiny", "chance", None, "", method)
    study.run(Task([row], PAIRS[:1], {}), progress=False)
    (fresh,), (read,) = study.known(row, PAIRS[:1]), study_of(model, tmp_path).known(row, PAIRS[:1])
    assert fresh.a == read.a
    np.testing.assert_array_equal(fresh.whole, read.whole)
    assert study.known(row, PAIRS[1:2]) == [None]


def test_pairs_that_a_method_cannot_explain_are_left_out_and_named(model, tmp_path):
    @dataclass(frozen=True)
    class Picky(Counted):
        def explain(self, pairs):
            if any(a.startswith("The coffee") for a, _ in pairs):
                raise ValueError("no coffee")
            return super().explain(pairs)

    study, task = study_of(model, tmp_path), task_of(Picky(model))
    figures = run(study, task)
    bad = [pair for pair in MANY if pair[0].startswith("The coffee")]
    assert len(bad) == 3
    assert study.refused == {("tiny", "counted"): dict.fromkeys(bad, "no coffee")}
    assert [bool(each) for each in figures] == [pair not in bad for pair in MANY]


def test_a_method_is_not_held_against_itself(model, tmp_path):
    study = study_of(model, tmp_path)
    rows = [Row("tiny", "leaving", None, "", LeaveOneOut(model)), Row("tiny", "chance", None, "", Chance(model))]
    judges = {"deletion": DeletionInteractions(), "masking": DeletionInteractions("<mask>")}
    study.run(Task(rows, PAIRS[:3], judges), progress=False)
    assert "leaving" not in table.judged(study, rows, "deletion", judges["deletion"], PAIRS[:3])
    assert "leaving" in table.judged(study, rows, "masking", judges["masking"], PAIRS[:3])


def test_a_table_holds_the_means_and_marks_the_best(model, tmp_path):
    study = Study({"tiny": model, "other": model}, tmp_path)
    rows = [Row("tiny", name, None, "", Chance(model, seed)) for seed, name in enumerate(("good", "bad", "alike"))]
    rows.append(Row("other", "worse", None, "", Chance(model, 3)))
    judge = DeletionInteractions()
    for pair in PAIRS:
        noise = len(pair[0]) % 5 / 100
        for row, value in zip(rows, (0.9, 0.1, 0.9 - noise + 0.02, 0.5), strict=True):
            study.judged.add(study._key(row, pair, judge), {"pairs": value + noise, "words": None})
    shown = table.judged(study, rows, "deletion", judge, PAIRS)
    header, _, good, bad, alike, worse = shown.splitlines()
    assert header == "| model | deletion | pairs ↑ (8 pairs) | words ↑ (0 pairs) |"
    mean = np.mean([0.1 + len(a) % 5 / 100 for a, _ in PAIRS])
    assert f"| {mean:.3f} [" in bad
    assert good.endswith("** | – |")
    assert alike.startswith("| tiny | alike | **0.920 [0.920, 0.920]**")
    assert worse.startswith("| other | worse | **0.5")  # the best of its model
    assert "**" not in bad


def test_a_row_that_is_known_for_few_pairs_says_so_and_beats_nobody(model, tmp_path):
    study = study_of(model, tmp_path)
    rows = [Row("tiny", name, None, "", Chance(model, seed)) for seed, name in enumerate(("lucky", "good", "bad"))]
    judge = DeletionInteractions()
    for number, pair in enumerate(PAIRS):
        for row, value in zip(rows, (0.9 if number == 0 else None, 0.5 - number / 100, 0.1), strict=True):
            study.judged.add(study._key(row, pair, judge), {"pairs": value})
    lucky, good, bad = table.judged(study, rows, "deletion", judge, PAIRS).splitlines()[2:]
    assert lucky == "| tiny | lucky | 0.900 [0.900, 0.900] (1 pair) |"
    assert good.startswith("| tiny | good | **0.")
    assert "**" not in bad


@pytest.mark.parametrize(
    ("value", "low", "high", "shown"),
    [
        (2.6444, 2.4442, 2.8577, "2.64 [2.44, 2.86]"),
        (0.0274, 0.0249, 0.0304, "0.027 [0.025, 0.030]"),
        (1.234e-4, 1.0e-4, 1.6e-4, "1.2e−04 [1.0e−04, 1.6e−04]"),
        (-0.0014, -0.016, 0.012, "0.00 [−0.02, 0.01]"),
        (-7.21, -11.42, -3.83, "−7.2 [−11.4, −3.8]"),
        (-41.2, -56.4, -28.3, "−41 [−56, −28]"),
    ],
)
def test_an_interval_has_the_digits_that_it_is_worth(value, low, high, shown):
    assert table._shown(Mean(value, low, high, 200)) == shown


@dataclass(frozen=True)
class Fixed:
    """The same matrix for every pair."""

    matrix: tuple

    def explain(self, pairs):
        offsets = ((0, 1), (2, 3), (4, 5))
        return [PairMatrix(a, b, (*offsets, (6, 17)), offsets, np.array(self.matrix, dtype=float)) for a, b in pairs]


def test_random_weights_are_also_judged_on_plain_pairs(model, tmp_path):
    rest = (0.5, 1.5, 2.5)  # of a word that is several tokens
    original = ((9, 1, 2), (3, 8, 4), (5, 6, 0), rest)
    contrary = ((9, 5, 4), (3, 8, 2), (1, 0, 6), rest)  # but for “a”, “b” and the long word
    rows = [Row("tiny", "integrated", None, "", Fixed(matrix)) for matrix in (original, original, contrary)]
    study, pairs = study_of(model, tmp_path), [("a b c xylophonist", "A b d")]
    study.run(Task(rows, pairs, {}), progress=False)
    grid = SimpleNamespace(subjects={"tiny": model}, randomised=[(rows[0], rows[1:])])
    header, _, every, plain = table.randomised(study, grid, pairs).splitlines()
    assert header == "| layers randomised from the top | 1 | all weights |"
    assert every == "| integrated | 1.000 [1.000, 1.000] | 0.119 [0.119, 0.119] |"
    assert plain == "| integrated, plain pairs | 1.000 [1.000, 1.000] | −1.000 [−1.000, −1.000] |"


def test_the_grid_is_layers_times_references_and_baselines(tiny, minilm):
    subjects = {"as it is": minilm, "exact": tiny["mpnet_cos"]}
    grid = Grid(subjects, [0, -1], references())
    labels = [row.label for row in grid.rows if row.subject == "as it is"]
    assert len(set(labels)) == len(labels) == 2 * len(references()) + 6 * 2 + 7
    assert {"integrated, layer 0, padding", "integrated, layer 5, padding", "uniform", "random"} <= set(labels)
    assert {row.reference for row in grid.rows if row.subject == "exact"} == {"padding", ""}
    questions = Counter(each.question for each in grid.comparisons)
    assert questions["published rule, converged"] == 2
    assert [len(rows) for _, rows in grid.randomised] == [7] * 2 * len(references())
    names = [row.label for row in grid.randomised[0][1]]
    assert names[0] == "integrated with the last layer random, layer 0, padding"
    assert names[-2:] == ["integrated with 6 layers random, layer 0, padding",
                          "integrated with all weights random, layer 0, padding"]  # fmt: skip
    with pytest.raises(ValueError, match=r"methods got 'magic'; expected some of 'integrated', "):
        Grid(subjects, [0], references(), ["magic"])


@pytest.fixture
def command(tiny_folders, tmp_path, capsys):
    (tmp_path / "small.wa").write_text(FILE, encoding="utf-8")
    fixed = ["--model", str(tiny_folders["mpnet_shelf"]), "--ists", str(tmp_path), "--runs", str(tmp_path / "runs")]

    def call(*arguments):
        return main([*fixed, *arguments]), *capsys.readouterr()

    return call


def test_the_command_takes_short_texts_alone(command, tmp_path):
    pairs = [("one two three four", "one two"), ("one two three", "two three"), ("four", "one two three four"),
             ("three two", "one")]  # fmt: skip
    lines = [",".join((*pair, "2.5")) for pair in pairs]
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.csv").write_text("\n".join(["sentence1,sentence2,score", *lines]), encoding="utf-8")
    arguments = ("--data", str(tmp_path), "--layers", "-1", "--methods", "uniform", "--judges", "completeness")
    assert "Pairs: 4;" in command(*arguments)[1]
    status, output, _ = command(*arguments, "--words", "3")
    assert status == 0
    assert "Pairs: 2; with human alignments: 0." in output
    assert "Pairs: 1;" in command(*arguments, "--words", "3", "--pairs", "1")[1]
    status, _, errors = command(*arguments, "--words", "1")
    assert status == 2
    assert "--words got 1; expected more: no pair has two texts that are so short." in errors


def test_the_command_prints_tables_and_goes_on(command, tmp_path):
    arguments = ("--pairs", "2", "--sanity-pairs", "1", "--layers", "-1")
    status, output, _ = command(*arguments)
    assert status == 0
    for title in ("Truth: completeness", "Truth: deletion", "Truth: masking", "Truth: curves", "Truth: coalitions",
                  "Truth: short texts",
                  "Plausibility, not truth: human alignments", "Sanity: swapped texts", "Sanity: random weights",
                  "Agreement"):  # fmt: skip
        assert f"**{title}**" in output
    assert all(f"| {name}" in output for name in METHODS)
    (missing,) = re.findall(r"completeness.*?presence, layer \d \| (.+?) \|", output, re.DOTALL)
    assert re.fullmatch(r"\d\.\de−0[3-9] \[.*]", missing.strip("*"))  # three digits behind the point would be zeros
    assert "nothing to show" not in output
    assert "Left out" not in output
    kept = {path: path.read_bytes() for path in (tmp_path / "runs").iterdir()}
    assert command(*arguments)[:2] == (0, output)
    assert {path: path.read_bytes() for path in (tmp_path / "runs").iterdir()} == kept


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--methods", "magic"], "methods got 'magic'; expected some of"),
        (["--references", "heaven"], "--references got 'heaven'; expected some of padding"),
        (["--layers", "9"], "layer got 9"),
        (["--data", "nowhere"], "nowhere is neither a file nor a folder"),
        (["--ists", "nowhere"], "nowhere is no .wa file"),
        (["--exact", "minilm_cos", "--layers", "-1"], "--model and --exact mask words with '<mask>' and '[MASK]'; exp"),
    ],
)
def test_bad_usage_is_one_line_and_status_2(command, arguments, message):
    status, _, messages = command(*arguments)
    assert status == 2
    assert message in messages.splitlines()[-1]
    assert messages.splitlines()[-1].startswith("xsbert.evaluation: ")


def test_alignments_need_their_files(tmp_path, capsys):
    assert main(["--runs", str(tmp_path / "runs"), "--judges", "alignments"]) == 2
    assert "--judges got alignments; expected --ists with it" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_two_models_of_one_name_are_two(tiny_folders, tmp_path):
    exact = shutil.copytree(tiny_folders["mpnet_cos"], tmp_path / tiny_folders["mpnet_shelf"].name)
    found = inputs.subjects(str(tiny_folders["mpnet_shelf"]), str(exact), "cpu")
    name = exact.name
    assert list(found) == [name, f"{name}, exact"]
    assert len({fingerprint(model) for model in found.values()}) == 2


def test_help_and_the_package_load_little():
    code = "import sys; from xsbert.evaluation.__main__ import _parser; _parser(); print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert run.stdout == "False\n"


def test_every_public_name_is_there():
    import xsbert.evaluation as evaluation

    for name in evaluation.__all__:
        assert getattr(evaluation, name)
        assert name in dir(evaluation)
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = evaluation.nonsense


def test_a_judge_may_ask_for_each_text_with_itself(model, tmp_path):
    study, counted = study_of(model, tmp_path), Counted(model)
    row = Row("tiny", "counted", None, "", counted)
    pairs = PAIRS[:2]
    judge = Directions(8)
    study.run(Task([row], pairs, {"directions": judge}), progress=False)
    assert set(counted.asked) == {*pairs, *((text, text) for pair in pairs for text in pair)}
    assert set(counted.asked.values()) == {1}
    assert all(math.isfinite(figures["fit"]) for figures in study.figures(row, judge, pairs))
