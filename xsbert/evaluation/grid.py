"""What the study compares: the rows of its tables, declared in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from xsbert.attribution import RightRiemann
from xsbert.evaluation.examples import PAIRS
from xsbert.evaluation.methods.attention import AttentionRollout
from xsbert.evaluation.methods.explainer import Chance, Explainer, IntegratedJacobian, Uniform
from xsbert.evaluation.methods.leaving import LeaveOneOut
from xsbert.evaluation.methods.products import Cosines, Decomposition
from xsbert.evaluation.methods.relevance import Relevance
from xsbert.evaluation.methods.sanity import Randomised
from xsbert.models import (
    HiddenStates,
    MaskReference,
    MeanReference,
    PaddingReference,
    Presence,
    Reference,
    Removal,
    XSTransformer,
    ZeroReference,
)
from xsbert.models.splitting.layer_stack import layers_of, resolve_layer

BY_LAYER: dict[str, Callable[[XSTransformer, int], Explainer]] = {
    "published": lambda model, layer: IntegratedJacobian(model, HiddenStates(layer, quadrature=RightRiemann(50))),
    "gradient × input": lambda model, layer: IntegratedJacobian(model, HiddenStates(layer, quadrature=RightRiemann(1))),
    "presence": lambda model, layer: IntegratedJacobian(model, Presence(layer)),
    "presence, not shared": lambda model, layer: IntegratedJacobian(model, Presence(layer, shared=False)),
    "padding, shared": lambda model, layer: IntegratedJacobian(model, HiddenStates(layer, shared=True)),
    "relevance": lambda model, layer: Relevance(model, layer),
}
OF_THE_MODEL: dict[str, Callable[[XSTransformer, int], Explainer]] = {
    "attention": lambda model, seed: AttentionRollout(model),
    "decomposition": lambda model, seed: Decomposition(model),
    "cosines": lambda model, seed: Cosines(model),
    "removal": lambda model, seed: IntegratedJacobian(model, Removal(seed=seed)),
    "leave one out": lambda model, seed: LeaveOneOut(model),
    "uniform": lambda model, seed: Uniform(model),
    "random": lambda model, seed: Chance(model, seed),
}
OURS = "integrated"
METHODS = (OURS, *BY_LAYER, *OF_THE_MODEL)


def references() -> dict[str, Reference]:
    """The references that are compared, by name."""
    return {
        "padding": PaddingReference(),
        "mask": MaskReference(),
        "zero": ZeroReference(),
        "mean": MeanReference(tuple(text for pair in PAIRS for text in pair)),
    }


class Row(NamedTuple):
    """A row of the study's tables.

    Args:
        subject: the model's name in the study.
        name: the method's; its layer and reference stand beside it, where it has them.
        method: the method itself.
    """

    subject: str
    name: str
    layer: int | None
    reference: str
    method: Explainer

    @property
    def label(self) -> str:
        """The method with its layer and its reference."""
        layer = "" if self.layer is None else f", layer {self.layer}"
        return self.name + layer + (f", {self.reference}" if self.reference else "")


class Comparison(NamedTuple):
    """A question about two rows: how alike they are."""

    question: str
    row: Row
    other: Row


@dataclass(frozen=True)
class Grid:
    """Layers × references × baselines, for each model.

    Args:
        subjects: the models by name: the first as it is, others made exact by fine-tuning.
        layers: their numbers; negative from the end.
        references: by name. An exact model is given the padding reference alone, which it is exact for.
        methods: names from `METHODS`.
        seed: of what is random.

    Raises:
        ValueError: an unknown method, or a layer out of range.
    """

    subjects: dict[str, XSTransformer] = field(repr=False)
    layers: Sequence[int]
    references: dict[str, Reference]
    methods: Sequence[str] = METHODS
    seed: int = 0

    def __post_init__(self) -> None:
        if unknown := [name for name in self.methods if name not in METHODS]:
            raise ValueError(f"methods got {unknown[0]!r}; expected some of {', '.join(map(repr, METHODS))}.")

    @cached_property
    def rows(self) -> list[Row]:
        """Every method for the first model; for the others ours, and what is no matter of layers."""
        return [row for name in self.subjects for row in self._of(name)]

    def _of(self, subject: str) -> Iterator[Row]:
        model, first = self.subjects[subject], subject == next(iter(self.subjects))
        count = len(layers_of(model.transformers_model))
        layers = sorted({resolve_layer(layer, count) for layer in self.layers})
        found = self.references if first else {"padding": PaddingReference()}
        if OURS in self.methods:
            for name, reference in found.items():
                for layer in layers:
                    yield Row(subject, OURS, layer, name, IntegratedJacobian(model, HiddenStates(layer, reference)))
        for name, by_layer in BY_LAYER.items():
            if name in self.methods and first:
                yield from (Row(subject, name, layer, "", by_layer(model, layer)) for layer in layers)
        for name, of_model in OF_THE_MODEL.items():
            if name in self.methods:
                yield Row(subject, name, None, "", of_model(model, self.seed))

    @cached_property
    def randomised(self) -> list[tuple[Row, list[Row]]]:
        """Our rows of the first model, each with itself on random weights in 1 to L layers from the top, and in all."""
        subject, model = next(iter(self.subjects.items()))
        tops = range(1, len(layers_of(model.transformers_model)) + 2)
        ours = [row for row in self.rows if row.subject == subject and row.name == OURS]
        return [(row, [self._twin(row, top, top == tops[-1]) for top in tops]) for row in ours]

    def _twin(self, row: Row, top: int, whole: bool) -> Row:
        of = "all weights random" if whole else f"{top} layers random" if top > 1 else "the last layer random"
        return row._replace(name=f"{row.name} with {of}", method=Randomised(row.method, top, self.seed))

    @cached_property
    def comparisons(self) -> list[Comparison]:
        """How far the published rule is from convergence; whether references, and exact models, agree."""
        names = list(self.subjects)
        ours = {(row.subject, row.layer, row.reference): row for row in self.rows if row.name == OURS}
        found = []
        for row in self.rows:
            if row.name == "published" and (converged := ours.get((row.subject, row.layer, "padding"))):
                found.append(Comparison("published rule, converged", row, converged))
        for (subject, layer, reference), row in ours.items():
            padding = ours.get((names[0], layer, "padding"))
            if reference != "padding" and padding:
                found.append(Comparison(f"{reference} reference, padding reference", row, padding))
            if subject != names[0]:
                found += [
                    Comparison(f"{subject} model, model as it is with {other.reference}", row, other)
                    for key, other in ours.items()
                    if key[:2] == (names[0], layer)
                ]
        return found
