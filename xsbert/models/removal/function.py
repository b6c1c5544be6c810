"""`XSFunction`: why any function that gives embeddings finds two texts similar."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from xsbert.attribution.pair import check_similarity
from xsbert.models.inputs.lists import listed_ids, listed_pairs, listed_texts
from xsbert.models.inputs.prompts import TextInput
from xsbert.models.inputs.text import check_string
from xsbert.models.methods.removal import Removal
from xsbert.models.progress import Progress, progress_of
from xsbert.models.removal.encodings import EncodeError, Encodings, of_unit_length
from xsbert.models.removal.engine import RemovalEngine, texts_of
from xsbert.models.removal.kept_embeddings import KeptEmbeddings
from xsbert.models.removal.sources import OfFunction, checked_input
from xsbert.results.arguments import at_least
from xsbert.results.attribution import Attribution
from xsbert.results.rankings.ranking import Ranking, ranked_among
from xsbert.results.token_vectors import TokenVectors


class XSFunction:
    """A function from texts to embeddings that also says why it finds two texts similar: an API's client, any service.

    Words are taken away, `Removal()`, and the rest is embedded. What was embedded once is not asked for again.

    Args:
        encode: texts → embeddings: a list of strings to an array, a tensor or lists of numbers, `(N, D)`. Retries are
            its own matter; what it raises ends the explanation, and what it gave before is kept.
        similarity: "cosine" or "dot".
        name: what results call the function, and what its embeddings are kept under; by default the function's name.
        batch_size: how many texts a call has at most.
        per_minute: how many calls a minute may have; None for as many as can be.
        cache: a file in which embeddings are kept, for this process and later ones. Needs a `name`.

    Raises:
        TypeError: `encode` can't be called, or an argument is of another type.
        ValueError: another similarity, a size or rate that is not positive, a cache without a name, or a file that is
            no cache.
        FileNotFoundError: the cache's folder is not there.

    Example:
        >>> model = XSFunction(lambda texts: client.embed(texts).embeddings, name="some-api v3", cache="api.sqlite")
        >>> model.explain("The coffee is bad.", "This is not a good coffee.").top(3)
    """

    def __init__(
        self,
        encode: Callable[[list[str]], Any],
        similarity: str = "cosine",
        *,
        name: str | None = None,
        batch_size: int = 64,
        per_minute: float | None = None,
        cache: str | Path | None = None,
    ) -> None:
        if not callable(encode):
            raise TypeError(f"encode got {encode!r:.60}; expected a function from a list of strings to an array.")
        check_similarity(similarity)
        batch_size = at_least(batch_size, 1, "batch_size", "a whole number of texts, such as 64")
        if per_minute is not None and not per_minute > 0:
            raise ValueError(f"per_minute got {per_minute!r}; expected calls a minute, such as 60, or None.")
        if cache is not None and not name:
            raise ValueError(
                f"cache got {str(cache)!r} and no name; expected name= beside it, such as the model's name and "
                "version: embeddings of one function must not be taken for another's."
            )
        self.name = str(name or getattr(encode, "__name__", type(encode).__name__))
        self.similarity_fn_name = similarity
        disk = None if cache is None else KeptEmbeddings(cache, self.name)
        self._encodings = Encodings(encode, batch_size, per_minute, disk, paid=True)

    def encode(self, texts: Sequence[str], **_: Any) -> np.ndarray:
        """The function's embeddings, `(N, D)`, each text's asked for once; what else models take is ignored."""
        return self._encodings(list(texts))

    def explain(self, text_a: str, text_b: str, **options: Any) -> Attribution:
        """Attributes the similarity of two texts to pairs of their words.

        Args:
            text_a, text_b: the texts.
            method: `Removal()`, with the number of sub-texts, the seed and the units.
            show_progress_bar: True or False; by default at a terminal or in a notebook. It says how many calls there
                will be.

        Returns:
            The attributions, `(W_a, W_b)`, with the score, and each pair's standard error.

        Raises:
            EncodeError: the function raised an exception. What it gave before is kept: ask again.
            TypeError, ValueError: a text is no string, an option is unknown, or the function gave no embeddings.

        Warns:
            UserWarning: the function gives one text several embeddings that differ.
        """
        check_string(text_a, "text_a")
        check_string(text_b, "text_b")
        return self.explain_pairs([(text_a, text_b)], **options)[0]

    def explain_pairs(
        self,
        pairs: Iterable[tuple[str, str]],
        *,
        method: Removal = Removal(),  # a frozen value
        show_progress_bar: bool | None = None,
    ) -> list[Attribution]:
        """`explain` for many pairs, in their order. Each text is worked on once."""
        inputs = [(checked_input(a, "text_a"), checked_input(b, "text_b")) for a, b in listed_pairs(pairs)]
        engine = self._engine(method)
        with self._noted(), self._progress(engine, texts_of(inputs), show_progress_bar) as progress:
            return engine.explain(inputs, progress)

    def explain_ranking(
        self,
        query: str,
        documents: Sequence[str],
        *,
        ids: Sequence[str] | None = None,
        top: int | None = None,
        method: Removal = Removal(),
        show_progress_bar: bool | None = None,
    ) -> Ranking:
        """`explain` of one query with many documents, the most similar first; as of `XSTransformer`."""
        texts = listed_texts(documents, "documents")
        names = listed_ids(ids, len(texts))
        count = len(texts) if top is None else at_least(top, 1, "top", "a whole number of documents, such as 10")
        best = list(range(len(texts)))
        if count < len(texts):
            similarities = self._similarities(query, texts)
            best = sorted(sorted(best, key=lambda i: -similarities[i])[:count])
        pairs = [(query, texts[i]) for i in best]
        found = self.explain_pairs(pairs, method=method, show_progress_bar=show_progress_bar)
        return ranked_among(found, best, names, len(texts))

    def token_vectors(
        self,
        texts: Sequence[str],
        *,
        method: Removal = Removal(),
        show_progress_bar: bool | None = None,
    ) -> list[TokenVectors]:
        """Each text's embedding as a sum of its words' vectors, `(W, D)`."""
        inputs = [checked_input(text, f"texts[{i}]") for i, text in enumerate(listed_texts(texts))]
        engine = self._engine(method)
        with self._noted(), self._progress(engine, list(dict.fromkeys(inputs)), show_progress_bar) as progress:
            return engine.token_vectors(inputs, progress)

    def _similarities(self, text: str, others: Sequence[str]) -> np.ndarray:
        with self._noted():
            embeddings = self.encode([text, *others])
        found = of_unit_length(embeddings) if self.similarity_fn_name == "cosine" else embeddings.astype(np.float64)
        return np.asarray(found[1:] @ found[0])

    def calls(self, texts: Sequence[str], *, method: Removal = Removal()) -> int:
        """How many calls it takes to explain these texts, with each other or with any others that are known."""
        inputs = [checked_input(text, f"texts[{i}]") for i, text in enumerate(listed_texts(texts))]
        return self._calls(self._engine(method), inputs)

    def _engine(self, method: Removal) -> RemovalEngine:
        if not isinstance(method, Removal):
            raise TypeError(
                f"method got {method!r:.60}; expected Removal(): of a function's inside nothing is known, so that "
                "words can only be taken away from its texts."
            )
        return RemovalEngine(OfFunction(self.name, self._encodings), method, self.similarity_fn_name)

    def _calls(self, engine: RemovalEngine, texts: Sequence[TextInput]) -> int:
        return self._encodings.calls(len(self._encodings.new(engine.sub_texts(texts))))

    @contextmanager
    def _progress(self, engine: RemovalEngine, texts: Sequence[TextInput], show: bool | None) -> Iterator[Progress]:
        """A bar that says at once how many calls there will be; none where there are none."""
        calls = self._calls(engine, texts)
        title = f"Texts, in {calls:,} call{'' if calls == 1 else 's'}"
        with progress_of(len(texts), show if calls else False, title, at_once=True) as progress:
            yield progress

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """An `EncodeError` learns whom to ask again."""
        try:
            yield
        except EncodeError as error:
            error.encoder = self
            raise


def explain(
    encode: Callable[[list[str]], Any],
    text_a: str,
    text_b: str,
    similarity: str = "cosine",
    *,
    method: Removal = Removal(),
    show_progress_bar: bool | None = None,
    **settings: Any,
) -> Attribution:
    """Attributes the similarity of two texts under any embedding function to pairs of their words.

    Args:
        encode: texts → embeddings, `(N, D)`, as an API's client gives them.
        text_a, text_b: the texts.
        similarity: "cosine" or "dot".
        method: how many sub-texts are embedded, and of what.
        show_progress_bar: as of `XSFunction.explain`.
        settings: the others of `XSFunction`: name, batch_size, per_minute, cache.

    Raises:
        EncodeError: the function raised an exception. With a cache the next run goes on from there; without one, the
            error's `encoder` does: `error.encoder.explain(text_a, text_b)`.
        TypeError, ValueError: as of `XSFunction` and its `explain`.
    """
    model = XSFunction(encode, similarity, **settings)
    return model.explain(text_a, text_b, method=method, show_progress_bar=show_progress_bar)
