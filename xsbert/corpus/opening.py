"""The model that a store asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from xsbert.corpus.recipe import Recipe
from xsbert.models.encoders.transformer import XSTransformer
from xsbert.models.loading.default import NAME, default_model, load_reachable
from xsbert.models.names import name_of
from xsbert.models.references.weights_digest import weights_digest

PROBE = "text"
"""A text whose token vectors tell what those of all texts have in common."""
NUMBERS_OF_A_PROBE = 16
SAME = 0.02
"""What half precision, or another device, may change of a probe, as a share of its largest number."""


def loaded(recipe: Recipe, uri: str) -> XSTransformer:
    """The model of a store.

    Raises:
        OSError: it is not within reach.
        ValueError: its weights are others than those that made the store.
    """
    if Path(recipe.source).is_dir():
        model = XSTransformer(recipe.source)
    elif recipe.source in (NAME, NAME.split("/")[1]):
        model = default_model()[0]
    else:
        model = load_reachable(recipe.source or recipe.model)
    check_model(recipe, model, uri)
    return model


def check_model(recipe: Recipe, model: XSTransformer, uri: str) -> None:
    """Raises ValueError where a model is another than that which made a store: by its weights, and by what it does."""
    if weights_digest(model) != recipe.weights:
        different = "has other weights than"
    elif not _is_same(probe_of(model, recipe.prompts[1], recipe.tasks[1]), recipe.probe):
        different = "embeds otherwise than"
    else:
        return
    raise ValueError(
        f"the model {name_of(model)} {different} {recipe.model}, which made {uri}. Load that one, or name "
        "another folder."
    )


def probe_of(model: XSTransformer, prompt: str, task: str) -> tuple[float, ...]:
    """The beginning of the model's embedding of a short text."""
    encoder: Any = model
    route = {"task": task} if task else {}
    embedding = encoder.encode([PROBE], prompt=prompt, show_progress_bar=False, convert_to_numpy=True, **route)[0]
    return tuple(float(f"{value:.6g}") for value in embedding[:NUMBERS_OF_A_PROBE])


def _is_same(got: tuple[float, ...], kept: tuple[float, ...]) -> bool:
    return len(got) == len(kept) and np.allclose(got, kept, rtol=0, atol=SAME * float(np.abs(kept).max()))
