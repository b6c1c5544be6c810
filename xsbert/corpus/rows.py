"""Token vectors as rows of a table, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from xsbert.corpus.recipe import Recipe
from xsbert.corpus.schema import schema_of
from xsbert.results.token_vectors import TokenVectors

LARGEST = {"int16": 32767, "int8": 127}
LISTS = ("tokens", "prompted", "unknown")
PLAIN = ("text", "norm", "error", "nodes", "truncated", *LISTS)
"""Columns that are fields of `TokenVectors` as they are; of these some are tuples there."""


def rows_of(ids: Sequence[str], found: Sequence[TokenVectors], recipe: Recipe) -> pa.Table:
    """One row for each document.

    Raises:
        ValueError: token vectors were made otherwise than the recipe says, or are too large for float16.
    """
    for vectors in found:
        recipe.check_made(vectors)
    schema = schema_of(recipe.dimensions, recipe.precision)
    lengths = [len(vectors.tokens) for vectors in found]
    kept, scales = _kept(np.concatenate([vectors.vectors for vectors in found]), recipe.precision)
    references = [vectors.reference_embedding for vectors in found]
    columns: dict[str, Any] = {
        "id": list(ids),
        "text": [vectors.text for vectors in found],
        "tokens": [list(vectors.tokens) for vectors in found],
        "offsets": [[list(at) if at else [-1, -1] for at in vectors.offsets] for vectors in found],
        "vectors": _lists(lengths, _fixed(kept, schema.field("vectors").type.value_type)),
        "scales": None if scales is None else _lists(lengths, pa.array(scales)),
        "embedding": _fixed(np.stack([_as_encoded(vectors) for vectors in found]), schema.field("embedding").type),
        "norm": [vectors.norm for vectors in found],
        "reference": [each.tolist() if each.any() else None for each in references],
        "error": [vectors.error for vectors in found],
        "nodes": [vectors.nodes for vectors in found],
        "truncated": [vectors.truncated for vectors in found],
        "prompted": [list(vectors.prompted) for vectors in found],
        "unknown": [list(vectors.unknown) for vectors in found],
    }
    return pa.table(
        [
            values if isinstance(values := columns[each.name], pa.Array) else pa.array(values, each.type)
            for each in schema
        ],
        schema=schema,
    )


def vectors_of(rows: pa.Table, recipe: Recipe) -> list[TokenVectors]:
    """Each row's token vectors, in float32."""
    rows = rows.combine_chunks()
    shared, zero = recipe.fields_of_vectors(), np.zeros(recipe.dimensions, np.float32)
    flat = _flat(rows["vectors"]).reshape(-1, recipe.dimensions).astype(np.float32)
    if recipe.precision in LARGEST:
        flat *= _flat(rows["scales"])[:, None]
    embeddings = _flat(rows["embedding"]).reshape(-1, recipe.dimensions)
    references = [zero if each is None else np.array(each, np.float32) for each in rows["reference"].to_pylist()]
    offsets = _flat(rows["offsets"]).reshape(-1, 2).tolist()
    found, start = [], 0
    for i, said in enumerate(rows.select(PLAIN).to_pylist()):
        end = start + len(said["tokens"])
        places = tuple((at[0], at[1]) if at[0] >= 0 else None for at in offsets[start:end])
        fields: dict[str, Any] = shared | said | {name: tuple(said[name]) for name in LISTS}
        fields |= {"offsets": places, "vectors": flat[start:end], "reference_embedding": references[i]}
        found.append(TokenVectors(**fields, embedding=embeddings[i] * np.float32(said["norm"])))
        start = end
    return found


def _as_encoded(vectors: TokenVectors) -> np.ndarray:
    """The embedding as `encode` gives it."""
    return vectors.embedding / np.float32(vectors.norm or 1.0)


def _kept(vectors: np.ndarray, precision: str) -> tuple[np.ndarray, np.ndarray | None]:
    """The vectors, `(ΣS, D)`, as they are kept, and the tokens' scales, `(ΣS,)`, where there are any."""
    if precision in LARGEST:
        largest = np.abs(vectors).max(axis=1, initial=0)
        scales = np.where(largest > 0, largest / LARGEST[precision], 1).astype(np.float32)
        return np.rint(vectors / scales[:, None]).astype(precision), scales
    kept = vectors.astype(precision)
    if not np.isfinite(kept).all():
        raise ValueError(
            f"got token vectors of up to {np.abs(vectors).max():.3g}, which float16 does not hold; "
            "make the store with another precision."
        )
    return kept, None


def _fixed(values: np.ndarray, kind: pa.DataType) -> pa.Array:
    """`(N, D)` as N lists of D."""
    return pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(values).reshape(-1)), type=kind)


def _lists(lengths: Sequence[int], values: pa.Array) -> pa.Array:
    """The values, divided into lists of so many."""
    return pa.ListArray.from_arrays(pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32()), values)


def _flat(column: pa.ChunkedArray) -> np.ndarray:
    """All numbers of a column of lists, one behind the other."""
    values: Any = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    while pa.types.is_nested(values.type):
        values = values.flatten()
    return values.to_numpy(zero_copy_only=False)
