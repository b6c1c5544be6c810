"""Shapley values of an embedding: all sub-texts' against shapiq's, sampled ones against these, means in closed form."""

from itertools import permutations

import numpy as np
import pytest

from xsbert.attribution.shapley.coalitions import Orders, Subsets, coalitions
from xsbert.attribution.shapley.means import values_of_mean

SIZE = 5


def curved(kept):
    """A game that is no sum: `(K, W)` → `(K, D)`; zero for nobody."""
    weights = np.random.default_rng(0).normal(size=(kept.shape[1], SIZE))
    return np.tanh(kept @ weights) * (1 + kept[:, :1] * kept[:, -1:])


def exact(players):
    """The values by their definition, `(W, D)`: the mean over all orders of what each player adds."""
    orders = np.array(list(permutations(range(players))))
    values = np.zeros((players, SIZE))
    kept = np.zeros((len(orders), players))
    before = np.zeros((len(orders), SIZE))
    for turn in range(players):
        kept[np.arange(len(orders)), orders[:, turn]] = 1
        np.add.at(values, orders[:, turn], (after := curved(kept)) - before)
        before = after
    return values / len(orders)


@pytest.mark.parametrize("players", [1, 2, 5, 7])
def test_values_of_all_sub_texts_are_exact(players):
    plan = coalitions(players, 255, [0])
    assert isinstance(plan, Subsets)
    assert plan.kept[0].all()
    assert len(plan.kept) == 2**players - 1
    values = plan.values(curved(plan.kept))
    np.testing.assert_allclose(values.vectors, exact(players), atol=1e-12)
    assert values.spread is None


def test_exact_values_are_shapiqs():
    shapiq = pytest.importorskip("shapiq", reason="the oracle is not installed: pip install -e '.[evaluation]'")

    class Coordinate(shapiq.Game):
        """One coordinate of the game."""

        def __init__(self, coordinate):
            self.coordinate = coordinate
            super().__init__(n_players=8, normalize=False)

        def value_function(self, coalitions):
            return curved(np.asarray(coalitions, dtype=float))[:, self.coordinate]

    found = [shapiq.ExactComputer(game=Coordinate(d), n_players=8)("SV", order=1) for d in range(SIZE)]
    expected = [[values[(i,)] for values in found] for i in range(8)]
    plan = Subsets(8)
    np.testing.assert_allclose(plan.values(curved(plan.kept)).vectors, expected, atol=1e-12)


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
    values_of_all, misses, said = exact(7), [], []
    for seed in range(150):
        plan = Orders(7, 45, [seed])
        values = plan.values(curved(plan.kept))
        misses.append(values.vectors - values_of_all)
        said.append((values.spread**2).sum(axis=0))
    misses = np.array(misses)
    assert np.abs(misses.mean(axis=0)).max() < 4 * misses.std(axis=0).max() / np.sqrt(len(misses))
    assert (misses**2).mean() == pytest.approx(np.mean(said), rel=0.15)
    assert np.abs(misses).max() > 0.01


def test_more_samples_miss_by_less():
    values_of_all = Subsets(9).values(curved(Subsets(9).kept)).vectors

    def miss(samples):
        plans = [Orders(9, samples, [seed]) for seed in range(20)]
        return np.mean([np.linalg.norm(plan.values(curved(plan.kept)).vectors - values_of_all) for plan in plans])

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
