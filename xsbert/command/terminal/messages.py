"""What the command says beside its result: on standard error, a line each."""

from __future__ import annotations

import sys

from xsbert.command.terminal.characters import shown


def say(message: str) -> None:
    """A line on standard error. What it quotes is data: no control character in it reaches the terminal."""
    if sys.stderr is not None:  # print would take standard output for None
        print(shown(message), file=sys.stderr, flush=True)


def failed(message: str) -> None:
    """The line that a run ends with that could not do what it was asked for."""
    say(f"xsbert: {' '.join(message.split())}")


def show_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    """In the place of `warnings.showwarning`: only what concerns the texts, in plain words."""
    # The libraries' own warnings are for programmers.
    if category is UserWarning:
        say(f"warning: {message}")


def is_watched() -> bool:
    """Whether somebody sees progress as it is made: standard error is a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()
