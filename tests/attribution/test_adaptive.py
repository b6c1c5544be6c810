"""The adaptive rule on curves whose integral is known in closed form."""

from dataclasses import replace

import pytest
import torch

from tests.helpers.lines import line, nodes_on
from xsbert.attribution import Adaptive, GaussLegendre, RightRiemann
from xsbert.attribution.forward_mode.dual import Dual
from xsbert.attribution.integration.token_vectors import settled, token_vectors
from xsbert.attribution.quadrature import adaptive


class Step:
    """A smooth jump of known place and width, sampled in the precision that the rule asks for.

    value(α) = α/10 + tanh((α − place) / width), in two dimensions of unequal size.
    """

    def __init__(self, place, width, rounding=True):
        self.place, self.width, self.rounding = place, width, rounding
        self.asked = 0

    def _argument(self, alphas, double):
        self.asked += len(alphas)
        # float32 hidden states resolve α to about 1e-7 of the path.
        alphas = alphas if double or not self.rounding else (1 + alphas).float().double() - 1
        return alphas, (alphas - self.place) / self.width

    def value(self, alphas, *, double):
        alphas, z = self._argument(alphas, double)
        return torch.stack([alphas / 10 + torch.tanh(z), 3 * alphas], dim=-1)

    def slope(self, alphas, *, double):
        _, z = self._argument(alphas, double)
        return torch.stack([0.1 + (1 - torch.tanh(z) ** 2) / self.width, torch.full_like(z, 3)], dim=-1)


def true_error(curve, nodes):
    exact = Step(curve.place, curve.width, rounding=False)
    slopes = [curve.slope(nodes.alphas, double=double) for double in (False, True)]
    slopes = torch.where(nodes.double[:, None], slopes[1], slopes[0])  # as the engine takes them
    integral = (nodes.weights[:, None] * slopes).sum(0)
    change = exact.value(torch.ones(1).double(), double=True) - exact.value(torch.zeros(1).double(), double=True)
    return float((integral - change[0]).norm() / change[0].norm())


@pytest.mark.parametrize("rtol", [1e-2, 1e-3, 1e-5])
@pytest.mark.parametrize("width", [1.0, 1e-2, 1e-4, 1e-6])
@pytest.mark.parametrize("place", [0.0, 1e-5, 0.3, 1.0])
def test_it_reaches_its_tolerance_whatever_the_width_of_the_jump(place, width, rtol):
    curve = Step(place, width)
    nodes = nodes_on(curve, Adaptive(rtol))
    assert nodes.converged
    assert nodes.weights.sum() == pytest.approx(1, abs=1e-12)
    assert ((nodes.alphas > 0) & (nodes.alphas < 1)).all()
    assert true_error(curve, nodes) <= 1.01 * rtol + 1e-6


def test_a_narrow_jump_is_found_by_values_not_by_slopes():
    """A millionth of the path wide: 20 halvings, of which ten slopes each would be the half of all work."""
    curve = Step(0.3, 1e-6)
    slopes = [0]
    plain = curve.slope

    def counted(alphas, *, double):
        slopes[0] += len(alphas)
        return plain(alphas, double=double)

    curve.slope = counted
    nodes = nodes_on(curve, Adaptive())
    assert nodes.converged
    assert slopes[0] < 2.8 * len(nodes)


def test_a_uniform_rule_steps_over_what_it_finds():
    curve = Step(0.3, 1e-6)
    assert true_error(curve, RightRiemann(1000).nodes()) > 0.1
    assert len(nodes_on(curve, Adaptive())) < 250


@pytest.mark.parametrize(("width", "nodes", "asked"), [(5.0, 6, 8), (0.33, 6, 8), (0.25, 9, 17)])
def test_a_smooth_curve_takes_one_panel_and_no_more_nodes_than_it_needs(width, nodes, asked):
    curve = Step(0.5, width)
    found = nodes_on(curve, Adaptive())
    assert len(found) == nodes
    assert curve.asked <= asked
    assert true_error(curve, found) <= 1e-3


def test_a_curve_that_bends_more_takes_halves():
    curve = Step(0.3, 0.1)
    found = nodes_on(curve, Adaptive())
    assert len(found) not in (adaptive.FEWEST_NODES, adaptive.WHOLE_NODES)
    assert true_error(curve, found) <= 1e-3


def test_nodes_go_to_the_jump_and_nowhere_else():
    nodes = nodes_on(Step(0.0, 1e-5), Adaptive())
    assert (nodes.alphas < 1e-2).double().mean() > 0.5
    assert (nodes.alphas > 0.25).sum() <= 10


def test_float64_is_asked_for_only_where_float32_cannot_settle():
    assert not nodes_on(Step(0.3, 1e-2), Adaptive()).double.any()
    narrow = nodes_on(Step(0.3, 1e-7), Adaptive())
    assert narrow.double.any()
    assert not narrow.double.all()
    assert narrow.converged


