"""Three ways to a derivative give one result, and each way's code passes through the next."""

import pytest
import torch

from tests.helpers.lines import line
from xsbert.attribution import GaussLegendre
from xsbert.attribution.forward_mode.derivatives import NoDerivative, by_duals, by_gradients, by_torch
from xsbert.attribution.forward_mode.dual import Dual
from xsbert.attribution.forward_mode.tangents import OneToken, dense
from xsbert.attribution.integration.pullback import pulled_back
from xsbert.attribution.integration.soundness import is_wrong
from xsbert.attribution.integration.token_vectors import token_vectors

N, S, H, D = 3, 4, 5, 6
torch.manual_seed(0)
MIX, OUT = torch.randn(S, S).double(), torch.randn(H, D).double()
X, DELTA = torch.randn(N, S, H).double(), torch.randn(N, S, H).double()


class Backward(torch.autograd.Function):
    """tanh with a backward pass and no forward mode, whose backward pass does not batch."""

    @staticmethod
    def forward(ctx, x):
        y = torch.empty_like(x).copy_(torch.tanh(x))
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, gradient):
        (y,) = ctx.saved_tensors
        assert gradient.sum().item() is not None  # a read on the host, which no batch of gradients passes
        return gradient * (1 - y**2)


def nonlinear(hidden, tanh=torch.tanh):
    mix, out = MIX.to(hidden.dtype), OUT.to(hidden.dtype)
    return tanh(torch.einsum("st,nth->nsh", mix, hidden) @ out).mean(1)


def without_forward_mode(hidden):
    return nonlinear(hidden, Backward.apply)


@pytest.mark.parametrize("way", [by_duals, by_torch, by_gradients])
def test_every_way_gives_the_same(way):
    tokens = torch.tensor([0, 2])
    tangent = OneToken(DELTA[:, tokens], 1, tokens, S)
    with torch.no_grad():
        value, pushed = way(nonlinear, X, tangent)
    torch.testing.assert_close(value, nonlinear(X))
    expected = torch.stack([torch.func.jvp(nonlinear, (X,), (each,))[1] for each in dense(tangent)])
    torch.testing.assert_close(pushed, expected)
    assert not X.requires_grad


def test_code_without_forward_mode_goes_by_gradients():
    for way in (by_duals, by_torch):
        with pytest.raises((RuntimeError, NotImplementedError)):
            way(without_forward_mode, X, DELTA[None])
    start, end, rule = X[0], X[0] + DELTA[0], GaussLegendre(8)
    slow, fast = (token_vectors(line(f, start, end), rule)[0] for f in (without_forward_mode, nonlinear))
    torch.testing.assert_close(slow.vectors, fast.vectors)
    cotangents = torch.randn(3, D).double()
    slow, fast = (pulled_back(line(f, start, end), rule, cotangents) for f in (without_forward_mode, nonlinear))
    torch.testing.assert_close(slow.products, fast.products)


def test_an_error_of_the_functions_own_is_not_hidden():
    def broken(hidden):
        raise RuntimeError("on purpose")

    paths = line(broken, X[0], X[0] + DELTA[0])
    with pytest.raises(RuntimeError, match="on purpose"):
        paths.pushed("slope", X, torch.zeros(N, dtype=torch.long), DELTA[None])


def test_what_a_way_cannot_do_is_kept_with_the_reason():
    paths = line(without_forward_mode, X[0], X[0] + DELTA[0])
    paths.pushed("slope", X, torch.zeros(N, dtype=torch.long), DELTA[None])
    assert paths.way == "backward passes"
    assert [each.split(":")[0] for each in paths.left] == ["rules of our own", "torch's forward mode"]
    assert "autograd.Function" in paths.left[1]


@pytest.mark.parametrize(
    "error", [RuntimeError("shapes do not match"), ValueError("on purpose"), KeyError("on purpose")]
)
def test_an_error_of_the_functions_own_leaves_no_way(error):
    """Even where it comes in some passes alone."""
    fails = [True]

    def moody(hidden):
        if fails.pop() if fails else False:
            raise error
        return nonlinear(hidden)

    paths = line(moody, X[0], X[0] + DELTA[0])
    with pytest.raises(type(error)):
        paths.pushed("slope", X, torch.zeros(N, dtype=torch.long), DELTA[None])
    paths.pushed("slope", X, torch.zeros(N, dtype=torch.long), DELTA[None])
    assert paths.way == "rules of our own"
    assert paths.left == []


@torch.jit.script
def scripted_tanh(x: torch.Tensor) -> torch.Tensor:
    return torch.tanh(x)


def test_scripted_code_goes_by_torchs_forward_mode():
    paths = line(lambda hidden: nonlinear(hidden, scripted_tanh), X[0], X[0] + DELTA[0])
    pushed = paths.pushed("slope", X, torch.zeros(N, dtype=torch.long), DELTA[None])[1]
    assert paths.way == "torch's forward mode"
    torch.testing.assert_close(pushed[0], torch.func.jvp(nonlinear, (X,), (DELTA,))[1])


@pytest.mark.parametrize("leak", [lambda x: x.numpy(), lambda x: x.detach().numpy()], ids=["numpy", "detached"])
def test_code_that_leaves_torch_is_no_error_of_its_own(leak):
    paths = line(lambda hidden: nonlinear(torch.from_numpy(leak(hidden))), X[0], X[0] + DELTA[0])
    with pytest.raises(NoDerivative, match=r"By rules of our own: numpy gives a ndarray; by torch's forward mode"):
        paths.pushed("slope", X, torch.zeros(N, dtype=torch.long), DELTA[None])


def test_where_no_way_passes_all_reasons_are_named():
    class Closed(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return torch.empty_like(x).copy_(torch.tanh(x))

    paths = line(lambda hidden: nonlinear(hidden, Closed.apply), X[0], X[0] + DELTA[0])
    with pytest.raises(NoDerivative, match=r"By rules of our own: .*; by torch's forward mode: .*; by backward passes"):
        paths.pushed("slope", X, torch.zeros(N, dtype=torch.long), DELTA[None])


def test_derivatives_are_held_against_values():
    start, end = X[0], X[0] + DELTA[0]
    assert not is_wrong(line(nonlinear, start, end))

    def half(hidden):
        return nonlinear(hidden) / 2 + nonlinear(hidden.detach() if not isinstance(hidden, Dual) else hidden.primal) / 2

    assert is_wrong(line(half, start, end))
