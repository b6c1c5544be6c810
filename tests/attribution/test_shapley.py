"""Shapley values of an embedding: exact ones against shapiq's, sampled ones against these, means in closed form."""

import numpy as np
import pytest
from shapiq import ExactComputer, Game

from xsbert.attribution.shapley.coalitions import Orders, Subsets, coalitions
from xsbert.attribution.shapley.means import values_of_mean

SIZE = 5


def curved(kept):
    """A game that is no sum: `(K, W)` → `(K, D)`; zero for nobody."""
    weights = np.random.default_rng(0).normal(size=(kept.shape[1], SIZE))
    return np.tanh(kept @ weights) * (1 + kept[:, :1] * kept[:, -1:])


class Coordinate(Game):
    """One coordinate of it, as shapiq has games."""

    def __init__(self, players, coordinate):
        self.coordinate = coordinate
        super().__init__(n_players=players, normalize=False)

    def value_function(self, coalitions):
        return curved(np.asarray(coalitions, dtype=float))[:, self.coordinate]


def oracle(players):
    """The exact values by shapiq, `(W, D)`."""
    values = []
    for coordinate in range(SIZE):
        found = ExactComputer(game=Coordinate(players, coordinate), n_players=players)("SV", order=1)
        values.append([found[(i,)] for i in range(players)])
    return np.array(values).T


@pytest.mark.parametrize("players", [1, 2, 5, 8])
def test_values_of_all_sub_texts_are_shapiqs(players):
    plan = coalitions(players, 255, [0])
    assert isinstance(plan, Subsets)
    assert plan.kept[0].all()
    assert len(plan.kept) == 2**players - 1
    values = plan.values(curved(plan.kept))
    np.testing.assert_allclose(values.vectors, oracle(players), atol=1e-12)
    assert values.spread is None


@pytest.mark.parametrize(("players", "samples"), [(2, 2), (6, 40), (9, 256), (40, 256), (70, 100)])
def test_values_along_orders_sum_to_the_whole(players, samples):
    plan = coalitions(players, samples, [1])
    assert isinstance(plan, Orders)
    assert plan.kept[0].all()
    assert plan.kept.any(axis=1).all()
    assert len(np.unique(plan.kept, axis=0)) == len(plan.kept) <= max(samples, 5 * players - 7)
    embeddings = curved(plan.kept)
    values = plan.values(embeddings)
    np.testing.assert_allclose(values.vectors.sum(axis=0), embeddings[0], atol=1e-12)
    again = coalitions(players, samples, [1])
    np.testing.assert_array_equal(plan.kept, again.kept)


def test_sampled_values_miss_by_as_much_as_they_say():
    """Over many seeds the mean is the exact value, and the distance from it what the spread says."""
    exact, misses, said = oracle(7), [], []
    for seed in range(150):
        plan = Orders(7, 45, [seed])
        values = plan.values(curved(plan.kept))
        misses.append(values.vectors - exact)
        said.append((values.spread**2).sum(axis=0))
    misses = np.array(misses)
    assert np.abs(misses.mean(axis=0)).max() < 4 * misses.std(axis=0).max() / np.sqrt(len(misses))
    assert (misses**2).mean() == pytest.approx(np.mean(said), rel=0.15)
    assert np.abs(misses).max() > 0.01


def test_more_samples_miss_by_less():
    exact = oracle(9)

    def miss(samples):
        plans = [Orders(9, samples, [seed]) for seed in range(20)]
        return np.mean([np.linalg.norm(plan.values(curved(plan.kept)).vectors - exact) for plan in plans])

    assert miss(240) < 0.6 * miss(60)


@pytest.mark.parametrize("counts", [[3], [1, 1, 1, 1], [2, 2, 2], [1, 2, 3, 1, 4, 1, 2]], ids=str)
def test_values_of_a_mean_are_those_of_all_sub_texts(counts):
    counts = np.array(counts)
    sums = np.random.default_rng(2).normal(size=(len(counts), SIZE))
    plan = Subsets(len(counts))
    means = (plan.kept @ sums) / (plan.kept @ counts)[:, None]
    np.testing.assert_allclose(values_of_mean(sums, counts), plan.values(means).vectors, atol=1e-13)


def test_values_of_a_long_mean_sum_to_it():
    random = np.random.default_rng(3)
    counts, sums = random.integers(1, 5, 150), random.normal(size=(150, SIZE))
    np.testing.assert_allclose(values_of_mean(sums, counts).sum(axis=0), sums.sum(axis=0) / counts.sum(), atol=1e-12)
