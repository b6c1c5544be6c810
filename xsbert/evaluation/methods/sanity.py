"""Sanity: what any explanation of a model must do, whether or not it is a good one.

Weights randomised from the top must change it (Adebayo et al., NeurIPS 2018, arXiv 1810.03292); swapped
texts must transpose it.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from xsbert.evaluation.methods.explainer import Explainer, Pairs
from xsbert.evaluation.methods.matrices import Matrix, WordMatrix, Words
from xsbert.evaluation.statistics import spearman
from xsbert.models import XSTransformer
from xsbert.models.inputs.text import read
from xsbert.models.splitting.layer_stack import layers_of


@dataclass(frozen=True)
class Randomised:
    """A method on the same model with random weights in its last layers, or in all.

    Args:
        method: the method; it has a field `model`.
        top, seed: as `randomised`.
    """

    method: Explainer
    top: int
    seed: int = 0

    def explain(self, pairs: Pairs) -> Sequence[Matrix]:
        """What the method says of the randomised model."""
        method: Any = self.method
        return replace(method, model=randomised(method.model, self.top, self.seed)).explain(pairs)


def randomised(model: XSTransformer, top: int, seed: int = 0) -> XSTransformer:
    """A copy of the model whose last layers, or all of it, have random weights.

    Each weight matrix is shuffled, so its entries keep their distribution and the activations their size; one
    with fewer than two different entries stays. A module's vectors of one length are shuffled alike: a
    normaliser's scale and shift stay together, or a dimension without scale would get another's shift, and
    nothing could be embedded as zero.

    Args:
        model: is not changed.
        top: how many layers, from the last down. One more than there are stands for all weights, those of
            the embeddings and of the modules behind the layers too.
        seed: of the permutations.

    Raises:
        ValueError: the model has no such number of layers.
    """
    twin = copy.deepcopy(model)
    layers: list[nn.Module] = [layer.module for layer in layers_of(twin.transformers_model)]
    if not 0 <= top <= len(layers) + 1:
        raise ValueError(
            f"randomised got top = {top}; this model has {len(layers)} layers: "
            f"expected 0 to {len(layers)}, or {len(layers) + 1} for all weights."
        )
    chosen = [twin] if top > len(layers) else layers[len(layers) - top :]
    random = torch.Generator("cpu").manual_seed(seed)
    for part in dict.fromkeys(part for module in chosen for part in module.modules()):
        _shuffle(part, random)
    return twin


@torch.no_grad()
def _shuffle(module: nn.Module, random: torch.Generator) -> None:
    orders: dict[int, Tensor] = {}
    for parameter in module.parameters(recurse=False):
        count = parameter.numel()
        if parameter.dim() != 1 or count not in orders:
            orders[count] = torch.randperm(count, generator=random, device="cpu").to(parameter.device)
        parameter.copy_(parameter.flatten()[orders[count]].view_as(parameter))


def plain_pairs(x: WordMatrix, model: XSTransformer) -> np.ndarray:
    """Which word pairs are of two different words, whatever their case, of one token each: `(W_a, W_b)`, bool."""
    a, b = ([word.casefold() for word in words.strings] for words in (x.a, x.b))
    unlike = np.array([[one != other for other in b] for one in a], dtype=bool).reshape(len(a), len(b))
    return unlike & np.outer(_single(x.a, model), _single(x.b, model))


def _single(words: Words, model: XSTransformer) -> np.ndarray:
    starts = np.array([offset[0] for offset in read(model, words.text).offsets if offset], dtype=int)
    return np.array([np.sum((start <= starts) & (starts < end)) == 1 for start, end in words.spans], dtype=bool)


def asymmetry(forward: np.ndarray, swapped: np.ndarray) -> float:
    """max |A(a, b) − A(b, a)ᵀ| / max |A(a, b)|; 0 for a symmetric method."""
    largest = float(np.abs(forward).max())
    return float(np.abs(forward - swapped.T).max()) / largest if largest else 0.0


def agreement(one: WordMatrix, other: WordMatrix) -> dict[str, float]:
    """How alike two explanations of a pair are.

    Returns:
        `rank`, Spearman's correlation over word pairs; `difference`, ‖A − B‖ / ‖B‖ (Frobenius), and `sum`,
        |ΣA − ΣB|, over all tokens' sums.
    """
    norm = float(np.linalg.norm(other.whole))
    return {
        "rank": spearman(one.matrix, other.matrix),
        "difference": float(np.linalg.norm(one.whole - other.whole)) / norm if norm else float("nan"),
        "sum": abs(float(one.whole.sum() - other.whole.sum())),
    }
