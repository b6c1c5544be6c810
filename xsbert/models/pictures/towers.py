"""The part of a dual encoder that texts run through, and the one that pictures do."""

from __future__ import annotations

from torch import nn

TOWERS = {"image": "vision_model", "text": "text_model"}
"""What transformers calls the parts of a dual encoder."""


def tower_of(encoder: nn.Module, modality: str) -> nn.Module:
    """The part of an encoder that texts or pictures run through: of one for texts alone, all of it.

    Raises:
        ValueError: no part for pictures is known.
    """
    found = getattr(encoder, TOWERS[modality], None)
    if found is None and modality == "image":
        raise ValueError(
            f"{type(encoder).__name__} can't be explained for pictures: it has no part called {TOWERS['image']!r}. "
            "Expected one, as CLIP and SigLIP have."
        )
    return encoder if found is None else found
