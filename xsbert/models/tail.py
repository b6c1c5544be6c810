"""The encoder in two parts: hidden states at a layer, and the embedding as a function of them."""

from __future__ import annotations

from typing import Any

import torch
from sentence_transformers.sentence_transformer.modules import Normalize
from torch import Tensor, nn
from transformers import PreTrainedModel

from xsbert.attribution.paths import Function
from xsbert.models.copies import in_float64, private_copy
from xsbert.models.hooks import captured_input, passed_over, recorded_input, recorded_outputs, replaced_input
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
        """h: the hidden states that enter layer l for B texts of one length, `(B, S, H)`."""
        features = self._at_hand(features)
        with torch.no_grad(), recorded_outputs(self._layers[: self.layer]) as outputs:
            hidden = captured_input(self._layers[self.layer], lambda: self.modules(dict(features)))
        self._learn(outputs)
        return hidden

    def embedded(self, features: dict[str, Any]) -> tuple[Tensor, Tensor]:
        """h, `(B, S, H)`, and the whole encoder's embeddings, `(B, D)`, up to trailing normalisation."""
        features = self._with_reference(self._at_hand(features))
        with (
            torch.no_grad(),
            recorded_outputs(self._layers[: self.layer]) as outputs,
            recorded_input(self._layers[self.layer]) as inputs,
        ):
            embeddings = self.modules(dict(features))["sentence_embedding"]
        self._learn(outputs)
        return inputs[0], embeddings

    def tail(self, features: dict[str, Any]) -> Function:
        """f after layer l: hidden states `(N, S, H)`, and which of the B texts each is of, → embeddings `(N, D)`.

        The embedding is the model's own up to trailing normalisation. Float64 hidden states run
        through float64 weights. Each text's own masks and positions are used at all its points: its
        features are repeated, so every architecture makes what it needs for that batch.
        """
        features = self._with_reference(self._at_hand(features))
        if self._passed is None:
            self.hidden_states(features)  # tells what the layers give
        return lambda hidden, texts: self._embed(features, hidden, texts)[..., : self.truncate_dim]

    def check(self, whole: Tensor, parts: Tensor) -> None:
        """Compares the whole encoder's embeddings of some texts with the tail's, `(B, D)` each.

        Raises:
            ValueError: they differ: the layers share something beside hidden states, and both laws
                would hold for a function that is not the model's.
        """
        whole = whole[..., : self.truncate_dim]
        if not torch.allclose(whole, parts, rtol=1e-3, atol=1e-3 * float(whole.abs().max()) + 1e-6):
            raise ValueError(
                f"{type(transformers_model(self.modules)).__name__} can't be split at layer {self.layer}: from its "
                "hidden states there it gives another embedding; expected layers that hand on hidden states alone. "
                "Try layer=0."
            )

    def norm(self, whole: Tensor) -> float:
        """What the model divides a text's embedding by, `(D,)`: its whole length if it normalises, else 1."""
        return float(torch.linalg.vector_norm(whole.double())) if self.normalizes else 1.0

    @property
    def _layers(self) -> nn.ModuleList:
        return layer_stack(transformers_model(self.modules))

    def _learn(self, outputs: list[Any]) -> None:
        """What form a layer's output has: the layers that are passed over must give the same."""
        last = outputs[-1] if outputs else None
        self._outputs = len(last) if isinstance(last, tuple) else None
        # Where a layer gives more than hidden states, such as T5's position bias, the next ones need it.
        self._passed = 0 if isinstance(last, tuple) and any(more is not None for more in last[1:]) else self.layer

    def _embed(self, features: dict[str, Any], hidden: Tensor, texts: Tensor) -> Tensor:
        """All dimensions of the embedding, `(N, S, H)` → `(N, D)`."""
        modules = self._in_double() if hidden.dtype == torch.float64 else self.modules
        layers = layer_stack(transformers_model(modules))
        repeated = {name: _taken(value, texts) for name, value in features.items()}
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
                return features | {"reference_embeddings": reference.expand(len(features["input_ids"]), -1, -1)}
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


def _taken(value: Any, texts: Tensor) -> Any:
    return value[texts] if isinstance(value, Tensor) and value.dim() else value
