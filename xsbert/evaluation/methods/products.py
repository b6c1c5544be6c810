"""Baselines: products and cosines of the final token embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from xsbert.evaluation.judges.encodings import divides
from xsbert.evaluation.methods.explainer import Pairs
from xsbert.evaluation.methods.matrices import Matrix, PairMatrix
from xsbert.models import XSTransformer
from xsbert.models.inputs.text import Text, read
from xsbert.models.removal.sources import evaluating


@dataclass(frozen=True)
class Decomposition:
    """The published `explain_by_decomposition`: products of the final token embeddings over the texts'
    numbers of tokens and, where the model's own similarity divides by them, their embeddings' lengths.

    With mean pooling, nothing but a normalisation behind it and no truncation, they sum to the score, cosine
    or dot; each token's embedding has seen all others.
    """

    model: XSTransformer = field(repr=False)

    def explain(self, pairs: Pairs) -> Sequence[Matrix]:
        """The products, `(S_a, S_b)` for each pair.

        Raises:
            ValueError: the model's similarity is neither cosine nor dot.
        """
        normalize, found = divides(self.model), []
        for text_a, text_b in pairs:
            matrix, *_ = self.model.explain_by_decomposition(text_a, text_b, normalize=normalize)
            offsets_a, offsets_b = (read(self.model, text).offsets for text in (text_a, text_b))
            found.append(PairMatrix(text_a, text_b, offsets_a, offsets_b, matrix.cpu().double().numpy()))
        return found


@dataclass(frozen=True)
class Cosines:
    """Cosines of the final token embeddings, as BERTScore takes them (arXiv 1904.09675): they sum to nothing."""

    model: XSTransformer = field(repr=False)

    def explain(self, pairs: Pairs) -> Sequence[Matrix]:
        """The cosines, `(S_a, S_b)` for each pair."""
        return [self._of(*pair) for pair in pairs]

    def _of(self, text_a: str, text_b: str) -> PairMatrix:
        a, b = read(self.model, text_a), read(self.model, text_b)
        left, right = (torch.nn.functional.normalize(final_embeddings(self.model, text), dim=-1) for text in (a, b))
        return PairMatrix(text_a, text_b, a.offsets, b.offsets, (left @ right.T).numpy())


def final_embeddings(model: XSTransformer, text: Text) -> Tensor:
    """The encoder's last token embeddings in evaluation mode, `(S, H)`, in float64, which not every device has."""
    with evaluating(model), torch.no_grad():
        output = model[0](dict(text.features))
    return output["token_embeddings"][0].cpu().double()
