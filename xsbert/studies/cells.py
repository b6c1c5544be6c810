"""All word pairs of many pairs of texts as one table, and what is asked of it: who is among the strongest, and why."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xsbert.evaluation.methods.matrices import WordMatrix
from xsbert.evaluation.statistics import Mean, resamples
from xsbert.studies.texts.parses import ParsedWord, Parser

LEAST_SUM = 0.1
"""A share of a sum that is smaller says nothing."""
DRAWS = 1000


def cells_of(matrices: Sequence[WordMatrix], parser: Parser, rarity: Mapping[str, float], seed: int = 0) -> Any:
    """The table, a pandas DataFrame: a row for each word pair.

    Columns: `pair`, its number; `value`, the attribution; `relative`, the value over the pair's mean cell (nan where
    the cells sum to .1 or less); `place`, 1 for the strongest of the pair, ties by lot; `count`, the pair's cells;
    `tags` and `roles`, of both words, in the order of the alphabet; `same_lemma`, `both_content`; `rarity`, the mean
    inverse document frequency of both; `distance`, how far apart they stand, as shares of their texts.
    """
    import pandas

    random = np.random.default_rng(seed)
    return pandas.concat(
        [_of_pair(number, x, parser, rarity, random) for number, x in enumerate(matrices) if x.matrix.size],
        ignore_index=True,
    )


def _of_pair(
    number: int, x: WordMatrix, parser: Parser, rarity: Mapping[str, float], random: np.random.Generator
) -> Any:
    import pandas

    a, b = (parser.words(words.text, words.spans) for words in (x.a, x.b))
    values = x.matrix.ravel()
    rows, columns = (each.ravel() for each in np.indices(x.matrix.shape))
    place = np.empty(len(values), dtype=int)
    place[np.lexsort((random.random(len(values)), -values))] = np.arange(1, len(values) + 1)
    rare_a, rare_b = (np.array([rarity.get(word.casefold(), 0.0) for word in words.strings]) for words in (x.a, x.b))
    return pandas.DataFrame(
        {
            "pair": number,
            "value": values,
            "relative": values / values.mean() if values.sum() > LEAST_SUM else np.nan,
            "place": place,
            "count": len(values),
            "tags": [both(a[i].tag, b[j].tag) for i, j in zip(rows, columns, strict=True)],
            "roles": [both(a[i].role, b[j].role) for i, j in zip(rows, columns, strict=True)],
            "same_lemma": [_same(a[i], b[j]) for i, j in zip(rows, columns, strict=True)],
            "both_content": [a[i].is_content and b[j].is_content for i, j in zip(rows, columns, strict=True)],
            "rarity": (rare_a[rows] + rare_b[columns]) / 2,
            "distance": np.abs(rows / max(1, len(a) - 1) - columns / max(1, len(b) - 1)),
        }
    )


def both(one: str, other: str) -> str:
    """Two classes as one, whichever text they are of."""
    return " – ".join(sorted((one, other)))


def _same(a: ParsedWord, b: ParsedWord) -> bool:
    return a.lemma == b.lemma


def shares(cells: Any, column: str) -> dict[str, float]:
    """The share of all cells that each class has, the most common first."""
    counts = cells[column].value_counts(normalize=True)
    return {str(name): float(share) for name, share in counts.items()}


def lifts(cells: Any, classes: Mapping[str, np.ndarray], percent: float) -> dict[str, Mean]:
    """How much more common each class is among the strongest so many percent of each pair than among all.

    Args:
        cells: the table.
        classes: for each class, which cells are of it; bool.
        percent: of each pair's cells, one at least.

    Returns:
        Its share among the strongest over its share among all, with the 95 % bootstrap interval over pairs of texts.
    """
    strongest = (cells["place"] <= np.maximum(1, np.ceil(percent / 100 * cells["count"]))).to_numpy()
    number = cells["pair"].to_numpy()
    pairs, number = np.unique(number, return_inverse=True)
    counted = np.stack([*classes.values(), np.ones(len(cells), dtype=bool)]).astype(float)  # (C + 1, cells)

    def sums(weights: np.ndarray) -> np.ndarray:
        return np.stack([np.bincount(number, row * weights, minlength=len(pairs)) for row in counted])  # (C + 1, P)

    top, every = sums(strongest.astype(float)), sums(np.ones(len(cells)))
    weights = np.vstack([np.ones(len(pairs)), resamples(len(pairs), DRAWS)])
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = (weights @ top.T) / (weights @ every.T)
        lift = ratio[:, :-1] / ratio[:, -1:]
    return {name: _mean(lift[:, i], len(pairs)) for i, name in enumerate(classes)}


def _mean(values: np.ndarray, pairs: int) -> Mean:
    sample = values[1:][~np.isnan(values[1:])]
    low, high = np.percentile(sample, [2.5, 97.5]) if len(sample) else (np.nan, np.nan)
    return Mean(float(values[0]), float(low), float(high), pairs)


def regression(cells: Any, column: str, classes: Sequence[str]) -> dict[str, Mean]:
    """What a class adds to a cell, in units of its pair's mean cell, beside what goes with classes.

    A least-squares regression of `relative` on each class, same lemma, both content words, rarity and distance, by
    statsmodels; standard errors are clustered by pair of texts.

    Args:
        cells: the table.
        column: "tags" or "roles".
        classes: those with a coefficient of their own; the others are the baseline.

    Returns:
        The coefficients by name, with 95 % intervals; classes first, then "same lemma", "both content words",
        "rarity" and "distance". All nan where the pairs are too few to tell one from another.
    """
    import statsmodels.api as statsmodels

    known = cells[cells["relative"].notna()]
    columns = {name: (known[column] == name).astype(float) for name in classes}
    columns |= {
        "same lemma": known["same_lemma"].astype(float),
        "both content words": known["both_content"].astype(float),
        "rarity": known["rarity"],
        "distance": known["distance"],
    }
    varied = {name: values.to_numpy() for name, values in columns.items() if values.nunique() > 1}
    missing = Mean(math.nan, math.nan, math.nan, 0)
    pairs = known["pair"].nunique()
    design = np.column_stack([np.ones(len(known)), *varied.values()])
    if pairs < 2 or np.linalg.matrix_rank(design) < design.shape[1]:
        return dict.fromkeys(columns, missing)
    fitted = statsmodels.OLS(known["relative"].to_numpy(), design).fit(
        cov_type="cluster", cov_kwds={"groups": known["pair"].to_numpy()}
    )
    bounds = fitted.conf_int()
    found = {
        name: Mean(float(fitted.params[i]), float(bounds[i, 0]), float(bounds[i, 1]), pairs)
        for i, name in enumerate(varied, start=1)
    }
    return {name: found.get(name, missing) for name in columns}
