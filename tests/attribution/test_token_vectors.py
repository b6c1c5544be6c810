"""Token vectors of closed-form functions, against torch's own Jacobian in float64."""

import pytest
import torch

from tests.helpers.lines import line
from xsbert.attribution import Adaptive, GaussLegendre, RightRiemann
from xsbert.attribution.integration.feature_vectors import check_size, feature_vectors, uncompressed
from xsbert.attribution.integration.pullback import pulled_back
from xsbert.attribution.integration.token_vectors import token_vectors

S, H, D = 5, 4, 3
torch.manual_seed(0)
MIX, OUT = torch.randn(S, S).double(), torch.randn(H, D).double()
START, END = torch.randn(S, H).double(), torch.randn(S, H).double()


def nonlinear(hidden):
    """Tokens mixed, bent and pooled: `(N, S, H)` → `(N, D)`."""
    mix, out = MIX.to(hidden), OUT.to(hidden)
    return torch.tanh(torch.einsum("st,nth->nsh", mix, hidden) @ out).mean(1)


def oracle(rule, start=START, end=END):
    """∫ J · (e_s ⊗ δ_s) dα by the full Jacobian at each node, as the papers write it."""
    nodes, delta = rule.nodes(), end - start
    total = torch.zeros(S, H, D).double()
    for alpha, weight in zip(nodes.alphas, nodes.weights, strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda x: nonlinear(x[None])[0], start + alpha * delta)
        total += weight * torch.einsum("dsh,sh->shd", jacobian, delta)
    return total


@pytest.mark.parametrize("rule", [RightRiemann(7), GaussLegendre(6)], ids=repr)
def test_vectors_are_the_contracted_integrated_jacobian(rule):
    integral = token_vectors(line(nonlinear, START, END), rule)[0]
    torch.testing.assert_close(integral.vectors, oracle(rule).sum(1))
    torch.testing.assert_close(integral.end_value, nonlinear(END[None])[0])
    torch.testing.assert_close(integral.start_value, nonlinear(START[None])[0])
    assert integral.nodes == rule.n


@pytest.mark.parametrize("rule", [RightRiemann(7), GaussLegendre(6)], ids=repr)
def test_feature_vectors_keep_every_feature(rule):
    torch.testing.assert_close(feature_vectors(line(nonlinear, START, END), rule), oracle(rule))


@pytest.mark.parametrize("memory", [1, 10_000, 100_000, 10**9])
def test_the_memory_does_not_change_the_result(memory):
    whole = token_vectors(line(nonlinear, START, END), GaussLegendre(6))[0].vectors
    torch.testing.assert_close(token_vectors(line(nonlinear, START, END, memory), GaussLegendre(6))[0].vectors, whole)


@pytest.mark.parametrize(("rule", "tolerance"), [(GaussLegendre(80), 1e-10), (Adaptive(1e-4), 1e-4)], ids=repr)
def test_law_1_holds(rule, tolerance):
    integral = token_vectors(line(nonlinear, START, END), rule)[0]
    change = integral.end_value - integral.start_value
    assert float((integral.vectors.sum(0) - change).norm() / change.norm()) == pytest.approx(integral.error)
    assert integral.error <= tolerance


def test_the_error_is_the_rules_own():
    coarse = token_vectors(line(nonlinear, START, END), RightRiemann(3))[0]
    fine = token_vectors(line(nonlinear, START, END), RightRiemann(300))[0]
    assert coarse.error > 50 * fine.error > 0


def test_float32_stays_near_float64():
    single = token_vectors(line(nonlinear, START.float(), END.float()), Adaptive(1e-4))[0]
    double = token_vectors(line(nonlinear, START, END), Adaptive(1e-4))[0]
    torch.testing.assert_close(single.vectors, double.vectors, rtol=1e-4, atol=1e-5)


def test_a_text_that_is_its_reference_has_zero_vectors():
    integral = token_vectors(line(nonlinear, START, START), Adaptive())[0]
    assert not integral.vectors.any()
    assert integral.error == 0
    assert integral.nodes == 0


def test_a_jump_too_narrow_for_float32_is_integrated_in_float64():
    def jump(hidden):
        return torch.tanh((hidden.mean(dim=(1, 2), keepdim=True)[:, 0] - 0.3) / 1e-7) + hidden.mean(1)

    integral = token_vectors(line(jump, torch.zeros(S, 1), torch.ones(S, 1)), Adaptive())[0]
    assert integral.converged
    # The jump of 2 is shared by the tokens, which move alike.
    torch.testing.assert_close(integral.vectors, torch.full((S, 1), 3 / S).double(), rtol=2e-3, atol=0)


def test_the_uncompressed_product_sums_to_the_pairs_matrix():
    vectors = feature_vectors(line(nonlinear, START, END), GaussLegendre(4))
    full = uncompressed(vectors, vectors, 2.0)
    assert full.shape == (S, H, S, H)
    torch.testing.assert_close(full.sum(dim=(1, 3)).double(), vectors.sum(1) @ vectors.sum(1).T / 2)
    assert not uncompressed(vectors, vectors, 0.0).any()


def test_an_uncompressed_size_over_the_limit_is_refused_with_the_size():
    check_size(10, 10, hidden=768)
    with pytest.raises(ValueError, match=r"\(512, 768, 512, 768\) would take 576\.0 GiB; at most 4\.0 GiB"):
        check_size(512, 512, hidden=768)


@pytest.mark.parametrize("made", ["vectors", "products"])
def test_an_error_without_a_size_is_infinite(made):
    """f(x) = f(r), and a rule that misses: no share can say how far."""
    start, end = torch.zeros(2, 3).double(), torch.ones(2, 3).double()

    def there_and_back(hidden):
        return (hidden * (1 - hidden)).sum(1)

    path, rule = line(there_and_back, start, end), RightRiemann(3)
    found = token_vectors(path, rule)[0] if made == "vectors" else pulled_back(path, rule, torch.eye(3).double())
    assert found.error == float("inf")
    still = line(there_and_back, start, start)
    assert (
        token_vectors(still, rule)[0] if made == "vectors" else pulled_back(still, rule, torch.eye(3).double())
    ).error == 0
