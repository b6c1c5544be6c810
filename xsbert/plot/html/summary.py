"""What a page says in figures: what sums to the similarity, and how it was computed; as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from xsbert.results.attribution import Attribution, unreliable
from xsbert.results.rankings.ranking import Ranking
from xsbert.results.record import decimals, effort, sureness

MOST_NAMED = 5
"""Documents that a line names by their places; of more it says how many."""


def number(value: float, signed: bool = False) -> str:
    """Three decimals, with a true minus."""
    return decimals(value, 3, "+" if signed else "").replace("-", "−")


def meaning(x: Attribution) -> str:
    """What the similarity is in relation to the pairs, behind its figure."""
    if not x.is_reliable:
        return f"but {unreliable(max(x.errors))}"
    pairs = pairs_of([x])
    if x.is_exact:
        return f"= the sum of all {pairs}"
    return f"where the {pairs} add {number(x.explained)}, compared with {x.compared_with}"


def pairs_of(xs: Iterable[Attribution]) -> str:
    """What the pairs of these are pairs of."""
    counts = {(x.picture_a is not None) + (x.picture_b is not None) for x in xs}
    names = ["word pairs", "pairs of a word and a patch", "pairs of patches"]
    return names[counts.pop()] if len(counts) == 1 else "pairs of words and patches"


def comparison(x: Attribution) -> str:
    """What the pairs of a method with reference terms say, in two sentences."""
    ra, rb, rr = x.reference_terms
    terms = " ".join(number(term, signed=True) for term in (ra, rb, -rr))
    a, b = ("text" if picture is None else "picture" for picture in (x.picture_a, x.picture_b))
    words = "words" if a == b == "text" else pairs_of([x])
    return (
        f"Compared with {x.compared_with}, which this model itself finds {number(rr)} alike, the {words} add "
        f"{number(x.explained)}. Similarity {number(x.score)} = {number(x.explained)} {terms}: the terms are those of "
        f"the reference of A with {b} B, of {a} A with the reference of B, and of both references."
    )


def added(x: Attribution) -> list[str]:
    """What a model adds to the patches of a picture, and what that has of the score: a line for each picture."""
    lines = []
    for side, picture, tokens, parts in (
        ("A", x.picture_a, x.tokens_a, x.matrix.sum(axis=1)),
        ("B", x.picture_b, x.tokens_b, x.matrix.sum(axis=0)),
    ):
        if picture is None or len(tokens) == len(picture.boxes):
            continue
        names, share = tokens[len(picture.boxes) :], float(parts[len(picture.boxes) :].sum())
        shown = ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" * (len(names) > MOST_NAMED))
        has = f"{number(share, signed=True)} of the sum" if share else "no part in the sum"
        lines.append(
            f"To the patches of picture {side} the model adds {shown}: it has {has}, and no place to be drawn."
        )
    return lines


def about(x: Attribution) -> dict[str, Any]:
    """What stands above the texts, and behind "details"."""
    return {
        "score": x.score,
        "meaning": meaning(x),
        "warnings": [line for line in (unread(x), unknown(x)) if line],
        "comparison": "" if x.is_exact else comparison(x),
        "added": added(x),
        "facts": facts(x),
    }


def names(xs: Sequence[Attribution]) -> list[str]:
    """What tells several explanations of one pair apart: models, methods, layers; a number where nothing does."""
    parts = [(x.model, x.method.partition("(")[0], f"layer {x.layer}") for x in xs]
    told = [column for column in range(3) if len({each[column] for each in parts}) > 1]
    shown = [", ".join(each[column] for column in told) for each in parts]
    return [
        name if name and shown.count(name) == 1 else f"{name or 'explanation'} ({n})" for n, name in enumerate(shown, 1)
    ]


def unread(x: Attribution) -> str:
    """Which texts were cut; empty where none was."""
    cut = " and ".join(side for side, was in zip("AB", x.truncated, strict=True) if was)
    return f"The model did not read all of {cut}: what is grey was cut off." if cut else ""


def unknown(x: Attribution) -> str:
    """How many tokens are not in the model's vocabulary; empty where all are."""
    count = len(x.unknown_a) + len(x.unknown_b)
    if not count:
        return ""
    every = sum(offset is not None for offset in x.offsets_a + x.offsets_b)
    are = "is" if count == 1 else "are"
    return f"{count} of {every} tokens {are} not in the model's vocabulary: it reads them all as one and the same."


def facts(x: Attribution) -> list[str]:
    """How it was computed."""
    return [f"{x.similarity} similarity", f"error {x.error:.0e}", *sureness(x), x.model, x.method, effort(x)]


def meaning_of_all(ranking: Ranking) -> str:
    """What the similarities of all documents are in relation to their pairs; or which are otherwise."""
    missed = [place for place, x in enumerate(ranking, 1) if not x.is_reliable]
    if missed:
        return f"{unreliable(max(max(x.errors) for x in ranking))} ({_documents(missed)})"
    apart = [place for place, x in enumerate(ranking, 1) if not x.is_exact]
    if not apart:
        return f"Each similarity = the sum of all its {pairs_of(ranking)}"
    terms = number(max(abs(term) for x in ranking for term in x.reference_terms))
    which = "" if len(apart) == len(ranking) else f" in {_documents(apart)}"
    return f"Reference terms of up to {terms} are what the {pairs_of(ranking)} leave unexplained{which}"


def facts_of_all(ranking: Ranking) -> list[str]:
    """How the documents were explained: the largest error, the range of nodes, all models and methods."""
    nodes = sorted(count for x in ranking for count in x.nodes)
    found = [f"error up to {max(x.error for x in ranking):.0e}"]
    found += [_each(x.model for x in ranking), _each(x.method for x in ranking)]
    kinds = {effort(x).rpartition(" ")[2] for x in ranking}
    return [*found, f"{nodes[0]} to {nodes[-1]} {' or '.join(sorted(kinds))} a text"] if any(nodes) else found


def unread_of_all(ranking: Ranking) -> str:
    """Which of the query and the documents were cut; empty where none was."""
    cut = ["the query"] if any(x.truncated[0] for x in ranking) else []
    if places := [place for place, x in enumerate(ranking, 1) if x.truncated[1]]:
        cut.append(_documents(places))
    return f"The model did not read all of {' and '.join(cut)}." if cut else ""


def _each(values: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(values))


def _documents(places: Sequence[int]) -> str:
    if len(places) > MOST_NAMED:
        return f"{len(places):,} documents"
    return f"document{'s' if len(places) > 1 else ''} {', '.join(map(str, places))}"
