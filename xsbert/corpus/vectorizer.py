"""Documents in, token vectors out: one class for a plain loop, for `datasets.map` and for Ray Data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import torch

from xsbert.corpus.recipe import Recipe
from xsbert.corpus.rows import rows_of
from xsbert.corpus.schema import DOCUMENTS
from xsbert.corpus.table import Table
from xsbert.models.encoders.engine import Engine, undisturbed
from xsbert.models.encoders.transformer import XSTransformer
from xsbert.models.inputs.prompts import TextInput
from xsbert.models.methods.method import Method
from xsbert.models.progress import Progress, progress_of
from xsbert.results.token_vectors import TokenVectors


class Vectorizer:
    """Computes the token vectors of a batch of documents.

    Called with an Arrow table of `id` and `text` it gives one of the store's columns. It stands wherever a batch is
    mapped to a batch:

        vectorizer = store.vectorizer()
        dataset.with_format("arrow").map(vectorizer, batched=True, remove_columns=…)  # datasets
        documents.map_batches(vectorizer, batch_format="pyarrow")  # ray.data

    Args:
        model: the model.
        recipe: how its token vectors are made and kept.
        method: the recipe's method.
        memory: as of `explain`.
    """

    def __init__(
        self,
        model: XSTransformer,
        recipe: Recipe,
        method: Method,
        memory: int | None = None,
    ) -> None:
        self.model, self.recipe = model, recipe
        self._settings = (method, memory, getattr(torch, recipe.products) if recipe.products else None)

    def __call__(self, documents: pa.Table) -> pa.Table:
        """The rows of a batch of documents, in its order.

        Args:
            documents: a table with `id` and `text`, both strings.
        """
        with progress_of(len(documents), False) as progress:
            return self.rows(documents, progress)

    def rows(self, documents: pa.Table, progress: Progress) -> pa.Table:
        """The rows of a batch of documents; `progress` is told of every text."""
        vectors = self._vectors(documents["text"].to_pylist(), 1, progress)
        return rows_of(documents["id"].to_pylist(), vectors, self.recipe)

    def query(self, text: str) -> TokenVectors:
        """The token vectors of a query."""
        with progress_of(1, None) as progress:
            return self._vectors([text], 0, progress)[0]

    def _vectors(self, texts: Sequence[str], side: int, progress: Progress) -> list[TokenVectors]:
        prompt, task = self.recipe.prompts[side], self.recipe.tasks[side]
        inputs = [TextInput(text, prompt, task) for text in texts]
        with undisturbed(self.model.device):
            return Engine(self.model, *self._settings).token_vectors(inputs, progress)


class Appender:
    """A `Vectorizer` that appends its batch to the store itself: what each worker of many is.

    Documents that are there are skipped, so what is done twice does no harm. It gives their `id`s back.

        documents.map_batches(Appender, fn_constructor_args=(store.uri, store.vectorizer()), batch_format="pyarrow",
                              concurrency=8, num_gpus=1)  # ray.data

    Args:
        uri: the store's folder.
        vectorizer: what computes the rows.
        device: where it works, such as "cuda:1"; by default where its model is.
    """

    def __init__(self, uri: str, vectorizer: Vectorizer, device: str | None = None) -> None:
        if device is not None:
            vectorizer.model.to(device)
        self.vectorizer = vectorizer
        self.table = Table(uri)

    def __call__(self, documents: pa.Table) -> pa.Table:
        """Appends the documents of a batch that are not there.

        Args:
            documents: a table with `id` and `text`, both strings.

        Raises:
            ValueError: an id is there with another text.
        """
        with progress_of(len(documents), False) as progress:
            self.add(documents, progress)
        return documents.select(["id"])

    def add(self, documents: pa.Table, progress: Progress) -> int:
        """Appends the documents that are not there; how many they were."""
        new = new_documents(self.table, documents)
        progress.done(len(documents) - len(new))
        return self.table.insert(self.vectorizer.rows(new, progress)) if len(new) else 0


def new_documents(table: Table, documents: pa.Table) -> pa.Table:
    """The documents whose ids are not in the table.

    Raises:
        ValueError: an id is there with another text.
    """
    ids: Sequence[str] = documents["id"].to_pylist()
    there = table.rows(ids, ["id", "text"])
    known: dict[str, Any] = dict(zip(there["id"].to_pylist(), there["text"].to_pylist(), strict=True))
    for name, text in zip(ids, documents["text"].to_pylist(), strict=True):
        if known.get(name, text) != text:
            raise ValueError(
                f"the id {name!r} is in {table.uri} with another text, {known[name]!r:.50}; got {text!r:.50}. "
                "Delete the old one first, store.delete([id]), or give another id."
            )
    new = [name not in known for name in ids]
    return documents.select(DOCUMENTS.names).filter(pa.array(new, pa.bool_()))
