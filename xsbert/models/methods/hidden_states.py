"""The papers' method: from a reference's hidden states to the text's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from xsbert.attribution.integration.paths import Paths
from xsbert.attribution.mode import ByLength, Mode
from xsbert.attribution.quadrature.adaptive import Adaptive
from xsbert.attribution.quadrature.rule import Rule
from xsbert.models.inputs.batches import Batch
from xsbert.models.methods.method import check_settings, even_shares
from xsbert.models.references.padding import PaddingReference, Reference
from xsbert.models.splitting.split import Split
from xsbert.results.arguments import whole as whole_number


@dataclass(frozen=True, repr=False)
class HiddenStates:
    """Integrated Jacobians over hidden states (EMNLP 2023, arXiv 2310.05703; EACL 2024, arXiv 2402.02883).

    The token vectors of a text, u_s = ∫₀¹ J(r + α (x − r)) (x_s − r_s) dα, are `(S, D)` and sum to f(x) − f(r).

    Args:
        layer: whose input the tokens are taken at: 0 (the embeddings' output) to L − 1, negative from the end.
            Deeper layers cost less; there tokens know more of their context.
        reference: what a text is compared with: `PaddingReference()`, the papers', or another. Of a picture the first
            is a grey picture; `ZeroReference()` serves too, and no other.
        quadrature: `Adaptive(rtol)`, `GaussLegendre(n)` or `RightRiemann(n)`.
        mode: `Forward()`, `Reverse()`, or `ByLength()`, which pulls a short text's vectors back through a much longer
            text. The matrix is the same, to the errors that it carries. Where no gradients pass through the model,
            forward mode serves.
        shared: whether the rest f(r) is shared evenly among the tokens, u_s += f(r) / S: then the pairs of any model
            sum to its score, whatever the reference. The papers do not share.
        layer_stack: the dotted path of the list of layers in the encoder, such as "encoder.layer"; by default the
            longest list of alike modules.

    Raises:
        TypeError: `layer` is no whole number, `reference` no reference, `quadrature` no rule, `mode` no mode, or
            `layer_stack` no string.
    """

    layer: int = -2
    reference: Reference = PaddingReference()  # noqa: RUF009  # frozen values
    quadrature: Rule = Adaptive()  # noqa: RUF009
    mode: Mode = ByLength()  # noqa: RUF009
    shared: bool = False
    layer_stack: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "layer", whole_number(self.layer, "layer", "a whole number, such as -2"))
        if isinstance(self.reference, type) or not hasattr(self.reference, "hidden_states"):
            raise TypeError(f"reference got {self.reference!r}; expected a reference, such as PaddingReference().")
        check_settings(self.quadrature, self.mode)

    def __repr__(self) -> str:
        shared = ", shared=True" if self.shared else ""
        stack = "" if self.layer_stack is None else f", layer_stack={self.layer_stack!r}"
        settings = f"layer={self.layer}, reference={self.reference!r}, quadrature={self.quadrature!r}{shared}{stack}"
        return f"HiddenStates({settings})"

    def shares(self, texts: Batch) -> Tensor:
        """1 / S for each token, `(B, S)`, where f(r) is shared; else zeros."""
        return even_shares(torch.ones_like(texts.special), self.shared)

    def paths(self, split: Split, texts: Batch, tokenizer: Any, memory: float) -> tuple[Paths, Tensor]:
        """The paths from the texts' references to the texts, and the texts' embeddings, `(B, D)`.

        The texts and their padding run through the encoder together: that gives both ends of the paths, and what the
        tail must give there. Where layers share more than hidden states, it is right at the text's own end, and wrong
        elsewhere.

        Raises:
            ValueError: the encoder can't be split at the layer.
        """
        padded, count = None, len(texts.texts)
        starts_padded = isinstance(self.reference, PaddingReference)
        if isinstance(self.reference, PaddingReference):
            padded = self.reference.features(texts, tokenizer)
        elif not split.checked and tokenizer.pad_token_id is not None:
            padded = PaddingReference().features(texts, tokenizer)
        hidden, embeddings = split.embedded(texts.features, padded)
        starts = hidden[count:] if starts_padded else self.reference.hidden_states(split, texts, tokenizer)
        paths = Paths(split.tail(texts.features), starts, hidden[:count], memory)
        split.check(embeddings[:count], paths.end_values)
        if padded is not None:
            elsewhere = paths if starts_padded else Paths(paths.function, hidden[count:], hidden[:count], memory)
            split.check(embeddings[count:], elsewhere.start_values, scale=embeddings[:count])
            split.checked = True
        return paths, embeddings[:count]
