"""The file that the command writes, as its name's ending says, and JSON for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from xsbert.command.terminal.messages import say

if TYPE_CHECKING:
    from xsbert.results.attribution import Attribution
    from xsbert.results.check import CheckReport
    from xsbert.results.rankings.contrast import Contrast
    from xsbert.results.rankings.ranking import Ranking

FOR_PAIRS = (".png", ".pdf", ".svg", ".html", ".json")
FOR_RANKINGS = (".html", ".json")


def check(output: str | None, formats: tuple[str, ...]) -> None:
    """Refuses what could not be written, before any work is done.

    Raises:
        ValueError: the name has none of these endings, or its folder is not there.
    """
    if output is None:
        return
    if Path(output).suffix.lower() not in formats:
        raise ValueError(f"--output got {output}; expected a name that ends in {', '.join(formats)}.")
    if not Path(output).absolute().parent.is_dir():
        raise ValueError(f"--output got {output}; expected a folder that exists. Make {Path(output).parent} first.")
    if Path(output).is_dir():
        raise ValueError(f"--output got {output}, which is a folder; expected a file's name.")


def write(tokens: Attribution | Ranking, chosen: Attribution | Ranking, output: str | None) -> None:
    """Writes a result.

    Args:
        tokens: the result by tokens, for pages, which sum tokens into words themselves.
        chosen: the same as the user wants to see it, by words or by tokens, for JSON.
        output: the file's name; None for none.
    """
    if output is None:
        return
    (chosen if Path(output).suffix.lower() == ".json" else tokens).save(output)
    say(f"written: {output}")


def as_json(result: Attribution | Ranking | CheckReport | Contrast) -> str:
    """A result as one line of JSON, in ASCII: any encoding holds it, and no terminal reads commands in it."""
    return json.dumps(result.to_dict(), allow_nan=False).replace("\x7f", "\\u007f")
