"""Fonts for what tokens are written in."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Iterable
from functools import cache

MOST_NAMED = 10
"""Characters without a font that the warning shows."""


def families(labels: Iterable[str]) -> list[str]:
    """The font families that draw these labels, in matplotlib's order of fallback.

    The usual fonts come first; for each character they lack, an installed font that has it.
    """
    return [*_installed(_usual()), *_fallbacks(labels)[0]]


def drawable(labels: Iterable[str]) -> list[str]:
    """The labels with "�" for control characters, which no font draws, and for what no installed font has.

    Warns:
        UserWarning: no installed font has some of the characters; all of them in one line.
    """
    labels = [
        "".join("\ufffd" if unicodedata.category(char) == "Cc" and not char.isspace() else char for char in label)
        for label in labels
    ]
    lacking = _fallbacks(labels)[1]
    if lacking:
        some = "".join(map(chr, sorted(lacking)[:MOST_NAMED])) + ("…" if len(lacking) > MOST_NAMED else "")
        warnings.warn(
            f"No installed font has {len(lacking)} of the characters ({some}); \ufffd stands for them. Install one "
            "that has them, such as Noto Sans for their script.",
            stacklevel=2,
        )
    return ["".join("\ufffd" if ord(char) in lacking else char for char in label) for label in labels]


def _usual() -> list[str]:
    from matplotlib import font_manager, rcParams

    usual = [name for name in rcParams["font.family"] if name not in font_manager.font_family_aliases]
    return usual or list(rcParams["font." + rcParams["font.family"][0]])


def _fallbacks(labels: Iterable[str]) -> tuple[list[str], set[int]]:
    """The fonts that have what the usual ones lack, and the code points that none has."""
    from matplotlib import font_manager

    missing = {ord(char) for label in labels for char in label if not char.isspace()}
    for name in _installed(_usual()):
        missing -= _covered(font_manager.findfont(font_manager.FontProperties(family=name)))
    chosen, missing = _chosen(missing)
    if missing and _look_again():
        more, missing = _chosen(missing)
        chosen += more
    return list(dict.fromkeys(chosen)), missing


def _chosen(missing: set[int]) -> tuple[list[str], set[int]]:
    """The known fonts that have some of the code points, and those that none has."""
    from matplotlib import font_manager

    chosen = []
    for font in sorted(font_manager.fontManager.ttflist, key=lambda font: (font.style != "normal", font.name)):
        if not missing:
            break
        if font.name.startswith("Last Resort"):  # has a box for every character
            continue
        if found := missing & _covered(font.fname):
            chosen.append(font.name)
            missing = missing - found
    return chosen, missing


@cache
def _look_again() -> bool:
    """Adds fonts that were installed since matplotlib listed them, once, for it takes a while; whether there are."""
    from matplotlib import font_manager

    known = {font.fname for font in font_manager.fontManager.ttflist}
    new = [path for path in font_manager.findSystemFonts() if path not in known]
    for path in new:
        try:
            font_manager.fontManager.addfont(path)
        except (OSError, RuntimeError):  # a font that matplotlib can't read
            continue
    return bool(new)


@cache
def _covered(path: str) -> frozenset[int]:
    """The code points that a font file has; none where matplotlib cannot draw it (colour bitmaps)."""
    from matplotlib.ft2font import FT2Font

    try:
        font = FT2Font(path)
        return frozenset(font.get_charmap()) if font.scalable else frozenset()
    except (RuntimeError, OSError):
        return frozenset()


def _installed(names: list[str]) -> list[str]:
    from matplotlib import font_manager

    known = {font.name for font in font_manager.fontManager.ttflist}
    return [name for name in names if name in known]
