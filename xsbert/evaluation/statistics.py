"""Correlations, areas and intervals: the few statistics that the judges share."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import roc_auc_score


def pearson(x: np.ndarray, y: np.ndarray) -> float:
    """Pearson's correlation of x with what it is held against, y.

    0 where all of x are equal, for then it says nothing of y; nan where all of y are, or for fewer than three values.
    """
    if len(x) < 3 or np.ptp(y) == 0:
        return float("nan")
    if np.ptp(x) == 0:
        return 0.0
    return float(np.corrcoef(x, y)[0, 1])


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Spearman's rank correlation of two arrays of one shape; 0 and nan as `pearson`."""
    return pearson(rankdata(x), rankdata(y))  # flattened; equal values share their mean rank


def area_under_curve(values: np.ndarray, positive: np.ndarray) -> float:
    """The chance that a positive value is above a negative one, ties counting half; nan where one kind is missing.

    It is the area under the receiver operating characteristic (Mann and Whitney's U, divided by the pairs).
    """
    positive = np.ravel(positive).astype(bool)
    return float(roc_auc_score(positive, np.ravel(values))) if 0 < positive.sum() < len(positive) else float("nan")


class Mean(NamedTuple):
    """A mean over pairs of texts, its 95 % interval, and of how many pairs it is."""

    value: float
    low: float
    high: float
    pairs: int


def resamples(count: int, draws: int = 2000, seed: int = 0) -> np.ndarray:
    """How often each of `count` pairs is drawn when as many are drawn anew, `(draws, count)`: the one bootstrap."""
    return np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=draws)


def bootstrap_of(statistic: Callable[[np.ndarray], float], count: int, draws: int = 500, seed: int = 0) -> Mean:
    """Any statistic of pairs with its bootstrap interval, as `bootstrap`.

    Args:
        statistic: of the pairs at some positions, `(K,)`.
        count: how many pairs there are.
        draws, seed: as of `bootstrap`.
    """
    every = np.arange(count)
    sample = np.array([statistic(np.repeat(every, often)) for often in resamples(count, draws, seed)])
    sample = sample[~np.isnan(sample)]
    low, high = np.percentile(sample, [2.5, 97.5]) if len(sample) else (np.nan, np.nan)
    return Mean(float(statistic(every)), float(low), float(high), count)


def bootstrap(values: np.ndarray, draws: int = 2000, seed: int = 0) -> list[Mean]:
    """The mean of each column with its bootstrap interval (Efron, 1979; percentiles 2.5 and 97.5).

    The pairs are drawn, the same ones for every column, so the interval of a column of differences is that
    of a paired comparison.

    Args:
        values: `(pairs, columns)`; nan where a figure is not defined for a pair, which then does not count.
        draws: how often the pairs are drawn anew.
        seed: of the draws.
    """
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    drawn = resamples(len(values), draws, seed)
    with np.errstate(invalid="ignore"):
        resampled = (drawn @ filled) / (drawn @ known)  # (draws, columns)
        means = filled.sum(axis=0) / known.sum(axis=0)
    found = []
    for column in range(values.shape[1]):
        sample = resampled[:, column][~np.isnan(resampled[:, column])]
        low, high = np.percentile(sample, [2.5, 97.5]) if len(sample) else (np.nan, np.nan)
        found.append(Mean(float(means[column]), float(low), float(high), int(known[:, column].sum())))
    return found
