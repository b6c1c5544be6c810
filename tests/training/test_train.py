"""train.py: exact models come out, runs repeat, broken runs go on, bad data stops before anything begins."""

import csv
import importlib.metadata
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import datasets
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import train
from tests.helpers.hub import hub
from xsbert.models import HiddenStates, load_model
from xsbert.models.exact.adapters import join_adapters
from xsbert.training import BatchesOfLikeLength, load_splits

TRAIN = Path(train.__file__)
WORDS = ["dog", "cat", "yard", "coffee", "shoes", "garden", "runs", "sleeps", "sun", "bad", "good", "the", "a", "in"]
PAIR = ("The dog runs.", "A cat sleeps in the sun.")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Pairs that share some of their words, scored by the share; of several lengths."""
    folder, chance = tmp_path_factory.mktemp("data"), random.Random(0)
    for split, count in (("train", 40), ("dev", 12), ("test", 12)):
        with open(folder / f"{split}.csv", "w", newline="") as file:
            for _ in range(count):
                a, b = (chance.choices(WORDS, k=chance.randint(2, 9)) for _ in range(2))
                csv.writer(file).writerow([" ".join(a), " ".join(b), 5 * len({*a} & {*b}) / len({*a, *b})])
    return folder


@pytest.fixture
def run(tiny_folders, data, tmp_path, capfd):
    def run(name, *options):
        common = ["--model", str(tiny_folders["mpnet_shelf"]), "--data", str(data), "--epochs", "2", "--batch", "8"]
        status = train.main([*common, "--output", str(tmp_path / name), *options])
        return status, tmp_path / name, capfd.readouterr()

    return run


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_it_trains_an_exact_model(run, tiny, similarity):
    status, folder, said = run("exact", "--similarity", similarity, "--lr", "1e-3")
    assert status == 0
    model = load_model(folder)
    x = model.explain(*PAIR)
    assert x.similarity == similarity
    assert x.is_exact
    assert x.explained == pytest.approx(x.score, abs=5e-3)
    assert np.abs(model.encode(PAIR[0]) - tiny["mpnet_shelf"].encode(PAIR[0])).max() > 1e-2
    figures = json.loads((folder / "figures.json").read_text())
    assert figures["steps"] == 10
    assert figures["test"]["pairs"] == 12
    card = (folder / "README.md").read_text()
    assert "An exact model" in card
    assert f"| test | 12 | {100 * figures['test']['spearman']:.2f} |" in card
    assert "| lr | 0.001 |" in card
    assert "100%" in said.err  # a progress bar
    assert "Spearman" in said.out
    assert not (folder / "checkpoints").exists()


def test_a_text_learns_to_score_one_with_itself(run):
    """Dot models, by default: `--self-similarity 0` is the published loss."""
    off = {}
    for name, weight in {"published": "0", "default": None, "one": "1"}.items():
        named = [] if weight is None else ["--self-similarity", weight]
        _, folder, _ = run(name, "--similarity", "dot", "--lr", "1e-3", *named)
        embeddings = load_model(folder).encode([word + "." for word in WORDS])
        off[name] = float(np.square(np.square(embeddings).sum(1) - 1).mean())
    assert off["default"] == off["one"]
    assert off["default"] < 0.7 * off["published"]


def test_without_the_shift_it_trains_an_ordinary_one(run):
    _, folder, _ = run("plain", "--no-shift")
    assert not load_model(folder).explain(*PAIR, method=HiddenStates()).is_exact
    assert "ordinary" in (folder / "README.md").read_text()


def test_it_trains_in_bfloat16_and_saves_float32(run):
    status, folder, _ = run("half", "--precision", "bfloat16")
    assert status == 0
    assert {weight.dtype for weight in load_file(folder / "model.safetensors").values()} == {torch.float32}


def test_adapters_are_joined_and_can_be_joined_again(run, tiny_folders):
    _, folder, _ = run("lora", "--lora", "2", "--lr", "1e-2")
    model, base = load_model(folder), load_model(tiny_folders["mpnet_shelf"])
    before = base.encode(PAIR[0])
    assert not any("lora" in name for name, _ in model.named_parameters())
    assert model.explain(*PAIR).is_exact
    join_adapters(base.transformers_model, folder / "adapter")
    trained, joined = model.transformers_model.state_dict(), base.transformers_model.state_dict()
    for name, weight in trained.items():
        torch.testing.assert_close(weight, joined[name])
    assert np.abs(base.encode(PAIR[0]) - before).max() > 1e-3


def test_what_was_trained_is_what_was_judged(run):
    """The dev figure of the joined adapters is that of the step which training found best."""
    _, folder, said = run("lora", "--lora", "2", "--lr", "1e-2")
    seen = [
        line.split("'eval_dev_spearman_cosine': '")[1].split("'")[0]
        for line in said.out.splitlines()
        if "eval_dev_s" in line
    ]
    reached = json.loads((folder / "figures.json").read_text())["dev"]["spearman"]
    assert max(map(float, seen)) == pytest.approx(reached, abs=1e-3)


def test_the_same_seed_gives_the_same_model(run):
    one, again, other = (run(*options)[1] for options in (("one",), ("again",), ("other", "--seed", "1")))
    assert (one / "figures.json").read_bytes() == (again / "figures.json").read_bytes()
    assert same_weights(one, again)
    assert not same_weights(one, other)


def same_weights(one, other):
    mine, theirs = (load_file(folder / "model.safetensors") for folder in (one, other))
    return all(torch.equal(mine[name], theirs[name]) for name in mine)


@pytest.mark.parametrize("installed", ["peft", "no peft"])
def test_peft_that_does_not_fit_is_said_at_once(run, monkeypatch, installed):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    if installed == "peft":
        monkeypatch.setattr("transformers.integrations.peft.MIN_PEFT_VERSION", "99.0")
    else:
        monkeypatch.setattr("xsbert.training.start.version", lambda name: missing(name) if name == "peft" else "5")
    monkeypatch.setattr("xsbert.training.starting_model", lambda *_, **__: pytest.fail("a model was loaded"))
    status, folder, said = run("lora", "--lora", "2")
    assert status == 2
    assert said.err.startswith(f"train.py: --lora got {installed} ")
    assert said.err.count("\n") == 1
    assert 'pip install -e ".[train]"' in said.err
    assert not folder.exists()


@pytest.mark.parametrize("options", [(), ("--lora", "2")], ids=["all weights", "low-rank"])
def test_a_killed_run_goes_on_and_ends_where_an_unbroken_one_ends(run, tmp_path, options):
    options = ("--epochs", "6", "--lr", "1e-3", *options)  # the last --epochs counts
    _, unbroken, whole = run("unbroken", *options)
    broken = tmp_path / "broken"
    recipe = json.loads((unbroken / "recipe.json").read_text())
    command = [sys.executable, TRAIN, "--model", recipe["model"], "--data", recipe["data"], "--batch", "8", *options]
    process = subprocess.Popen([*command, "--output", broken], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not (broken / "checkpoints/checkpoint-6/trainer_state.json").is_file():
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the run ended before it was killed"
    half = broken / "checkpoints/checkpoint-999"
    half.mkdir()  # as a kill within the writing of a checkpoint leaves it
    (half / "model.safetensors").write_bytes(b"half")
    status, _, said = run("broken", *options, "--resume")
    assert status == 0
    assert said.out.count("'loss'") < whole.out.count("'loss'")  # it did not begin anew
    assert json.loads((broken / "figures.json").read_text()) == json.loads((unbroken / "figures.json").read_text())
    for name, weight in load_file(broken / "model.safetensors").items():
        torch.testing.assert_close(weight, load_file(unbroken / "model.safetensors")[name])


def test_a_finished_run_is_not_run_again(run):
    _, folder, first = run("done")
    written = (folder / "model.safetensors").stat().st_mtime_ns
    status, _, again = run("done", "--resume")
    assert status == 0
    assert again.out.splitlines()[-3:] == first.out.splitlines()[-3:]
    assert (folder / "model.safetensors").stat().st_mtime_ns == written


@pytest.mark.parametrize(
    ("file", "line", "message"),
    [
        ("train.csv", "The dog runs.,A cat sleeps.,often\n", "train.csv, line 41: the score is 'often'"),
        ("dev.csv", "The dog runs.,A cat sleeps.\n", "dev.csv, line 13: got 2 columns"),
        ("test.csv", None, "the split 'test' is empty"),
    ],
)
def test_bad_data_stops_before_training(run, data, tmp_path, file, line, message):
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in data.iterdir():
        (copy / path.name).write_text(path.read_text())
    (copy / file).write_text((copy / file).read_text() + line if line else "")
    status, folder, said = run("bad", "--data", str(copy))
    assert status == 2
    assert message in said.err
    assert len(said.err.strip().splitlines()) == 1
    assert not folder.exists()


def test_a_model_that_is_not_there_leaves_no_folder(run, tmp_path):
    status, folder, said = run("none", "--model", str(tmp_path / "no-model"))
    assert status == 2
    assert "is no folder; expected a saved model" in said.err
    assert not folder.exists()


def test_what_is_there_is_not_overwritten(run, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.txt").write_text("years")
    for more in ((), ("--resume",)):
        status, folder, said = run("full", *more)
        assert status == 2
        assert "which is not empty" in said.err
        assert [path.name for path in folder.iterdir()] == ["thesis.txt"]


def test_a_run_goes_on_under_its_own_recipe_only(run):
    run("one")
    status, _, said = run("one", "--lr", "1e-2", "--resume")
    assert status == 2
    assert "--resume got lr 0.01, but" in said.err
    assert "was begun with 5e-05" in said.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--epochs", "0"), "got '0'; expected a number from 1"),
        (("--lr", "nan"), "got 'nan'; expected a number"),
        (("--warmup", "2"), "from 0 to 0.9"),
        (("--similarity", "manhattan"), "choose from"),
    ],
)
def test_bad_options_are_refused(run, capfd, options, message):
    with pytest.raises(SystemExit, match="2"):
        run("bad", *options)
    assert message in capfd.readouterr().err


def test_data_comes_from_the_hub_too(data, tmp_path):
    """From a hub on loopback, by a dataset's name; the second time from the cache, with no hub."""
    folder = tmp_path / "stsb"
    folder.mkdir()
    for name, split in (("train", "train"), ("dev", "validation"), ("test", "test")):
        rows = [[a, b, float(score) / 5] for a, b, score in csv.reader((data / f"{name}.csv").read_text().splitlines())]
        with open(folder / f"{split}.csv", "w", newline="") as file:
            csv.writer(file).writerows([["sentence1", "sentence2", "score"], *rows])
    code = (
        "import json, sys; from xsbert.training import load_splits; "
        "json.dump({k: v.to_dict() for k, v in load_splits('sentence-transformers/stsb').items()}, sys.stdout)"
    )
    home = os.environ | {"HF_HOME": str(tmp_path / "home"), "PYTHONPATH": str(TRAIN.parent)}
    with hub({"datasets/sentence-transformers/stsb": folder}) as (endpoint, asked):
        environment = home | {"HF_ENDPOINT": endpoint, "HF_HUB_OFFLINE": "0"}
        first = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        )
    assert any(path.endswith("/validation.csv") for path in asked)
    environment = home | {"HF_HUB_OFFLINE": "1"}
    again = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    found, expected = json.loads(first.stdout), load_splits(str(data))
    assert json.loads(again.stdout) == found
    for split in expected:
        assert found[split]["sentence1"] == expected[split]["sentence1"]
        np.testing.assert_allclose(found[split]["score"], expected[split]["score"])


