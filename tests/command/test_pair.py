"""The command: what it prints, what it writes, how it refuses."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from xsbert import Attribution, contrast
from xsbert.__main__ import main
from xsbert.attribution import ranked
from xsbert.command.actions.pair import report
from xsbert.command.actions.rank import report as ranking_report
from xsbert.models import HiddenStates, Removal
from xsbert.plot import page
from xsbert.plot.figures.axes import summary

A, B = "The coffee is bad.", "This is not a good coffee."


@pytest.fixture
def command(capsys, minilm_folder):
    """Runs the command in this process: status, output, messages."""

    def run(*arguments, model=minilm_folder):
        try:
            status = main([*arguments, *(["--model", model] if model else [])])
        except SystemExit as end:
            status = end.code
        return status, *capsys.readouterr()

    return run


def test_it_prints_the_sum_and_the_strongest_pairs(command, minilm, minilm_folder):
    status, output, messages = command(A, B)
    x = minilm.explain(A, B).words()
    assert status == 0
    assert output.splitlines()[0] == f"{x.score:.4f} similar = the sum of all word pairs"
    assert f"{x.top(1)[0].value:.4f}" in output
    assert f"method {x.method}" in output
    assert minilm_folder in output
    assert len(output.splitlines()) == 11 + 10
    assert "loading" in messages
    assert "Traceback" not in messages


@pytest.mark.parametrize("unit", ["word", "token"])
def test_what_it_lists_is_named(command, unit):
    output = command("Lattes!", B, f"--{unit}s", "--layer", "-1")[1]
    other = "token" if unit == "word" else "word"
    assert f"{unit} of A   attribution   {unit} of B" in output
    assert f"similar = the sum of all {unit} pairs\n" in output
    assert f"{other} " not in output


def test_nothing_is_less_than_nothing(x):
    none = replace(x, matrix=x.matrix * -1e-9, score=-1e-7, reference_terms=(-1e-7, -0.0, 1e-9))
    shown = [report(none, 5), repr(none), repr(contrast(none, none)), page(none), summary(none)]
    shown += [ranking_report(ranked([none, none]), 80), page(ranked([none])), repr(ranked([none]))]
    for text in shown:
        assert not re.search(r"[-−]0\.0+(?![0-9]|e)", text), text


def test_the_papers_method_says_what_its_sum_is_compared_with(command, minilm):
    _, output, _ = command(A, B, "--method", "hidden-states", "--layer", "-1")
    x = minilm.explain(A, B, method=HiddenStates(-1))
    first, second = output.splitlines()[:2]
    said = f"{x.score:.4f} similar where all word pairs add {x.explained:.4f}, compared with texts of padding"
    assert first == said
    score, *terms = (float(part) for part in re.findall(r"[-+]?\d+\.\d+", second))
    assert len(terms) == 4
    assert score == pytest.approx(sum(terms), abs=2e-3)
    assert "outside the texts ([CLS], [SEP])" in output


def test_words_or_sentences_are_taken_away(command, minilm):
    output = command(A, B, "--method", "removal")[1]
    x = minilm.explain(A, B, method=Removal())
    assert f"{x.score:.4f} similar = the sum of all word pairs" in output
    assert "31 + 127 sub-texts" in output
    output = command(f"{A} {B}", B, "--method", "removal", "--units", "sentences", "--top", "1")[1]
    assert f"{B}" in output
    assert "3 + 1 sub-texts" in output
    output = command(f"{A} {B}", B, "--units", "sentences")[1]
    assert re.search(rf"{re.escape(A)} +[+-]?\d\.\d+ +{re.escape(B)}", output)
    assert "similar = the sum of all sentence pairs" in output
    assert "sentence of A" in output
    for more in (("removal", "--layer", "2"), ("hidden-states", "--units", "words")):
        status, output, error = command(A, B, "--method", *more)
        assert (status, output) == (2, "")
        assert f"--method {more[0]}" in error
        assert f"leave out {more[1]}" in error


def test_an_exact_model_leaves_nothing_unexplained(command, tiny_folders):
    status, output, _ = command(A, B, "--similarity", "dot", model=str(tiny_folders["mpnet_cos"]))
    assert status == 0
    assert "similar = the sum of all word pairs" in output


def test_the_packaged_exact_model_has_a_name(command):
    status, output, _ = command(A, B, model="minilm_cos")
    assert status == 0
    assert "model  minilm_cos" in output
    assert "similar = the sum of all word pairs" in output


@pytest.mark.parametrize("ending", ["png", "pdf", "svg", "json"])
def test_it_writes_what_the_ending_says(command, tmp_path, ending):
    path = tmp_path / f"out.{ending}"
    status, _, messages = command(A, B, "--words", "--top", "3", "--output", str(path))
    assert status == 0
    assert f"written: {path}" in messages
    start = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml", "json": b"{"}[ending]
    assert path.read_bytes().startswith(start)
    if ending == "json":
        assert Attribution.load(path).tokens_a == ("[CLS]", "The", "coffee", "is", "bad", ".", "[SEP]")
        assert json.loads(path.read_text())["layer"] == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([A], "the following arguments are required: B"),
        ([A, B, "--layer", "two"], "invalid int value: 'two'"),
        ([A, B, "--layer", "6"], "layer got 6; this encoder has 6 layers"),
        ([A, B, "--similarity", "euclidean"], "invalid choice: 'euclidean'"),
        ([A, B, "--top", "0"], "got '0'; expected a whole number, at least 1"),
        ([A, B, "--output", "out.gif"], "expected a name that ends in .png, .pdf, .svg, .html, .json"),
        ([A, B, "--output", "none/such/out.png"], "expected a folder that exists"),
        ([A, "\ud83d"], "half a surrogate pair"),
        ([A, ""], "got a blank text, ''; expected words: there is nothing to explain"),
        (["  \n", B], "got a blank text"),
        (["rank", " ", "reviews.txt"], "got a blank text, ' '"),
        ([A, B, "--nonsense"], "unrecognized arguments: --nonsense"),
    ],
    ids=str,
)
def test_bad_usage_is_one_line_and_status_2(command, arguments, message):
    status, output, messages = command(*arguments)
    assert status == 2
    assert output == ""
    assert message in messages
    assert messages.strip().splitlines()[-1].startswith("xsbert: ")
    assert "Traceback" not in messages


def break_weights(folder):
    (folder / "model.safetensors").write_bytes(b"\x00" * 100)


def break_modules(folder):
    (folder / "modules.json").write_text("{")


def empty_folder(folder):
    for path in folder.iterdir():
        if path.is_file():
            path.unlink()


def no_pooling(folder):
    (folder / "1_Pooling" / "config.json").unlink()


@pytest.mark.parametrize("damage", [break_weights, break_modules, empty_folder, no_pooling])
def test_a_damaged_model_is_one_line_and_status_2(command, tiny_folders, tmp_path, damage):
    import shutil

    folder = tmp_path / "model"
    shutil.copytree(tiny_folders["droberta_shelf"], folder)
    damage(folder)
    status, _, messages = command(A, B, model=str(folder))
    assert status == 2
    assert len([line for line in messages.splitlines() if line.startswith("xsbert: ")]) == 1
    assert "Traceback" not in messages


def test_a_model_that_cannot_be_had_is_refused_soon(command, monkeypatch):
    monkeypatch.setattr("xsbert.models.loading.default.hub_answers", lambda: False)
    status, _, messages = command(A, B, model="nobody/nothing")
    assert status == 2
    assert "'nobody/nothing' is no folder and is not in the hub's cache" in messages


def test_warnings_go_to_standard_error_in_plain_words(command, tiny_folders):
    status, output, messages = command("coffee " * 300, B, "--layer", "-1", model=str(tiny_folders["mpnet_shelf"]))
    assert status == 0
    assert "warning: The text 'coffee coffee" in messages
    assert "warning" not in output


def test_a_narrow_encoding_loses_characters_and_no_line(minilm_folder):
    run = subprocess.run(
        [sys.executable, "-m", "xsbert", A, "Kaffee ☕", "--model", minilm_folder, "--layer", "-1"],
        env=os.environ | {"PYTHONIOENCODING": "ascii"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "B      Kaffee ?" in run.stdout
    assert "word of A" in run.stdout


def test_help_is_complete_and_quick():
    run = subprocess.run([sys.executable, "-m", "xsbert", "--help"], capture_output=True, text=True, check=True)
    for option in ("--model", "--layer", "--words", "--similarity", "--output", "--top", "example:"):
        assert option in run.stdout
    code = "import sys; import xsbert.__main__; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_the_console_script_and_a_closed_pipe(minilm_folder):
    command = [sys.executable, "-m", "xsbert", A, B, "--model", minilm_folder]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    run.stdout.close()
    assert "Traceback" not in run.stderr.read()
    assert run.wait() == 0
    script = os.path.join(os.path.dirname(sys.executable), "xsbert")
    assert subprocess.run([script, "--version"], capture_output=True, text=True, check=True).stdout.startswith(
        "xsbert "
    )
