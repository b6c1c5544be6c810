"""What a tokenizer makes of the characters before it looks for tokens among them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from xsbert.results.parts.wording import differs
from xsbert.results.parts.words import Offset


def wording(tokenizer: Any, string: str, offsets: Sequence[Offset], unknown: Collection[int]) -> tuple[str, ...]:
    """What the model reads of each of S tokens, where the tokenizer lower-cases it, strips its accents and the like.

    Args:
        tokenizer: the model's; a slow one does not tell.
        string: the text.
        offsets: where each token stands in it.
        unknown: the positions of the tokens that the tokenizer does not know.

    Returns:
        S strings, "" for a token that is read as written, is unknown or stands in no text; none at all where the
        whole text is read as written.
    """
    normalizer = getattr(getattr(tokenizer, "backend_tokenizer", tokenizer), "normalizer", None)
    if normalizer is None:
        return ()

    def read(written: str) -> str:
        made: str = normalizer.normalize_str(written)
        made = made if "▁" in written else made.replace("▁", " ")  # SentencePiece's mark of white space
        return " ".join(made.split()) if differs(made, written) else ""

    if not read(string):
        return ()
    return tuple(
        "" if offset is None or i in unknown else read(string[slice(*offset)]) for i, offset in enumerate(offsets)
    )
