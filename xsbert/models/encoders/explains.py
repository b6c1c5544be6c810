"""`Explains`: what every encoder of ours can do beside what its host does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from xsbert.attribution.pair import check_similarity
from xsbert.models.encoders.engine import Engine, undisturbed
from xsbert.models.encoders.nearest import nearest
from xsbert.models.encoders.options import FOR_PAIRS, FOR_VECTORS, PairOptions, VectorOptions, settled
from xsbert.models.encoders.wraps import Wraps
from xsbert.models.inputs.lists import listed_ids, listed_pairs, listed_texts
from xsbert.models.inputs.prompts import both, text_inputs
from xsbert.models.inputs.text import check_side
from xsbert.models.methods.removal import Removal
from xsbert.models.pictures.given import Side
from xsbert.models.progress import progress_of
from xsbert.models.removal.engine import RemovalEngine, texts_of
from xsbert.models.removal.sources import OfModel
from xsbert.results.arguments import at_least
from xsbert.results.attribution import Attribution
from xsbert.results.rankings.ranking import Ranking, ranked_among
from xsbert.results.token_vectors import TokenVectors

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Explains(Wraps):
    """An encoder of the host's that also says why it finds two texts similar."""

    def explain(self, text_a: Side, text_b: Side, **options: Unpack[PairOptions]) -> Attribution:
        """Attributes the similarity of two texts to pairs of their tokens.

        Of a model of texts and pictures, such as CLIP or SigLIP, either may be a picture, whose tokens are its patches:
        a picture of PIL's, a `Path`, or an array or tensor of whole numbers from 0 to 255, (height, width, 3) or
        (3, height, width). A string is one where `encode` takes it for one: the path of a file that is there and ends
        as a picture's does, such as .png or .jpg, the address of one, or a data URL. All other strings are texts.

        Args:
            text_a, text_b: the texts, with S_a and S_b tokens.
            method: what is integrated, and how. By default `Presence()`: how much each word is there, so that the
                pairs of any model sum to its score. `HiddenStates()` is the papers'. Their arguments are the layer, the
                quadrature and more. Static embeddings need none. `Removal()` takes words away for real, and explains
                what has no gradients too.
            similarity: "cosine" or "dot"; by default the model's own `similarity_fn_name`.
            prompt, prompt_name, task: what `encode` puts before a text, as there; with the task "query" or
                "document" what `encode_query` and `encode_document` put there, and the route that they
                take. One for both texts, or a pair. The prompt's tokens are in the result, and
                `x.folded()` makes them one.
            memory: the bytes that a pass may hold beyond the model; by default a quarter of what is
                free. What doesn't fit is done in parts, down to one tangent at one point.
            matmul_dtype: a lower precision for products with weights, such as torch.bfloat16 where the
                device has matrix units for it; by default their own. `x.errors` tells what it cost. A text
                that another's vectors are pulled back through keeps its precision.
            show_progress_bar: True or False; by default where the work takes longer than two seconds, at a
                terminal or in a notebook. It moves within a long text too.

        Returns:
            The attributions, `(S_a, S_b)`, with the score, the reference terms and the errors.

        Raises:
            TypeError: a text is not a string, or a picture where the model reads none or of no whole numbers, an option
                has another name, `method` is not a method, or `memory` not a whole number.
            FileNotFoundError: a picture's path leads nowhere.
            ValueError: the model has no such prompt, route, layer or list of layers, the encoder can't be split
                there, or not be explained by the method (`Presence` needs softmax attention, and a token that stays),
                `similarity` is neither cosine nor dot, `memory` not positive, or `matmul_dtype` not a lower precision;
                or a picture can't be read, or is cut into patches in a way that is not known.

        Warns:
            UserWarning: a text was cut, the quadrature gave up before it reached its tolerance, the
                products rounded too much for it, or `Reverse()` was asked of a model without gradients.
        """
        settled(options, FOR_PAIRS, "explain")
        check_side(self, text_a, "text_a")
        check_side(self, text_b, "text_b")
        return self.explain_pairs([(text_a, text_b)], **options)[0]

    def explain_pairs(self, pairs: Iterable[tuple[Side, Side]], **options: Unpack[PairOptions]) -> list[Attribution]:
        """`explain` for many pairs, in their order.

        Each text is worked on once, however often it occurs, and short texts of one length together.
        A text is never padded, so a pair's result does not depend on the others.

        Args:
            pairs: any iterable of (text_a, text_b), such as `zip` of two columns, or an array of two columns.

        Other Args, Raises, Warns: as `explain`; ValueError for no pairs, or for what is not a pair.
        """
        chosen = settled(options, FOR_PAIRS, "explain_pairs")
        similarity = str(chosen["similarity"] or self.similarity_fn_name)
        check_similarity(similarity)
        texts_a, texts_b = zip(*listed_pairs(pairs, partial(check_side, self)), strict=True)
        prompts, names, tasks = (both(chosen[name]) for name in ("prompt", "prompt_name", "task"))
        side_a = text_inputs(self, texts_a, prompts[0], names[0], tasks[0])
        side_b = text_inputs(self, texts_b, prompts[1], names[1], tasks[1])
        inputs, method, show = list(zip(side_a, side_b, strict=True)), chosen["method"], chosen["show_progress_bar"]
        with undisturbed(self.device):
            if isinstance(method, Removal):
                with progress_of(len(texts_of(inputs)), show) as progress:
                    return RemovalEngine(OfModel(self), method, similarity).explain(inputs, progress)
            return Engine(self, method, chosen["memory"], chosen["matmul_dtype"]).explain(inputs, similarity, show)

    def explain_ranking(
        self,
        query: Side,
        documents: Sequence[Side],
        *,
        ids: Sequence[str] | None = None,
        top: int | None = None,
        **options: Unpack[PairOptions],
    ) -> Ranking:
        """`explain` of one query with many documents: their ranking, the most similar first.

        As `encode_query` and `encode_document`, it puts the model's prompts for queries and documents before the
        texts, which `explain` does not: with such a model `explain(query, document)` scores otherwise, unless
        with task=("query", "document"), the default here.

        Args:
            query: the text that all documents are compared with.
            documents: the texts to rank: a list of strings, a pandas Series or an array of strings. Query and documents
                may be pictures, as of `explain`.
            ids: what tells the documents apart, strings or whole numbers; they stay with them in the ranking,
                its files, its page and its table.
            top: how many of the most similar documents to explain: all are compared by their embeddings, which is
                cheap. None for all. Positions are those of `documents`.

        Other Args, Raises, Warns: as `explain`; ValueError for no documents, or another number of ids.
        """
        ranking_options: PairOptions = {"task": ("query", "document"), **options}
        chosen = settled(ranking_options, FOR_PAIRS, "explain_ranking")
        check_side(self, query, "query")
        texts = listed_texts(documents, "documents", partial(check_side, self))
        names = listed_ids(ids, len(texts))
        count = len(texts) if top is None else at_least(top, 1, "top", "a whole number of documents, such as 10")
        best = list(range(len(texts))) if count >= len(texts) else nearest(self, query, texts, count, chosen)
        attributions = self.explain_pairs([(query, texts[i]) for i in best], **ranking_options)
        return ranked_among(attributions, best, names, len(texts))

    def token_vectors(self, texts: Sequence[Side], **options: Unpack[VectorOptions]) -> list[TokenVectors]:
        """Each text's embedding as a sum of token vectors, `(S, D)`: what explanations are made of.

        Args:
            texts: a list of strings, a pandas Series or an array of strings; or pictures, as of `explain`.

        Other Args, Raises, Warns: as `explain`, but for `similarity`; ValueError for no texts.
        """
        chosen = settled(options, FOR_VECTORS, "token_vectors")
        listed = listed_texts(texts, check=partial(check_side, self))
        prompted = text_inputs(self, listed, chosen["prompt"], chosen["prompt_name"], chosen["task"])
        bar = progress_of(len(set(prompted)), chosen["show_progress_bar"])
        with undisturbed(self.device), bar as progress:
            method, similarity = chosen["method"], str(self.similarity_fn_name)
            if isinstance(method, Removal):
                check_similarity(similarity)
                return RemovalEngine(OfModel(self), method, similarity).token_vectors(prompted, progress)
            return Engine(self, method, chosen["memory"], chosen["matmul_dtype"]).token_vectors(prompted, progress)
