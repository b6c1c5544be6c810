"""The pairs that a model is trained on: from files, or from the hub."""

from __future__ import annotations

import numbers
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import datasets
from datasets import Dataset, load_dataset
from datasets.exceptions import DatasetsError
from huggingface_hub import constants
from sentence_transformers.sentence_transformer.evaluation import EmbeddingSimilarityEvaluator

from xsbert.models.loading.default import hub_answers
from xsbert.pairs import COLUMNS, SPLITS, read_splits


def load_splits(name: str) -> dict[str, Dataset]:
    """The splits "train", "dev" and "test", with columns sentence1, sentence2 and score (0 to 1).

    Args:
        name: a folder or a file, as `xsbert.pairs.read_splits` takes it; or a dataset on the hub, such as
            "sentence-transformers/stsb".

    Raises:
        ValueError: a file, split or column is missing, or a line is bad; with the file and the line.
        ConnectionError: neither a path nor a dataset that the hub gives.
    """
    if Path(name).exists():
        return {
            split: Dataset.from_dict(dict(zip(COLUMNS, map(list, zip(*pairs, strict=True)), strict=True)))
            for split, pairs in read_splits(name).items()
        }
    try:
        with _offline_unless(hub_answers()):
            found = load_dataset(name)
    except (OSError, ValueError, DatasetsError) as cause:
        raise ConnectionError(
            f"{name!r} is neither a file nor a folder here, nor a dataset that the hub gives ({_line(cause)}); "
            "expected a folder with train, dev and test as csv or tsv, or a dataset's name and a connection."
        ) from cause
    return {split: _checked(name, found, spellings) for split, spellings in SPLITS.items()}


@contextmanager
def _offline_unless(answers: bool) -> Iterator[None]:
    """Without a hub the host tries again and again, for minutes, before it looks into its cache."""
    before = constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE = (before[0] or not answers, before[1] or not answers)
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE = before


def evaluator(split: Dataset, name: str, similarity: Literal["cosine", "dot"]) -> EmbeddingSimilarityEvaluator:
    """Correlates a model's similarities of a split's pairs with their scores."""
    return EmbeddingSimilarityEvaluator(
        list(split["sentence1"]),
        list(split["sentence2"]),
        list(split["score"]),
        name=name,
        main_similarity=similarity,
        similarity_fn_names=[similarity],
        write_csv=False,
    )


def _checked(name: str, found: dict[str, Dataset], spellings: tuple[str, ...]) -> Dataset:
    """A split's three columns.

    Raises:
        ValueError: the split or a column is missing or empty, a text is empty, or a score is no number from 0 to 1.
    """
    split = next((found[spelling] for spelling in spellings if spelling in found), None)
    if split is None or not len(split):
        raise ValueError(f"{name} has no {spellings[0]} split; got {', '.join(found)}.")
    if missing := [column for column in COLUMNS if column not in split.column_names]:
        raise ValueError(f"{name}: the column {missing[0]!r} is missing; got {', '.join(split.column_names)}.")
    for column in COLUMNS[:2]:
        for row, text in enumerate(split[column]):
            if not isinstance(text, str) or not text.strip():
                raise ValueError(f"{name}, {spellings[0]}, row {row}: {column} is {text!r:.60}; expected a text.")
    for row, score in enumerate(split["score"]):
        if not isinstance(score, numbers.Real) or not 0 <= float(score) <= 1:
            raise ValueError(f"{name}, {spellings[0]}, row {row}: the score is {score!r}; expected 0 to 1.")
    return split.select_columns(list(COLUMNS))


def _line(cause: Exception) -> str:
    return " ".join(str(cause).split())[:200] or type(cause).__name__
