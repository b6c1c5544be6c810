"""The default method: from a text without its words to the text."""

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
from xsbert.models.inputs.units import SENTENCES, TOKENS, WORDS, Units, check_units, grouped_by, named
from xsbert.models.methods.method import check_settings, even_shares
from xsbert.models.splitting.complete import check_complete
from xsbert.models.splitting.split import Split
from xsbert.results.arguments import whole as whole_number


@dataclass(frozen=True, repr=False)
class Presence:
    """Integrated Jacobians over presence: what if a word were not there?

    m ∈ [0, 1]^S is how much each token is there. From the layer on, a token is attended to in proportion to it,
    softmax_k(score_qk + log m_k), and pooled in proportion to it, Σ m_s z_s / Σ m_s. With m = 1 this is the model's
    own embedding; a token with m_s = 0 is gone, exactly. Special tokens and a prompt's are always there and get rows
    of zeros; all others go from 0 to 1 together. The token vectors u_s = ∫₀¹ ∂f/∂m_s dα, `(S, D)`, are Aumann–Shapley
    values of the embedding (Aumann and Shapley 1974), and sum to f(x) − f(∅), where f(∅) is what the model gives for
    the special tokens alone.

    Sums over tokens in pooling weigh by m. A maximum (`max` pooling) is over all that is there at all: the path
    starts from its limit for few, not from the text without its words. `cls` and `lasttoken` see presence through
    attention alone, and the token that they take must be a special one or a prompt's.

    Of a picture the players are its patches, and a class token stays, as CLIP's. Where no token stays, as in SigLIP's
    part for pictures, patches that come together change nothing, from a little on. So one half of them comes alone, as
    a chessboard's black squares, and stays while the other half comes; and the other way round. With the first half
    comes its f, which belongs to all of that half alike; beside that a patch has what it weighs among the others, as
    much of it as makes the Shapley value for a mean over patches. This is exact whatever `shared` says, takes four
    passes a node, and is less true than a path with a class token.

    Args:
        layer: the layer from which on presence counts, 0 for everywhere; negative from the end; texts and pictures have
            their own. Layers before it see the whole text. From deeper layers it costs less, and is less true for
            pairs. By default 0 for pictures, and for texts the last layer but two, from which on it takes less time
            than `HiddenStates()`. From the last but three on it takes about twice as long as that, and finds more of
            pairs in small models.
        shared: whether f(∅) is shared evenly among the text's tokens, u_s += f(∅) / players: no text is similar to
            nothing, so that the jump from nothing to f(∅) belongs to all alike (a unanimity game's Shapley value).
            Then the pairs sum to the score. Not shared, f(∅) stands as three reference terms.
        quadrature: `Adaptive(rtol)`, `GaussLegendre(n)` or `RightRiemann(n)`.
        mode: `Forward()`, `Reverse()`, or `ByLength()`, as of `HiddenStates`.
        layer_stack: the dotted path of the list of layers in the encoder, such as "encoder.layer"; by default the
            longest list of alike modules.
        units: whose tokens come and go together: "tokens", each by itself; "words", "sentences", or a function from a
            text to spans of it, [start, end) in characters, outside of which are words. A unit's vector is the sum of
            its tokens', for all go along one path; where f(∅) is shared, it is so evenly among units.

    Raises:
        TypeError: `layer` is no whole number, `quadrature` no rule, `mode` no mode, `layer_stack` no string, or `units`
            neither.
        ValueError: `units` is another name.
    """

    layer: int | None = None
    shared: bool = True
    quadrature: Rule = Adaptive()  # noqa: RUF009  # frozen values
    mode: Mode = ByLength()  # noqa: RUF009
    layer_stack: str | None = None
    units: Units = TOKENS

    def __post_init__(self) -> None:
        if self.layer is not None:
            object.__setattr__(self, "layer", whole_number(self.layer, "layer", "a whole number, such as 0"))
        check_settings(self.quadrature, self.mode)
        check_units(self.units, (TOKENS, WORDS, SENTENCES))

    def __repr__(self) -> str:
        stack = "" if self.layer_stack is None else f", layer_stack={self.layer_stack!r}"
        units = "" if self.units == TOKENS else f", units={named(self.units)}"
        return f"Presence(layer={self.layer}, shared={self.shared}, quadrature={self.quadrature!r}{stack}{units})"

    def shares(self, texts: Batch) -> Tensor:
        """The same for each unit that comes and goes, divided among its tokens, `(B, S)`; zeros if f(∅) stands."""
        shares = even_shares(players(texts), self.shared)
        if self.units == TOKENS or not self.shared:
            return shares
        for row, text in zip(shares, texts.texts, strict=True):
            come_and_go = [
                inside
                for unit in grouped_by(text.input.string, text.offsets, self.units)
                if (inside := [position for position in unit.positions if row[position]])
            ]
            for inside in come_and_go:
                row[inside] = 1 / (len(come_and_go) * len(inside))
        return shares

    def paths(self, split: Split, texts: Batch, tokenizer: Any, memory: float) -> tuple[Paths, Tensor]:
        """The paths from the texts without their words to the texts, and the texts' embeddings, `(B, D)`.

        Raises:
            ValueError: the encoder can't be split at the layer; it mixes tokens by something else than softmax
                attention; or nothing is left of a text without its words.
        """
        hidden, embeddings = split.embedded(texts.features)
        come_and_go = players(texts).to(hidden.device)
        pictures = texts.texts[0].picture is not None
        check_complete(split, texts.features, hidden, come_and_go, pictures)
        starts = (~come_and_go)[..., None].to(hidden)
        first = chessboard(texts).to(hidden.device) if come_and_go.all() else None
        function = split.presence(texts.features, hidden, first)
        paths = Paths(function, starts, torch.ones_like(starts), memory, hidden.shape[2], self._leaders(texts, hidden))
        split.check(embeddings, paths.end_values)
        return paths, embeddings

    def _leaders(self, texts: Batch, hidden: Tensor) -> Tensor | None:
        """The first token of each token's unit, `(B, S)`, where units are no tokens."""
        if self.units == TOKENS:
            return None
        leaders = torch.arange(hidden.shape[1], device="cpu").repeat(len(texts.texts), 1)
        for row, text in zip(leaders, texts.texts, strict=True):
            for unit in grouped_by(text.input.string, text.offsets, self.units):
                row[unit.positions] = unit.positions[0]
        return leaders.to(hidden.device)


def players(texts: Batch) -> Tensor:
    """The tokens of the texts themselves, `(B, S)`, bool: all but special ones and a prompt's."""
    mine = ~texts.special
    for row, text in zip(mine, texts.texts, strict=True):
        row[list(text.prompted)] = False
    return mine


def chessboard(pictures: Batch) -> Tensor:
    """One half of the patches of pictures of one grid, as a chessboard's black squares, `(S,)`, bool."""
    picture = pictures.texts[0].picture
    columns = picture.columns if picture else 1
    patches = torch.arange(pictures.special.shape[1], device="cpu")
    return (patches // columns + patches % columns) % 2 == 0
