"""Results as pandas tables, where pandas is installed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np


def pandas() -> Any:
    """The library.

    Raises:
        ImportError: it is not installed.
    """
    try:
        return import_module("pandas")
    except ImportError as cause:
        raise ImportError(
            "to_dataframe() needs pandas, which is not installed. pip install pandas, or use x.matrix with "
            "x.tokens_a and x.tokens_b."
        ) from cause


def of_pairs(
    tokens_a: tuple[str, ...], tokens_b: tuple[str, ...], matrix: np.ndarray, standard_errors: np.ndarray | None
) -> Any:
    """A row for each token pair: positions and labels of both, the attribution, and its error where that is known."""
    errors = {} if standard_errors is None else {"standard_error": standard_errors.ravel()}
    rows, columns = (each.ravel() for each in np.indices(matrix.shape))
    return pandas().DataFrame(
        {
            "position_a": rows,
            "token_a": [tokens_a[i] for i in rows],
            "position_b": columns,
            "token_b": [tokens_b[j] for j in columns],
            "attribution": matrix.ravel(),
            **errors,
        }
    )
