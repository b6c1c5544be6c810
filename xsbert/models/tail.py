"""The encoder in two parts: hidden states at a layer, and the embedding as a function of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from sentence_transformers.sentence_transformer.modules import Normalize
from torch import Tensor, nn
from transformers import PreTrainedModel

from xsbert.models.copies import in_float64, private_copy
from xsbert.models.hooks import captured_input, passed_over, recorded_outputs, replaced_input
from xsbert.models.layers import layer_stack, resolve_layer
from xsbert.models.shift import ShiftingReferenceTransformer


class Split:
    """A model split at a layer, on a private copy of its modules.

    Args:
        modules: the model's modules, in their order.
        layer: the layer l, from 0 (the embeddings' output) to L − 1; negative from the end.
        truncate_dim: how many dimensions of the embedding are kept; None for all.

    Raises:
        TypeError, ValueError: there is no such layer.
    """

    def __init__(self, modules: list[nn.Module], layer: int, truncate_dim: int | None = None) -> None:
        kept = _without_trailing_normalize(modules)
        self.normalizes = len(kept) < len(modules)
        self.truncate_dim = truncate_dim
        self.modules = private_copy(kept, _attribution_dtype(modules))
        self.layer = resolve_layer(layer, len(layer_stack(transformers_model(self.modules))))
        self._double: nn.Sequential | None = None
        self._outputs: int | None = None  # how many values a layer gives, if a tuple
        self._passed: int | None = None  # how many layers the tail passes over, once a pass has told

    def hidden_states(self, features: dict[str, Any]) -> Tensor:
        """h: the hidden states that enter layer l for a batch of one text, `(S, H)`."""
        layers, features = layer_stack(transformers_model(self.modules)), self._at_hand(features)
        with torch.no_grad(), recorded_outputs(layers[: self.layer]) as outputs:
            hidden = captured_input(layers[self.layer], lambda: self.modules(dict(features)))
        last = outputs[-1] if outputs else None
        self._outputs = len(last) if isinstance(last, tuple) else None
        # Where a layer gives more than hidden states, such as T5's position bias, the next ones need it.
        self._passed = 0 if isinstance(last, tuple) and any(more is not None for more in last[1:]) else self.layer
        return hidden[0]  # (1, S, H) → (S, H)

    def tail(self, features: dict[str, Any]) -> Callable[[Tensor], Tensor]:
        """f after layer l for one text: hidden states `(N, S, H)` → embeddings `(N, D)`.

        The embedding is the model's own up to trailing normalisation. Float64 hidden states run
        through float64 weights. The text's own masks and positions are used at all N points: the
        features are repeated N times, so every architecture makes what it needs for that batch.
        """
        features = self._with_reference(self._at_hand(features))
        if self._passed is None:
            self.hidden_states(features)  # tells what the layers give
        return lambda hidden: self._embed(features, hidden)[..., : self.truncate_dim]

    @torch.no_grad()
    def check(self, features: dict[str, Any], hidden: Tensor) -> None:
        """Compares the tail with the whole encoder on a text's own hidden states, `(S, H)`.

        Raises:
            ValueError: they differ: the layers share something beside hidden states, and both laws
                would hold for a function that is not the model's.
        """
        features = self._with_reference(self._at_hand(features))
        whole = self.modules(dict(features))["sentence_embedding"]
        parts = self._embed(features, hidden[None])
        if not torch.allclose(whole, parts, rtol=1e-3, atol=1e-3 * float(whole.abs().max()) + 1e-6):
            raise ValueError(
                f"{type(transformers_model(self.modules)).__name__} can't be split at layer {self.layer}: from its "
                "hidden states there it gives another embedding; expected layers that hand on hidden states alone. "
                "Try layer=0."
            )

    def norm(self, features: dict[str, Any], hidden: Tensor, embedding: Tensor) -> float:
        """What the model divides this text's embedding by: its whole length if it normalises, else 1."""
        if not self.normalizes:
            return 1.0
        if self.truncate_dim is not None:
            with torch.no_grad():
                embedding = self._embed(self._with_reference(self._at_hand(features)), hidden[None])[0]
        return float(torch.linalg.vector_norm(embedding.double()))

    def _embed(self, features: dict[str, Any], hidden: Tensor) -> Tensor:
        """All dimensions of the embedding, `(N, S, H)` → `(N, D)`."""
        modules = self._in_double() if hidden.dtype == torch.float64 else self.modules
        layers = layer_stack(transformers_model(modules))
        repeated = {name: _repeated(value, len(hidden)) for name, value in features.items()}
        with passed_over(layers[: self._passed or 0], self._outputs), replaced_input(layers[self.layer], hidden):
            return modules(repeated)["sentence_embedding"]

    def _at_hand(self, features: dict[str, Any]) -> dict[str, Any]:
        """The features on the private copy's device."""
        device = next(self.modules.parameters()).device
        return {name: value.to(device) if isinstance(value, Tensor) else value for name, value in features.items()}

    def _with_reference(self, features: dict[str, Any]) -> dict[str, Any]:
        """Has the shift subtract a constant: its inner pass must not see the replaced hidden states."""
        for module in self.modules:
            if isinstance(module, ShiftingReferenceTransformer):
                with torch.no_grad():
                    reference = module.reference_embeddings(features["input_ids"].shape[1])
                return features | {"reference_embeddings": reference[None]}
        return features

    def _in_double(self) -> nn.Sequential:
        if next(self.modules.parameters()).dtype == torch.float64:
            return self.modules
        if self._double is None:
            encoder = transformers_model(self.modules)
            embeddings = encoder.get_input_embeddings()
            self._double = in_float64(self.modules, [embeddings, *layer_stack(encoder)[: self._passed or 0]])
            transformers_model(self._double).set_input_embeddings(_InDouble(embeddings))
        return self._double


class _InDouble(nn.Module):
    """Word embeddings that stay in float32, and give float64: their values are replaced anyway."""

    def __init__(self, embeddings: nn.Module) -> None:
        super().__init__()
        self.embeddings = embeddings

    def forward(self, input_ids: Tensor) -> Tensor:
        return self.embeddings(input_ids).double()


def transformers_model(modules: nn.Module) -> PreTrainedModel:
    """The first transformers model among the modules.

    Raises:
        ValueError: there is none.
    """
    for module in modules.modules():
        if isinstance(module, PreTrainedModel):
            return module
    raise ValueError(
        f"Got modules {[type(module).__name__ for module in modules.children()]}; expected a transformer among them. "
        "A model without layers needs no attribution: its token vectors are its embeddings."
    )


def _without_trailing_normalize(modules: list[nn.Module]) -> list[nn.Module]:
    kept = list(modules)
    while kept and isinstance(kept[-1], Normalize):
        kept.pop()
    return kept


def _attribution_dtype(modules: list[nn.Module]) -> torch.dtype:
    doubles = any(p.dtype == torch.float64 for module in modules for p in module.parameters())
    return torch.float64 if doubles else torch.float32


def _repeated(value: Any, count: int) -> Any:
    return value.expand(count, *value.shape[1:]) if isinstance(value, Tensor) and value.dim() else value
