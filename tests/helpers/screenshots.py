"""The README's two pictures of pages: python -m tests.helpers.screenshots"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.helpers.browser import browsers
from xsbert.models import default_model
from xsbert.plot import page

PICTURES = Path(__file__).parents[2] / "notebooks" / "pictures"
TALLEST = 930
"""Pixels of a picture: what is below is left out."""
PAIR = (
    "A man is playing a guitar on stage while the crowd sings along.",
    "Somebody performs music in front of an audience, but nobody dances.",
)
QUERY = "cheap hotel in Rome with breakfast"
DOCUMENTS = [
    "Budget hostel in Oslo, ten minutes from the harbour.",
    "How to cook a carbonara like in Rome.",
    "A cheap hotel near the main station in Rome, with breakfast.",
    "The hotel was noisy and the breakfast was cold, but it only cost thirty euros a night.",
    "Luxury suites in the heart of Rome.",
]


def main() -> None:
    model, _ = default_model()
    pages = {
        "page.png": (page(model.explain(*PAIR)), "#text-a .w >> text=guitar"),
        "ranking.png": (page(model.explain_ranking(QUERY, DOCUMENTS)), None),
    }
    with browsers() as browser, tempfile.TemporaryDirectory() as folder:
        for name, (html, pointed) in pages.items():
            shown = browser.open(html, Path(folder), width=1000)
            if pointed:
                shown.locator(pointed).hover()
            shown.wait_for_timeout(300)  # colours fade in
            height = min(TALLEST, shown.evaluate("Math.ceil(document.body.getBoundingClientRect().height)"))
            shown.screenshot(
                path=PICTURES / name, full_page=True, clip={"x": 0, "y": 0, "width": 1000, "height": height}
            )
            print(PICTURES / name)


if __name__ == "__main__":
    main()
