"""A page as a notebook shows it: in a frame, so that pages and notebook don't disturb each other."""

from __future__ import annotations

from xsbert.plot.html.document import page
from xsbert.plot.html.patches import has_picture
from xsbert.plot.html.templates import templates
from xsbert.results.attribution import Attribution
from xsbert.results.check import CheckReport
from xsbert.results.rankings.ranking import Ranking

BASE, LINE, CHARACTERS = 560, 30, 60
"""Pixels of a page but its texts, of a line of text, and a line's characters: the height until the script fits it."""
PICTURE = 400
"""Pixels of a picture's height."""


def frame(x: Attribution | Ranking | CheckReport) -> str | None:
    """The page inside an `<iframe>`; None where it would be too large for a page.

    Where frames are not shown, as in untrusted notebooks, the line that `repr` gives stands instead.
    """
    try:
        content = page(x)
    except ValueError:
        return None
    if isinstance(x, Attribution):
        texts = [len(x.text_a) + len(x.text_b)]
    elif isinstance(x, Ranking):
        texts = [len(text) for text in x.documents]
    else:
        texts = [sum(map(len, each.pair[1:])) // 3 for each in x.results]  # three texts beside each other
    lines = sum(2 + min(count, 4000) // CHARACTERS for count in texts)
    of_pictures = PICTURE if isinstance(x, Attribution) and has_picture(x) else 0
    height = min(BASE + LINE * lines + of_pictures, 1600)
    return templates().get_template("frame.html").render(page=content, height=height, instead=repr(x))
