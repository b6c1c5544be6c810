"""`Explains`: what every encoder of ours can do beside what its host does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch

from xsbert.attribution.mode import ByLength, Mode
from xsbert.attribution.pair import check_similarity
from xsbert.attribution.quadrature.adaptive import Adaptive
from xsbert.attribution.quadrature.rule import Rule
from xsbert.models.encoders.checks import check_method, check_mode, check_resources
from xsbert.models.encoders.engine import Engine, undisturbed
from xsbert.models.encoders.wraps import Wraps
from xsbert.models.inputs.lists import listed_ids, listed_pairs, listed_texts
from xsbert.models.inputs.prompts import Both, both, given
from xsbert.models.inputs.text import check_string
from xsbert.models.references.padding import PaddingReference, Reference
from xsbert.results.attribution import Attribution
from xsbert.results.ranking import Ranking, ranked
from xsbert.results.token_vectors import TokenVectors


class Explains(Wraps):
    """An encoder of the host's that also says why it finds two texts similar."""

    def explain(
        self,
        text_a: str,
        text_b: str,
        *,
        layer: int = -2,
        layers: str | None = None,
        quadrature: Rule = Adaptive(),
        reference: Reference = PaddingReference(),
        similarity: str | None = None,
        mode: Mode = ByLength(),
        prompt: Both = None,
        prompt_name: Both = None,
        task: Both = None,
        memory: int | None = None,
        products: torch.dtype | None = None,
        show_progress_bar: bool | None = None,
    ) -> Attribution:
        """Attributes the similarity of two texts to pairs of their tokens.

        Args:
            text_a, text_b: the texts, with S_a and S_b tokens.
            layer: whose input the tokens are taken at: 0 (the embeddings' output) to L − 1, negative
                from the end. Deeper layers cost less; there tokens know more of their context.
            layers: the dotted path of the list of layers in the encoder, such as "encoder.layer"; by
                default the longest list of alike modules.
            quadrature: `Adaptive(rtol)`, `GaussLegendre(n)` or `RightRiemann(n)`.
            reference: what a text is compared with. `PaddingReference()`, the papers', is there at once;
                with `NeutralReference()` the pairs of an unmodified model sum to its own score, after a
                search that is made once for each length. Not every model has one. Static embeddings are
                compared with zero.
            similarity: "cosine" or "dot"; by default the model's own `similarity_fn_name`.
            mode: `Forward()`, `Reverse()`, or `ByLength()`, which pulls a short text's vectors back
                through a much longer text. The matrix is the same, to the errors that it carries. Where
                no gradients pass through the model, forward mode serves.
            prompt, prompt_name, task: what `encode` puts before a text, as there; with the task "query" or
                "document" what `encode_query` and `encode_document` put there, and the route that they
                take. One for both texts, or a pair. The prompt's tokens are in the result, and
                `x.folded()` makes them one.
            memory: the bytes that a pass may hold beyond the model; by default a quarter of what is
                free. What doesn't fit is done in parts, down to one tangent at one point.
            products: a lower precision for products with weights, such as torch.bfloat16 where the
                device has matrix units for it; by default their own. `x.errors` tells what it cost. A text
                that another's vectors are pulled back through keeps its precision.
            show_progress_bar: True or False; by default where the work takes longer than a few seconds, at a
                terminal or in a notebook. It moves within a long text too.

        Returns:
            The attributions, `(S_a, S_b)`, with the score, the reference terms and the errors.

        Raises:
            TypeError: a text is not a string, `layer` not a whole number, `quadrature` not a rule,
                `mode` not a mode, `memory` not a whole number.
            ValueError: the model has no such prompt or route, `layer` is out of range, `layers` no list
                of layers, the encoder can't be split there, `similarity` neither cosine nor dot,
                `memory` not positive, `products` not a lower precision.

        Warns:
            UserWarning: a text was cut, the quadrature gave up before it reached its tolerance, the
                products rounded too much for it, or `Reverse()` was asked of a model without gradients.
        """
        check_string(text_a, "text_a")
        check_string(text_b, "text_b")
        (x,) = self.explain_pairs(
            [(text_a, text_b)],
            layer=layer,
            layers=layers,
            quadrature=quadrature,
            reference=reference,
            similarity=similarity,
            mode=mode,
            prompt=prompt,
            prompt_name=prompt_name,
            task=task,
            memory=memory,
            products=products,
            show_progress_bar=show_progress_bar,
        )
        return x

    def explain_pairs(
        self,
        pairs: Iterable[tuple[str, str]],
        *,
        layer: int = -2,
        layers: str | None = None,
        quadrature: Rule = Adaptive(),
        reference: Reference = PaddingReference(),
        similarity: str | None = None,
        mode: Mode = ByLength(),
        prompt: Both = None,
        prompt_name: Both = None,
        task: Both = None,
        memory: int | None = None,
        products: torch.dtype | None = None,
        show_progress_bar: bool | None = None,
    ) -> list[Attribution]:
        """`explain` for many pairs, in their order.

        Each text is worked on once, however often it occurs, and short texts of one length together.
        A text is never padded, so a pair's result does not depend on the others.

        Args:
            pairs: any iterable of (text_a, text_b), such as `zip` of two columns, or an array of two columns.

        Other Args, Raises, Warns: as `explain`; ValueError for no pairs, or for what is not a pair.
        """
        similarity = str(self.similarity_fn_name) if similarity is None else similarity
        check_similarity(similarity)
        pairs = listed_pairs(pairs)
        check_method(quadrature, reference)
        check_mode(mode)
        check_resources(memory, products)
        sides = zip(zip(*pairs, strict=True), both(prompt), both(prompt_name), both(task), strict=True)
        as_given = zip(*(given(self, texts, *options) for texts, *options in sides), strict=True)
        with undisturbed(self.device):
            engine = Engine(self, layer, quadrature, reference, memory, products, layers)
            return engine.explain(list(as_given), similarity, mode, show_progress_bar)

    def explain_ranking(
        self,
        query: str,
        documents: Sequence[str],
        *,
        ids: Sequence[str] | None = None,
        layer: int = -2,
        layers: str | None = None,
        quadrature: Rule = Adaptive(),
        reference: Reference = PaddingReference(),
        similarity: str | None = None,
        mode: Mode = ByLength(),
        prompt: Both = None,
        prompt_name: Both = None,
        task: Both = ("query", "document"),
        memory: int | None = None,
        products: torch.dtype | None = None,
        show_progress_bar: bool | None = None,
    ) -> Ranking:
        """`explain` of one query with many documents: their ranking, the most similar first.

        As `encode_query` and `encode_document`, it puts the model's prompts for queries and documents before the
        texts, which `explain` does not: with such a model `explain(query, document)` scores otherwise, unless
        with task=("query", "document").

        Args:
            query: the text that all documents are compared with.
            documents: the texts to rank: a list of strings, a pandas Series or an array of strings.
            ids: what tells the documents apart, strings or whole numbers; they stay with them in the ranking,
                its files, its page and its table.

        Other Args, Raises, Warns: as `explain`; ValueError for no documents, or another number of ids.
        """
        check_string(query, "query")
        documents = listed_texts(documents, "documents")
        names = listed_ids(ids, len(documents))
        pairs = [(query, document) for document in documents]
        found = self.explain_pairs(
            pairs,
            layer=layer,
            layers=layers,
            quadrature=quadrature,
            reference=reference,
            similarity=similarity,
            mode=mode,
            prompt=prompt,
            prompt_name=prompt_name,
            task=task,
            memory=memory,
            products=products,
            show_progress_bar=show_progress_bar,
        )
        return ranked(found, names)

    def token_vectors(
        self,
        texts: Sequence[str],
        *,
        layer: int = -2,
        layers: str | None = None,
        quadrature: Rule = Adaptive(),
        reference: Reference = PaddingReference(),
        prompt: str | None = None,
        prompt_name: str | None = None,
        task: str | None = None,
        memory: int | None = None,
        products: torch.dtype | None = None,
        show_progress_bar: bool | None = None,
    ) -> list[TokenVectors]:
        """Each text's embedding as a sum of token vectors, `(S, D)`: what explanations are made of.

        Args:
            texts: a list of strings, a pandas Series or an array of strings.

        Other Args, Raises, Warns: as `explain`; ValueError for no texts.
        """
        texts = listed_texts(texts)
        check_method(quadrature, reference)
        check_resources(memory, products)
        with undisturbed(self.device):
            engine = Engine(self, layer, quadrature, reference, memory, products, layers)
            return engine.token_vectors(given(self, texts, prompt, prompt_name, task), show_progress_bar)
