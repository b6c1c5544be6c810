"""xsbert: why does this model find these two texts similar? Names are loaded when they are first used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xsbert import attribution as attribution
    from xsbert import models as models
    from xsbert import plot as plot
    from xsbert import utils as utils
    from xsbert.attribution.contrast import contrast as contrast
    from xsbert.attribution.embedded import TokenVectors as TokenVectors
    from xsbert.attribution.ranking import Ranking as Ranking
    from xsbert.attribution.result import Attribution as Attribution
    from xsbert.models.encoder import XSTransformer as XSTransformer
    from xsbert.models.late import XSMultiVectorEncoder as XSMultiVectorEncoder
    from xsbert.models.sparse import XSSparseEncoder as XSSparseEncoder

__version__ = "0.1.0"

_HOME = {
    "Attribution": "xsbert.attribution.result",
    "Ranking": "xsbert.attribution.ranking",
    "contrast": "xsbert.attribution.contrast",
    "TokenVectors": "xsbert.attribution.embedded",
    "XSTransformer": "xsbert.models.encoder",
    "XSMultiVectorEncoder": "xsbert.models.late",
    "XSSparseEncoder": "xsbert.models.sparse",
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
