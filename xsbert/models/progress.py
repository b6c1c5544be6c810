"""A progress bar over texts, which moves within a long one too."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from tqdm.auto import tqdm

SECONDS_OF_PATIENCE = 2.0
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
    def part(self, count: int) -> Iterator[None]:
        """The bars of the work inside are no bars of their own: all of it is the next `count` of these."""
        token = _OUTER.set((self, count))
        try:
            yield
        finally:
            _OUTER.reset(token)
        self.done(count)

    def say(self, message: str) -> None:
        """A line on standard error, above the bar."""
        self._bar.write(message, file=sys.stderr)


class _Part:
    """Stands for the bar of work that is a part of other work."""

    def __init__(self, whole: Progress, count: int, texts: int) -> None:
        self._advance, self._texts = whole.within(count), texts
        self.n = 0.0

    def update(self, texts: float) -> None:
        self.n += texts
        self._advance(texts / self._texts)


_OUTER: ContextVar[tuple[Progress, int] | None] = ContextVar("outer", default=None)


@contextmanager
def progress_of(texts: int | None, show: bool | None, name: str = "Texts", at_once: bool = False) -> Iterator[Progress]:
    """A bar over so many texts.

    Args:
        texts: how many there are; None where that is not known.
        show: True for at once, False for never; None for work that takes more than two seconds, at a terminal or in
            a notebook.
        name: what is counted.
        at_once: whether the bar is there before the work begins, for its name tells what should be known then.
    """
    if texts and (outer := _OUTER.get()) is not None:
        yield Progress(_Part(*outer, texts))
        return
    hidden = not (_is_watched() if show is None else show)
    delay = SECONDS_OF_PATIENCE if show is None and not at_once else 0
    layout = LAYOUT_WITHOUT_END if texts is None else LAYOUT
    with tqdm(total=texts, desc=name, disable=hidden, delay=delay, bar_format=layout) as bar:
        yield Progress(bar)


def _is_watched() -> bool:
    return "ipykernel" in sys.modules or bool(sys.stderr and sys.stderr.isatty())
