"""xsbert: why does this model find these two texts similar?

Names are loaded when they are first used: a saved result opens without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xsbert import attribution as attribution
    from xsbert import models as models
    from xsbert import plot as plot
    from xsbert import utils as utils
    from xsbert.models.encoders.late_interaction import XSMultiVectorEncoder as XSMultiVectorEncoder
    from xsbert.models.encoders.sparse import XSSparseEncoder as XSSparseEncoder
    from xsbert.models.encoders.transformer import XSTransformer as XSTransformer
    from xsbert.models.removal.function import XSFunction as XSFunction
    from xsbert.models.removal.function import explain as explain
    from xsbert.results.attribution import Attribution as Attribution
    from xsbert.results.pair_sets import summary as summary
    from xsbert.results.rankings.contrast import contrast as contrast
    from xsbert.results.rankings.ranking import Ranking as Ranking
    from xsbert.results.token_vectors import TokenVectors as TokenVectors

__version__ = "0.1.0"

_HOME = {
    "Attribution": "xsbert.results.attribution",
    "Ranking": "xsbert.results.rankings.ranking",
    "XSFunction": "xsbert.models.removal.function",
    "contrast": "xsbert.results.rankings.contrast",
    "explain": "xsbert.models.removal.function",
    "summary": "xsbert.results.pair_sets",
    "TokenVectors": "xsbert.results.token_vectors",
    "XSTransformer": "xsbert.models.encoders.transformer",
    "XSMultiVectorEncoder": "xsbert.models.encoders.late_interaction",
    "XSSparseEncoder": "xsbert.models.encoders.sparse",
}
_MODULES = ("attribution", "models", "plot", "utils")

__all__ = [*_HOME, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name in _MODULES:
        return import_module(f"xsbert.{name}")
    raise AttributeError(f"module 'xsbert' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
