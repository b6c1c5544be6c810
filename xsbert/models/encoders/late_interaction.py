"""`XSMultiVectorEncoder`: late interaction (ColBERT), whose similarity is a sum over token pairs as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sentence_transformers import MultiVectorEncoder

from xsbert.models.checks import check_folder
from xsbert.models.encoders.options import FOR_MATCHES, MatchOptions, settled
from xsbert.models.encoders.wraps import Wraps
from xsbert.models.inputs.lists import listed_ids, listed_pairs, listed_texts
from xsbert.models.inputs.prompts import TextInput, both, text_inputs
from xsbert.models.inputs.text import check_string, read
from xsbert.models.names import name_of
from xsbert.results.arguments import at_least
from xsbert.results.attribution import Attribution
from xsbert.results.parts.words import Offset
from xsbert.results.rankings.ranking import Ranking, ranked

if TYPE_CHECKING:
    from typing_extensions import Unpack


class _Tokens(NamedTuple):
    """A text's token embeddings, `(S, D)`, which of them are scored, and what each stands for."""

    input: TextInput
    embeddings: np.ndarray
    scored: np.ndarray
    tokens: tuple[str, ...]
    offsets: tuple[Offset, ...]
    prompted: tuple[int, ...]
    unknown: tuple[int, ...]
    read: tuple[str, ...]
    truncated: bool


