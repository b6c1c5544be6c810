"""One page that holds all studies of a model, each claim of the papers beside what was found."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from xsbert.plot.html.document import studies_page
from xsbert.results.json_files import write_whole

REPORT = "report.html"


def write_report(folder: str | Path, model: str) -> Path:
    """Writes report.html of the findings in a folder, the first that was asked first; gives its path.

    Raises:
        ValueError: a file of findings is damaged; with its name.
    """
    folder = Path(folder)
    files = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_ctime)
    path = folder / REPORT
    write_whole(path, studies_page(model, [_read(file) for file in files]).encode())
    return path


def _read(file: Path) -> dict[str, Any]:
    try:
        findings: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        picture = file.with_suffix(".svg").read_bytes()
        return {**findings, "picture": base64.b64encode(picture).decode()}
    except (UnicodeDecodeError, json.JSONDecodeError, OSError, TypeError) as cause:
        raise ValueError(f"{file} holds no findings; delete it, and ask the study again.") from cause
