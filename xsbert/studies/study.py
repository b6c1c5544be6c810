"""A study of one model, by its name: the questions that the papers asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import cast

from xsbert.models import XSFunction, XSTransformer
from xsbert.models.names import name_of
from xsbert.pairs import ScoredPair
from xsbert.studies.explanations import METHODS, Explanations
from xsbert.studies.findings import Findings
from xsbert.studies.material import Material
from xsbert.studies.texts.parses import ENGLISH

NAMES = (
    "accuracy",
    "steps",
    "few-pairs",
    "agreement",
    "parts-of-speech",
    "roles",
    "swaps",
    "negation",
    "opposites",
    "lexical-bias",
)
OF_LAYERS = ("steps", "agreement")
"""What is asked of a model's layers."""


def study(
    name: str,
    model: XSTransformer | XSFunction,
    pairs: Sequence[tuple[str, str, float]],
    methods: Sequence[str] = ("presence",),
    *,
    others: Mapping[str, XSTransformer] | None = None,
    layers: Sequence[int] | None = None,
    folder: str | Path | None = None,
    chunks: str | Path | None = None,
    parser: str = ENGLISH,
) -> Findings:
    """Does one study.

    Args:
        name: of `NAMES`: what is asked.
        model: the model; a function only for what needs no layers, and by "removal".
        pairs: two texts each, and what people say of their similarity, from 0 to 1.
        methods: what explains: "presence", "padding", "padding, shared", "relevance", "decomposition", "removal",
            "uniform".
        others: models to compare with, by name; "agreement" needs some.
        layers: for "agreement" and "steps"; by default the first, the middle one and the last two.
        folder: where explanations are kept; the same folder goes on with them. By default they are not kept.
        chunks: a folder with human alignments of chunks (iSTS), for "lexical-bias".
        parser: spaCy's model, for what needs parses.

    Returns:
        The findings: a table, a picture, claims beside what was found. A notebook shows them as they are.

    Raises:
        ValueError: an unknown name or method, no pairs, or what the study needs is not there: other models, a
            parser, sentences that fit.
    """
    scored = [ScoredPair(*pair) for pair in pairs]
    if not scored:
        raise ValueError("study got no pairs; expected some of (text a, text b, score).")
    if unknown := [method for method in methods if method not in METHODS]:
        raise ValueError(f"methods got {unknown[0]!r}; expected some of {', '.join(map(repr, METHODS))}.")
    if isinstance(model, XSFunction) and (name in OF_LAYERS or set(methods) - {"removal"}):
        raise ValueError(
            f"study got the function {model.name!r}, {name!r} and {tuple(methods)}; expected methods=('removal',), and "
            f"a question that needs no layers, as {' and '.join(map(repr, OF_LAYERS))} do."
        )
    made = Material(
        name=model.name if isinstance(model, XSFunction) else name_of(model),
        model=cast(XSTransformer, model),
        scored=scored,
        whole=scored,
        methods=methods,
        kept=Explanations(folder),
        others=others or {},
        layers=layers,
        parser_name=parser,
        chunks=chunks,
    )
    return of_material(name, made)


def of_material(name: str, made: Material) -> Findings:
    """Does one study of what was made ready.

    Raises:
        ValueError: as `study`.
    """
    if name not in NAMES:
        raise ValueError(f"study got {name!r}; expected one of {', '.join(map(repr, NAMES))}.")
    found: Findings = import_module(f"xsbert.studies.questions.{name.replace('-', '_')}").study(made)
    return found
