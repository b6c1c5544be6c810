"""Explanations are the same on every device, whatever the default device is, with float64 and without."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from datasets import Dataset

from tests.helpers.lines import line
from tests.helpers.pretend import ENCODER, LATE, PLACES, SPARSE
from xsbert.attribution import Adaptive, GaussLegendre, RightRiemann
from xsbert.attribution.integration.pullback import pulled_back
from xsbert.attribution.integration.token_vectors import token_vectors
from xsbert.training import BatchesOfLikeLength

ROOT = Path(__file__).parents[2]
KINDS = {"encoder": ENCODER, "sparse": SPARSE, "late": LATE}


@pytest.fixture(scope="module")
def found(tiny_folders, tmp_path_factory):
    """For each case, how far it is off on the pretend device, or the error."""
    if shutil.which("g++") is None:
        pytest.skip("no g++ at hand to build the pretend device with")
    folder = tmp_path_factory.mktemp("pretend")
    for name, path in tiny_folders.items():
        (folder / f"tiny_{name}").symlink_to(path)
    command = [sys.executable, "-m", "tests.helpers.pretend", str(folder)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_pretend_device_gives_what_the_processor_gives(found, kind, place):
    outcomes = {name: found[kind][f"{place}: {name}"] for name in KINDS[kind]}
    limits = {"rounded products": 1e-2}  # bfloat16 rounds as the order of its sums has it
    off = {name: off for name, off in outcomes.items() if isinstance(off, str) or not off < limits.get(name, 1e-4)}
    assert off == {}


START, END = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0)).unbind()
RULES = (RightRiemann(4), GaussLegendre(4), Adaptive())


def curved(hidden):
    return torch.tanh(hidden).sum(1) + hidden.square().sum(2).cumsum(1)[:, :3]


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_the_default_device_has_no_part_in_an_integral(rule):
    """Of a default device without memory, any constant that is made there by oversight raises."""
    expected = token_vectors(line(curved, START, END), rule)[0].vectors, _pulled(rule)
    with torch.device("meta"):
        found = token_vectors(line(curved, START, END), rule)[0].vectors, _pulled(rule)
    torch.testing.assert_close(found, expected)


def _pulled(rule):
    return pulled_back(line(curved, START, END), rule, END).products


def test_the_default_device_has_no_part_in_references_and_batches(tiny):
    module = tiny["mpnet_cos"][0]
    pairs = Dataset.from_dict({"sentence1": ["a", "b c", "d"], "sentence2": ["e", "f", "g h"], "score": [0, 1, 0]})
    with torch.device("meta"):
        assert module.reference_ids(5).device.type == "cpu"
        batches = list(BatchesOfLikeLength(pairs, 2, valid_label_columns=["score"]))
    assert sorted(i for batch in batches for i in batch) == [0, 1, 2]
