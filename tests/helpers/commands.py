"""The command as tests run it: in this process, on a model that is loaded already, at a real pseudo-terminal."""

from __future__ import annotations

import io
import os
import re
import sys
import threading

import pytest

from xsbert.__main__ import main

COLOURS = re.compile(r"\x1b\[(0|(1;)?(4;)?38;5;\d+(;48;5;\d+)?)m")
"""The escape sequences that shade a word, and no others."""


def without_colours(output: str) -> str:
    """The output less what shades it."""
    return COLOURS.sub("", output)


class Runner:
    """Runs the command; standard input is what `given` says."""

    def __init__(self, capsys, monkeypatch):
        self.capsys, self.monkeypatch = capsys, monkeypatch
        for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
            monkeypatch.delenv(name, raising=False)

    def __call__(self, *arguments, given=b""):
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), encoding="ascii"))
        return status_of(arguments), *self.capsys.readouterr()

    def at_terminal(self, *arguments, **environment):
        """What a pseudo-terminal receives; standard output is one."""
        for name, value in {"TERM": "xterm-256color", **environment}.items():
            self.monkeypatch.setenv(name, value)
        ours, theirs = os.openpty()
        parts: list[bytes] = []
        reader = threading.Thread(target=_drain, args=(ours, parts))
        reader.start()
        with open(theirs, "w", encoding="utf-8") as terminal:
            self.monkeypatch.setattr(sys, "stdout", terminal)
            status = status_of(arguments)
        reader.join()
        os.close(ours)
        self.monkeypatch.undo()
        assert status == 0
        return b"".join(parts).decode("utf-8").replace("\r\n", "\n")


def status_of(arguments):
    try:
        return main(list(arguments))
    except SystemExit as end:
        return end.code


def _drain(file, parts):
    while True:
        try:
            part = os.read(file, 65536)
        except OSError:  # the other end is closed
            return
        if not part:
            return
        parts.append(part)


@pytest.fixture
def command(capsys, monkeypatch, minilm):
    """The command on the real all-MiniLM-L6-v2, loaded once."""
    monkeypatch.setattr("xsbert.command.loading.load", lambda name: (minilm, "minilm"))
    return Runner(capsys, monkeypatch)
