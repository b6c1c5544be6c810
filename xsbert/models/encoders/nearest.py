"""The documents that are worth explaining: those whose embeddings are the most similar to the query's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sentence_transformers.util import cos_sim, dot_score

from xsbert.models.encoders.options import PairOptions
from xsbert.models.inputs.prompts import TextInput, both, text_inputs
from xsbert.models.progress import progress_of

TEXTS_AT_ONCE = 128
"""Texts that are embedded between two moves of the progress bar."""


def nearest(model: Any, query: str, documents: Sequence[str], count: int, options: PairOptions) -> list[int]:
    """The positions of the most similar documents, in the order of the list; of equals the first.

    Args:
        model: a `SentenceTransformer` or a `SparseEncoder`.
        query, documents: the texts.
        count: how many positions are wanted.
        options: all of them: the prompts, the task and the similarity count here.
    """
    prompts, names, tasks = (both(options[name]) for name in ("prompt", "prompt_name", "task"))
    compare = {None: model.similarity, "cosine": cos_sim, "dot": dot_score}[options["similarity"]]
    asked = _encoded(model, text_inputs(model, [query], prompts[0], names[0], tasks[0]))
    # The same text scores the same, whatever it is padded to; and is padded least among texts of its length.
    texts = sorted(dict.fromkeys(documents), key=len, reverse=True)
    inputs = text_inputs(model, texts, prompts[1], names[1], tasks[1])
    score: dict[str, float] = {}
    with progress_of(len(texts), options["show_progress_bar"], "Documents") as progress:
        for first in range(0, len(texts), TEXTS_AT_ONCE):
            some = inputs[first : first + TEXTS_AT_ONCE]
            similarities = compare(asked, _encoded(model, some))[0].tolist()
            score |= zip(texts[first : first + TEXTS_AT_ONCE], similarities, strict=True)
            progress.done(len(some))
    return sorted(sorted(range(len(documents)), key=lambda i: -score[documents[i]])[:count])


def _encoded(model: Any, texts: Sequence[TextInput]) -> Any:
    """The embeddings of texts with one prompt and one task, `(N, D)`."""
    route = {"task": texts[0].task} if texts[0].task else {}
    return model.encode(
        [text.string for text in texts],
        prompt=texts[0].prompt,
        convert_to_tensor=True,
        show_progress_bar=False,
        **route,
    )
