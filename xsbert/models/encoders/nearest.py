"""The documents that are worth explaining: those whose embeddings are the most similar to the query's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sentence_transformers.util import cos_sim, dot_score

from xsbert.models.encoders.options import PairOptions
from xsbert.models.inputs.prompts import TextInput, both, text_inputs


def nearest(model: Any, query: Any, documents: Sequence[Any], count: int, options: PairOptions) -> list[int]:
    """The positions of the most similar documents, in the order of the list; of equals the first.

    Args:
        model: a `SentenceTransformer` or a `SparseEncoder`.
        query, documents: the texts, or pictures.
        count: how many positions are wanted.
        options: all of them: the prompts, the task and the similarity count here.
    """
    prompts, names, tasks = (both(options[name]) for name in ("prompt", "prompt_name", "task"))
    asked = text_inputs(model, [query], prompts[0], names[0], tasks[0])
    inputs = text_inputs(model, documents, prompts[1], names[1], tasks[1])
    compare = {None: model.similarity, "cosine": cos_sim, "dot": dot_score}[options["similarity"]]
    to, score = _encoded(model, asked, False), dict[TextInput, float]()
    unique = dict.fromkeys(inputs)  # the same text scores the same, whatever it is padded to
    for modality in ("text", "image"):  # which the host embeds apart
        if texts := [each for each in unique if each.modality == modality]:
            similarities = compare(to, _encoded(model, texts, options["show_progress_bar"]))[0].tolist()
            score |= dict(zip(texts, similarities, strict=True))
    return sorted(sorted(range(len(inputs)), key=lambda i: -score[inputs[i]])[:count])


def _encoded(model: Any, texts: Sequence[TextInput], show_progress_bar: bool | None) -> Any:
    """The embeddings of texts with one prompt and one task, or of pictures, `(N, D)`."""
    route = {"task": texts[0].task} if texts[0].task else {}
    return model.encode(
        [text.picture.image if text.picture else text.string for text in texts],
        prompt=texts[0].prompt,
        convert_to_tensor=True,
        show_progress_bar=show_progress_bar,
        **route,
    )
