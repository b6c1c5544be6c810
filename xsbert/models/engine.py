"""From texts to their token vectors, and from pairs of texts to their attributions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor
from tqdm.auto import tqdm

from xsbert.attribution.integrate import Integral, token_vectors
from xsbert.attribution.memory import Budget, share_of_free
from xsbert.attribution.modes import Mode
from xsbert.attribution.pair import assemble, attribute
from xsbert.attribution.paths import Paths
from xsbert.attribution.pullback import Pulled, pulled_back
from xsbert.attribution.quadrature import Rule
from xsbert.attribution.result import Attribution, EmbeddedText, TokenVectors
from xsbert.attribution.tangents import Rounded
from xsbert.models.batches import Batch, batched, batches, pulled_through
from xsbert.models.checks import warn
from xsbert.models.reference import PaddingReference, Reference
from xsbert.models.tail import Split
from xsbert.models.text import Text, read


class Engine:
    """A model split at a layer, with the method of attribution.

    Args:
        model: the model; it is not changed.
        layer: whose input the tokens are taken at.
        rule: the quadrature.
        reference: what a text is compared with.
        memory: the bytes that a pass may hold; None for a quarter of what is free.
        products: the precision of products with weights; None for the tangents' own.
        layers: the dotted path of the layer stack, where it is not the one that is found.

    Raises:
        TypeError, ValueError: there is no such layer.
    """

    def __init__(
        self,
        model: SentenceTransformer,
        layer: int,
        rule: Rule,
        reference: Reference,
        memory: int | None = None,
        products: torch.dtype | None = None,
        layers: str | None = None,
    ) -> None:
        self.model, self.rule, self.reference = model, rule, reference
        self.split = Split(list(model), layer, model.truncate_dim, layers)
        self.memory = share_of_free(model.device) if memory is None else memory
        self.rounded = None if products is None else Rounded(products)
        self._checked = False

    def token_vectors(self, strings: Sequence[str], progress: bool = False) -> list[TokenVectors]:
        """Each text's token vectors, by forward mode, in the order given."""
        texts = {string: read(self.model, string) for string in strings}
        with tqdm(total=len(texts), desc="Texts", disable=not progress) as bar:
            known = self._forward(list(texts.values()), bar)
        return [known[string] for string in strings]

    def explain(
        self, pairs: Sequence[tuple[str, str]], similarity: str, mode: Mode, progress: bool = False
    ) -> list[Attribution]:
        """Each pair's attribution, in the order given."""
        texts = {string: read(self.model, string) for pair in pairs for string in pair}
        through = pulled_through({string: len(text.tokens) for string, text in texts.items()}, pairs, mode)
        found: dict[tuple[str, str], tuple[EmbeddedText, np.ndarray]] = {}
        with tqdm(total=len(texts), desc="Texts", disable=not progress) as bar:
            known = self._forward([text for string, text in texts.items() if string not in through], bar)
            for long in sorted(through, key=lambda string: len(texts[string].tokens), reverse=True):
                embedded, parts = self._pulled(texts[long], [known[short] for short in through[long]])
                for short, products in zip(through[long], parts, strict=True):
                    found[short, long] = embedded, products
                bar.update()

        def explained(a: str, b: str) -> Attribution:
            if a in known and b in known:
                return attribute(known[a], known[b], similarity)
            if b in known:
                long, products = found[b, a]
                return assemble(long, known[b], np.ascontiguousarray(products.T), similarity)
            return assemble(known[a], found[a, b][0], found[a, b][1], similarity)

        return [explained(a, b) for a, b in pairs]

    def paths(self, texts: Batch) -> Paths:
        """The paths from the texts' references to the texts.

        Raises:
            ValueError: the encoder can't be split at the layer.
        """
        return self._checked_paths(texts)[0]

    def _checked_paths(self, texts: Batch) -> tuple[Paths, Tensor]:
        tokenizer: Any = self.model.tokenizer
        ends, whole = self.split.embedded(texts.features)
        starts = self.reference.hidden_states(self.split, texts, tokenizer)
        paths = Paths(self.split.tail(texts.features), starts, ends, self.memory)
        self.split.check(whole, paths.end_values)
        if not self._checked and tokenizer.pad_token_id is not None:
            self._check_elsewhere(batched(texts.texts[:1]), whole[:1])
        return paths, whole

    def _check_elsewhere(self, text: Batch, whole: Tensor) -> None:
        """Where layers share more than hidden states, the tail is right at the text's own end, and wrong elsewhere.

        Raises:
            ValueError: it is wrong at the text's padding.
        """
        padding = PaddingReference().features(text, self.model.tokenizer)
        hidden, embeddings = self.split.embedded(padding)
        with torch.no_grad():
            tail = self.split.tail(text.features)(hidden, torch.zeros(1, dtype=torch.long, device=hidden.device))
        self.split.check(embeddings, tail, scale=whole)
        self._checked = True

    def _forward(self, texts: Sequence[Text], bar: Any) -> dict[str, TokenVectors]:
        known = {}
        for batch in batches(texts, self._together):
            paths, whole = self._checked_paths(batch)
            for i, integral in enumerate(token_vectors(paths, self.rule, self.rounded)):
                vectors = _on_host(integral.vectors.to(paths.ends.dtype))
                known[batch.texts[i].string] = TokenVectors(
                    **self._fields(batch.texts[i], integral, self.split.norm(whole[i])), vectors=vectors
                )
            bar.update(len(batch.texts))
        return known

    def _pulled(self, text: Text, others: Sequence[TokenVectors]) -> tuple[EmbeddedText, list[np.ndarray]]:
        """The text, and for each of the others the products of its token vectors with this text's, `(S_other, S)`."""
        paths, whole = self._checked_paths(batched([text]))
        cotangents = torch.from_numpy(np.concatenate([other.vectors for other in others])).to(paths.ends.device)
        pulled = pulled_back(paths, self.rule, cotangents)
        embedded = EmbeddedText(**self._fields(text, pulled, self.split.norm(whole[0])))
        parts = pulled.products.split([len(other.tokens) for other in others])
        return embedded, [_on_host(part) for part in parts]

    def _together(self, tokens: int) -> int:
        """How many texts of a length share a batch: enough that their first questions fill a pass."""
        hidden = getattr(self.model.config, "hidden_size", 1024)
        budget = Budget(self.memory, 4 * hidden, tokens, self.model.device)
        return max(1, budget.rows("slope") // (5 * tokens))

    def _fields(self, text: Text, found: Integral | Pulled, norm: float) -> dict[str, Any]:
        """What both kinds of result say of a text. Warns where the user should know."""
        rounds = None if self.rounded is None else str(self.rounded.dtype).removeprefix("torch.")
        warn(text, self.split.layer, found, self.rule, rounds, self.model.max_seq_length)
        return {
            "text": text.string,
            "tokens": text.tokens,
            "offsets": text.offsets,
            "embedding": _on_host(found.end_value),
            "reference_embedding": _on_host(found.start_value),
            "error": found.error,
            "nodes": found.nodes,
            "norm": norm,
            "truncated": text.truncated,
            "layer": self.split.layer,
            "reference": repr(self.reference),
            "quadrature": repr(self.rule) + (f", products in {rounds}" if rounds else ""),
            "model": _name(self.model),
        }


@contextmanager
def undisturbed(device: torch.device) -> Iterator[None]:
    """Autocast, inference mode and gradients of the caller's do not reach the attribution."""
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.no_grad())
        stack.enter_context(torch.autocast(device.type, enabled=False))
        yield


def _name(model: SentenceTransformer) -> str:
    return str(getattr(model.config, "_name_or_path", "") or type(model.transformers_model).__name__)


def _on_host(tensor: Tensor) -> Any:
    return tensor.cpu().numpy()
