"""From texts to their token vectors, and from pairs of texts to their attributions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import is_dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
import torch
from sentence_transformers.base.model import BaseModel
from torch import Tensor

from xsbert.attribution.forward_mode.derivatives import NoDerivative
from xsbert.attribution.forward_mode.tangents import Rounded
from xsbert.attribution.integration.free_memory import share_of_free
from xsbert.attribution.integration.pass_memory import Budget
from xsbert.attribution.integration.paths import Paths
from xsbert.attribution.integration.precision import full_float32
from xsbert.attribution.integration.pullback import Pulled, pulled_back
from xsbert.attribution.integration.soundness import is_wrong
from xsbert.attribution.integration.token_vectors import Integral, token_vectors
from xsbert.attribution.mode import Reverse
from xsbert.attribution.pair import STATIC
from xsbert.models.checks import say_once, warn
from xsbert.models.encoders.pairing import Pairing
from xsbert.models.inputs.batches import Batch, batched, batches, pulled_through
from xsbert.models.inputs.prompts import TextInput, routed
from xsbert.models.inputs.text import Text, read
from xsbert.models.inputs.units import TOKENS, Units, attribution_by, vectors_by
from xsbert.models.methods.method import Method
from xsbert.models.names import name_of
from xsbert.models.progress import Progress, progress_of
from xsbert.models.splitting.passing import blocking
from xsbert.models.splitting.private_copy import device_of_copy
from xsbert.models.splitting.split import Split
from xsbert.models.splitting.static import StaticSplit, is_static
from xsbert.results.attribution import MISSED, Attribution
from xsbert.results.token_vectors import EmbeddedText, TokenVectors


class Engine:
    """A model split at a layer, with a method of attribution.

    Args:
        model: the model; it is not changed.
        method: what is integrated, and how.
        memory: the bytes that a pass may hold; None for a quarter of what is free.
        matmul_dtype: the precision of products with weights; None for the tangents' own.

    Raises:
        TypeError, ValueError: there is no such layer.
    """

    def __init__(
        self,
        model: BaseModel,
        method: Method,
        memory: int | None = None,
        matmul_dtype: torch.dtype | None = None,
    ) -> None:
        self.model, self.method = model, method
        self.device = device_of_copy(model.device)
        self.memory = share_of_free(self.device) if memory is None else memory
        self.rounded = None if matmul_dtype is None else Rounded(matmul_dtype)
        self._splits: dict[tuple[Any, ...], Split] = {}

    def token_vectors(self, texts: Sequence[TextInput], progress: Progress) -> list[TokenVectors]:
        """Each text's token vectors, in the order of the texts; `progress` is told of each text once."""
        vectors = dict(self._forward(list(self._read(texts).values()), progress))
        return [vectors_by(vectors[text], self._units) for text in texts]

    def explain(
        self, pairs: Sequence[tuple[TextInput, TextInput]], similarity: str, show: bool | None = None
    ) -> list[Attribution]:
        """Each pair's attribution, in the order of the pairs.

        Token vectors come first, those of texts in several pairs before all others: so a ranking's query is there
        when its documents come, and no document's vectors are kept. Then come the texts that others' vectors are
        pulled back through, the longest first.
        """
        texts = self._read([text for pair in pairs for text in pair])
        lengths = {name: len(text.tokens) for name, text in texts.items()}
        pulled = pulled_through(lengths, pairs, self.method.mode)
        pairing = Pairing(pairs, similarity)
        pushed = [text for name, text in texts.items() if name not in pulled]
        shared = [text for text in pushed if pairing.is_shared(text.input)]
        others = [text for text in pushed if not pairing.is_shared(text.input)]
        with progress_of(len(texts), show) as progress:
            for name, vectors in chain(self._forward(shared, progress), self._forward(others, progress)):
                pairing.add(name, vectors)
            for name in sorted(pulled, key=lambda name: lengths[name], reverse=True):
                self._pull(texts[name], pulled[name], pairing, progress)
        return [attribution_by(x, self._units) for x in pairing.attributions]

    @property
    def _units(self) -> Units:
        return getattr(self.method, "units", TOKENS)

    def split(self, texts: Batch) -> Split:
        """The modules that these texts run through, split at the layer."""
        return self._split_for(texts.texts[0].input.task, texts.texts[0].input.modality)

    def paths(self, texts: Batch) -> Paths:
        """The paths along which the texts' token vectors are integrated.

        Raises:
            ValueError: the encoder can't be split at the layer.
        """
        return self._paths(texts)[0]

    def _paths(self, texts: Batch) -> tuple[Paths, Tensor]:
        """The paths, and the whole encoder's embeddings of the texts, `(B, D)`."""
        split = self.split(texts)
        if isinstance(split, StaticSplit):
            return split.paths(texts.features, self.memory)
        return self.method.paths(split, texts, self._tokenizer(texts), self.memory)

    def _split_for(self, task: str, modality: str) -> Split:
        some = list(routed(list(self.model), task, modality))
        key = (*some, modality)  # a dual encoder's parts have layers of their own
        if key not in self._splits:
            truncate_dim = getattr(self.model, "truncate_dim", None)
            if is_static(some):
                self._splits[key] = StaticSplit(some, truncate_dim)
            else:
                layer, path = self.method.layer, self.method.layer_stack
                if layer is None and modality == "image":
                    layer = 0  # behind, a patch is no longer its own: see the study of drawn scenes
                self._splits[key] = Split(some, layer, truncate_dim, path, modality)
        return self._splits[key]

    def _tokenizer(self, texts: Batch) -> Any:
        first = routed(list(self.model), texts.texts[0].input.task, texts.texts[0].input.modality)[0]
        return getattr(first, "tokenizer", None) or self.model.tokenizer

    def _read(self, texts: Sequence[TextInput]) -> dict[TextInput, Text]:
        """The texts, tokenized; each once. What the model can't do is refused before."""
        for task, modality in {(text.task, text.modality) for text in texts}:
            self._split_for(task, modality)
        return {text: read(self.model, text) for text in dict.fromkeys(texts)}

    def _forward(self, texts: Sequence[Text], progress: Progress) -> Iterator[tuple[TextInput, TokenVectors]]:
        """Each text's token vectors, batch by batch, by forward mode."""
        for batch in batches(texts, self._texts_of_a_batch):
            paths, embeddings = self._paths(batch)
            paths.progress = progress.within(len(batch.texts))
            integrals = self._integrated(paths, self.split(batch))
            shares = self._shares(batch)
            for text, integral, embedding, share in zip(batch.texts, integrals, embeddings, shares, strict=True):
                vectors = integral.vectors + torch.outer(share, integral.start_value.double())
                fields = self._fields(text, integral, self.split(batch), embedding, bool(share.any()))
                yield text.input, TokenVectors(**fields, vectors=_on_host(vectors[text.order].to(embeddings.dtype)))
            progress.done(len(batch.texts))

    def _pull(self, text: Text, others: Sequence[TextInput], pairing: Pairing, progress: Progress) -> None:
        """Adds a text whose pairs' products come by reverse mode; by forward mode where no gradients pass."""
        try:
            vectors = [pairing.vectors(other) for other in others]
            embedded, products = self._pulled(text, vectors, progress.within(1))
        except NoDerivative as cause:  # forward mode passes through more code
            if isinstance(self.method.mode, Reverse):
                say_once(f"Reverse() gives way to Forward(), for {cause}.")
            for name, forward_vectors in self._forward([text], progress):
                pairing.add(name, forward_vectors)
        else:
            pairing.add_pulled(text.input, embedded, dict(zip(others, products, strict=True)))
            progress.done(1)

    def _integrated(self, paths: Paths, split: Split) -> list[Integral]:
        """The token vectors of a batch; by another way to a derivative where the first proves wrong."""
        try:
            integrals = self._token_vectors(paths, split)
            while any(not integral.error <= MISSED for integral in integrals) and self._is_wrong(paths, split):
                if not paths.leave_way("its derivatives are not those of the values"):
                    break
                integrals = self._token_vectors(paths, split)
        except NoDerivative as cause:
            name = type(self.model.transformers_model).__name__
            raise ValueError(f"{name} can't be explained: {cause}. Try another layer, or Removal().") from cause
        if paths.left:
            say_once(
                f"Derivatives are taken by {paths.way}, which takes longer. Not by {'; nor by '.join(paths.left)}."
            )
        return integrals

    def _token_vectors(self, paths: Paths, split: Split) -> list[Integral]:
        try:
            return token_vectors(paths, self.method.quadrature, self.rounded)
        except RuntimeError:  # a quantised layer takes no float64, which narrow panels ask for
            self._check_passing(paths, split)
            raise

    def _is_wrong(self, paths: Paths, split: Split) -> bool:
        """Whether the derivatives are wrong.

        Raises:
            NoDerivative: they end at a module.
        """
        self._check_passing(paths, split)
        return is_wrong(paths)

    def _check_passing(self, paths: Paths, split: Split) -> None:
        """Raises NoDerivative where derivatives end at a module."""
        if module := blocking(split.modules, lambda: paths.slopes(torch.tensor([0.5], device="cpu"), _first())):
            raise NoDerivative(
                f"the module {module} passes no derivative on; expected weights in floating point. A quantised model "
                "is explained as it was before it was quantised"
            )

    def _pulled(
        self, text: Text, others: Sequence[TokenVectors], advance: Callable[[float], None]
    ) -> tuple[EmbeddedText, list[np.ndarray]]:
        """The text, and for each of the others the products of its token vectors with this text's, `(S_other, S)`."""
        batch = batched([text])
        paths, embeddings = self._paths(batch)
        paths.progress = advance
        cotangents = torch.from_numpy(np.concatenate([other.vectors for other in others])).to(paths.ends.device)
        pulled = pulled_back(paths, self.method.quadrature, cotangents)
        if not pulled.error <= MISSED and self._is_wrong(paths, self.split(batch)):
            raise NoDerivative("the derivatives are not those of the values")
        (share,) = self._shares(batch)
        fields = self._fields(text, pulled, self.split(batch), embeddings[0], bool(share.any()))
        embedded = EmbeddedText(**fields)
        products = pulled.products + torch.outer(cotangents.double() @ pulled.start_value.double(), share)
        parts = products[:, text.order].split([len(other.tokens) for other in others])
        return embedded, [_on_host(part) for part in parts]

    def _texts_of_a_batch(self, tokens: int) -> int:
        """How many texts of a length share a batch: enough that their first questions fill a pass."""
        hidden = getattr(self.model.config, "hidden_size", 1024)
        budget = Budget(self.memory, 4 * hidden, tokens, self.device)
        return max(1, budget.rows("slope") // (5 * tokens))

    def _shares(self, texts: Batch) -> Tensor:
        """Which share of f(r) each token gets besides, `(B, S)`; none of static embeddings, which have no f(r)."""
        shares = self.method.shares(texts).to(self.device)
        return torch.zeros_like(shares) if isinstance(self.split(texts), StaticSplit) else shares

    def _fields(
        self, text: Text, found: Integral | Pulled, split: Split, whole: Tensor, shared: bool
    ) -> dict[str, Any]:
        """What both kinds of result say of a text. Warns where the user should know.

        Args:
            whole: the whole encoder's embedding, `(D,)`.
            shared: whether f(r) is in the token vectors, so that no reference is left.
        """
        rounds = None if self.rounded is None else str(self.rounded.dtype).removeprefix("torch.")
        warn(text, split.layer, found, self.method.quadrature, rounds, self.model.max_seq_length)
        return {
            "text": text.input.string,
            "tokens": tuple(text.tokens[i] for i in text.order),
            "offsets": text.offsets,
            "embedding": _on_host(found.end_value),
            "reference_embedding": _on_host(torch.zeros_like(found.start_value) if shared else found.start_value),
            "error": found.error,
            "nodes": found.nodes,
            "norm": split.norm(whole),
            "truncated": text.truncated,
            "layer": split.layer,
            "method": self._named(split) + (f", products in {rounds}" if rounds else ""),
            "quadrature": repr(self.method.quadrature),
            "model": name_of(self.model),
            "prompt": text.input.prompt,
            "prompted": text.prompted,
            "unknown": text.unknown,
            "picture": text.picture,
            "read": text.read,
        }

    def _named(self, split: Split) -> str:
        """What a result calls the method, with the layer counted from 0."""
        if isinstance(split, StaticSplit):
            return STATIC
        return repr(replace(self.method, layer=split.layer) if is_dataclass(self.method) else self.method)


@contextmanager
def undisturbed(device: torch.device) -> Iterator[None]:
    """The caller's autocast, inference mode, gradients and rounded products do not reach the attribution."""
    with ExitStack() as stack:
        stack.enter_context(full_float32())
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.no_grad())
        for kind in {device.type, "cpu"}:  # a private copy may be on the processor
            stack.enter_context(torch.autocast(kind, enabled=False))
        yield


def _first() -> Tensor:
    return torch.zeros(1, dtype=torch.long, device="cpu")


def _on_host(tensor: Tensor) -> Any:
    return tensor.cpu().numpy()
