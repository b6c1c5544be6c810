"""A neutral reference: any model's own score, exactly, as it is."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from xsbert import XSTransformer
from xsbert.attribution import GaussLegendre, Reverse
from xsbert.models import NeutralReference, PaddingReference, kept, load_model, neutral

A, B = "The coffee is bad.", "This is not a good coffee."
LONG = "She said that this is certainly not what anybody would call a good cup of coffee."
OPTIONS = {"reference": NeutralReference()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _a_cache_of_our_own(folder, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))


@pytest.fixture
def searched(monkeypatch):
    """The lengths for which a zero was searched."""
    lengths = []

    def watched(function, start, *rest):
        lengths.append(len(start))
        return find_root(function, start, *rest)

    find_root = neutral.find_root
    monkeypatch.setattr(neutral, "find_root", watched)
    return lengths


@pytest.fixture
def _empty(tmp_path, monkeypatch):
    """A cache with nothing in it, in memory or in files."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(kept, "_MEMORY", kept.OrderedDict())
    return tmp_path


@pytest.mark.parametrize("layer", [-1, -2])
def test_an_unmodified_model_is_exact(minilm, layer):
    x, y = minilm.explain_pairs([(A, B), (B, A)], layer=layer, **OPTIONS)
    assert x.is_exact
    assert not minilm.explain(A, B, layer=layer).is_exact
    own = float(minilm.similarity(*minilm.encode([A, B])))
    assert x.explained == pytest.approx(own, abs=3e-3)
    assert x.score == pytest.approx(own, abs=1e-6)
    assert x.error <= 3e-3
    np.testing.assert_allclose(y.matrix.T, x.matrix, atol=1e-6)
    assert "reference='NeutralReference()'" in f"reference={x.reference!r}"
