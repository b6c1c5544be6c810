"""Where an encoder's layer stack is."""

from __future__ import annotations

from torch import nn


def layer_stack(encoder: nn.Module) -> nn.ModuleList:
    """The list of layers that the hidden states run through, found in the module tree.

    It is the longest list of modules of one class that lies in no other list.

    Args:
        encoder: a transformers model.

    Raises:
        ValueError: there is no such list.
    """
    stacks = [module for module in _outermost_lists(encoder) if len({type(layer) for layer in module}) == 1]
    if not stacks:
        raise ValueError(
            f"{type(encoder).__name__} has no stack of layers to attribute at; expected a transformer encoder. "
            "A model that sums static word vectors needs no attribution: its token vectors are its embeddings."
        )
    return max(stacks, key=len)


def resolve_layer(layer: object, count: int) -> int:
    """A layer's number from 0 to L − 1; negative numbers count from the end.

    Raises:
        TypeError: `layer` is no whole number.
        ValueError: it is out of range.
    """
    if isinstance(layer, bool) or not isinstance(layer, int):
        raise TypeError(f"layer got {layer!r} ({type(layer).__name__}); expected a whole number, such as -2.")
    if not -count <= layer < count:
        raise ValueError(
            f"layer got {layer}; this encoder has {count} layers: expected 0 (the embeddings' output) to {count - 1}, "
            f"or −{count} to −1 from the end."
        )
    return layer % count


def _outermost_lists(module: nn.Module) -> list[nn.ModuleList]:
    if isinstance(module, nn.ModuleList):
        return [module] if len(module) else []
    return [found for child in module.children() for found in _outermost_lists(child)]
