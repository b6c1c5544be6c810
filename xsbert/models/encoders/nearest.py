"""The documents that are worth explaining: those whose embeddings are the most similar to the query's."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from sentence_transformers.util import cos_sim, dot_score

from xsbert.models.encoders.options import PairOptions
from xsbert.models.inputs.prompts import TextInput, both, text_inputs
from xsbert.models.progress import progress_of

TEXTS_AT_ONCE = 128
"""Texts that are embedded between two moves of the progress bar."""


def nearest(model: Any, query: Any, documents: Sequence[Any], count: int, options: PairOptions) -> list[int]:
    """The positions of the most similar documents, in the order of the list; of equals the first.

    Args:
        model: a `SentenceTransformer` or a `SparseEncoder`.
        query, documents: the texts, or pictures.
        count: how many positions are wanted.
        options: all of them: the prompts, the task and the similarity count here.
    """
    prompts, names, tasks = (both(options[name]) for name in ("prompt", "prompt_name", "task"))
    compare = {None: model.similarity, "cosine": cos_sim, "dot": dot_score}[options["similarity"]]
    asked = _encoded(model, text_inputs(model, [query], prompts[0], names[0], tasks[0]))
    inputs = text_inputs(model, documents, prompts[1], names[1], tasks[1])
    # The same text scores the same, whatever it is padded to; and is padded least among texts of its length. Pictures
    # are embedded apart from texts, by the host too.
    unique = sorted(dict.fromkeys(inputs), key=lambda each: (each.modality, len(each.string)), reverse=True)
    score: dict[TextInput, float] = {}
    with progress_of(len(unique), options["show_progress_bar"], "Documents") as progress:
        for _, group in groupby(unique, key=lambda each: each.modality):
            alike = list(group)
            for first in range(0, len(alike), TEXTS_AT_ONCE):
                some = alike[first : first + TEXTS_AT_ONCE]
                score |= zip(some, compare(asked, _encoded(model, some))[0].tolist(), strict=True)
                progress.done(len(some))
    return sorted(sorted(range(len(inputs)), key=lambda i: -score[inputs[i]])[:count])


def _encoded(model: Any, texts: Sequence[TextInput]) -> Any:
    """The embeddings of texts with one prompt and one task, or of pictures, `(N, D)`."""
    route = {"task": texts[0].task} if texts[0].task else {}
    return model.encode(
        [text.picture.image if text.picture else text.string for text in texts],
        prompt=texts[0].prompt,
        convert_to_tensor=True,
        show_progress_bar=False,
        **route,
    )
