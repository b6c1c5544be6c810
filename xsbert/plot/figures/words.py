"""The words of a whole ranking: what each of the query's adds to a score, and what the documents' do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from xsbert.plot.figures.axes import LARGEST, axes_for, label_style
from xsbert.plot.figures.fonts import drawable
from xsbert.results.pair_sets import PairsSummary
from xsbert.results.rankings.summary import RankingSummary
from xsbert.results.record import checked_count, decimals

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, OF_A_WORD, GAP = 3.4, 0.22, 1.2
"""Inches of new axes, of a word in them, and the words that the space between the two groups takes."""
RED, BLUE = "#b2182b", "#2166ac"
LONGEST = 24
"""Letters of a word that are shown."""


def words(summary: RankingSummary | PairsSummary, ax: Axes | None = None, *, top: int = 12, title: str = "") -> Axes:
    """Draws which words carry a ranking, or the scores of many pairs of texts.

    Of a ranking, a bar is what the word adds to a document's score, in the mean over all documents: the query's words
    above, in its order, with the standard deviation over the documents as a line; the documents' below, the strongest
    first, each with the number of documents that have it. On a model whose pairs sum to the score, the bars of each
    side sum to the mean score, but for what special tokens have.

    Of many pairs, a bar is what two words add to all scores together, each with the number of pairs of texts in which
    they meet.

    Args:
        summary: what `ranking.summary()`, `store.words(query)` and `xsbert.summary(xs)` give.
        ax: where to draw; by default a new figure.
        top: how many words of the documents, or pairs of words.
        title: a line above.

    Returns:
        The axes.

    Raises:
        TypeError: it is no such summary.
        ValueError: `top` is no whole number from 1 on.
    """
    if isinstance(summary, PairsSummary):
        return _word_pairs(summary, ax, top, title)
    if not isinstance(summary, RankingSummary):
        raise TypeError(
            f"words got a {type(summary).__name__}; expected a summary: ranking.summary(), or xsbert.summary(xs)."
        )
    query, documents = summary.query_words, summary.document_words[: checked_count(top)]
    means = np.array([word.mean for word in query] + [word.mean for word in documents])
    places = np.concatenate([np.arange(len(query)), len(query) + GAP + np.arange(len(documents))])
    names = [word.word for word in query]
    names += [f"{word.word[:LONGEST]}  ({word.documents:,})" for word in documents]
    names = drawable(names)
    with axes_for(ax, WIDTH, OF_A_WORD * (len(means) + GAP)) as ax:
        ax.barh(places, means, 0.72, color=np.where(means < 0, BLUE, RED))
        spreads = [word.spread for word in query]
        ax.errorbar(means[: len(query)], places[: len(query)], xerr=spreads, fmt="none", ecolor="#444444", elinewidth=1)
        ax.axvline(0, color="#888888", linewidth=0.6)
        ax.set_yticks(places, names, **label_style(names, LARGEST))
        ax.tick_params(axis="y", length=0)
        ax.tick_params(axis="x", labelsize=LARGEST - 1)
        ax.set_ylim(places[-1] + 0.7, -1.5)
        ax.spines[["top", "right", "left"]].set_visible(False)
        heads: Any = ((-0.9, "words of the query"), (len(query) + GAP - 0.9, "words of the documents (in how many)"))
        white = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}  # the line at zero ends at it
        style: Any = {"fontsize": LARGEST - 1, "color": "#555555", "va": "center", "bbox": white}
        for at, text in heads:
            ax.annotate(text, (0, at), (0, 0), ("axes fraction", "data"), "offset points", **style)
        ax.set_xlabel(f"added to a score, mean of {summary.documents:,} documents "
                      f"(mean score {decimals(summary.score, 3)})", fontsize=LARGEST)  # fmt: skip
        ax.set_title(title, fontsize=LARGEST)
    return ax


def _word_pairs(summary: PairsSummary, ax: Axes | None, top: int, title: str) -> Axes:
    found = summary.top(top)
    totals, places = np.array([pair.total for pair in found]), np.arange(len(found))
    names = drawable([f"{pair.word_a[:LONGEST]} – {pair.word_b[:LONGEST]}  ({pair.pairs:,})" for pair in found])
    with axes_for(ax, WIDTH, OF_A_WORD * max(1, len(found))) as ax:
        ax.barh(places, totals, 0.72, color=np.where(totals < 0, BLUE, RED))
        ax.axvline(0, color="#888888", linewidth=0.6)
        ax.set_yticks(places, names, **label_style(names, LARGEST))
        ax.tick_params(axis="y", length=0)
        ax.tick_params(axis="x", labelsize=LARGEST - 1)
        ax.set_ylim(len(found) - 0.4, -0.6)
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.set_xlabel(f"added to the scores of {summary.count:,} pairs, together", fontsize=LARGEST)
        ax.set_title(title, fontsize=LARGEST)
    return ax
