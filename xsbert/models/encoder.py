"""`XSTransformer`: a SentenceTransformer that explains its similarities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn
from tqdm.auto import tqdm

from xsbert.attribution.adaptive import Adaptive
from xsbert.attribution.integrate import Path, token_vectors
from xsbert.attribution.pair import attribute, check_similarity
from xsbert.attribution.quadrature import Rule
from xsbert.attribution.result import Attribution, TokenVectors
from xsbert.models.checks import check_folder, check_method, check_texts, warn
from xsbert.models.published import PublishedMethods
from xsbert.models.reference import PaddingReference, Reference
from xsbert.models.shift import ReferenceTransformer, ShiftingReferenceTransformer
from xsbert.models.tail import Split
from xsbert.models.text import Text, read


class XSTransformer(PublishedMethods, SentenceTransformer):
    """A `SentenceTransformer` that also says why it finds two texts similar.

    Takes what `SentenceTransformer` takes: a name or a path, or `modules=[…]`. `encode`,
    `similarity`, `save` and all the rest are the host's own, and give what they give there.

    Example:
        >>> model = XSTransformer("sentence-transformers/all-MiniLM-L6-v2")
        >>> model.explain("The coffee is bad.", "This is not a good coffee.").words().top(3)
    """

    # What the host resolves saved class names with, before it asks for trust_remote_code=True.
    _module_classes: Mapping[str, type[nn.Module]] = {
        "xsbert.models.ReferenceTransformer": ReferenceTransformer,
        "xsbert.models.ShiftingReferenceTransformer": ShiftingReferenceTransformer,
    }

    def __init__(self, model_name_or_path: str | None = None, *args: Any, **kwargs: Any) -> None:
        if model_name_or_path is not None:
            check_folder(model_name_or_path)
        super().__init__(model_name_or_path, *args, **kwargs)

    @classmethod
    def wrap(cls, model: SentenceTransformer) -> XSTransformer:
        """The same model with `explain`: shares its modules, weights, prompts and settings.

        Raises:
            TypeError: `model` is no `SentenceTransformer`.
        """
        if not isinstance(model, SentenceTransformer):
            raise TypeError(
                f"XSTransformer.wrap got a {type(model).__name__}; expected a SentenceTransformer. "
                "From a name or a path use XSTransformer(name_or_path)."
            )
        wrapped = cls.__new__(cls)
        shared = {name: value.copy() if isinstance(value, dict) else value for name, value in vars(model).items()}
        vars(wrapped).update(shared)
        return wrapped

    def explain(
        self,
        text_a: str,
        text_b: str,
        *,
        layer: int = -2,
        quadrature: Rule = Adaptive(),
        reference: Reference = PaddingReference(),
        similarity: str | None = None,
    ) -> Attribution:
        """Attributes the similarity of two texts to pairs of their tokens.

        Args:
            text_a, text_b: the texts, with S_a and S_b tokens.
            layer: whose input the tokens are taken at: 0 (the embeddings' output) to L − 1, negative
                from the end. Deeper layers cost less; there tokens know more of their context.
            quadrature: `Adaptive(rtol)`, `GaussLegendre(n)` or `RightRiemann(n)`.
            reference: what a text is compared with.
            similarity: "cosine" or "dot"; by default the model's own `similarity_fn_name`.

        Returns:
            The attributions, `(S_a, S_b)`, with the score, the reference terms and the errors.

        Raises:
            TypeError: a text is not a string, `layer` not a whole number, `quadrature` not a rule.
            ValueError: `layer` is out of range, `similarity` neither cosine nor dot.

        Warns:
            UserWarning: a text was cut, or the quadrature gave up before it reached its tolerance.
        """
        similarity = self.similarity_fn_name if similarity is None else similarity
        check_similarity(similarity)
        a, b = self._vectors([text_a, text_b], layer, quadrature, reference)
        return attribute(a, b, similarity)

    def explain_pairs(
        self,
        pairs: Sequence[tuple[str, str]],
        *,
        layer: int = -2,
        quadrature: Rule = Adaptive(),
        reference: Reference = PaddingReference(),
        similarity: str | None = None,
        show_progress_bar: bool = False,
    ) -> list[Attribution]:
        """`explain` for many pairs, in their order. Each text is worked on once, however often it occurs.

        Args, Raises, Warns: as `explain`; ValueError for no pairs, or for what is not a pair.
        """
        similarity = self.similarity_fn_name if similarity is None else similarity
        check_similarity(similarity)
        if isinstance(pairs, str) or any(not isinstance(pair, (tuple, list)) or len(pair) != 2 for pair in pairs):
            raise ValueError(f"explain_pairs got {pairs!r:.60}; expected a list of (text_a, text_b).")
        texts = [text for pair in pairs for text in pair]
        vectors = self._vectors(texts, layer, quadrature, reference, show_progress_bar)
        return [attribute(a, b, similarity) for a, b in zip(vectors[::2], vectors[1::2], strict=True)]

    def explain_ranking(
        self,
        query: str,
        documents: Sequence[str],
        *,
        layer: int = -2,
        quadrature: Rule = Adaptive(),
        reference: Reference = PaddingReference(),
        similarity: str | None = None,
        show_progress_bar: bool = False,
    ) -> list[Attribution]:
        """`explain` of one query with many documents, the most similar first.

        Args, Raises, Warns: as `explain`; ValueError for no documents.
        """
        check_texts(documents)
        pairs = [(query, document) for document in documents]
        found = self.explain_pairs(
            pairs,
            layer=layer,
            quadrature=quadrature,
            reference=reference,
            similarity=similarity,
            show_progress_bar=show_progress_bar,
        )
        return sorted(found, key=lambda x: x.score, reverse=True)

    def token_vectors(
        self,
        texts: Sequence[str],
        *,
        layer: int = -2,
        quadrature: Rule = Adaptive(),
        reference: Reference = PaddingReference(),
        show_progress_bar: bool = False,
    ) -> list[TokenVectors]:
        """Each text's embedding as a sum of token vectors, `(S, D)`: what explanations are made of.

        Args, Raises, Warns: as `explain`; ValueError for no texts.
        """
        return self._vectors(texts, layer, quadrature, reference, show_progress_bar)

    def _vectors(
        self, texts: Sequence[str], layer: int, rule: Rule, reference: Reference, progress: bool = False
    ) -> list[TokenVectors]:
        check_texts(texts)
        check_method(rule, reference)
        with _undisturbed(self.device):
            split = Split(list(self), layer, self.truncate_dim)
            unique = tqdm(dict.fromkeys(texts), desc="Texts", disable=not progress)
            known = {text: self._text_vectors(split, read(self, text), rule, reference) for text in unique}
        return [known[text] for text in texts]

    def _text_vectors(self, split: Split, text: Text, rule: Rule, reference: Reference) -> TokenVectors:
        start, end = reference.hidden_states(split, text, self.tokenizer), split.hidden_states(text.features)
        integral = token_vectors(Path(split.tail(text.features), start, end), rule)
        warn(text, split.layer, integral.converged, integral.error, self.max_seq_length)
        return TokenVectors(
            text=text.string,
            tokens=text.tokens,
            offsets=text.offsets,
            vectors=_on_host(integral.vectors.to(end.dtype)),
            embedding=_on_host(integral.end_value),
            reference_embedding=_on_host(integral.start_value),
            error=integral.error,
            nodes=integral.nodes,
            norm=split.norm(text.features, end, integral.end_value),
            truncated=text.truncated,
            layer=split.layer,
            reference=repr(reference),
            quadrature=repr(rule),
            model=self._name(),
        )

    def _name(self) -> str:
        return str(getattr(self.config, "_name_or_path", "") or type(self.transformers_model).__name__)


@contextmanager
def _undisturbed(device: torch.device) -> Iterator[None]:
    """Autocast, inference mode and gradients of the caller's do not reach the attribution."""
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.no_grad())
        stack.enter_context(torch.autocast(device.type, enabled=False))
        yield


def _on_host(tensor: Tensor) -> Any:
    return tensor.cpu().numpy()
