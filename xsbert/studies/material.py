"""What a study works on: a model, scored pairs, methods; what is computed of them is computed once."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from xsbert.evaluation.judges.encodings import Encodings
from xsbert.evaluation.methods.matrices import WordMatrix
from xsbert.models import ShiftingReferenceTransformer, XSTransformer
from xsbert.models.splitting.layer_stack import layers_of, resolve_layer
from xsbert.pairs import ScoredPair
from xsbert.studies.explanations import METHODS, Explanations
from xsbert.studies.texts.parses import ENGLISH, Parser

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Material:
    """What a study works on.

    Args:
        name: what the model is called.
        model: the model.
        scored: the pairs that are drawn for the study, with what people say of them.
        whole: all pairs that they were drawn from, for what needs no explanations.
        methods: what explains, by name; of `METHODS`.
        kept: where explanations are kept.
        others: models to compare with, by name.
        layers: for what asks layer by layer; by default the first, the middle one and the last two.
        parser_name: spaCy's model.
        chunks: a folder with human alignments of chunks (iSTS), for what asks with them.
        show: whether bars show the progress.
    """

    name: str
    model: XSTransformer = field(repr=False)
    scored: Sequence[ScoredPair]
    whole: Sequence[ScoredPair]
    methods: Sequence[str]
    kept: Explanations
    others: Mapping[str, XSTransformer] = field(default_factory=dict)
    layers: Sequence[int] | None = None
    parser_name: str = ENGLISH
    chunks: str | Path | None = None
    show: bool = False

    def __post_init__(self) -> None:
        if self.name in self.others:
            raise ValueError(f"two models are called {self.name!r}; expected names that tell them apart.")

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The drawn pairs of texts."""
        return [(pair.text_a, pair.text_b) for pair in self.scored]

    @property
    def gold(self) -> np.ndarray:
        """What people say of them, from 0 to 1."""
        return np.array([pair.score for pair in self.scored])

    def explained(self, method: str, pairs: Pairs | None = None) -> list[WordMatrix]:
        """Matrices over words of the drawn pairs, or of others, by a method of a name."""
        return self.at(self.name, method, None, pairs)

    def at(self, model: str, method: str, layer: int | None, pairs: Pairs | None = None) -> list[WordMatrix]:
        """The same by one of the models at a layer; None is the method's own."""
        of = self.models[model]
        show = f"{model}, {method}" + ("" if layer is None else f", layer {layer}") if self.show else ""
        return self.kept.of(of, METHODS[method](of, layer), self.pairs if pairs is None else pairs, show)

    def scores(self, pairs: Pairs) -> np.ndarray:
        """The model's similarities."""
        return self.similarities(self.name, pairs)

    def similarities(self, model: str, pairs: Pairs) -> np.ndarray:
        """The same by one of the models."""
        encodings = self._encodings[model]
        a, b = (encodings([pair[side] for pair in pairs]) for side in (0, 1))
        return (a * b).sum(axis=1)

    @cached_property
    def models(self) -> dict[str, XSTransformer]:
        """The models by name, this one first."""
        return {self.name: self.model, **self.others}

    def is_exact(self, model: str) -> bool:
        """Whether one of the models subtracts its reference's embedding, so that its pairs sum to its scores."""
        modules: Iterable[Any] = getattr(self.models[model], "modules", tuple)()  # a function has none
        return any(isinstance(module, ShiftingReferenceTransformer) for module in modules)

    @cached_property
    def _encodings(self) -> dict[str, Encodings]:
        return {name: Encodings(model) for name, model in self.models.items()}

    @cached_property
    def parser(self) -> Parser:
        """The reader of parses, with the drawn texts read.

        Raises:
            ValueError: spaCy or its model is not installed.
        """
        parser = Parser(self.parser_name)
        parser.read(text for pair in self.pairs for text in pair)
        return parser

    @cached_property
    def rarity(self) -> dict[str, float]:
        """Each word's inverse document frequency, ln(N / n), in the texts that the pairs were drawn from."""
        texts = dict.fromkeys(text for pair in self.whole for text in (pair.text_a, pair.text_b))
        counts = Counter(word for text in texts for word in set(re.findall(r"\w+", text.casefold())))
        return {word: math.log(len(texts) / count) for word, count in counts.items()}

    @cached_property
    def asked_layers(self) -> list[int]:
        """The layers for what asks layer by layer, from the first on.

        Raises:
            ValueError: one is out of range.
        """
        count = len(layers_of(self.model.transformers_model))
        layers = (0, count // 2, -2, -1) if self.layers is None else self.layers
        return sorted({resolve_layer(layer, count) for layer in layers})
