"""Which texts are worked on together, and which way.

Only texts of one length share a batch, so nothing is ever padded, and a text's result can't depend on
those beside it. Short texts, which alone would leave a pass half empty, are many to a length; a long
text fills a pass by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor

from xsbert.attribution.mode import Mode
from xsbert.models.inputs.text import Text

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True)
class Batch:
    """B texts with S tokens each.

    Args:
        texts: the texts.
        features: what the encoder is given, batched.
        special: `(B, S)`, bool: the tokens that the tokenizer added around the texts.
    """

    texts: Sequence[Text]
    features: dict[str, Any]
    special: Tensor


def batched(texts: Sequence[Text]) -> Batch:
    """Texts of one length as a batch."""
    first = texts[0].features
    features = {
        name: torch.cat([text.features[name] for text in texts]) if _has_rows(value) else value
        for name, value in first.items()
    }
    return Batch(texts, features, torch.stack([text.special for text in texts]))


def batches(texts: Sequence[Text], most: Callable[[int], int]) -> Iterator[Batch]:
    """The texts sorted by length, in batches of one length, the longest first: what does not fit fails at once.

    Args:
        texts: the texts.
        most: how many texts of a given length may share a batch.
    """
    alike: dict[Any, list[Text]] = defaultdict(list)
    for text in sorted(texts, key=lambda text: len(text.tokens), reverse=True):
        alike[_key(text)].append(text)
    for group in alike.values():
        size = max(1, most(len(group[0].tokens)))
        for start in range(0, len(group), size):
            yield batched(group[start : start + size])


def pulled_through(lengths: dict[T, int], pairs: Sequence[tuple[T, T]], mode: Mode) -> dict[T, list[T]]:
    """The texts that others' token vectors are pulled back through: text → the others, each once.

    The longer text of a pair is taken so where `mode` finds it worth while for all its pairs together.
    A text whose own token vectors are needed anyway is not.

    Args:
        lengths: text → S.
        pairs: the pairs of texts.
        mode: the choice, from the number of vectors to pull through a text, and its length.
    """
    shorter: dict[T, dict[T, None]] = defaultdict(dict)
    forward: set[T] = set()
    for pair in pairs:
        # Texts and pictures have no order among them but that of their names.
        short, long = sorted(pair, key=lambda text: (lengths[text], str(text)))
        if short == long:
            forward.add(short)
        else:
            shorter[long][short] = None
    chosen: dict[T, list[T]] = {}
    for long in sorted(shorter, key=lambda text: lengths[text], reverse=True):
        others = list(shorter[long])
        if long not in forward and mode.reverses(sum(lengths[text] for text in others), lengths[long]):
            chosen[long] = others
        forward.update(others)
    return {long: others for long, others in chosen.items() if long not in forward}


def _key(text: Text) -> Any:
    shapes = (
        (name, tuple(value.shape[1:]) if _has_rows(value) else repr(value)) for name, value in text.features.items()
    )
    return len(text.tokens), text.input.task, tuple(shapes)


def _has_rows(value: Any) -> bool:
    return isinstance(value, Tensor) and value.dim() > 0