class XSMultiVectorEncoder(Wraps, MultiVectorEncoder):
    """A `MultiVectorEncoder` that also says why it finds a document similar to a query.

    Its score is Σ_q max_d q · d over token embeddings (arXiv 2004.12832). Each token of the query gives its
    product with the document's token that it matches best; all other pairs give nothing. So the matrix
    sums to the score, by construction: there is no layer, reference or quadrature to choose.
    `wrap(model)` gives one from a `MultiVectorEncoder` at hand.
    """

    _host = MultiVectorEncoder

    def __init__(self, model_name_or_path: str | None = None, *args: Any, **kwargs: Any) -> None:
        if model_name_or_path is not None:
            check_folder(model_name_or_path)
        super().__init__(model_name_or_path, *args, **kwargs)

    def explain(self, query: str, document: str, **options: Unpack[MatchOptions]) -> Attribution:
        """Attributes the score of a document for a query to pairs of their tokens.

        Args:
            query, document: the texts, with S_q and S_d tokens.
            options: `prompt`, `prompt_name` and `task`, as of `explain_pairs`.

        Returns:
            The attributions, `(S_q, S_d)`. Tokens that the model does not score have none.

        Raises:
            TypeError: a text is not a string.
            ValueError: no such prompt; or the model pools tokens, so that none stands for itself.
        """
        check_string(query, "query")
        check_string(document, "document")
        return self.explain_pairs([(query, document)], **options)[0]

    def explain_pairs(
        self,
        pairs: Iterable[tuple[str, str]],
        **options: Unpack[MatchOptions],
    ) -> list[Attribution]:
        """`explain` for many pairs, in their order; each text is encoded once.

        Args:
            pairs: queries and documents.
            prompt, prompt_name, task: as of `encode`; one for both texts, or a pair.
            show_progress_bar: as of `encode`.
        """
        chosen = settled(options, FOR_MATCHES, "explain_pairs")
        texts_a, texts_b = zip(*listed_pairs(pairs), strict=True)
        prompts, names, tasks = (both(chosen[name]) for name in ("prompt", "prompt_name", "task"))
        queries = text_inputs(self, texts_a, prompts[0], names[0], tasks[0])
        documents = text_inputs(self, texts_b, prompts[1], names[1], tasks[1])
        known = self._embedded([*queries, *documents], chosen["show_progress_bar"])
        return [self._attributed(known[q], known[d]) for q, d in zip(queries, documents, strict=True)]

    def explain_ranking(
        self,
        query: str,
        documents: Sequence[str],
        *,
        ids: Sequence[str] | None = None,
        top: int | None = None,
        **options: Unpack[MatchOptions],
    ) -> Ranking:
        """`explain` of one query with many documents: their ranking, the most similar first.

        Args:
            ids: what tells the documents apart, strings or whole numbers.
            top: how many of the most similar documents the ranking holds; None for all.
        """
        check_string(query, "query")
        texts = listed_texts(documents, "documents")
        names = listed_ids(ids, len(texts))
        count = len(texts) if top is None else at_least(top, 1, "top", "a whole number of documents, such as 10")
        return ranked(self.explain_pairs([(query, text) for text in texts], **options), names)[:count]

    def _embedded(self, texts: Sequence[TextInput], progress: bool | None) -> dict[TextInput, _Tokens]:
        known: dict[TextInput, _Tokens] = {}
        kinds = dict.fromkeys((text.prompt, text.task) for text in texts)
        for prompt, task in kinds:
            some = [text for text in dict.fromkeys(texts) if (text.prompt, text.task) == (prompt, task)]
            features: Any = self.encode(
                [text.string for text in some],
                prompt=prompt,
                task=task or None,
                output_value=None,
                show_progress_bar=progress,
            )
            known |= {text: self._tokens(text, each) for text, each in zip(some, features, strict=True)}
        return known

    def _tokens(self, text: TextInput, features: dict[str, Any]) -> _Tokens:
        """The text's tokens and their embeddings, without what pads them in their batch."""
        embeddings, scored, ids = (features[name] for name in ("token_embeddings", "attention_mask", "input_ids"))
        if len(embeddings) != len(ids):
            raise ValueError(
                f"This model gives {len(embeddings)} embeddings for {len(ids)} tokens; expected one each: pooled "
                "tokens stand for others. Leave out the token pooling."
            )
        alone = read(self, text)
        length = alone.features["input_ids"].shape[1]
        first = len(ids) - length if self.tokenizer.padding_side == "left" else 0
        own = slice(first, first + length)
        missing = length - len(alone.tokens)  # a query's expansion
        labels = self.tokenizer.convert_ids_to_tokens(ids[own].tolist())
        return _Tokens(
            text,
            embeddings[own].float().cpu().numpy(),
            scored[own].bool().cpu().numpy(),
            alone.tokens + tuple(labels[len(alone.tokens) :]),
            alone.offsets + (None,) * missing,
            alone.prompted,
            alone.unknown,
            alone.read + ("",) * missing * bool(alone.read),
            alone.truncated,
        )

    def _attributed(self, query: _Tokens, document: _Tokens) -> Attribution:
        products = query.embeddings.astype(np.float64) @ document.embeddings.astype(np.float64).T  # (S_q, S_d)
        candidates = np.where(document.scored[None], products, -np.inf)
        matrix = np.zeros_like(products)
        if document.scored.any():
            rows = np.flatnonzero(query.scored)
            best = candidates[rows].argmax(axis=1)
            matrix[rows, best] = products[rows, best]
        similarity = self.similarity_fn_name
        n = float(max(1, query.scored.sum())) if similarity == "meanmaxsim" else 1.0
        norms = (float(np.linalg.norm(query.embeddings)), float(np.linalg.norm(document.embeddings)))
        encoder = self.transformers_model
        return Attribution(
            text_a=query.input.string,
            text_b=document.input.string,
            tokens_a=query.tokens,
            tokens_b=document.tokens,
            offsets_a=query.offsets,
            offsets_b=document.offsets,
            matrix=(matrix / n).astype(np.float32),
            score=float(matrix.sum() / n),
            reference_terms=(0.0, 0.0, 0.0),
            similarity=similarity,
            norms=norms,
            normalizer=n,
            errors=(0.0, 0.0),
            nodes=(0, 0),
            truncated=(query.truncated, document.truncated),
            layer=int(getattr(getattr(encoder, "config", None), "num_hidden_layers", 0)),
            method="MaxSim",
            quadrature="none",
            model=name_of(self),
            prompts=(query.input.prompt, document.input.prompt),
            prompted_a=query.prompted,
            prompted_b=document.prompted,
            unknown_a=query.unknown,
            unknown_b=document.unknown,
            read_a=query.read,
            read_b=document.read,
        )
