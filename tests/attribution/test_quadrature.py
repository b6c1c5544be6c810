"""Fixed rules: weights sum to 1, and integrate what they should."""

import pytest
import torch

from xsbert.attribution import GaussLegendre, RightRiemann

RULES = [rule(n) for rule in (RightRiemann, GaussLegendre) for n in (1, 2, 5, 50)]


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_weights_sum_to_one_and_nodes_lie_in_the_interval(rule):
    nodes = rule.nodes()
    assert len(nodes) == rule.n
    assert nodes.weights.sum() == pytest.approx(1, abs=1e-14)
    assert ((nodes.alphas > 0) & (nodes.alphas <= 1)).all()
    assert nodes.alphas.dtype == nodes.weights.dtype == torch.float64
    assert nodes.converged
    assert not nodes.double.any()


def test_right_riemann_is_the_papers_rule():
    assert RightRiemann(4).nodes().alphas.tolist() == [1, 0.75, 0.5, 0.25]
    assert RightRiemann(4).nodes().weights.tolist() == [0.25] * 4


@pytest.mark.parametrize("n", [1, 2, 3, 8])
def test_gauss_legendre_is_exact_up_to_its_degree_and_no_further(n):
    nodes = GaussLegendre(n).nodes()

    def integral(degree):
        return float((nodes.weights * nodes.alphas**degree).sum())

    for degree in range(2 * n):
        assert integral(degree) == pytest.approx(1 / (degree + 1), rel=1e-13)
    assert abs(integral(2 * n) - 1 / (2 * n + 1)) > 1e-12


@pytest.mark.parametrize("rule", [RightRiemann, GaussLegendre])
def test_a_bad_count_says_what_is_expected(rule):
    with pytest.raises(ValueError, match=r"got 0; expected at least 1"):
        rule(0)
    for bad in (2.0, "5", True, None):
        with pytest.raises(TypeError, match="expected a whole number of nodes"):
            rule(bad)


def test_rules_are_values():
    assert RightRiemann(5) == RightRiemann(5) != RightRiemann(6)
    assert len({GaussLegendre(5), GaussLegendre(5), RightRiemann(5)}) == 2
