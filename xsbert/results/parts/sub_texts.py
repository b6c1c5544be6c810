"""A text with some of its words left out, or replaced."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xsbert.results.parts.words import Span


def kept(text: str, spans: Sequence[Span], chosen: Sequence[bool] | np.ndarray, put: str = "") -> str:
    """The text with the chosen words only.

    Args:
        text: the text.
        spans: where its words stand, in its order.
        chosen: for each word, whether it stays.
        put: what stands in place of each other word; by default nothing, one space where several are left, and one
            where punctuation held two words together: "well-known" without its hyphen is no new word.
    """
    parts, end = [], 0
    gone = [span for span, stays in zip(spans, chosen, strict=True) if not stays]
    for start, stop in gone:
        joint = text[max(0, start - 1) : start].isalnum() and text[stop : stop + 1].isalnum()
        apart = " " if joint and not any(map(str.isalnum, text[start:stop])) else ""
        parts += [text[end:start], put or apart]
        end = stop
    found = "".join([*parts, text[end:]])
    return found if put or not gone else " ".join(found.split())
