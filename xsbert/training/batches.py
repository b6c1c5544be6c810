"""Batches of texts of like length: little padding, and few references for each batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from sentence_transformers.base.sampler import DefaultBatchSampler

CHUNK = 50
"""Batches that are sorted together: more give less padding, and less chance in who meets whom."""


class BatchesOfLikeLength(DefaultBatchSampler):
    """Shuffled batches, each of pairs of like length. An epoch's batches depend on the seed and its number alone.

    Unlike transformers' `LengthGroupedSampler`, whose batches run from long to short, these come in any order.
    """

    def __init__(self, dataset: Any, batch_size: int, drop_last: bool = False, *args: Any, **kwargs: Any) -> None:
        super().__init__(dataset, batch_size, drop_last, *args, **kwargs)
        texts = [name for name in dataset.column_names if name not in (self.valid_label_columns or ())]
        columns = [[len(text) for text in dataset[name]] for name in texts]
        self._lengths = [max(lengths) for lengths in zip(*columns, strict=True)]

    def __iter__(self) -> Iterator[list[int]]:
        chance = torch.Generator("cpu").manual_seed(self.seed + self.epoch)
        order = torch.randperm(len(self._lengths), generator=chance, device="cpu").tolist()
        if self.drop_last:
            order = order[: len(self) * self.batch_size]
        batches = []
        for start in range(0, len(order), CHUNK * self.batch_size):
            chunk = sorted(order[start : start + CHUNK * self.batch_size], key=self._lengths.__getitem__)
            batches += [chunk[i : i + self.batch_size] for i in range(0, len(chunk), self.batch_size)]
        for i in torch.randperm(len(batches), generator=chance, device="cpu").tolist():
            yield batches[i]

    def __len__(self) -> int:
        count = len(self._lengths)
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
