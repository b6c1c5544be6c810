"""`XSTransformer`: a SentenceTransformer that explains its similarities."""

from __future__ import annotations

from collections.abc import Mapping
from functools import wraps
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentence_transformers import SentenceTransformer
from torch import nn

from xsbert.models.checks import check_folder
from xsbert.models.encoders.explains import Explains
from xsbert.models.encoders.published import PublishedMethods
from xsbert.models.exact.shared import references_shared
from xsbert.models.exact.shift import ReferenceTransformer, ShiftingReferenceTransformer

if TYPE_CHECKING:
    from xsbert.corpus.store import VectorStore


class XSTransformer(PublishedMethods, Explains, SentenceTransformer):
    """A `SentenceTransformer` that also says why it finds two texts similar.

    Takes what `SentenceTransformer` takes: a name or a path, or `modules=[…]`. `encode`,
    `similarity`, `save` and all the rest are the host's own, and give what they give there.

    Example:
        >>> model = XSTransformer("sentence-transformers/all-MiniLM-L6-v2")
        >>> model.explain("The coffee is bad.", "This is not a good coffee.").words().top(3)
    """

    _host = SentenceTransformer
    # What the host resolves saved class names with, before it asks for trust_remote_code=True.
    _module_classes: Mapping[str, type[nn.Module]] = {
        "xsbert.models.ReferenceTransformer": ReferenceTransformer,
        "xsbert.models.ShiftingReferenceTransformer": ShiftingReferenceTransformer,
    }

    def __init__(self, model_name_or_path: str | None = None, *args: Any, **kwargs: Any) -> None:
        if model_name_or_path is not None:
            check_folder(model_name_or_path)
        super().__init__(model_name_or_path, *args, **kwargs)

    if not TYPE_CHECKING:  # which reads the host's own overloads

        @wraps(SentenceTransformer.encode)
        def encode(self, *args: Any, **kwargs: Any) -> Any:
            """The host's; references of exact models live for one call."""
            with references_shared():
                return super().encode(*args, **kwargs)

    def vector_store(self, path: str | Path, **options: Any) -> VectorStore:
        """A store of documents' token vectors made by this model: makes one, or opens the one that is there.

        Here, and only here, the models look up to `xsbert.corpus`, once a store is asked for.

        Args:
            path: the store's folder, or an address that Lance takes, such as "s3://bucket/reviews.lance".
            method: what is integrated; by default the store's, and of a new one `Presence()`.
            similarity: "cosine" or "dot"; by default the store's, and of a new one the model's.
            precision: how vectors are kept: "int16" (of a new one the default), "float16", "float32" or "int8". An
                attribution's worst cell misses by 1e-4, 6e-4, 0 and 3e-2 of its largest one.
            prompt, prompt_name, task: as of `explain_ranking`: queries and documents have their own.
            matmul_dtype: a lower precision for products, as of `explain`, for all of the store's vectors.

        Raises:
            FileExistsError: there is a file, or a folder with something else.
            ImportError: Lance is not installed.
            ValueError: the store is another model's, or was made otherwise than is asked here.
        """
        if find_spec("lance") is None:
            raise ImportError('a store needs Lance, which is not installed: pip install "xsbert[corpus]".')
        store: VectorStore = import_module("xsbert.corpus.making").vector_store(self, path, **options)
        return store

    @classmethod
    def load(cls, input_path: str) -> XSTransformer:
        """The host's older way to load a saved model."""
        return cls(input_path)


class XSMPNet(XSTransformer):
    """The published class for MPNet encoders, such as all-mpnet-base-v2. An `XSTransformer` explains others too."""


class XSRoberta(XSTransformer):
    """The published class for RoBERTa encoders, such as all-distilroberta-v1."""
