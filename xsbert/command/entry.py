"""Where the command starts and ends: what it runs, what it catches, its exit status."""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Sequence

from xsbert.command.actions import check, contrast, corpus, pair, pairs, rank, serve
from xsbert.command.options import parse
from xsbert.command.terminal.messages import failed, show_warning

COMMANDS = {
    "pair": pair.run,
    "rank": rank.run,
    "contrast": contrast.run,
    "pairs": pairs.run,
    "corpus": corpus.run,
    "check": check.run,
    "serve": serve.run,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: the words after the command's name; by default the process's.

    Returns:
        The exit status: 0, 1 where `check` heard too little, 2 for what the user can put right, 130 when interrupted.

    Raises:
        SystemExit: after `--help` and `--version`, and for arguments that can't be read, with the status.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a narrow encoding shows "?" for what it lacks
    try:
        options = parse(sys.argv[1:] if arguments is None else arguments)
        with warnings.catch_warnings():
            warnings.simplefilter("default", UserWarning)
            warnings.showwarning = show_warning
            if printed := COMMANDS[options.command](options):
                print(printed, flush=True)
    except BrokenPipeError:  # the reader, such as head, has seen enough
        sys.stdout = None
    except (ImportError, OSError, TypeError, ValueError) as error:  # ImportError: an extra is not installed
        failed(str(error))
        return 2
    except check.BelowError as cause:
        return check.fails(cause)
    except KeyboardInterrupt:
        failed("interrupted")
        return 130
    return 0
