"""What a page says in figures: what sums to the similarity, and how it was computed; as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from xsbert.plot.html.patches import has_picture
from xsbert.results.attribution import Attribution, unreliable
from xsbert.results.parts.words import Offset
from xsbert.results.rankings.ranking import Ranking
from xsbert.results.record import decimals, effort
from xsbert.results.telling import pair
from xsbert.results.telling import ranking as telling

MOST_NAMED = 5
"""What a model adds to a picture that a line names; of more it says how many."""


def number(value: float, signed: bool = False) -> str:
    """Three decimals, with a true minus."""
    return decimals(value, 3, "+" if signed else "").replace("-", "−")


def meaning(x: Attribution) -> str:
    """What the similarity is in relation to the pairs, behind its figure."""
    if not x.is_reliable:
        return f"but {unreliable(max(x.errors))}"
    return pair.meaning(x, number, pair.unit_of(x))


def comparison(x: Attribution) -> str:
    """What the pairs of a method with reference terms say, in two sentences."""
    whole, which = pair.terms(x, number)
    words = pair.pairs_of([x]) if has_picture(x) else "words"
    return (
        f"Compared with {x.compared_with}, which this model itself finds {number(x.reference_terms[2])} alike, the "
        f"{words} add {number(x.explained)}. Similarity {whole}: {which}."
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
    cut = pair.unread(x)
    return f"{cut}: what is grey was cut off." if cut else ""


def unknown(x: Attribution) -> str:
    """How many tokens are not in the model's vocabulary; empty where all are."""
    return _unknown(len(x.unknown_a) + len(x.unknown_b), _own(x.offsets_a) + _own(x.offsets_b))


def unknown_of_all(ranking: Ranking) -> str:
    """The same of a query and its documents."""
    first = ranking[0]
    count = len(first.unknown_a) + sum(len(x.unknown_b) for x in ranking)
    return _unknown(count, _own(first.offsets_a) + sum(_own(x.offsets_b) for x in ranking))


def _own(offsets: Sequence[Offset]) -> int:
    return sum(offset is not None for offset in offsets)


def _unknown(count: int, every: int) -> str:
    if not count:
        return ""
    are = "is" if count == 1 else "are"
    return f"{count:,} of {every:,} tokens {are} not in the model's vocabulary: it reads them all as one and the same."


def facts(x: Attribution) -> list[str]:
    """How it was computed."""
    similarity, error, *more, effort = pair.computed(x)
    outside = "" if has_picture(x) else pair.outside(x.folded().trimmed(), number)
    return [similarity, error, *more, x.model, x.method, effort, *filter(None, [outside])]


def meaning_of_all(ranking: Ranking) -> str:
    """What the similarities of all documents are in relation to their pairs; or which are otherwise."""
    missed = [place for place, x in enumerate(ranking, 1) if not x.is_reliable]
    if missed:
        return f"{unreliable(max(max(x.errors) for x in ranking))} ({telling.documents(missed)})"
    said = telling.meaning_of_all(ranking, number)
    return said[0].upper() + said[1:]


def facts_of_all(ranking: Ranking) -> list[str]:
    """How the documents were explained: the largest error, the range of nodes, all models and methods."""
    nodes = sorted(count for x in ranking for count in x.nodes)
    found = [f"{ranking[0].similarity} similarity", f"error up to {max(x.error for x in ranking):.0e}"]
    found += [_each(x.model for x in ranking), _each(x.method for x in ranking)]
    kinds = {effort(x).rpartition(" ")[2] for x in ranking}
    return [*found, f"{nodes[0]} to {nodes[-1]} {' or '.join(sorted(kinds))} a text"] if any(nodes) else found


def unread_of_all(ranking: Ranking) -> str:
    """Which of the query and the documents were cut; empty where none was."""
    cut = telling.unread_of_all(ranking)
    return f"{cut}." if cut else ""


def _each(values: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(values))
