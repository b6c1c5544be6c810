"""A headless browser for pages: opens one, and knows of every request, error and message in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
WORDS_OF = "[...document.querySelectorAll('#{box} .w')]"


@contextmanager
def browsers() -> Iterator[Browser]:
    """Headless Chromium. Without one the tests are skipped, or fail where XSBERT_BROWSER=required."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        if os.environ.get("XSBERT_BROWSER") == "required":
            pytest.fail("XSBERT_BROWSER=required, but there is no chromium; install Debian's package chromium.")
        pytest.skip("there is no Chromium on this machine: pages are tested in it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield Browser(browser)
        browser.close()


class Browser:
    def __init__(self, browser):
        self._browser = browser
        self.troubles: list[str] = []

    def open(self, html: str, folder: Path, *, width: int = 1000, dark: bool = False, touch: bool = False):
        """The page as a person has it: a file, opened."""
        file = folder / "page.html"
        file.write_text(html, encoding="utf-8")
        scheme = "dark" if dark else "light"
        size = {"width": width, "height": 800}
        page = self._browser.new_page(viewport=size, color_scheme=scheme, has_touch=touch, is_mobile=touch)
        page.on("console", lambda message: self.troubles.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (self.troubles.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: self._watch(request.url, file))
        page.goto(file.as_uri())
        return page

    def _watch(self, url: str, file: Path) -> None:
        if url not in (file.as_uri(), "about:srcdoc") and not url.startswith("data:"):
            self.troubles.append(f"request: {url}")

    def close_all(self) -> None:
        for context in self._browser.contexts:
            context.close()
        self.troubles.clear()


def strengths(page, box: str) -> list[float]:
    """How strongly each word of a text is coloured, with its sign, in the order of the words."""
    words = WORDS_OF.format(box=box)
    return page.evaluate(f"{words}.map(w => +w.style.getPropertyValue('--t') * (w.classList.contains('neg') ? -1 : 1))")
