"""`VectorStore`: a collection's token vectors, kept; a query is explained against them without the documents' model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from xsbert.attribution.pair import attribute
from xsbert.corpus.opening import check_model, loaded
from xsbert.corpus.recipe import Recipe
from xsbert.corpus.rows import vectors_of
from xsbert.corpus.schema import schema_of
from xsbert.corpus.sources import chunks, source_of
from xsbert.corpus.table import Table
from xsbert.corpus.vectorizer import Appender, Vectorizer
from xsbert.models.encoders.transformer import XSTransformer
from xsbert.models.inputs.lists import listed_ids
from xsbert.models.inputs.text import check_string
from xsbert.models.methods.method import Method
from xsbert.models.methods.removal import Removal
from xsbert.models.progress import Progress, progress_of
from xsbert.results.arguments import at_least
from xsbert.results.rankings.ranking import Ranking, ranked
from xsbert.results.rankings.summary import RankingSummary
from xsbert.results.token_vectors import TokenVectors


class VectorStore:
    """A collection of documents with their token vectors, by their ids.

    `model.vector_store(path)` makes one or opens it, and `VectorStore(path)` opens one, and loads its model once it is
    needed. A folder, or an address that Lance takes, such as "s3://bucket/reviews.lance". Many processes may add to a
    store and read it at once. A batch is there whole or not at all, whatever is killed.

    Args:
        path: the store's folder.
        model: the model that made it; by default it is loaded by its name or from its folder, when it is needed.
        method: its method, where the store's own name does not tell all of it, such as a corpus's mean.

    Raises:
        FileNotFoundError: there is no store.
        ValueError: the table is something else, of a later version, or of another model or method.

    Example:
        >>> store = model.vector_store("reviews.lance")
        >>> store.add("reviews.csv", column="text", id_column="sku")
        >>> store.search("bad coffee", top=10).save("ranking.html")
    """

    def __init__(self, path: str | Path, model: XSTransformer | None = None, *, method: Method | None = None) -> None:
        self.uri = str(path)
        self._table = Table(self.uri)
        self.recipe = Recipe.from_metadata(self._table.metadata, self.uri)
        if model is not None:
            check_model(self.recipe, model, self.uri)
        self.check(method)
        self._model, self._method = model, method or self.recipe.restored_method()
        self._columns = [
            name for name in schema_of(self.recipe.dimensions, self.recipe.precision).names if name != "id"
        ]

    def check(self, method: Method | Removal | None = None, **asked: Any) -> None:
        """Raises ValueError where the store was made otherwise than is asked; None asks for nothing.

        Args:
            method: the method.
            **asked: fields of its recipe, such as similarity="dot".
        """
        wanted = {"method": None if method is None else repr(method), **asked}
        self.recipe.check_same({name: value for name, value in wanted.items() if value is not None}, self.uri)

    @property
    def model(self) -> XSTransformer:
        """The model, loaded where it is not yet.

        Raises:
            OSError, ValueError: it is not within reach, or its weights are others than those that made the store.
        """
        if self._model is None:
            self._model = loaded(self.recipe, self.uri)
        return self._model

    def vectorizer(self, memory: int | None = None) -> Vectorizer:
        """What computes this store's rows, for `datasets.map` and Ray Data.

        Args:
            memory: as of `explain`.

        Raises:
            ValueError: the store does not tell all of its method; pass it to `VectorStore(path, method=…)`.
        """
        if self._method is None:
            raise ValueError(
                f"{self.uri} was made by {self.recipe.method}, which does not tell all of itself; expected it as "
                "method=…, of VectorStore or vector_store."
            )
        return Vectorizer(self.model, self.recipe, self._method, memory)

    def add(
        self,
        texts: Any,
        ids: Iterable[Any] | None = None,
        *,
        column: str | None = None,
        id_column: str | None = None,
        chunk_size: int = 256,
        device: str | Sequence[str] | None = None,
        workers: int | None = None,
        address: str | None = None,
        gpus: float = 0,
        memory: int | None = None,
        show_progress_bar: bool | None = None,
    ) -> int:
        """Computes the token vectors of documents and keeps them. Those that are there are skipped.

        A run that was killed or interrupted lost the batches in hand; the same call again does the rest.

        Args:
            texts: a list or an iterator of texts, a pandas table, a `datasets.Dataset`, or the name of a .csv, .tsv,
                .jsonl, .json, .txt or .parquet file. Blank texts are left out.
            ids: what tells them apart, strings or whole numbers; by default a digest of each text.
            column, id_column: of tables and files: the column with the texts, and that with the ids.
            chunk_size: how many documents are computed and appended at a time.
            device: where; by default where the model is. Of several, such as ["cuda:0", "cuda:1"], each has a process
                (a script that calls it is guarded by `if __name__ == "__main__"`).
            workers: so many actors of Ray, instead; with `address` on a cluster, with `gpus` GPUs each.
            memory, show_progress_bar: as of `explain`.

        Returns:
            How many documents are new; where others add at once, with theirs.

        Raises:
            OSError: the file can't be read.
            TypeError: a text is no string, or an id neither a string nor a whole number.
            ValueError: an id is there with another text, twice with two texts, or missing; or there is no such column.
            RuntimeError: a process died.
        """
        size = at_least(chunk_size, 1, "chunk_size", "a whole number of documents, such as 256")
        source = source_of(texts, ids, column, id_column)
        vectorizer, before = self.vectorizer(memory), len(self)
        parts = chunks(source.documents, size)
        with progress_of(source.total, show_progress_bar) as progress:
            if workers is not None:
                from xsbert.corpus.workers import add_by_ray

                count = at_least(workers, 1, "workers", "a whole number of actors, such as 2")
                add_by_ray(self.uri, vectorizer, parts, count, progress, address, gpus)
            elif device is not None and not isinstance(device, str):
                from xsbert.corpus.workers import add_by_processes

                add_by_processes(self.uri, vectorizer, parts, list(device), progress)
            else:
                self._add(parts, Appender(self.uri, vectorizer, device), progress)
        return len(self) - before

    def _add(self, parts: Iterator[Any], appender: Appender, progress: Progress) -> None:
        for part in parts:
            appender.add(part, progress)

    def explain(self, query: str, ids: Sequence[str | int]) -> Ranking:
        """`explain_ranking` of a query with documents that are here: their model sees the query alone.

        Args:
            query: the text that the documents are compared with.
            ids: the documents.

        Raises:
            OSError: the model is not within reach.
            ValueError: a document is not here, there are no ids, or the model is another.
        """
        names = list(dict.fromkeys(listed_ids(ids, len(ids))))
        if not names:
            raise ValueError("ids got an empty list; expected at least one document's.")
        vectors = self._vectors(names)
        asked = self._query(query)
        return ranked([attribute(asked, each, self.recipe.similarity) for each in vectors], names)

    def search(self, query: str, top: int = 10) -> Ranking:
        """The documents that are nearest to a query, explained.

        All embeddings are compared; where `optimize(search_index=True)` made an index, those of its nearest parts.

        Args:
            query: the text that the documents are compared with.
            top: how many.

        Raises:
            OSError, ValueError: the model is not within reach, or another; or the store is empty.
        """
        count = at_least(top, 1, "top", "a whole number of documents, such as 10")
        asked, all_documents = self._query(query), len(self)
        if not all_documents:
            raise ValueError(f"{self.uri} holds no document yet; add some first: store.add(texts).")
        embedding = asked.embedding / np.float32(asked.norm or 1.0)
        names = self._table.nearest(embedding, min(count, all_documents), self.recipe.similarity)
        found = [attribute(asked, each, self.recipe.similarity) for each in self._vectors(names)]
        return replace(ranked(found, names), compared=all_documents)

    def words(self, query: str, ids: Sequence[str | int] | None = None, *, top: int = 100) -> RankingSummary:
        """Which words of the query carry its ranking, and which words of the documents match it most.

        Args:
            query: the text that the documents are compared with.
            ids: the documents; by default the `top` nearest.
            top: how many.

        Raises:
            as `explain` and `search`.
        """
        return (self.search(query, top) if ids is None else self.explain(query, ids)).summary()

    def delete(self, ids: Sequence[str | int]) -> int:
        """Takes documents out; how many there were."""
        return self._table.delete(listed_ids(ids, len(ids)))

    def optimize(self, search_index: bool = False) -> None:
        """Joins the batches that were appended, so that documents are found fast, and takes away what nothing needs.

        Args:
            search_index: also makes an index of the embeddings, for `search` among very many documents.
        """
        self._table.optimize(self.recipe.similarity if search_index else None)

    def info(self) -> dict[str, Any]:
        """What the store holds, and how it was made."""
        r = self.recipe
        made = {"model": r.model, "method": r.made_by, "similarity": r.similarity, "precision": r.precision}
        index = self._table.search_index() is not None
        return {**self._table.facts(), **made, "dimensions": r.dimensions, "search_index": index}

    def items(self) -> Iterator[tuple[str, TokenVectors]]:
        """All documents with their token vectors, batch by batch."""
        for batch in self._table.batches():
            yield from zip(batch["id"].to_pylist(), vectors_of(batch, self.recipe), strict=True)

    def __getitem__(self, name: str | int) -> TokenVectors:
        rows = self._table.rows([str(name)], self._columns)
        if not len(rows):
            raise KeyError(name)
        return vectors_of(rows, self.recipe)[0]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, (str, int)) and len(self._table.rows([str(name)], ["id"])) > 0

    def __len__(self) -> int:
        return len(self._table)

    def __iter__(self) -> Iterator[str]:
        for batch in self._table.batches(["id"], 10_000):
            yield from batch["id"].to_pylist()

    def __repr__(self) -> str:
        return f"VectorStore({self.uri!r}, {len(self):,} documents, {self.recipe.model}, {self.recipe.made_by})"

    def _vectors(self, names: Sequence[str]) -> list[TokenVectors]:
        """The documents' token vectors, in this order.

        Raises:
            ValueError: one is not here.
        """
        rows = self._table.rows(names)
        found = dict(zip(rows["id"].to_pylist(), vectors_of(rows, self.recipe), strict=True))
        if missing := [name for name in names if name not in found]:
            others = f", nor {len(missing) - 1:,} others" if len(missing) > 1 else ""
            raise ValueError(f"{self.uri} has no document {missing[0]!r}{others}; expected ids that were added.")
        return [found[name] for name in names]

    def _query(self, query: str) -> TokenVectors:
        check_string(query, "query")
        return self.vectorizer().query(query)
