"""What a model read of a text, where its tokenizer changed the characters: lower-cased them, stripped accents."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from xsbert.results.parts.words import Group, Offset


def differs(read: str, written: str) -> bool:
    """Whether what was read is other characters; white space, and how accents are encoded, do not count."""
    plain = (unicodedata.normalize("NFC", "".join(each.split())) for each in (read, written))
    return len(set(plain)) > 1


def read_of_groups(
    text: str, tokens: Sequence[str], offsets: Sequence[Offset], read: Sequence[str], groups: Iterable[Group]
) -> tuple[str, ...]:
    """What the model read of each word or other group of tokens; "" where it is as written.

    Nothing at all where it is not known, as of tokens that were replaced since.

    Args:
        text: the text.
        tokens, offsets: its S tokens, and where they stand.
        read: what it read of each token, "" where as written; or nothing.
        groups: the groups.
    """
    return tuple(_of_group(text, tokens, offsets, read, each) for each in groups) if len(read) == len(tokens) else ()


def of_rows(read: Sequence[str], tokens: Sequence[str], rows: Sequence[int]) -> tuple[str, ...]:
    """What the model read of some of the tokens; () where not known, as of tokens that were replaced since."""
    return tuple(read[i] for i in rows) if len(read) == len(tokens) else ()


def check_read(read: Sequence[str], tokens: Sequence[str]) -> None:
    """Raises ValueError where it is of another number of tokens."""
    if read and len(read) != len(tokens):
        raise ValueError(f"got what the model read of {len(read)} tokens where there are {len(tokens)}")


def _of_group(text: str, tokens: Sequence[str], offsets: Sequence[Offset], read: Sequence[str], group: Group) -> str:
    if group.offset is None:
        return ""
    joined, seen, end = "", set(), group.offset[0]
    for i in group.positions:
        offset = offsets[i]
        if offset is None or offset in seen:  # of a character in several bytes, the first has it
            continue
        seen.add(offset)
        joined += " " * (joined != "" and text[end : offset[0]].isspace()) + (read[i] or text[slice(*offset)])
        end = offset[1]
    return joined if differs(joined, text[slice(*group.offset)]) else ""
