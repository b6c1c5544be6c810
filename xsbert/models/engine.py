"""From a text to its token vectors, and from two texts to their attribution."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor

from xsbert.attribution.integrate import Integral, Path, token_vectors
from xsbert.attribution.pair import assemble
from xsbert.attribution.pullback import Pulled, pulled_back
from xsbert.attribution.quadrature import Rule
from xsbert.attribution.result import Attribution, EmbeddedText, TokenVectors
from xsbert.models.checks import warn
from xsbert.models.reference import Reference
from xsbert.models.tail import Split
from xsbert.models.text import Text


class Engine:
    """A model split at a layer, with the method of attribution.

    Args:
        model: the model; it is not changed.
        layer: whose input the tokens are taken at.
        rule: the quadrature.
        reference: what a text is compared with.

    Raises:
        TypeError, ValueError: there is no such layer.
    """

    def __init__(self, model: SentenceTransformer, layer: int, rule: Rule, reference: Reference) -> None:
        self.model, self.rule, self.reference = model, rule, reference
        self.split = Split(list(model), layer, model.truncate_dim)

    def path(self, text: Text) -> Path:
        """The path from the text's reference to the text.

        Raises:
            ValueError: the encoder can't be split at the layer.
        """
        tokenizer: Any = self.model.tokenizer
        start = self.reference.hidden_states(self.split, text, tokenizer)
        end = self.split.hidden_states(text.features)
        tail = self.split.tail(text.features)
        self.split.check(text.features, end)
        return Path(tail, start, end)

    def token_vectors(self, text: Text) -> TokenVectors:
        """The text's token vectors, by forward mode."""
        path = self.path(text)
        integral = token_vectors(path, self.rule)
        vectors = _on_host(integral.vectors.to(path.end.dtype))
        return TokenVectors(**self._fields(text, path, integral), vectors=vectors)

    def pulled_pair(self, a: Text, b: Text, similarity: str) -> Attribution:
        """The pair's attribution: the shorter text's vectors forward, pulled back through the longer."""
        swapped = len(a.tokens) > len(b.tokens)
        short, long = (b, a) if swapped else (a, b)
        known, path = self.token_vectors(short), self.path(long)
        pulled = pulled_back(path, self.rule, torch.tensor(known.vectors, device=path.end.device))
        other = EmbeddedText(**self._fields(long, path, pulled))
        products = _on_host(pulled.products)  # (S_short, S_long)
        if swapped:
            return assemble(other, known, np.ascontiguousarray(products.T), similarity)
        return assemble(known, other, products, similarity)

    def _fields(self, text: Text, path: Path, found: Integral | Pulled) -> dict[str, Any]:
        """What both kinds of result say of a text. Warns where the user should know."""
        warn(text, self.split.layer, found.converged, found.error, self.model.max_seq_length)
        return {
            "text": text.string,
            "tokens": text.tokens,
            "offsets": text.offsets,
            "embedding": _on_host(found.end_value),
            "reference_embedding": _on_host(found.start_value),
            "error": found.error,
            "nodes": found.nodes,
            "norm": self.split.norm(text.features, path.end, found.end_value),
            "truncated": text.truncated,
            "layer": self.split.layer,
            "reference": repr(self.reference),
            "quadrature": repr(self.rule),
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
