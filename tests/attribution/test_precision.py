"""What the caller allows float32 products to be rounded to has no part in an explanation, and stays as it is."""

import contextlib
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from xsbert.attribution import GaussLegendre
from xsbert.attribution.integration import precision
from xsbert.attribution.integration.precision import full_float32
from xsbert.models import HiddenStates

A, B = "The coffee is bad.", "This is not a good coffee."
BACKENDS = torch.backends
SWITCHES = {
    "all": BACKENDS,
    "cuDNN": BACKENDS.cudnn,
    "CUDA products": BACKENDS.cuda.matmul,
    "CUDA convolutions": BACKENDS.cudnn.conv,
    "CUDA recurrences": BACKENDS.cudnn.rnn,
    "oneDNN": BACKENDS.mkldnn,
    "oneDNN products": BACKENDS.mkldnn.matmul,
    "oneDNN convolutions": BACKENDS.mkldnn.conv,
    "oneDNN recurrences": BACKENDS.mkldnn.rnn,
}
ATEN = torch.ops.aten
PRODUCTS = {ATEN.mm.default, ATEN.bmm.default, ATEN.addmm.default, ATEN.baddbmm.default}


class TF32(TorchDispatchMode):
    """Products as on a GPU where TF32 is allowed: their factors have ten bits behind the point."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func in PRODUCTS and BACKENDS.cuda.matmul.fp32_precision == "tf32":
            args = tuple(_rounded(arg) for arg in args)
        return func(*args, **(kwargs or {}))


def _rounded(value):
    if not isinstance(value, torch.Tensor) or value.dtype != torch.float32:
        return value
    bits = value.contiguous().view(torch.int32)
    return ((bits + 0x0FFF + ((bits >> 13) & 1)) & ~0x1FFF).view(torch.float32)


def settings():
    return {name: switch.fp32_precision for name, switch in SWITCHES.items()}


@pytest.fixture(params=["highest", "high", "medium", "TF32 for CUDA products", "TF32 for all"])
def allowed(request):
    """What the caller allows, in the ways that torch has for it."""
    before = settings()
    if request.param == "TF32 for all":
        BACKENDS.fp32_precision = "tf32"
    elif request.param == "TF32 for CUDA products":
        BACKENDS.cuda.matmul.fp32_precision = "tf32"
    else:
        torch.set_float32_matmul_precision(request.param)
    yield settings()
    BACKENDS.fp32_precision = "none"
    torch.set_float32_matmul_precision("highest")
    for name, switch in SWITCHES.items():
        switch.fp32_precision = before[name]


def test_tf32_does_not_reach_an_explanation(minilm, allowed):
    expected = minilm.explain(A, B, method=HiddenStates(quadrature=GaussLegendre(4))).matrix
    with TF32():
        found = minilm.explain(A, B, method=HiddenStates(quadrature=GaussLegendre(4))).matrix
    assert np.abs(found - expected).max() <= 1e-6 * np.abs(expected).max()
    assert settings() == allowed


def test_the_settings_are_put_back_after_an_exception(allowed):
    with contextlib.suppress(KeyError), full_float32():
        assert set(settings().values()) == {"ieee"}
        raise KeyError
    assert settings() == allowed


def test_of_threads_the_last_puts_the_settings_back(allowed):
    within, go_on = threading.Event(), threading.Event()

    def explain():
        with full_float32():
            within.set()
            go_on.wait(10)

    with full_float32():
        thread = threading.Thread(target=explain)
        thread.start()
        within.wait(10)
    assert set(settings().values()) == {"ieee"}
    go_on.set()
    thread.join()
    assert settings() == allowed


FRESH = """
import torch
from tests.attribution.test_precision import BACKENDS, full_float32, settings
for general in ("none", "tf32"):
    BACKENDS.fp32_precision = general
    before = settings()
    with full_float32():
        assert set(settings().values()) == {"ieee"}
    assert settings() == before
    BACKENDS.fp32_precision = "ieee"
    assert set(settings().values()) == {"ieee"}, settings()
"""


def test_a_general_setting_goes_on_to_reach_the_particular():
    """What was inherited is inherited again, not written down: in a process where nothing was set before."""
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-W", "error::DeprecationWarning:torch", "-c", FRESH], cwd=root, check=True)


def test_older_releases_of_torch_have_other_switches(monkeypatch):
    older = [(precision._MATMUL, "precision", "highest")]
    monkeypatch.setattr(precision, "_settings", lambda: older)
    torch.set_float32_matmul_precision("high")
    with full_float32():
        assert torch.get_float32_matmul_precision() == "highest"
    assert torch.get_float32_matmul_precision() == "high"
    torch.set_float32_matmul_precision("highest")
