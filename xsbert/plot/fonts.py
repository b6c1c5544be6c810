"""Fonts for what tokens are written in."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache


def families(labels: Iterable[str]) -> list[str]:
    """The font families that draw these labels, in matplotlib's order of fallback.

    The usual fonts come first; for each character they lack, an installed font that has it.
    """
    from matplotlib import font_manager, rcParams

    usual = [name for name in rcParams["font.family"] if name not in font_manager.font_family_aliases]
    usual = usual or list(rcParams["font." + rcParams["font.family"][0]])
    missing = {ord(char) for label in labels for char in label if not char.isspace()}
    missing -= _covered(font_manager.findfont(font_manager.FontProperties(family=usual)))
    chosen = []
    for font in sorted(font_manager.fontManager.ttflist, key=lambda font: (font.style != "normal", font.name)):
        if not missing:
            break
        if font.name.startswith("Last Resort"):  # has a box for every character
            continue
        if found := missing & _covered(font.fname):
            chosen.append(font.name)
            missing -= found
    return [*_installed(usual), *dict.fromkeys(chosen)]


def drawable(label: str) -> str:
    """The label with "�" for each control character, which no font draws."""
    return "".join("\ufffd" if unicodedata.category(char) == "Cc" and not char.isspace() else char for char in label)


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
