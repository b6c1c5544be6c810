"""A caller's TF32 and bfloat16 products have no part in an attribution, and stay the caller's."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from xsbert.attribution import GaussLegendre
from xsbert.attribution.integration.precision import full_float32

PAIR = ("The coffee is bad.", "This is not a good coffee.")
CHOICES = {
    "legacy": "torch.set_float32_matmul_precision('medium')",
    "allow_tf32": "torch.backends.cuda.matmul.allow_tf32 = True",
    "all backends": "torch.backends.fp32_precision = 'tf32'",
    "one backend": "torch.backends.cuda.matmul.fp32_precision = 'tf32'",
    "none": "",
}
STATE = "(torch.backends.cuda.matmul.fp32_precision, torch.backends.mkldnn.matmul.fp32_precision)"


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("end", ["", "raise KeyError"], ids=["returns", "raises"])
def test_products_are_full_within_and_the_callers_after(choice, end):
    """In a process of its own: torch does not forget how a choice was made."""
    code = f"""
import torch, contextlib, warnings
warnings.simplefilter('error')
from xsbert.attribution.integration.precision import full_float32
{CHOICES[choice]}
before = {STATE}
with contextlib.suppress(KeyError):
    with full_float32():
        assert {STATE} == ('ieee', 'ieee')
        {end}
assert {STATE} == before, ({STATE}, before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_explanations_are_made_in_full_precision(minilm, monkeypatch):
    seen = set()
    plain = torch.nn.functional.linear

    def linear(*args, **kwargs):
        seen.add(torch.backends.mkldnn.matmul.fp32_precision)
        return plain(*args, **kwargs)

    expected = minilm.explain(*PAIR, quadrature=GaussLegendre(4)).matrix
    monkeypatch.setattr(torch.nn.functional, "linear", linear)
    before = torch.backends.mkldnn.matmul.fp32_precision
    torch.backends.mkldnn.matmul.fp32_precision = "bf16"
    try:
        found = minilm.explain(*PAIR, quadrature=GaussLegendre(4)).matrix
        assert torch.backends.mkldnn.matmul.fp32_precision == "bf16"
        with full_float32():
            minilm.token_vectors(PAIR[:1], quadrature=GaussLegendre(2))
    finally:
        torch.backends.mkldnn.matmul.fp32_precision = before
    assert seen == {"ieee"}
    np.testing.assert_array_equal(found, expected)
