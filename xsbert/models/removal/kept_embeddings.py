"""Embeddings that were paid for, kept in a file: SQLite, which Python brings, and which a killed run can't damage."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

SECONDS_FOR_OTHERS = 60
"""How long another process may take to write."""
MOST_OF_A_QUESTION = 500
"""Texts that are looked up at once."""


class KeptEmbeddings:
    """Embeddings by the name of what made them and by their text, in float32.

    Args:
        path: the file; made where it is not there. Several processes may use it, and several names.
        name: of what makes the embeddings.

    Raises:
        OSError: the file can't be made, as in a folder that is not there.
        ValueError: it is none of these files.
    """

    def __init__(self, path: str | Path, name: str) -> None:
        self.path, self.name = Path(path), name
        if not self.path.parent.is_dir():
            raise FileNotFoundError(f"cache got {str(path)!r}; its folder is not there. Make it first.")
        try:
            self._do(
                "CREATE TABLE IF NOT EXISTS embeddings (name TEXT, text TEXT, vector BLOB, PRIMARY KEY (name, text))"
            )
        except sqlite3.DatabaseError as cause:
            raise ValueError(
                f"cache got {str(path)!r}, which can't be used ({cause}); expected a file that was made here before, "
                "or the name of a new one."
            ) from cause

    def found(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """The embeddings that are there, by their texts, `(D,)` each."""
        found: dict[str, np.ndarray] = {}
        for start in range(0, len(texts), MOST_OF_A_QUESTION):
            some = texts[start : start + MOST_OF_A_QUESTION]
            marks = ", ".join("?" * len(some))
            question = f"SELECT text, vector FROM embeddings WHERE name = ? AND text IN ({marks})"
            found |= {
                text: np.frombuffer(vector, dtype="<f4") for text, vector in self._do(question, [self.name, *some])
            }
        return found

    def keep(self, texts: Sequence[str], vectors: np.ndarray) -> None:
        """Writes embeddings, `(N, D)`: all of them, or none if the process is killed."""
        rows = [(self.name, text, row.astype("<f4").tobytes()) for text, row in zip(texts, vectors, strict=True)]
        with closing(self._opened()) as connection, connection:
            connection.executemany("INSERT OR REPLACE INTO embeddings VALUES (?, ?, ?)", rows)

    def _do(self, statement: str, values: Iterable[str] = ()) -> list[tuple[str, bytes]]:
        with closing(self._opened()) as connection, connection:
            return connection.execute(statement, tuple(values)).fetchall()

    def _opened(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=SECONDS_FOR_OTHERS)
