"""Is an explanation true? Judges of methods, methods to compare with, and the study that compares them.

Names are loaded when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xsbert.evaluation.grid import Grid as Grid
    from xsbert.evaluation.judges.alignment import HumanAlignments as HumanAlignments
    from xsbert.evaluation.judges.coalitions import Coalitions as Coalitions
    from xsbert.evaluation.judges.completeness import Completeness as Completeness
    from xsbert.evaluation.judges.curves import Curves as Curves
    from xsbert.evaluation.judges.deletion import DeletionInteractions as DeletionInteractions
    from xsbert.evaluation.judges.directions import Directions as Directions
    from xsbert.evaluation.judges.encodings import Encodings as Encodings
    from xsbert.evaluation.judges.interactions import ShortTexts as ShortTexts
    from xsbert.evaluation.judges.ists import read_alignments as read_alignments
    from xsbert.evaluation.judges.judge import Judge as Judge
    from xsbert.evaluation.methods.attention import AttentionRollout as AttentionRollout
    from xsbert.evaluation.methods.explainer import Chance as Chance
    from xsbert.evaluation.methods.explainer import Explainer as Explainer
    from xsbert.evaluation.methods.explainer import IntegratedJacobian as IntegratedJacobian
    from xsbert.evaluation.methods.explainer import Uniform as Uniform
    from xsbert.evaluation.methods.leaving import LeaveOneOut as LeaveOneOut
    from xsbert.evaluation.methods.matrices import PairMatrix as PairMatrix
    from xsbert.evaluation.methods.matrices import WordMatrix as WordMatrix
    from xsbert.evaluation.methods.products import Cosines as Cosines
    from xsbert.evaluation.methods.products import Decomposition as Decomposition
    from xsbert.evaluation.methods.relevance import Relevance as Relevance
    from xsbert.evaluation.methods.sanity import Randomised as Randomised
    from xsbert.evaluation.statistics import bootstrap as bootstrap
    from xsbert.evaluation.study import Study as Study
    from xsbert.evaluation.study import Task as Task

_HOME = {
    "Explainer": "methods.explainer",
    "IntegratedJacobian": "methods.explainer",
    "Chance": "methods.explainer",
    "Uniform": "methods.explainer",
    "LeaveOneOut": "methods.leaving",
    "Relevance": "methods.relevance",
    "AttentionRollout": "methods.attention",
    "Decomposition": "methods.products",
    "Cosines": "methods.products",
    "Randomised": "methods.sanity",
    "PairMatrix": "methods.matrices",
    "WordMatrix": "methods.matrices",
    "Encodings": "judges.encodings",
    "Judge": "judges.judge",
    "DeletionInteractions": "judges.deletion",
    "Curves": "judges.curves",
    "Coalitions": "judges.coalitions",
    "Completeness": "judges.completeness",
    "Directions": "judges.directions",
    "ShortTexts": "judges.interactions",
    "HumanAlignments": "judges.alignment",
    "read_alignments": "judges.ists",
    "Grid": "grid",
    "Study": "study",
    "Task": "study",
    "bootstrap": "statistics",
}

__all__ = [*_HOME]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"xsbert.evaluation.{_HOME[name]}"), name)
    raise AttributeError(f"module 'xsbert.evaluation' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__]
