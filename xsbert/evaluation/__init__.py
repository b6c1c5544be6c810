"""Is an explanation true? Judges of methods, methods to compare with, and the study that compares them.

Names are loaded when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xsbert.evaluation.alignment import HumanAlignments as HumanAlignments
    from xsbert.evaluation.attention import AttentionRollout as AttentionRollout
    from xsbert.evaluation.coalitions import Coalitions as Coalitions
    from xsbert.evaluation.completeness import Completeness as Completeness
    from xsbert.evaluation.curves import Curves as Curves
    from xsbert.evaluation.deletion import DeletionInteractions as DeletionInteractions
    from xsbert.evaluation.encodings import Encodings as Encodings
    from xsbert.evaluation.grid import Grid as Grid
    from xsbert.evaluation.interactions import ShortTexts as ShortTexts
    from xsbert.evaluation.ists import read_alignments as read_alignments
    from xsbert.evaluation.judges import Judge as Judge
    from xsbert.evaluation.leaving import LeaveOneOut as LeaveOneOut
    from xsbert.evaluation.matrices import PairMatrix as PairMatrix
    from xsbert.evaluation.matrices import WordMatrix as WordMatrix
    from xsbert.evaluation.methods import Chance as Chance
    from xsbert.evaluation.methods import Explainer as Explainer
    from xsbert.evaluation.methods import IntegratedJacobian as IntegratedJacobian
    from xsbert.evaluation.methods import Uniform as Uniform
    from xsbert.evaluation.products import Cosines as Cosines
    from xsbert.evaluation.products import Decomposition as Decomposition
    from xsbert.evaluation.relevance import Relevance as Relevance
    from xsbert.evaluation.sanity import Randomised as Randomised
    from xsbert.evaluation.statistics import bootstrap as bootstrap
    from xsbert.evaluation.study import Study as Study
    from xsbert.evaluation.study import Task as Task

_HOME = {
    "Explainer": "methods",
    "IntegratedJacobian": "methods",
    "Chance": "methods",
    "Uniform": "methods",
    "LeaveOneOut": "leaving",
    "Relevance": "relevance",
    "AttentionRollout": "attention",
    "Decomposition": "products",
    "Cosines": "products",
    "Randomised": "sanity",
    "PairMatrix": "matrices",
    "WordMatrix": "matrices",
    "Encodings": "encodings",
    "Judge": "judges",
    "DeletionInteractions": "deletion",
    "Curves": "curves",
    "Coalitions": "coalitions",
    "Completeness": "completeness",
    "ShortTexts": "interactions",
    "HumanAlignments": "alignment",
    "read_alignments": "ists",
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
