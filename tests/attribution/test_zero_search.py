"""The root finder against functions whose zeros are known."""

import pytest
import torch

from xsbert.attribution import zero_search
from xsbert.attribution.zero_search import find_root

S, H, D = 4, 5, 3
GENERATOR = torch.Generator().manual_seed(0)
WEIGHT = torch.randn(D, S * H, generator=GENERATOR, dtype=torch.float64)
BIAS = torch.randn(D, generator=GENERATOR, dtype=torch.float64)
START = torch.randn(S, H, generator=GENERATOR, dtype=torch.float64)
ALL = torch.ones(S, dtype=torch.bool)
OPTIONS = {"memory": 1e9, "rows": 100}


def affine(hidden):
    return hidden.flatten(1) @ WEIGHT.T.to(hidden) + BIAS.to(hidden)


def curved(hidden):
    return torch.sinh(affine(hidden)) + 0.1 * affine(hidden).roll(1, 1) ** 2


def sphere(hidden):
    return hidden.flatten(1).square().sum(1, keepdim=True) - 4.0


@pytest.mark.parametrize("start", [START, START.float()], ids=["float64", "float32"])
def test_of_an_affine_function_the_nearest_zero_is_found_at_once(start, monkeypatch):
    monkeypatch.setattr(zero_search, "STRIDE", 100.0)
    monkeypatch.setattr(zero_search, "ENOUGH", 1.0)
    found = find_root(affine, start, 1e-9, ALL, **OPTIONS)
    nearest = start.double().flatten() - torch.linalg.pinv(WEIGHT) @ affine(start.double()[None])[0]
    assert found.size <= 1e-9
    assert found.jacobians == 1
    torch.testing.assert_close(found.point.flatten(), nearest, atol=1e-6, rtol=0)


def test_the_nearest_zero_on_a_sphere_lies_on_the_ray():
    found = find_root(sphere, START, 1e-12, ALL, **OPTIONS)
    torch.testing.assert_close(found.point, 2 * START / START.norm())


def test_a_zero_of_a_curved_function():
    found = find_root(curved, START.float(), 1e-10, ALL, **OPTIONS)
    assert float(curved(found.point[None]).norm()) == pytest.approx(found.size)
    assert found.size <= 1e-10


def test_where_no_correction_shrinks_the_function_may():
    """Waves whose equations differ a thousandfold in size: on the way all steps ask for longer corrections."""
    random = torch.Generator().manual_seed(8)
    waves, weights, shift, start = (
        torch.randn(*shape, generator=random, dtype=torch.float64) for shape in ((40, 12), (10, 40), (10,), (3, 4))
    )

    def function(hidden):
        return (torch.sin(hidden.flatten(1) @ waves.T) @ weights.T + shift) * torch.logspace(0, -3, 10).to(hidden)

    assert find_root(function, start, 1e-9, ALL[:3], **OPTIONS).size <= 1e-9


def steep(hidden):
    """Slopes of a thousand, of one and of a hundredth: apart by 1e10 in J Jᵀ."""
    return affine(hidden) * torch.tensor([1e3, 1.0, 1e-2]).to(hidden)


def test_weak_equations_hold_where_others_are_steep(monkeypatch):
    assert find_root(steep, START.float(), 1e-6, ALL, **OPTIONS).size <= 1e-6
    monkeypatch.setattr(zero_search, "FINE", zero_search.LEAST)
    assert 1e-3 < find_root(steep, START.float(), 1e-6, ALL, **OPTIONS).size < 0.1


@pytest.mark.parametrize("memory", [1e9, 1.0], ids=["at once", "a row at a time"])
def test_weak_directions_do_not_drown_in_rounding(memory):
    """Where steep and weak are mixed in all equations, J Jᵀ has a weak eigenvalue below float32's rounding."""
    mixed, _ = torch.linalg.qr(torch.randn(D, D, generator=torch.Generator().manual_seed(1), dtype=torch.float64))
    expected = torch.linalg.svdvals(WEIGHT * torch.tensor([1e3, 1.0, 1e-2])[:, None])[-1].square()
    live = torch.ones(D, dtype=torch.bool)
    linear = zero_search._Linear(lambda h: steep(h) @ mixed.T.to(h), START.float(), live, ALL, memory, 100, fine=True)
    assert float(linear._eigenvalues[0]) == pytest.approx(float(expected), rel=0.02)


@pytest.mark.parametrize(("fine", "passes"), [(False, 1), (True, 6)])
def test_rows_that_are_summed_in_float64_take_more_memory(fine, passes):
    """Room for three rows of float32 holds one of both precisions: the later ones are made again."""
    asked, live = [], torch.ones(D, dtype=torch.bool)

    def function(hidden):
        asked.append(len(hidden))
        return affine(hidden)

    zero_search._Linear(function, START.float(), live, ALL, 2 * S * H * 3 * 4, 100, fine=fine)
    assert len(asked) == passes


def test_what_may_not_move_stays():
    moves = torch.tensor([False, True, True, False])
    found = find_root(curved, START, 1e-10, moves, **OPTIONS)
    assert found.size <= 1e-10
    assert torch.equal(found.point[~moves], START[~moves])
    assert not torch.equal(found.point[moves], START[moves])


def test_a_start_that_is_a_zero_stays_as_it_is():
    zero = START * (2 / START.norm())
    found = find_root(sphere, zero, 1e-12, ALL, **OPTIONS)
    assert torch.equal(found.point, zero)
    assert found.jacobians == 0


@pytest.mark.parametrize("memory", [1, 400, 800])
def test_rows_that_do_not_fit_are_made_again(memory):
    expected = find_root(curved, START, 1e-12, ALL, **OPTIONS)
    for rows in (1, 7):
        found = find_root(curved, START, 1e-12, ALL, memory=memory, rows=rows)
        torch.testing.assert_close(found.point, expected.point)
        assert found.jacobians == expected.jacobians


def test_a_dead_equation_and_one_that_holds_are_in_no_ones_way():
    def dead(hidden):
        some = curved(hidden)
        return torch.cat([some, 0 * some[:, :1] + 1e-12, some[:, :1].clamp(max=-1e9) * 0], dim=1)

    assert find_root(dead, START, 1e-10, ALL, **OPTIONS).size <= 1e-10


def test_where_there_is_no_zero_the_minimum_is_reached_and_no_more_is_tried():
    found = find_root(lambda hidden: sphere(hidden).square() + 1, START, 1e-6, ALL, **OPTIONS)
    assert found.size == pytest.approx(1, abs=1e-2)
    assert found.jacobians < zero_search.MOST
    flat = find_root(lambda hidden: 0 * affine(hidden) + 1, START, 1e-6, ALL, **OPTIONS)
    assert torch.equal(flat.point, START)


def test_the_number_of_jacobians_is_bounded():
    assert find_root(curved, 9 * START, 0.0, ALL, **OPTIONS, most=2).jacobians == 2


def test_a_function_without_derivatives_is_refused():
    with pytest.raises(
        ValueError, match=r"No gradients pass through the function \(.*\); expected a differentiable one"
    ):
        find_root(lambda hidden: affine(hidden.detach()), START, 1e-6, ALL, **OPTIONS)
