"""The table itself: a Lance dataset, which many processes append to, and which is whole whatever is killed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import lance
import numpy as np
import pyarrow as pa

IDS_OF_A_QUERY = 1000
RETRIES = 100
"""How often an append tries again where another process was faster."""
DOCUMENTS_OF_A_FRAGMENT = 100_000
FEWEST_TO_INDEX = 256
"""Documents below which all embeddings are compared: an index would save nothing."""
PROBED = 32
"""Parts of a search index that a query looks at."""


class Table:
    """Rows by their id.

    Args:
        uri: a folder, or an object store's address, as Lance takes them.

    Raises:
        FileNotFoundError: there is no such table.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri
        try:
            self._dataset = lance.dataset(uri)
        except (ValueError, OSError) as cause:  # Lance's own words name Rust's files
            raise FileNotFoundError(
                f"{uri} holds no collection; expected one that model.vector_store(path) or xsbert corpus add made."
            ) from cause

    @classmethod
    def create(cls, uri: str, schema: pa.Schema) -> Table:
        """A new, empty table; one that another process made in the meantime stays as it is.

        Raises:
            FileExistsError: there is a file, or a folder with something else.
        """
        there = Path(uri)
        if "://" not in uri and (there.is_file() or (there.is_dir() and any(there.iterdir()))):
            raise FileExistsError(f"{uri} is there and is no collection; expected a new folder. Name another one.")
        try:
            made = lance.write_dataset(schema.empty_table(), uri, schema=schema, mode="create")
            made.create_scalar_index("id", "BTREE")
        except OSError as cause:
            if "already exists" not in str(cause).lower() and "conflict" not in str(cause).lower():
                raise
        return cls(uri)

    @property
    def metadata(self) -> dict[bytes, bytes] | None:
        """What the table says of itself."""
        return self._dataset.schema.metadata

    def insert(self, rows: pa.Table) -> int:
        """Appends the rows whose ids are not there, at once or not at all; how many these were."""
        done = (
            self._latest()
            .merge_insert("id")
            .when_not_matched_insert_all()
            .conflict_retries(RETRIES)
            .retry_timeout(timedelta(minutes=5))
            .execute(rows)
        )
        return int(done["num_inserted_rows"])

    def rows(self, ids: Sequence[str], columns: Sequence[str] | None = None) -> pa.Table:
        """The rows of these ids, in any order; of those that are there."""
        dataset, parts = self._latest(), []
        chosen = None if columns is None else list(columns)
        for start in range(0, len(ids), IDS_OF_A_QUERY):
            condition = _among(ids[start : start + IDS_OF_A_QUERY])
            parts.append(dataset.to_table(columns=chosen, filter=condition))
        return parts[0] if len(parts) == 1 else pa.concat_tables(parts or [dataset.schema.empty_table()])

    def batches(self, columns: Sequence[str] | None = None, rows: int = 256) -> Iterator[pa.Table]:
        """All rows, batch by batch."""
        chosen = None if columns is None else list(columns)
        for batch in self._latest().to_batches(columns=chosen, batch_size=rows):
            yield pa.Table.from_batches([batch])

    def nearest(self, embedding: np.ndarray, count: int, similarity: str) -> list[str]:
        """The ids of the rows whose embeddings are the most similar, the most similar first."""
        asked = {"column": "embedding", "q": embedding, "k": count, "metric": similarity, "nprobes": PROBED}
        found = self._latest().to_table(
            columns=["id", "_distance"], nearest=asked, disable_scoring_autoprojection=True
        )  # fmt: skip
        return found["id"].to_pylist()

    def delete(self, ids: Sequence[str]) -> int:
        """Takes the rows of these ids out; how many there were."""
        before = len(self)
        for start in range(0, len(ids), IDS_OF_A_QUERY):
            self._latest().delete(_among(ids[start : start + IDS_OF_A_QUERY]))
        return before - len(self)

    def optimize(self, similarity: str | None = None) -> None:
        """Joins what appends left, brings the indexes up to date, and takes away what no version needs.

        Args:
            similarity: also makes an index of the embeddings, for search by it; None for none.
        """
        dataset = self._latest()
        dataset.optimize.compact_files(target_rows_per_fragment=DOCUMENTS_OF_A_FRAGMENT)
        if similarity and self.search_index() is None and len(self) >= FEWEST_TO_INDEX:
            parts = max(1, round(len(self) ** 0.5))
            dataset.create_index("embedding", "IVF_FLAT", metric=similarity, num_partitions=parts)
        dataset.optimize.optimize_indices()
        dataset.cleanup_old_versions(older_than=timedelta(0), delete_unverified=False)

    def search_index(self) -> str | None:
        """The name of the embeddings' index, if there is one."""
        found: list[dict[str, Any]] = self._latest().list_indices()
        return next((each["name"] for each in found if each["fields"] == ["embedding"]), None)

    def facts(self) -> dict[str, int]:
        """How many documents, fragments and versions there are."""
        dataset = self._latest()
        fragments = len(dataset.get_fragments())
        return {"documents": dataset.count_rows(), "fragments": fragments, "versions": len(dataset.versions())}

    def __len__(self) -> int:
        return self._latest().count_rows()

    def _latest(self) -> Any:
        self._dataset.checkout_latest()  # others append
        return self._dataset


def _among(ids: Sequence[str]) -> str:
    quoted = ", ".join("'" + each.replace("'", "''") + "'" for each in ids)
    return f"id IN ({quoted})"
