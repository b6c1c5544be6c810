"""The app in the browser, served on this machine."""

from __future__ import annotations

import argparse

from xsbert.command import loading
from xsbert.command.terminal.messages import say


def run(options: argparse.Namespace) -> str:
    """Serves until it is interrupted.

    Raises:
        ImportError: gradio is not installed.
        OSError, ValueError: a model is not within reach.
    """
    say("loading the model …" if len(options.model) < 2 else f"loading {len(options.model)} models …")
    loading.hide_bars()
    from xsbert.app import demo

    app = demo(*options.model)
    _, address, _ = app.launch(
        server_name=options.host,
        server_port=options.port,
        inbrowser=not options.no_browser,
        prevent_thread_lock=True,
        share=False,
        quiet=True,
    )
    say(f"serving at {address} (Ctrl-C ends it)")
    try:
        app.block_thread()
    finally:
        app.close(verbose=False)
    return ""
