"""The documents that are worth explaining: those nearest to the query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from xsbert.attribution.pair import check_similarity
from xsbert.models.inputs.lists import listed_texts
from xsbert.models.inputs.text import check_string
from xsbert.models.references.padding import PaddingReference, Reference
from xsbert.results.ranking import Ranking

if TYPE_CHECKING:
    from xsbert.models.encoders.transformer import XSTransformer


def explain_nearest(
    model: XSTransformer,
    query: str,
    documents: Sequence[str],
    top: int,
    *,
    ids: Sequence[str] | None = None,
    layer: int,
    similarity: str | None,
    reference: Reference = PaddingReference(),
    show_progress_bar: bool,
) -> Ranking:
    """The ranking of the documents that are most similar to a query.

    All are embedded, which is cheap; only the best are explained, which costs an integral for each.

    Args:
        model: embeds the query by `encode_query`, documents by `encode_document`.
        top: how many documents to explain.
        ids: what tells the documents apart, one each.
        layer, similarity, reference, show_progress_bar: as `explain_ranking` takes them.

    Returns:
        A ranking, whose positions are those of `documents`.

    Raises:
        ValueError: as `explain_ranking`.
    """
    check_similarity(model.similarity_fn_name if similarity is None else similarity)
    check_string(query, "query")
    documents = listed_texts(documents, "documents")
    chosen = _nearest(model, query, documents, top, similarity, show_progress_bar)
    found = model.explain_ranking(
        query,
        [documents[i] for i in chosen],
        ids=None if ids is None else [ids[i] for i in chosen],
        layer=layer,
        similarity=similarity,
        reference=reference,
        show_progress_bar=show_progress_bar,
    )
    return replace(found, positions=tuple(chosen[i] for i in found.positions), compared=len(documents))


def _nearest(
    model: XSTransformer, query: str, documents: Sequence[str], top: int, similarity: str | None, progress: bool
) -> list[int]:
    """The positions of the most similar documents, in the order of the list; of equals the first."""
    if len(documents) <= top:
        return list(range(len(documents)))
    from sentence_transformers.util import cos_sim, dot_score

    compare = {None: model.similarity, "cosine": cos_sim, "dot": dot_score}[similarity]
    unique = list(dict.fromkeys(documents))  # the same text scores the same, whatever it is padded to
    embeddings = model.encode_document(unique, convert_to_tensor=True, show_progress_bar=progress)
    scores = compare(model.encode_query(query, convert_to_tensor=True, show_progress_bar=False), embeddings)[0]
    score = dict(zip(unique, scores.tolist(), strict=True))
    return sorted(sorted(range(len(documents)), key=lambda i: -score[documents[i]])[:top])
