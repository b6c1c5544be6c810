"""Ranks, areas and intervals, against other libraries and brute force."""

import math

import numpy as np
import pytest
from scipy import stats

from xsbert.evaluation.statistics import area_under_curve, bootstrap, pearson, spearman

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("ties", [False, True])
def test_spearman_is_scipys(ties):
    x, y = RANDOM.normal(size=(2, 5, 6))
    if ties:
        x, y = x.round(), y.round()
    assert spearman(x, y) == pytest.approx(stats.spearmanr(x.ravel(), y.ravel()).statistic)
    assert spearman(x, np.exp(x)) == pytest.approx(1)


@pytest.mark.parametrize("y", [[1.0, 2.0], [3.0, 3.0, 3.0]])
def test_a_correlation_with_nothing_is_nan(y):
    assert math.isnan(spearman(np.arange(len(y)), np.array(y)))
    assert math.isnan(pearson(np.arange(len(y)), np.array(y)))


def test_an_explanation_that_says_nothing_has_a_correlation_of_zero():
    assert spearman(np.ones((2, 3)), np.arange(6).reshape(2, 3)) == 0
    assert pearson(np.ones(6), np.arange(6)) == 0
    assert math.isnan(pearson(np.ones(6), np.ones(6)))


def test_the_area_is_the_chance_of_the_right_order():
    values, positive = RANDOM.integers(0, 4, size=(4, 5)), RANDOM.random((4, 5)) < 0.4
    chances = [(p > n) + (p == n) / 2 for p in values[positive] for n in values[~positive]]
    assert area_under_curve(values, positive) == pytest.approx(np.mean(chances))
    assert area_under_curve(positive, positive) == 1
    assert math.isnan(area_under_curve(values, np.ones_like(positive)))


def test_an_interval_holds_the_mean_as_often_as_it_says():
    samples = RANDOM.normal(loc=3, size=(100, 200))  # 200 columns, each a sample of its own
    found = bootstrap(samples, draws=500)
    assert [mean.value for mean in found] == pytest.approx(list(samples.mean(axis=0)))
    assert 0.88 < np.mean([mean.low <= 3 <= mean.high for mean in found]) < 0.99
    width, normal = np.mean([mean.high - mean.low for mean in found]), 2 * 1.96 / math.sqrt(100)
    assert width == pytest.approx(normal, rel=0.1)


def test_the_same_pairs_are_drawn_for_each_column():
    x = RANDOM.normal(size=50)
    left, right, difference = bootstrap(np.stack([x, x + 1, np.full(50, 1.0)], axis=1))
    assert right.low - left.low == pytest.approx(1)
    assert (difference.low, difference.high) == pytest.approx((1, 1))
    assert bootstrap(x[:, None]) == bootstrap(x[:, None])
    assert bootstrap(x[:, None], seed=1) != bootstrap(x[:, None])


def test_what_is_not_defined_does_not_count():
    values = np.array([[1.0, math.nan], [math.nan, math.nan], [3.0, math.nan]])
    first, second = bootstrap(values)
    assert (first.value, first.pairs) == (2, 2)
    assert 1 <= first.low <= first.high <= 3
    assert second.pairs == 0
    assert math.isnan(second.value)
    assert math.isnan(second.low)
