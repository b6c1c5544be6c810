"""`XSSparseEncoder`: a SparseEncoder (SPLADE) that explains its similarities."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sentence_transformers import SparseEncoder

from xsbert.models.checks import check_folder
from xsbert.models.encoders.explains import Explains
from xsbert.models.encoders.options import PairOptions, VectorOptions
from xsbert.models.pictures.given import Side
from xsbert.results.attribution import Attribution
from xsbert.results.token_vectors import TokenVectors

if TYPE_CHECKING:
    from typing_extensions import Unpack


class XSSparseEncoder(Explains, SparseEncoder):
    """A `SparseEncoder` that also says why it finds two texts similar.

    Its embeddings are as long as a vocabulary, which forward mode does not mind: it takes a pass for
    each token, not for each dimension. `wrap(model)` gives one from a `SparseEncoder` at hand.
    """

    _host = SparseEncoder

    def __init__(self, model_name_or_path: str | None = None, *args: Any, **kwargs: Any) -> None:
        if model_name_or_path is not None:
            check_folder(model_name_or_path)
        super().__init__(model_name_or_path, *args, **kwargs)

    def explain_pairs(self, pairs: Iterable[tuple[Side, Side]], **options: Unpack[PairOptions]) -> list[Attribution]:
        """As of `XSTransformer`.

        Raises:
            ValueError: as there; or `max_active_dims` is set: which dimensions are kept changes from text to text.
        """
        self._check_dimensions()
        return super().explain_pairs(pairs, **options)

    def token_vectors(self, texts: Sequence[Side], **options: Unpack[VectorOptions]) -> list[TokenVectors]:
        """As of `XSTransformer`.

        Raises:
            ValueError: as `explain_pairs`.
        """
        self._check_dimensions()
        return super().token_vectors(texts, **options)

    def _check_dimensions(self) -> None:
        if self.max_active_dims is not None:
            raise ValueError(
                f"This model keeps the {self.max_active_dims} largest dimensions of each embedding, other ones for "
                "each text; expected a model that keeps all. Set model.max_active_dims = None."
            )
