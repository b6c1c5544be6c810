"""What the command reads: bytes of a file or of standard input, as UTF-8 whatever the locale."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from xsbert.command.messages import say

STANDARD_INPUT = "-"


def texts(arguments: Sequence[str]) -> list[str]:
    """The texts that stand on the command line; where one of them is "-", what standard input holds.

    Raises:
        ValueError: two are "-", or what is read is empty or not UTF-8.
    """
    check_once(arguments)
    return [_from_input() if argument == STANDARD_INPUT else argument for argument in arguments]


def check_once(arguments: Sequence[str]) -> None:
    """Raises ValueError where "-" stands for standard input more than once."""
    if arguments.count(STANDARD_INPUT) > 1:
        raise ValueError("got - twice; expected it once: standard input is read to its end. Name a file or a text.")


def decoded(source: str) -> str:
    """What a file holds, or standard input for "-"; a byte order mark is left out.

    Raises:
        OSError: there is no such file, or it can't be read.
        ValueError: it is not UTF-8.
    """
    name = "standard input" if source == STANDARD_INPUT else source
    content = _input() if source == STANDARD_INPUT else _file(source)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        line = content.count(b"\n", 0, cause.start) + 1
        raise ValueError(
            f"{name}, line {line}, is not UTF-8 (byte 0x{content[cause.start]:02x}); expected UTF-8. "
            "Convert it first, as with iconv -t utf-8."
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


def _file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as cause:
        raise OSError(f"{path} can't be read ({cause.strerror}); expected a file, or - for standard input.") from cause
