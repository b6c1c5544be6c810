"""Where an encoder's layer stack is, and which of its calls each layer is."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from xsbert.models.pictures.towers import tower_of
from xsbert.models.splitting.hooks import recorded_calls
from xsbert.results.arguments import whole


class Layer(NamedTuple):
    """A layer: a module, and which of the module's calls in a pass it is: 0, but where layers share weights."""

    module: nn.Module
    turn: int = 0


def layer_stack(encoder: nn.Module, path: str | None = None, modality: str = "text") -> nn.ModuleList:
    """The list of layers that the hidden states run through, found in the module tree.

    It is the longest list of modules of one class that lies in no other list; where the encoder has a part for texts
    and one for pictures, of the part that is asked for.

    Args:
        encoder: a transformers model.
        path: the list's dotted path in the encoder or its part, such as "encoder.layer", where it is not that one.
        modality: "text" or "image".

    Raises:
        TypeError: `path` is no string.
        ValueError: there is no such list, or no such part.
    """
    tower = tower_of(encoder, modality)
    if path is not None:
        of_tower = dict(_outermost_lists(tower))
        return _named(tower if path in of_tower else encoder, path, dict(_outermost_lists(encoder)))
    lists = dict(_outermost_lists(tower))
    stacks = [module for module in lists.values() if len({type(layer) for layer in module}) == 1]
    if not stacks:
        raise ValueError(
            f"{type(encoder).__name__} has no stack of layers to attribute at; expected a transformer encoder. "
            "Name the list, if it has one, layer_stack='encoder.layer'; or use Removal()."
        )
    return max(stacks, key=len)


def layers_of(encoder: Any, path: str | None = None, modality: str = "text") -> list[Layer]:
    """The encoder's L layers in the order in which they run.

    Where the stack has fewer modules than the configuration counts layers, as ALBERT's shared ones,
    a pass of two tokens tells how often each runs.

    Raises:
        TypeError, ValueError: as `layer_stack`.
    """
    stack = layer_stack(encoder, path, modality)
    count = getattr(getattr(encoder, "config", None), "num_hidden_layers", len(stack))
    if len(stack) >= count:
        return [Layer(module) for module in stack]
    tokens: Tensor = torch.ones(1, 2, dtype=torch.long, device=next(encoder.parameters()).device)
    with torch.no_grad(), recorded_calls(stack) as calls:
        encoder(input_ids=tokens, attention_mask=tokens)
    return [Layer(module, calls[:i].count(module)) for i, module in enumerate(calls)]


def resolve_layer(layer: object, count: int) -> int:
    """A layer's number from 0 to L − 1; negative numbers count from the end, None is the last but two if there is one.

    Raises:
        TypeError: `layer` is no whole number.
        ValueError: it is out of range.
    """
    if layer is None:
        return max(0, count - 3)
    layer = whole(layer, "layer", "a whole number, such as -2")
    if not -count <= layer < count:
        raise ValueError(
            f"layer got {layer}; this encoder has {count} layers: expected 0 (the embeddings' output) to {count - 1}, "
            f"or −{count} to −1 from the end."
        )
    return layer % count


def _named(encoder: nn.Module, path: str, lists: dict[str, nn.ModuleList]) -> nn.ModuleList:
    if not isinstance(path, str):
        raise TypeError(
            f"layer_stack got {path!r} ({type(path).__name__}); expected a dotted path, such as 'encoder.layer'."
        )
    named = dict(encoder.named_modules()).get(path)
    if not isinstance(named, nn.ModuleList) or not len(named):
        raise ValueError(
            f"layer_stack got {path!r}, which is no list of layers of {type(encoder).__name__}; expected "
            f"{' or '.join(map(repr, lists)) or 'an encoder with such a list'}."
        )
    return named


def _outermost_lists(module: nn.Module, path: str = "") -> list[tuple[str, nn.ModuleList]]:
    if isinstance(module, nn.ModuleList):
        return [(path, module)] if len(module) else []
    below = module.named_children()
    return [found for name, child in below for found in _outermost_lists(child, f"{path}.{name}".lstrip("."))]
