"""What the command reads: bytes of a file or of standard input, as UTF-8 whatever the locale."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from xsbert import tables
from xsbert.command.terminal.messages import say
from xsbert.documents import Documents, read_documents

STANDARD_INPUT = "-"


def texts(arguments: Sequence[str]) -> list[str]:
    """The texts that stand on the command line; where one of them is "-", what standard input holds.

    Raises:
        ValueError: two are "-", one is blank, or what is read is blank or not UTF-8.
    """
    check_once(arguments)
    for argument in arguments:
        if not argument.strip():
            raise ValueError(f"got a blank text, {argument!r}; expected words: there is nothing to explain.")
    return [_from_input() if argument == STANDARD_INPUT else argument for argument in arguments]


def documents(source: str, column: str | None, id_column: str | None) -> Documents:
    """The documents of a file, or of standard input for "-"; blank ones are counted aloud. As `read_documents`.

    Raises:
        OSError: the file can't be read.
        ValueError: it is not what its name says, has no such column, or holds no document.
    """
    found = read_documents(decoded(source), source, column, id_column, ("--column", "--id"))
    if found.blank:
        say(f"skipped {found.blank} blank {found.unit}{'' if found.blank == 1 else 's'}")
    return found


def check_once(arguments: Sequence[str]) -> None:
    """Raises ValueError where "-" stands for standard input more than once."""
    if arguments.count(STANDARD_INPUT) > 1:
        raise ValueError("got - twice; expected it once: standard input is read to its end. Name a file or a text.")


def decoded(source: str) -> str:
    """What a file holds, or standard input for "-"; unpacked where its name ends in .gz, less a byte order mark.

    Raises:
        OSError: there is no such file, or it can't be read.
        ValueError: it is not UTF-8.
    """
    if source == STANDARD_INPUT:
        return tables.decoded(_input(), "standard input")
    try:
        return tables.text_of(source)
    except OSError as cause:
        raise OSError(
            f"{source} can't be read ({cause.strerror}); expected a file, or - for standard input."
        ) from cause


def _from_input() -> str:
    text = decoded(STANDARD_INPUT).strip()
    if not text:
        raise ValueError("standard input is empty; expected a text, for there - was named.")
    return text


def _input() -> bytes:
    if sys.stdin is None:
        raise ValueError("standard input is closed; expected a text there, for - was named.")
    if sys.stdin.isatty():
        say("reading standard input up to its end (Ctrl-D, or Ctrl-Z on Windows) …")
    return sys.stdin.buffer.read()
