"""From texts to their token vectors, and from pairs of texts to their attributions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from sentence_transformers.base.model import BaseModel
from torch import Tensor, nn

from xsbert.attribution.forward_mode.derivatives import NoDerivative
from xsbert.attribution.forward_mode.tangents import Rounded
from xsbert.attribution.integration.free_memory import share_of_free
from xsbert.attribution.integration.pass_memory import Budget
from xsbert.attribution.integration.paths import Paths
from xsbert.attribution.integration.precision import full_float32
from xsbert.attribution.integration.pullback import Pulled, pulled_back
from xsbert.attribution.integration.soundness import is_wrong
from xsbert.attribution.integration.token_vectors import Integral, token_vectors
from xsbert.attribution.mode import Mode, Reverse
from xsbert.attribution.pair import NO_TOKENS, assemble, products_of
from xsbert.attribution.quadrature.rule import Rule
from xsbert.models.encoders.checks import say_once, warn
from xsbert.models.encoders.names import name_of
from xsbert.models.encoders.progress import Progress, progress_of
from xsbert.models.inputs.batches import Batch, batched, batches, pulled_through
from xsbert.models.inputs.prompts import Given, routed
from xsbert.models.inputs.text import Text, read
from xsbert.models.references.padding import PaddingReference, Reference
from xsbert.models.splitting.passing import blocking
from xsbert.models.splitting.private_copy import device_of_copy
from xsbert.models.splitting.split import Split
from xsbert.models.splitting.static import StaticSplit, is_static
from xsbert.results.attribution import MISSED, Attribution
from xsbert.results.token_vectors import EmbeddedText, TokenVectors


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
        model: BaseModel,
        layer: int,
        rule: Rule,
        reference: Reference,
        memory: int | None = None,
        products: torch.dtype | None = None,
        layers: str | None = None,
    ) -> None:
        self.model, self.rule, self.reference = model, rule, reference
        self._splits: dict[tuple[nn.Module, ...], Split] = {}
        self._truncate_dim = getattr(model, "truncate_dim", None)
        self._make_split = partial(Split, layer=layer, truncate_dim=self._truncate_dim, layers=layers)
        self.device = device_of_copy(model.device)
        self.memory = share_of_free(self.device) if memory is None else memory
        self.rounded = None if products is None else Rounded(products)
        self._checked: set[Split] = set()

    def split(self, texts: Batch) -> Split:
        """The modules that these texts run through, split at the layer."""
        return self._split_for(texts.texts[0].given.task)

    def _split_for(self, task: str) -> Split:
        modules = routed(list(self.model), task)
        if modules not in self._splits:
            static = is_static(list(modules))
            make = partial(StaticSplit, truncate_dim=self._truncate_dim) if static else self._make_split
            self._splits[modules] = make(list(modules))
        return self._splits[modules]

    def _read(self, given: Iterable[Given]) -> dict[Given, Text]:
        """The texts, tokenized; each once. What the model can't do is refused before."""
        each_once = dict.fromkeys(given)
        for task in {each.task for each in each_once}:
            self._split_for(task)
        return {each: read(self.model, each) for each in each_once}

    def _tokenizer(self, texts: Batch) -> Any:
        first = routed(list(self.model), texts.texts[0].given.task)[0]
        return getattr(first, "tokenizer", None) or self.model.tokenizer

    def token_vectors(self, given: Sequence[Given], show: bool | None = None) -> list[TokenVectors]:
        """Each text's token vectors, by forward mode, in the order given."""
        texts = self._read(given)
        with progress_of(len(texts), show) as progress:
            known = self._forward(list(texts.values()), progress)
        return [known[each] for each in given]

    def explain(
        self, pairs: Sequence[tuple[Given, Given]], similarity: str, mode: Mode, show: bool | None = None
    ) -> list[Attribution]:
        """Each pair's attribution, in the order given."""
        texts = self._read(each for pair in pairs for each in pair)
        through = pulled_through({each: len(text.tokens) for each, text in texts.items()}, pairs, mode)
        found: dict[tuple[Given, Given], tuple[EmbeddedText, np.ndarray]] = {}
        with progress_of(len(texts), show) as progress:
            known = self._forward([text for each, text in texts.items() if each not in through], progress)
            for long in sorted(through, key=lambda each: len(texts[each].tokens), reverse=True):
                try:
                    others = [known[short] for short in through[long]]
                    embedded, parts = self._pulled(texts[long], others, progress.within(1))
                except NoDerivative as cause:  # forward mode passes through more code
                    if isinstance(mode, Reverse):
                        say_once(f"Reverse() gives way to Forward(), for {cause}.")
                    known |= self._forward([texts[long]], progress)
                    continue
                for short, products in zip(through[long], parts, strict=True):
                    found[short, long] = embedded, products
                progress.done(1)

        def explained(a: Given, b: Given) -> Attribution:
            if a in known and b in known:
                return assemble(known[a], known[b], products_of(known[a], known[b]), similarity)
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
        """The paths, and the whole encoder's embeddings of the texts, `(B, D)`.

        The texts and their padding run through the encoder together: that gives both ends of the paths, and what the
        tail must give there. Where layers share more than hidden states, it is right at the text's own end, and wrong
        elsewhere.
        """
        split, tokenizer, count = self.split(texts), self._tokenizer(texts), len(texts.texts)
        if isinstance(split, StaticSplit):
            hidden, whole = split.embedded(texts.features)
            paths = Paths(split.tail(texts.features), torch.zeros_like(hidden), hidden, self.memory)
            split.check(whole, paths.end_values)
            return paths, whole
        others, are_starts = None, isinstance(self.reference, PaddingReference)
        if are_starts:
            others = self.reference.features(texts, tokenizer)  # type: ignore[attr-defined]
        elif split not in self._checked and tokenizer.pad_token_id is not None:
            others = PaddingReference().features(texts, tokenizer)
        hidden, whole = split.embedded(texts.features, others)
        starts = hidden[count:] if are_starts else self.reference.hidden_states(split, texts, tokenizer)
        paths = Paths(split.tail(texts.features), starts, hidden[:count], self.memory)
        split.check(whole[:count], paths.end_values)
        if others is not None:
            elsewhere = paths if are_starts else Paths(paths.function, hidden[count:], hidden[:count], self.memory)
            split.check(whole[count:], elsewhere.start_values, scale=whole[:count])
            self._checked.add(split)
        return paths, whole[:count]

    def _forward(self, texts: Sequence[Text], progress: Progress) -> dict[Given, TokenVectors]:
        known = {}
        for batch in batches(texts, self._together):
            paths, whole = self._checked_paths(batch)
            paths.progress = progress.within(len(batch.texts))
            integrals = self._integrated(paths, self.split(batch))
            for i, integral in enumerate(integrals):
                vectors = _on_host(integral.vectors.to(paths.ends.dtype))
                fields = self._fields(batch.texts[i], integral, self.split(batch), whole[i])
                known[batch.texts[i].given] = TokenVectors(**fields, vectors=vectors)
            progress.done(len(batch.texts))
        return known

    def _integrated(self, paths: Paths, split: Split) -> list[Integral]:
        """The token vectors of a batch; by another way to a derivative where the first proves wrong."""
        try:
            integrals = self._token_vectors(paths, split)
            while any(not integral.error <= MISSED for integral in integrals) and self._is_wrong(paths, split):
                if not paths.leave_way("its derivatives are not those of the values"):
                    break
                integrals = self._token_vectors(paths, split)
        except NoDerivative as cause:
            raise ValueError(
                f"{type(self.model.transformers_model).__name__} can't be explained: {cause}. Try another layer."
            ) from cause
        if paths.left:
            say_once(
                f"Derivatives are taken by {paths.way}, which takes longer. Not by {'; nor by '.join(paths.left)}."
            )
        return integrals

    def _token_vectors(self, paths: Paths, split: Split) -> list[Integral]:
        try:
            return token_vectors(paths, self.rule, self.rounded)
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
        paths, whole = self._checked_paths(batch)
        paths.progress = advance
        cotangents = torch.from_numpy(np.concatenate([other.vectors for other in others])).to(paths.ends.device)
        pulled = pulled_back(paths, self.rule, cotangents)
        if not pulled.error <= MISSED and self._is_wrong(paths, self.split(batch)):
            raise NoDerivative("the derivatives are not those of the values")
        embedded = EmbeddedText(**self._fields(text, pulled, self.split(batch), whole[0]))
        parts = pulled.products.split([len(other.tokens) for other in others])
        return embedded, [_on_host(part) for part in parts]

    def _together(self, tokens: int) -> int:
        """How many texts of a length share a batch: enough that their first questions fill a pass."""
        hidden = getattr(self.model.config, "hidden_size", 1024)
        budget = Budget(self.memory, 4 * hidden, tokens, self.device)
        return max(1, budget.rows("slope") // (5 * tokens))

    def _fields(self, text: Text, found: Integral | Pulled, split: Split, whole: Tensor) -> dict[str, Any]:
        """What both kinds of result say of a text. Warns where the user should know."""
        rounds = None if self.rounded is None else str(self.rounded.dtype).removeprefix("torch.")
        warn(text, split.layer, found, self.rule, rounds, self.model.max_seq_length)
        return {
            "text": text.given.string,
            "tokens": text.tokens,
            "offsets": text.offsets,
            "embedding": _on_host(found.end_value),
            "reference_embedding": _on_host(found.start_value),
            "error": found.error,
            "nodes": found.nodes,
            "norm": split.norm(whole),
            "truncated": text.truncated,
            "layer": split.layer,
            "reference": NO_TOKENS if isinstance(split, StaticSplit) else repr(self.reference),
            "quadrature": repr(self.rule) + (f", products in {rounds}" if rounds else ""),
            "model": name_of(self.model),
            "prompt": text.given.prompt,
            "prompted": text.prompted,
            "unknown": text.unknown,
        }


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
