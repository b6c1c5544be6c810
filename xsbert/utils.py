"""The published package's helpers, by their published names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xsbert.pairs import read_splits
from xsbert.plot import plot_attributions as plot_attributions


def load_sts_data(path: str | Path) -> tuple[list[Any], list[Any], list[Any]]:
    """The STS benchmark's train, dev and test splits, as lists of the host's `InputExample`.

    Args:
        path: the benchmark's own stsbenchmark.tsv.gz, or what `xsbert.pairs.read_splits` reads.

    Returns:
        Examples with two texts and a label from 0 to 1.

    Raises:
        ValueError: as `read_splits`.
    """
    from sentence_transformers import InputExample

    splits = read_splits(path)
    train, dev, test = ([InputExample(texts=[a, b], label=score) for a, b, score in splits[name]] for name in splits)
    return train, dev, test
