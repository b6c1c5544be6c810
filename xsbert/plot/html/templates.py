"""The markup of pages, filled: one file that holds its style, its scripts and its data, and may load nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from xsbert.plot.html import summary
from xsbert.plot.html.page_data import printable

SCRIPTS = {
    "pair.html": ("common.js", "heatmap.js", "picture.js", "table.js", "pair.js", "address.js"),
    "pictured.html": ("common.js", "table.js", "patches.js", "pictured.js"),
    "ranking.html": ("common.js", "patches.js", "ranking.js"),
    "check.html": (),
    "studies.html": (),
    "pairs.html": ("common.js", "pairs.js"),
}


def document(name: str, data: dict[str, Any], others: Sequence[str] = (), **values: Any) -> str:
    """A page from its template. Values are text, and escaped; style, script and data are the package's own.

    Args:
        name: the template's.
        data: what the script reads.
        others: templates of pages that this one opens, whose scripts its policy lets run there.
        **values: what the template says.
    """
    style, script = _read("page.css"), _script(name)
    # Of all that could be run or loaded, these two alone, and pictures that stand in the page; whatever a text holds.
    scripts = " ".join(f"'{_hash(_script(each))}'" for each in (name, *others))
    allowed = f"style-src '{_hash(style)}'; script-src {scripts}; img-src data:"
    policy = f"default-src 'none'; {allowed}; base-uri 'none'"
    ours = {"style": style, "script": script, "data": _json(data), "policy": policy}
    return templates().get_template(name).render(values | {part: Markup(text) for part, text in ours.items()})


def _script(name: str) -> str:
    return "\n".join(map(_read, SCRIPTS[name]))


def _json(data: dict[str, Any]) -> str:
    """JSON in which nothing ends the script that holds it."""
    plain = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        plain = plain.replace(char, f"\\u{ord(char):04x}")
    return plain


@cache
def templates() -> Environment:
    """The markup of pages, in assets. What is put into it is escaped, and what no page can hold is replaced."""
    environment = Environment(
        loader=PackageLoader("xsbert.plot.html", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else printable(str(value)),
        keep_trailing_newline=True,
    )
    environment.filters["number"] = summary.number
    return environment


@cache
def _read(name: str) -> str:
    return (resources.files("xsbert.plot.html") / "assets" / name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode()
