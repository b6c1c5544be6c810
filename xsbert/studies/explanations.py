"""Explanations of many pairs, kept as they come: several studies of one model explain each pair once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from xsbert.evaluation.fingerprint import fingerprint
from xsbert.evaluation.ledger import Ledger
from xsbert.evaluation.methods.explainer import Explainer, IntegratedJacobian, Uniform
from xsbert.evaluation.methods.matrices import WordMatrix, Words
from xsbert.evaluation.methods.products import Decomposition
from xsbert.evaluation.methods.relevance import Relevance
from xsbert.models import HiddenStates, Presence, Removal, XSTransformer

METHODS: dict[str, Callable[[XSTransformer, int | None], Explainer]] = {
    "presence": lambda model, layer: IntegratedJacobian(model, Presence(layer)),
    "padding": lambda model, layer: IntegratedJacobian(model, HiddenStates(-2 if layer is None else layer)),
    "padding, shared": lambda model, layer: IntegratedJacobian(
        model, HiddenStates(-2 if layer is None else layer, shared=True)
    ),
    "relevance": lambda model, layer: Relevance(model, layer or 0),
    "decomposition": lambda model, layer: Decomposition(model),
    "removal": lambda model, layer: IntegratedJacobian(model, Removal()),
    "uniform": lambda model, layer: Uniform(model),
}
"""What studies look at, by name, for a model and a layer, or the method's own: ours, and what stands beside it."""
BY_LAYER = ("presence", "padding", "padding, shared", "relevance")
PAIRS_AT_ONCE = 16
"""Pairs that a killed run loses at most."""


class Explanations:
    """Matrices over words, in a folder.

    Args:
        folder: where they are kept; the same folder goes on with them. None: as long as this object is there.

    Raises:
        ValueError: the folder's file is damaged; with the line.
    """

    def __init__(self, folder: str | Path | None) -> None:
        self._temporary = TemporaryDirectory() if folder is None else None  # goes with this object
        self._ledger = Ledger(Path(self._temporary.name if self._temporary else folder or "") / "explanations.jsonl")
        self._fingerprints: dict[int, str] = {}

    def of(
        self,
        model: XSTransformer,
        method: Explainer,
        pairs: Sequence[tuple[str, str]],
        show: str = "",
    ) -> list[WordMatrix]:
        """Each pair's matrix over words, those that are kept as they are.

        Args:
            model: the model that `method` explains.
            method: what explains; its repr is what its results are kept under, with the model's weights.
            pairs: the pairs.
            show: what a bar that shows the progress is called; none by default.
        """
        of_model = self._fingerprints.setdefault(id(model), "") or fingerprint(model)
        self._fingerprints[id(model)] = of_model
        keys = [(of_model, repr(method), *pair) for pair in dict.fromkeys(pairs)]
        missing = [key for key in keys if key not in self._ledger]
        with tqdm(total=len(keys), initial=len(keys) - len(missing), desc=show, disable=not show or not missing) as bar:
            for start in range(0, len(missing), PAIRS_AT_ONCE):
                some = missing[start : start + PAIRS_AT_ONCE]
                found = method.explain([key[2:] for key in some])
                for key, x in zip(some, found, strict=True):
                    self._ledger.add(key, _packed(WordMatrix.of(x)))
                bar.update(len(some))
        known = {key[2:]: _unpacked(*key[2:], self._ledger[key]) for key in keys}
        return [known[pair] for pair in pairs]


def _packed(x: WordMatrix) -> list[Any]:
    return [x.a.spans, x.b.spans, [[float(f"{value:.6g}") for value in row] for row in x.whole]]


def _unpacked(text_a: str, text_b: str, kept: list[Any]) -> WordMatrix:
    a, b = (
        Words(text, tuple((start, end) for start, end in spans))
        for text, spans in ((text_a, kept[0]), (text_b, kept[1]))
    )
    return WordMatrix(a, b, np.array(kept[2], dtype=float).reshape(len(a) + 1, len(b) + 1))
