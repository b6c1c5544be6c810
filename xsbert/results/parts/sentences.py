"""A text's sentences, by the marks that end them."""

from __future__ import annotations

import re
from itertools import pairwise

from xsbert.results.parts.words import Span

ENDS = re.compile(r"[.!?…]+[\"'”’»)\]]*\s+|[。！？]+[」』”]*|\n+")
"""A pattern: what ends a sentence."""


def sentence_spans(text: str) -> list[Span]:
    """Where each sentence stands in the text, [start, end), without the white space around it."""
    bounds = [0, *(match.end() for match in ENDS.finditer(text)), len(text)]
    parts = ((start, text[start:end]) for start, end in pairwise(bounds))
    return [
        (start + len(part) - len(part.lstrip()), start + len(part.rstrip())) for start, part in parts if part.strip()
    ]
