"""What every method of attribution is."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor

from xsbert.attribution.integration.paths import Paths
from xsbert.attribution.mode import Mode
from xsbert.attribution.quadrature.rule import Rule
from xsbert.models.inputs.batches import Batch
from xsbert.models.splitting.split import Split


class Method(Protocol):
    """A method: a frozen value that says along which paths the encoder's Jacobian is integrated.

    Its repr names it with all settings that its results depend on.
    """

    @property
    def layer(self) -> int | None:
        """The layer from which on the encoder is attributed; negative from the end. None for the last but two."""
        ...

    @property
    def quadrature(self) -> Rule:
        """The rule by which it integrates."""
        ...

    @property
    def mode(self) -> Mode:
        """The choice between forward and reverse mode for a pair of texts."""
        ...

    @property
    def layer_stack(self) -> str | None:
        """The dotted path of the list of layers, where it is not the one that is found."""
        ...

    def shares(self, texts: Batch) -> Tensor:
        """Which share of f(r) each token of B texts gets besides, `(B, S)`: of a text all or nothing.

        With all of it the token vectors sum to f(x), and nothing is left as a reference.
        """
        ...

    def paths(self, split: Split, texts: Batch, tokenizer: Any, memory: float) -> tuple[Paths, Tensor]:
        """The paths of B texts of one length, and the whole encoder's embeddings of them, `(B, D)`.

        Args:
            split: the encoder, split at the layer.
            texts: the texts.
            tokenizer: theirs.
            memory: the bytes that a pass may hold.

        Raises:
            ValueError: the encoder can't be split there.
        """
        ...


def even_shares(players: Tensor, shared: bool) -> Tensor:
    """The same share for each player of a text, `(B, S)`; zeros where nothing is shared, or nobody is there to."""
    here = players.cpu().double()  # not every device has float64
    shares = here / here.sum(dim=1, keepdim=True).clamp(min=1)
    return shares if shared else torch.zeros_like(shares)


def check_method(method: Any) -> None:
    """Raises TypeError for what is no method."""
    if isinstance(method, type) or not hasattr(method, "paths"):
        raise TypeError(
            f"method got {method!r:.60}; expected a method, such as Presence(), HiddenStates(layer=-2) or Removal()."
        )


def check_settings(quadrature: Any, mode: Any) -> None:
    """Raises TypeError for what is no quadrature rule, or no mode."""
    if isinstance(quadrature, type) or not hasattr(quadrature, "plan"):
        raise TypeError(f"quadrature got {quadrature!r}; expected a rule, such as Adaptive(1e-3) or GaussLegendre(50).")
    if isinstance(mode, type) or not hasattr(mode, "reverses"):
        raise TypeError(f"mode got {mode!r}; expected a mode, such as ByLength(), Forward() or Reverse().")
