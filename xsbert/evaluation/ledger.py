"""Results kept as they come: a file with a line of JSON for each, so that a killed run goes on where it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Key = tuple[str, ...]


class Ledger:
    """Values by key, each written to a file as soon as it is known.

    A last line that is torn, because the run was killed while it wrote, is cut off.

    Args:
        path: the file; made where there is none, as is its folder.

    Raises:
        ValueError: a line before the last is not a result; with the file and the line.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._known: dict[Key, Any] = {}
        if self.path.exists():
            self._read()

    def __contains__(self, key: Key) -> bool:
        return key in self._known

    def __getitem__(self, key: Key) -> Any:
        return self._known[key]

    def __len__(self) -> int:
        return len(self._known)

    def add(self, key: Key, value: Any) -> None:
        """Writes a value, and keeps it.

        Raises:
            ValueError: it holds a number that JSON has not.
        """
        line = json.dumps({"key": list(key), "value": value}, ensure_ascii=False, allow_nan=False) + "\n"
        with open(self.path, "ab") as file:
            file.write(line.encode("utf-8"))
        self._known[key] = value

    def _read(self) -> None:
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        for number, line in enumerate(content[:whole].splitlines(), start=1):
            try:
                entry = json.loads(line)
                self._known[tuple(entry["key"])] = entry["value"]
            except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as cause:
                raise ValueError(
                    f"{self.path}, line {number}: got {line[:60]!r}; expected a result. "
                    "Delete the line, and what it held is computed again."
                ) from cause
        if whole < len(content):
            with open(self.path, "ab") as file:
                file.truncate(whole)