def test_it_gives_up_at_its_bound_and_says_so():
    nodes = nodes_on(Step(0.3, 1e-6), Adaptive(max_nodes=50))
    assert not nodes.converged
    assert len(nodes) <= 50
    assert nodes.weights.sum() == pytest.approx(1, abs=1e-12)


def test_jumps_everywhere_are_given_up_on_in_time():
    """f is its own noise: every panel bends, however narrow."""

    class Noise(Step):
        def value(self, alphas, *, double):
            self.asked += len(alphas)
            return torch.stack([torch.sin(1e15 * alphas), torch.cos(1e14 * alphas) + alphas], dim=-1)

        def slope(self, alphas, *, double):
            self.asked += len(alphas)
            return torch.zeros(len(alphas), 2).double()

    noise = Noise(0.3, 1.0)
    assert not nodes_on(noise, Adaptive(max_nodes=500)).converged
    assert noise.asked < 3000


def test_a_jump_of_no_width_ends_too():
    class Break(Step):
        def value(self, alphas, *, double):
            return (alphas > 0.3).double()[:, None]

        def slope(self, alphas, *, double):
            return torch.zeros(len(alphas), 1).double()

    nodes = nodes_on(Break(0.3, 1.0), Adaptive())
    assert not nodes.converged
    assert len(nodes) < 500


def test_nan_does_not_pass_for_convergence():
    class Broken(Step):
        def slope(self, alphas, *, double):
            return torch.full((len(alphas), 2), torch.nan).double()

    assert not nodes_on(Broken(0.3, 1.0), Adaptive(max_nodes=100)).converged


@pytest.mark.parametrize("rtol", [0, 1, -1e-3, "tight", None])
def test_a_bad_tolerance_says_what_is_expected(rtol):
    with pytest.raises(ValueError, match=r"expected a number between 0 and 1"):
        Adaptive(rtol)


def test_a_bad_bound_says_what_is_expected():
    with pytest.raises(ValueError, match="expected at least 10: a whole number"):
        Adaptive(max_nodes=9)


def maxima(hidden):
    """The slope jumps wherever another token takes over."""
    return hidden.amax(1)


def test_kinks_are_halved_no_further_than_the_error_that_is_reported():
    generator = torch.Generator().manual_seed(0)
    start, end = torch.randn(2, 12, 200, generator=generator, dtype=torch.float64)
    (found,) = token_vectors(line(maxima, start, end), Adaptive(5e-3))
    assert found.converged
    assert found.error <= 5e-3
    finer = token_vectors(line(maxima, start, end), GaussLegendre(4 * found.nodes))[0]
    assert found.error > finer.error  # no more than was asked for
    assert found.nodes < 400  # by the sum of the panels' errors it was 1,184


def test_errors_that_cancel_do_not_end_the_search():
    panels = [adaptive._Panel(0.0, 0.5, error=1.0), adaptive._Panel(0.5, 1.0, error=1.0)]
    assert adaptive._sorted_out(panels, 0.1, missed=0.0)[1] == panels
    small = [replace(panel, error=0.05) for panel in panels]
    assert adaptive._sorted_out(small, 0.1, missed=0.09) == (small, [])
    assert adaptive._sorted_out(small, 0.1, missed=0.11)[1]


def rounded(hidden, digits):
    """As a device rounds that multiplies in a lower precision."""
    return torch.round(torch.sin(3 * hidden).sum(1), decimals=digits) if digits else torch.sin(3 * hidden).sum(1)


def test_what_float32_cannot_tell_is_measured_in_float64():
    """Rounded as TF32 does, where float32's own rounding is a thousandth of that."""
    start, end = torch.zeros(3, 2), torch.ones(3, 2)
    coarse = line(lambda hidden: tangents(hidden, 3 if primal(hidden).dtype == torch.float32 else None), start, end)
    nodes = settled(coarse, Adaptive(1e-4))[0]
    assert nodes.converged
    assert nodes.double.any()
    assert len(nodes) < 120  # in float32 alone 2,000 would not do


def test_halving_that_does_not_help_ends():
    start, end = torch.zeros(3, 2).double(), torch.ones(3, 2).double()
    nodes = settled(line(lambda hidden: tangents(hidden, 3), start, end), Adaptive(1e-4))[0]
    assert not nodes.converged
    assert len(nodes) < 600  # in place of 2,000


def primal(hidden):
    return hidden.primal if isinstance(hidden, Dual) else hidden


def tangents(hidden, digits):
    """sin with rounded values, and slopes that are its own."""
    value = rounded(primal(hidden), digits)
    if not isinstance(hidden, Dual):
        return value
    return Dual(value, (3 * torch.cos(3 * hidden.primal) * hidden.dense()).sum(2))
