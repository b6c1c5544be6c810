"""The columns of a table of token vectors.

A row is a document:

    id         string, unique, with a BTREE index
    text       string
    tokens     list of S strings
    offsets    list of S × [start, end), int32; (−1, −1) for special tokens
    vectors    list of S × D: int16 or int8 with `scales`, float16 or float32
    scales     list of S float32, one a token; of int16 and int8 only
    embedding  D float32, as `encode` gives it
    norm       what the model divided it by; f(x) = embedding · norm
    reference  f(r), D float32; null where it is zero
    error, nodes, truncated, prompted, unknown    as of `TokenVectors`
"""

from __future__ import annotations

import pyarrow as pa

KEPT_AS = {"int16": pa.int16(), "float16": pa.float16(), "float32": pa.float32(), "int8": pa.int8()}
"""How token vectors are kept; the first by default. The worst cell of an attribution, as a share of its largest one
(all-MiniLM-L6-v2, median and largest of 150 pairs): int16 4e-6, 1e-4; float16 4e-5, 6e-4; int8 1e-3, 3e-2.
Bytes for a token of D dimensions: 2 D + 4, 2 D, 4 D, D + 4. int16 has a scale for each token: as many bytes as float16,
whose digits go into a range of sizes that one token's numbers do not have."""
PRECISIONS = tuple(KEPT_AS)
DOCUMENTS = pa.schema([pa.field("id", pa.string(), nullable=False), pa.field("text", pa.string(), nullable=False)])
"""What comes in: an id and a text a row."""
KEY = {b"lance-schema:unenforced-primary-key": b"true"}
"""Tells Lance that no two rows share an id: of two writers that bring the same one, the later tries again."""


def schema_of(dimensions: int, precision: str) -> pa.Schema:
    """The columns for token vectors of so many dimensions.

    Raises:
        ValueError: there is no such precision.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision got {precision!r}; expected one of {', '.join(PRECISIONS)}.")
    scales = [pa.field("scales", pa.list_(pa.float32()))] if precision in ("int16", "int8") else []
    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False, metadata=KEY),
            pa.field("text", pa.string(), nullable=False),
            pa.field("tokens", pa.list_(pa.string())),
            pa.field("offsets", pa.list_(pa.list_(pa.int32(), 2))),
            pa.field("vectors", pa.list_(pa.list_(KEPT_AS[precision], dimensions))),
            *scales,
            pa.field("embedding", pa.list_(pa.float32(), dimensions)),
            pa.field("norm", pa.float64()),
            pa.field("reference", pa.list_(pa.float32(), dimensions)),
            pa.field("error", pa.float64()),
            pa.field("nodes", pa.int32()),
            pa.field("truncated", pa.bool_()),
            pa.field("prompted", pa.list_(pa.int32())),
            pa.field("unknown", pa.list_(pa.int32())),
        ]
    )
