"""The command: `python -m xsbert "text a" "text b"`, or `xsbert` once installed."""

import os
import sys
from contextlib import suppress
from typing import NoReturn

from xsbert.command import main

LASTING = ("corpus", "serve")
"""First words whose libraries have to end what they began: Ray's processes, a server."""


def run() -> NoReturn:
    """Runs the command, and ends the process with its status.

    It ends without taking down what is in memory, which would take a second: a fifth of the time to an explanation.
    """
    status = main()
    if sys.argv[1:2] and sys.argv[1] in LASTING:
        sys.exit(status)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(BrokenPipeError):  # where nobody reads on
                stream.flush()
    os._exit(status)


if __name__ == "__main__":
    run()
