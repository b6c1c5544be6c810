"""A progress bar over texts, which moves within a long one too."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tqdm.auto import tqdm

SECONDS_OF_PATIENCE = 3.0
"""Work that takes longer shows its progress, where somebody may be looking."""
LAYOUT = "{desc}: {percentage:3.0f}%|{bar}| {n:.0f}/{total} [{elapsed}<{remaining}]"
LAYOUT_WITHOUT_END = "{desc}: {n:.0f} [{elapsed}, {rate_fmt}]"


class Progress:
    """How far the texts are.

    Args:
        bar: what shows it.
    """

    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._finished = 0

    def within(self, texts: int) -> Callable[[float], None]:
        """What is told each share of the work on the next texts that is done; what is done again does not count."""

        def advance(share: float) -> None:
            self._bar.update(min(share * texts, self._finished + texts - self._bar.n))

        return advance

    def done(self, texts: int) -> None:
        """So many texts more are done."""
        self._finished += texts
        self._bar.update(self._finished - self._bar.n)


@contextmanager
def progress_of(texts: int | None, show: bool | None, title: str = "") -> Iterator[Progress]:
    """A bar over so many texts.

    Args:
        texts: how many there are; None where that is not known.
        show: True for at once, False for never; None for work that takes more than a few seconds, at a terminal or in
            a notebook.
        title: what should be known before the work begins: then the bar is there at once.
    """
    hidden = not (_is_watched() if show is None else show)
    delay = SECONDS_OF_PATIENCE if show is None and not title else 0
    layout = LAYOUT_WITHOUT_END if texts is None else LAYOUT
    with tqdm(total=texts, desc=title or "Texts", disable=hidden, delay=delay, bar_format=layout) as bar:
        yield Progress(bar)


def _is_watched() -> bool:
    return "ipykernel" in sys.modules or bool(sys.stderr and sys.stderr.isatty())