@pytest.mark.parametrize(("text", "shown"), [(None, "None"), (" ", "' '")])
def test_a_text_that_is_missing_on_the_hub_is_named_by_its_row(monkeypatch, text, shown):
    split = datasets.Dataset.from_dict({"sentence1": ["a", "b"], "sentence2": ["c", text], "score": [0.0, 1.0]})
    monkeypatch.setattr(
        "xsbert.training.data.load_dataset", lambda name: dict.fromkeys(("train", "dev", "test"), split)
    )
    with pytest.raises(ValueError, match=f"org/pairs, train, row 1: sentence2 is {shown}; expected a text"):
        load_splits("org/pairs")


def test_a_dataset_that_is_nowhere_is_named(monkeypatch):
    with pytest.raises(ConnectionError, match="neither a file nor a folder here, nor a dataset that the hub gives"):
        load_splits("no/such-dataset")


def test_batches_hold_texts_of_like_length_in_another_order_each_epoch(data):
    pairs = load_splits(str(data))["train"]
    sampler = BatchesOfLikeLength(pairs, 8, valid_label_columns=["score"], seed=3)
    lengths = [max(map(len, texts)) for texts in zip(pairs["sentence1"], pairs["sentence2"], strict=True)]
    first, again = list(sampler), list(sampler)
    sampler.set_epoch(1)
    second = list(sampler)
    assert first == again != second
    for batches in (first, second):
        assert sorted(i for batch in batches for i in batch) == list(range(40))
        assert len(batches) == len(sampler) == 5
        spans = sorted((min(lengths[i] for i in batch), max(lengths[i] for i in batch)) for batch in batches)
        assert all(one[1] <= other[0] for one, other in itertools.pairwise(spans))


def test_help_says_what_there_is():
    said = subprocess.run(
        [sys.executable, TRAIN, "--help"], capture_output=True, text=True, check=True, env=os.environ
    ).stdout
    for option in ("--data", "--similarity", "--lora", "--no-shift", "--resume", "--precision", "--seed"):
        assert option in said
