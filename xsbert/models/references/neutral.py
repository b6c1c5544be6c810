"""A neutral reference: hidden states that an unmodified model embeds as zero.

With f(r) = 0 the reference terms vanish, and the token pairs of any model sum to its own score.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from xsbert.attribution.integration.free_memory import share_of_free
from xsbert.attribution.integration.pass_memory import ENOUGH, ENOUGH_ELSEWHERE
from xsbert.attribution.zero_search import Root, find_root
from xsbert.models.inputs.batches import Batch, batched
from xsbert.models.references.neutral_store import Found, keep, kept
from xsbert.models.references.padding import PaddingReference, Reference
from xsbert.models.references.weights_digest import digest_of, digest_of_weights
from xsbert.models.splitting.split import Split
from xsbert.results.arguments import real

VERSION = 1
"""Of the method: another one finds other hidden states."""
MOST_EQUATIONS = 8192
"""J Jᵀ and its eigenvectors are so large in both directions: with so many, 1.5 GB and minutes."""
FAR_OFF = 100.0
"""How much longer than the embedding of the opposite states the scale that is kept may be."""
FLOAT32 = 1e-4
"""What is kept is looked at in float32, at shallow layers true to 1e-5 or so; a larger f(r) is no rounding."""

_UNREACHED: dict[str, str] = {}
"""Where a search ended without a zero, and what it said: in this process it is not made again."""
_PADDING = PaddingReference()


@dataclass(frozen=True, repr=False)
class NeutralReference:
    """Hidden states near another reference's with f(r) = 0, to ‖f(r)‖ ≤ rtol ‖f‖.

    f is the model from the layer on, up to the embedding before a trailing normalisation; ‖f‖ is the larger
    of its lengths at the start and at the start times −1, which no text has a part in. So r is the
    same for all texts whose start is the same: for the padding reference, texts of one length with the same
    special tokens, token types and prompt length.

    Finding r takes 4 to 9 Jacobians at the last two layers, some 20 at layer 0 of all-MiniLM-L6-v2 and 40 of
    all-mpnet-base-v2 (which for 6 tokens reached none in 60): 6 to 15 times as long as explaining a pair of
    that length (tests.benchmarks.neutral). It is done once. r is kept in memory, and in the user's cache
    folder ($XDG_CACHE_HOME, else ~/.cache) under a digest of the weights, the layer and the start. What is
    kept is looked at before each use, and found anew where it is no zero.

    f has many zeros. From the middle of all-MiniLM-L6-v2 on, the same one is found whatever the rounding: a
    start that is moved by a ten-millionth moves an attribution by 2e-5 at most. At layer 0 it leads to another
    zero, and an attribution that may differ by a third: there, another machine may explain otherwise
    (tests.benchmarks.neutral --nudge). Both sum to the score.

    Not every model has such r. A last layer norm leaves embeddings on a hyperplane, w · f = w · β with
    w = 1/γ, which meets zero only if w · β = 0, or a dimension is dead (γ ≈ 0 ≈ β), as in all-MiniLM-L6-v2
    and all-mpnet-base-v2; and of a single token (`cls` pooling) on an ellipsoid in that hyperplane.

    Args:
        start: the reference whose hidden states the search starts from.
        rtol: ‖f(r)‖ ≤ rtol ‖f‖. The last Jacobian mostly gives far more (1e-8 with all-MiniLM-L6-v2); but
            dimensions that no text can change may stand at a millionth (2e-6 with all-mpnet-base-v2).
        special: whether the special tokens' states move too. Where they don't, they have no part in
            the attribution at layer 0, but r is up to twice as far away,
            and the shortest texts may have none.
        memory: the bytes that the search may hold; None for a quarter of what is free. It has no
            effect on r but rounding.

    Raises:
        ValueError: `rtol` is not in (0, 1).
    """

    start: Reference = _PADDING
    rtol: float = 5e-6
    special: bool = True
    memory: int | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.start, type) or not hasattr(self.start, "hidden_states"):
            raise TypeError(f"start got {self.start!r}; expected a reference, such as PaddingReference().")
        object.__setattr__(self, "rtol", real(self.rtol, 0, 1, "rtol", "a number between 0 and 1, such as 5e-6"))

    def __repr__(self) -> str:
        named = (f for f in fields(self) if f.compare and getattr(self, f.name) != f.default)
        return f"NeutralReference({', '.join(f'{f.name}={getattr(self, f.name)!r}' for f in named)})"

    def hidden_states(self, split: Split, texts: Batch, tokenizer: PreTrainedTokenizerBase) -> Tensor:
        """r at the split's layer, `(B, S, H)`.

        Raises:
            ValueError: none was reached, the embedding has too many dimensions, or no gradients pass through the
                encoder (a module writes over what they need).
        """
        weights = digest_of_weights(split.modules)
        found: dict[str, Tensor] = {}
        keys = []
        for text in texts.texts:
            alone = batched([text])  # others in the batch would leave their rounding in the start
            features = getattr(self.start, "features", _PADDING.features)(alone, tokenizer)
            key = self._key(split, alone, features, weights, tokenizer)
            keys.append(key)
            if key not in found:
                found[key] = self._found(key, split, alone, features, tokenizer)
        return torch.cat([found[key] for key in keys])

    def _key(
        self, split: Split, text: Batch, features: dict[str, Any], weights: bytes, tokenizer: PreTrainedTokenizerBase
    ) -> str:
        """A name for all that r depends on."""
        given = [part for name in sorted(features) for part in (name, features[name])]
        if not hasattr(self.start, "features"):
            given.append(self.start.hidden_states(split, text, tokenizer))
        kinds = [type(module).__name__ for module in split.modules.modules()]  # the hosts' reprs hide them
        layer = (split.layer, split.truncate_dim, next(split.modules.parameters()).dtype, str(split.modules), kinds)
        moves = None if self.special else text.special
        return digest_of(VERSION, weights, layer, repr(self.start), float(self.rtol), moves, *given)

    def _found(
        self, key: str, split: Split, text: Batch, features: dict[str, Any], tokenizer: PreTrainedTokenizerBase
    ) -> Tensor:
        tail = split.tail(features)

        def function(hidden: Tensor) -> Tensor:
            return tail(hidden, torch.zeros(len(hidden), dtype=torch.long, device=hidden.device))

        known, start = kept(key), self.start.hidden_states(split, text, tokenizer)
        if known is not None:
            states = known.states.to(start.device)
            if states.shape == start.shape and self._holds(function, states, known.scale):
                return states
        if key in _UNREACHED:
            raise ValueError(_UNREACHED[key])
        scale = float(torch.linalg.vector_norm(function(torch.cat([start, -start]).double()), dim=1).max())
        root = self._search(function, start, scale, ~text.special[0] | self.special)
        if not root.size <= self.rtol * scale:
            _UNREACHED[key] = _unreached(self, split, start, root, scale)
            raise ValueError(_UNREACHED[key])
        states = root.point[None].to(start)
        keep(key, Found(states.cpu(), scale))
        return states

    def _holds(self, function: Callable[[Tensor], Tensor], states: Tensor, scale: float) -> bool:
        with torch.no_grad():
            size, other = torch.linalg.vector_norm(function(torch.cat([states, -states])).double(), dim=1).tolist()
        return size <= max(10 * self.rtol, FLOAT32) * min(scale, FAR_OFF * other)  # a file's scale may be anything

    def _search(self, function: Callable[[Tensor], Tensor], start: Tensor, scale: float, moves: Tensor) -> Root:
        memory = share_of_free(start.device) if self.memory is None else self.memory
        with torch.no_grad():
            live = int((function(start.double()) != 0).sum())
        if live > MOST_EQUATIONS:
            raise ValueError(
                f"NeutralReference got an embedding with {live} dimensions that are not zero at the start; expected at "
                f"most {MOST_EQUATIONS}. Use PaddingReference()."
            )
        rows = ENOUGH.get(start.device.type, ENOUGH_ELSEWHERE)
        try:
            return find_root(function, start[0], self.rtol * scale, moves, memory, rows)
        except ValueError as cause:
            raise ValueError(f"NeutralReference can't be searched for. {cause} Use PaddingReference().") from cause


def _unreached(reference: NeutralReference, split: Split, start: Tensor, root: Root, scale: float) -> str:
    share = root.size / scale
    loose = f", or what was reached: rtol={2 * share:.1g}" if 2 * share < 1 else ""
    return (
        f"{reference!r} reached ‖f(r)‖ = {share:.1e} ‖f‖ at layer {split.layer} for {start.shape[1]} tokens, after "
        f"{root.jacobians} Jacobians; expected {reference.rtol:.1g} ‖f‖. The model may have no zero near there. Use "
        f"PaddingReference(), or another layer{loose}."
    )
