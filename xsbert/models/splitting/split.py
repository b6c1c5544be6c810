"""The encoder in two parts: hidden states at a layer, and the embedding as a function of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import torch
from sentence_transformers.sentence_transformer.modules import Normalize
from torch import Tensor, nn
from transformers import PreTrainedModel

from xsbert.attribution.integration.paths import Function
from xsbert.models.exact.shift import ShiftingReferenceTransformer
from xsbert.models.pictures.patches import grid_of
from xsbert.models.pictures.towers import TOWERS, tower_of
from xsbert.models.splitting.features import followed_by, nothing, taken
from xsbert.models.splitting.hooks import (
    captured_input,
    entered,
    passed_over,
    recorded_calls,
    recorded_input,
    recorded_outputs,
    replaced_input,
)
from xsbert.models.splitting.layer_stack import Layer, layers_of, resolve_layer
from xsbert.models.splitting.presence import in_halves, presence_of, present
from xsbert.models.splitting.private_copy import InDouble, in_float64, private_copy


class Split:
    """A model split at a layer, on a private copy of its modules.

    Args:
        modules: the model's modules, in their order.
        layer: the layer l, from 0 (the embeddings' output) to L − 1; negative from the end; None for the last but two.
        truncate_dim: how many dimensions of the embedding are kept; None for all.
        layer_stack: the dotted path of the layer stack, where it is not the one that is found.
        modality: "text", or "image" for a dual encoder's part that pictures run through.

    Raises:
        TypeError, ValueError: there is no such layer, no such stack, or no such part.
    """

    def __init__(
        self,
        modules: list[nn.Module],
        layer: int | None,
        truncate_dim: int | None = None,
        layer_stack: str | None = None,
        modality: str = "text",
    ) -> None:
        kept = without_trailing_normalize(modules)
        self.normalizes = len(kept) < len(modules)
        self.truncate_dim = truncate_dim
        transformers_model(nn.ModuleList(kept))  # what has none may not be copied
        self.modules = private_copy(kept, attribution_dtype(modules))
        self._layers = layers_of(transformers_model(self.modules), layer_stack, modality)
        self._modality = modality
        self.layer = resolve_layer(layer, len(self._layers))
        self.checked = False
        """Whether the tail was held against the whole encoder at both ends of a path."""
        self._double: tuple[nn.Sequential, list[Layer]] | None = None
        self._outputs: int | None = None  # how many values a layer gives, if a tuple
        self._passed: int | None = None  # how many layers the tail passes over, once a pass has told

    def hidden_states(self, features: dict[str, Any]) -> Tensor:
        """h: the hidden states that enter layer l for B texts of one length, `(B, S, H)`."""
        features = self.at_hand(features)
        with torch.no_grad(), recorded_outputs(self._layers[: self.layer]) as outputs:
            hidden = captured_input(self._layers[self.layer], lambda: self.modules(dict(features)))
        self._learn(outputs)
        return hidden[: self.shape(features)[0]]  # an exact model's references run behind the texts

    def embedded(self, features: dict[str, Any], others: dict[str, Any] | None = None) -> tuple[Tensor, Tensor]:
        """h, `(B, S, H)`, and the whole encoder's embeddings, `(B, D)`, up to trailing normalisation.

        Args:
            features: the texts, as the encoder is given them.
            others: as many inputs of the same length, such as references. Their rows follow behind the texts', from
                the same pass, `(2B, …)`. They are what the embeddings see; what reads the features behind the first
                layer, such as a pooling, sees the texts' own, as it does in `tail`.
        """
        features = self.prepared(features)
        rows, then = (features, nothing) if others is None else followed_by(features, self.at_hand(others))
        with (
            torch.no_grad(),
            recorded_outputs(self._layers[: self.layer]) as outputs,
            entered(self._layers[0], then),
            recorded_input(self._layers[self.layer]) as inputs,
            recorded_calls(module for module, _ in self._layers) as calls,
        ):
            embeddings = self.modules(dict(rows))["sentence_embedding"]
        self._check_calls(calls)
        self._learn(outputs)
        self._check_hidden(inputs[0], rows)
        self._check_finite(embeddings)
        return inputs[0], embeddings

    def at_hand(self, features: dict[str, Any]) -> dict[str, Any]:
        """The features on the private copy's device."""
        device = next(self.modules.parameters()).device
        return {name: value.to(device) if isinstance(value, Tensor) else value for name, value in features.items()}

    def shape(self, features: dict[str, Any]) -> tuple[int, int]:
        """B and S of texts' or pictures' features."""
        if self._modality == "text":
            return tuple(features["input_ids"].shape)
        encoder, pixels = transformers_model(self.modules), features["pixel_values"]
        return len(pixels), grid_of(tower_of(encoder, "image"), pixels, self.name).tokens

    def prepared(self, features: dict[str, Any]) -> dict[str, Any]:
        """The features at hand, and what an exact model subtracts, so that no inner pass computes it."""
        return self._with_reference(self.at_hand(features))

    def preprocess(self, string: str, prompt: str) -> dict[str, Any]:
        """A text as `encode` gives it to the encoder: behind its prompt, and cut at the model's length."""
        return self.modules[0].preprocess([string], prompt=prompt or None)  # type: ignore[operator]

    def tail(self, features: dict[str, Any]) -> Function:
        """f after layer l: hidden states `(N, S, H)`, and which of the B texts each is of, → embeddings `(N, D)`.

        The embedding is the model's own up to trailing normalisation. Float64 hidden states run
        through float64 weights. Each text's own masks and positions are used at all its points: its
        features are repeated, so every architecture makes what it needs for that batch.
        """
        features = self.prepared(features)
        if self._passed is None:
            self.hidden_states(features)  # tells what the layers give
        return lambda hidden, texts: self.embed(features, hidden, texts)[..., : self.truncate_dim]

    def presence(self, features: dict[str, Any], hidden: Tensor, first: Tensor | None = None) -> Function:
        """f of presence from layer l on: p `(N, S, 1)`, and which of the B texts each is of, → embeddings `(N, D)`.

        A token of p is there to the share `presence_of(p, l)`. Its hidden states at the layer, `(B, S, H)`, stay what
        they are. Where no token stays, `first` is one half of them, `(S,)`, and the function is `in_halves`.
        """
        features = self.prepared(features)

        def embed(presence: Tensor, texts: Tensor) -> Tensor:
            states = hidden[texts].to(presence.dtype)
            return self.embed(features, states, texts, partial(present, presence=presence))[..., : self.truncate_dim]

        if first is not None:
            return in_halves(embed, first, self.layer)
        return lambda points, texts: embed(presence_of(points, self.layer).reshape(points.shape[:2]), texts)

    def check(self, whole: Tensor, parts: Tensor, scale: Tensor | None = None) -> None:
        """Compares the whole encoder's embeddings of some texts with the tail's, `(B, D)` each.

        Args:
            whole, parts: the two.
            scale: embeddings to measure their difference by; `whole` where there are none.

        Raises:
            ValueError: they differ: the layers share something beside hidden states, and both laws
                would hold for a function that is not the model's.
        """
        whole = whole[..., : self.truncate_dim]
        largest = float((whole if scale is None else scale).abs().max())
        if not torch.allclose(whole, parts, rtol=1e-3, atol=1e-3 * largest + 1e-6):
            raise ValueError(
                f"{self.name} can't be split at layer {self.layer}: from its hidden states there it gives another "
                "embedding; expected layers that hand on hidden states alone. Try another layer, name the list of "
                "layers, layer_stack='encoder.layer', or use Removal()."
            )

    def norm(self, whole: Tensor) -> float:
        """What the model divides a text's embedding by, `(D,)`: its whole length if it normalises, else 1."""
        return float(torch.linalg.vector_norm(whole.double())) if self.normalizes else 1.0

    @property
    def count(self) -> int:
        """How many layers the tail has: L − l."""
        return len(self._layers) - self.layer

    @property
    def name(self) -> str:
        """The encoder's class."""
        return type(transformers_model(self.modules)).__name__

    def _check_calls(self, calls: list[nn.Module]) -> None:
        """Raises ValueError where the layers run in another order than theirs, or more often."""
        if calls != [module for module, _ in self._layers]:
            raise ValueError(
                f"{self.name} runs {len(calls)} times through a list of {len(self._layers)} layers, or in another "
                "order; expected each once, in their order. Name it, layer_stack='encoder.layer', or use Removal()."
            )

    def _check_hidden(self, hidden: Any, features: dict[str, Any]) -> None:
        """Raises ValueError where the layers see something else than a row for each token."""
        expected = self.shape(features)
        if not isinstance(hidden, Tensor) or hidden.dim() != 3 or hidden.shape[:2] != expected:
            got = f"shape {tuple(hidden.shape)}" if isinstance(hidden, Tensor) else f"a {type(hidden).__name__}"
            raise ValueError(
                f"{self.name} can't be explained: its layers are given {got} for {expected[0]} texts with "
                f"{expected[1]} tokens; expected hidden states, (texts, tokens, size). Use Removal()."
            )

    def _check_finite(self, embeddings: Tensor) -> None:
        """Raises ValueError where an embedding holds NaN or infinity, and names a weight that does."""
        if torch.isfinite(embeddings).all():
            return
        weights = (name for name, weight in self.modules.named_parameters() if not torch.isfinite(weight).all())
        named = next((f"; so does its weight '{name}'" for name in weights), "")
        raise ValueError(
            f"{self.name} gives an embedding that holds NaN or infinity{named}. Expected finite numbers. Load its "
            "weights anew, or those of another checkpoint: training may have gone astray."
        )

    def _learn(self, outputs: list[Any]) -> None:
        """What form a layer's output has: the layers that are passed over must give the same."""
        last = outputs[-1] if outputs else None
        self._outputs = len(last) if isinstance(last, tuple) else None
        # Where a layer gives more than hidden states, such as T5's position bias, the next ones need it.
        self._passed = 0 if isinstance(last, tuple) and any(more is not None for more in last[1:]) else self.layer

    def embed(
        self,
        features: dict[str, Any],
        hidden: Tensor,
        texts: Tensor,
        within: Callable[[nn.Module], AbstractContextManager[Any]] = nullcontext,
    ) -> Tensor:
        """All dimensions of the embedding, `(N, S, H)` → `(N, D)`; the modules run within a context."""
        modules, layers = self._in_double() if hidden.dtype == torch.float64 else (self.modules, self._layers)
        repeated = {name: taken(value, texts) for name, value in features.items()}
        passed = passed_over(layers[: self._passed or 0], self._outputs)
        with within(modules), passed, replaced_input(layers[self.layer], hidden):
            return modules(repeated)["sentence_embedding"]

    def _with_reference(self, features: dict[str, Any]) -> dict[str, Any]:
        """Has the shift subtract a constant: its inner pass must not see the replaced hidden states."""
        for module in self.modules:
            if isinstance(module, ShiftingReferenceTransformer) and self._modality == "text":
                with torch.no_grad():
                    reference = module.reference_embeddings(features["input_ids"].shape[1])
                return features | {"reference_embeddings": reference.expand(len(features["input_ids"]), -1, -1)}
        return features

    @property
    def _other_tower(self) -> list[nn.Module]:
        """The part of a dual encoder that does not run."""
        other = TOWERS["text" if self._modality == "image" else "image"]
        found = getattr(transformers_model(self.modules), other, None)
        return [] if found is None else [found]

    def _in_double(self) -> tuple[nn.Sequential, list[Layer]]:
        """The modules in float64, but for those that don't run in the tail; and their layers."""
        if next(self.modules.parameters()).dtype == torch.float64:
            return self.modules, self._layers
        if self._double is None:
            tower: Any = tower_of(transformers_model(self.modules), "text")
            embeddings = tower.get_input_embeddings()
            passed = self._passed or 0
            running = {module for module, _ in self._layers[passed:]}
            unused = [module for module, _ in self._layers[:passed] if module not in running]
            double = in_float64(self.modules, [embeddings, *unused, *self._other_tower])
            twins = dict(zip(self.modules.modules(), double.modules(), strict=True))
            tower_of(transformers_model(double), "text").set_input_embeddings(InDouble(embeddings))  # type: ignore[operator]
            self._double = double, [Layer(twins[module], turn) for module, turn in self._layers]
        return self._double


def transformers_model(modules: nn.Module) -> PreTrainedModel:
    """The first transformers model among the modules.

    Raises:
        ValueError: there is none.
    """
    for module in modules.modules():
        if isinstance(module, PreTrainedModel):
            return module
    raise ValueError(
        f"Got modules {[type(module).__name__ for module in modules.children()]}; expected a transformer among them, "
        "or a StaticEmbedding first: what tokens add to others is not known. Use Removal(): it needs embeddings alone."
    )


def without_trailing_normalize(modules: list[nn.Module]) -> list[nn.Module]:
    """The modules up to those that only normalise the embedding."""
    kept = list(modules)
    while kept and isinstance(kept[-1], Normalize):
        kept.pop()
    return kept


def attribution_dtype(modules: list[nn.Module]) -> torch.dtype:
    """What a model is attributed in: float64 where it has such weights, else float32."""
    doubles = any(p.dtype == torch.float64 for module in modules for p in module.parameters())
    return torch.float64 if doubles else torch.float32
