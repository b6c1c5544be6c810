"""What is private to the hosts stands in one file, and is there in the release that is installed."""

import ast
import importlib
from pathlib import Path

import pytest
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Router
from transformers import BertConfig

from xsbert.models import host

ROOT = Path(__file__).parents[2]
OURS = ("self", "cls")
OF_PYTHON = {"_asdict", "_exit", "_fields", "_getframe", "_replace"}
OF_TORCH = {"_buffers", "_forward_hooks", "_forward_pre_hooks", "_make_wrapper_subclass", "_parameters", "_version"}


def private_attributes(file):
    """Attributes of one underscore of what is neither an object of the code's own class nor a module's own name."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    defined |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and named(node.value) in OURS}
    defined |= {each.id for each in ast.walk(tree) if isinstance(each, ast.Name)}
    found = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return {name for name in found if name.startswith("_") and not name.startswith("__")} - defined


def named(node):
    return node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize("file", sorted([*ROOT.glob("xsbert/**/*.py"), ROOT / "train.py"]), ids=lambda file: file.stem)
def test_private_names_of_the_hosts_stand_in_one_file(file):
    found = private_attributes(file)
    if file.stem == "host":
        assert found == {"_resolve_prompt", "_resolve_route", "_name_or_path", "_attn_implementation"}
    else:
        assert found <= OF_PYTHON | OF_TORCH


def test_they_are_there():
    for path in host.OVERRIDDEN:
        module, name, attribute = path.rsplit(".", 2)
        assert hasattr(getattr(importlib.import_module(module), name), attribute), path
    assert callable(SentenceTransformer._resolve_prompt)
    assert callable(Router._resolve_route)
    assert hasattr(BertConfig(), "_attn_implementation")
    assert hasattr(BertConfig(), "_name_or_path")
