"""Numbers as people read them."""

from __future__ import annotations


def decimals(value: float, places: int, sign: str = "") -> str:
    """The number with so many decimals; what rounds to zero has no minus. With the sign "+" others have a plus."""
    text = f"{value:{sign}.{places}f}"
    return text if float(text) else text.replace("-", sign)
