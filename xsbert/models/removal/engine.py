"""From texts to their words' vectors and from pairs to their attributions, by taking words away."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from xsbert.attribution.shapley.coalitions import Coalitions, Values, coalitions
from xsbert.attribution.shapley.means import values_of_mean
from xsbert.models.encoders.pairing import Pairing
from xsbert.models.inputs.prompts import TextInput
from xsbert.models.methods.removal import Removal
from xsbert.models.progress import Progress
from xsbert.models.removal.encodings import MOST_AT_HAND, Encodings, of_unit_length
from xsbert.models.removal.sources import Players, Source
from xsbert.results.attribution import Attribution
from xsbert.results.parts.sub_texts import kept
from xsbert.results.token_vectors import TokenVectors


class RemovalEngine:
    """Where embeddings come from, with the method that takes words away.

    Args:
        source: the model, or the function.
        method: how many sub-texts, and of what.
        similarity: "cosine" or "dot": for cosine, embeddings count at length 1.
    """

    def __init__(self, source: Source, method: Removal, similarity: str) -> None:
        self.source, self.method, self.similarity = source, method, similarity

    def explain(self, pairs: Sequence[tuple[TextInput, TextInput]], progress: Progress) -> list[Attribution]:
        """Each pair's attribution, in the order of the pairs; `progress` is told of each text once."""
        pairing = Pairing(pairs, self.similarity)
        for text, vectors in self._vectors(texts_of(pairs), progress):
            pairing.add(text, vectors)
        return pairing.attributions

    def token_vectors(self, texts: Sequence[TextInput], progress: Progress) -> list[TokenVectors]:
        """Each text's vectors, in the order of the texts; `progress` is told of each text once."""
        vectors = dict(self._vectors(list(dict.fromkeys(texts)), progress))
        return [vectors[text] for text in texts]

    def sub_texts(self, texts: Sequence[TextInput]) -> list[str]:
        """All that is encoded for these texts, each once."""
        found = [string for text in texts for string in self._planned(self._players(text))[1]]
        return list(dict.fromkeys(found))

    def _vectors(self, texts: Sequence[TextInput], progress: Progress) -> Iterator[tuple[TextInput, TokenVectors]]:
        players = [self._players(text) for text in texts]  # what can't be read is refused before anything is asked
        for start in range(0, len(players), self.source.at_once):
            block = players[start : start + self.source.at_once]
            known = [self._in_closed_form(each) for each in block]
            asked = [each for each, done in zip(block, known, strict=True) if done is None]
            sampled = iter(self._sampled(asked, progress))
            for each, done in zip(block, known, strict=True):
                yield each.input, next(sampled) if done is None else done
            progress.done(len(block))

    def _players(self, text: TextInput) -> Players:
        return self.source.players(text, self.method.units)

    def _planned(self, players: Players) -> tuple[Coalitions | None, list[str]]:
        """What is asked of a text: the text itself first. A text without players is asked for alone."""
        string = players.input.string
        empty = [] if self.method.shared else [""]
        if not players.groups:
            return None, [string, *empty]
        spans = [group.offset or (0, 0) for group in players.groups]
        seed = [self.method.seed, zlib.crc32(string.encode())]
        plan = coalitions(len(spans), self.method.samples, seed)
        read = string[: players.end]
        return plan, [string, *(kept(read, spans, row) for row in plan.kept[1:]), *empty]

    def _sampled(self, block: Sequence[Players], progress: Progress) -> Iterator[TokenVectors]:
        plans = [self._planned(players) for players in block]
        asked: dict[Encodings, list[int]] = {}
        for i, each in enumerate(block):
            asked.setdefault(self.source.encodings(each.input), []).append(i)
        for encodings, places in asked.items():
            encodings.forget(MOST_AT_HAND)  # what earlier texts asked
            strings = [string for i in places for string in plans[i][1]]
            encodings.advance = partial(_advance, progress.within(len(places)), max(1, len(encodings.new(strings))))
            encodings.fetch(strings)
        for players, (plan, strings) in zip(block, plans, strict=True):
            yield self._of(players, plan, self.source.encodings(players.input)(strings))

    def _of(self, players: Players, plan: Coalitions | None, embeddings: np.ndarray) -> TokenVectors:
        """A text's vectors, from the embeddings of its sub-texts, `(K, D)`, and of the empty text behind them."""
        found = of_unit_length(embeddings) if self.similarity == "cosine" else embeddings.astype(np.float64)
        count = 1 if plan is None else len(plan.kept)
        start = np.zeros_like(found[0]) if self.method.shared else found[-1]
        # Where nothing can be taken away the text is there as a whole.
        values = Values(found[:1], None) if plan is None else plan.values(found[:count])
        vectors = values.vectors - start / len(values.vectors)
        name = "the text as a whole" if plan is None else plan.name
        return self._made(players, vectors, values.spread, found[0], start, len(embeddings), name)

    def _in_closed_form(self, players: Players) -> TokenVectors | None:
        """A text's vectors where its embedding is a mean whose parts are known, else None."""
        parts = self.source.parts(players.input) if players.groups else None
        if parts is None:
            return None
        embeddings, norm = parts
        groups = [group.positions for group in players.groups]
        if sorted(position for group in groups for position in group) != list(range(len(embeddings))):
            return None  # some token is no player's
        sums = np.stack([embeddings[positions].sum(axis=0) for positions in groups])
        vectors = values_of_mean(sums, np.array(list(map(len, groups))))
        embedding = embeddings.mean(axis=0)
        return self._made(players, vectors, None, embedding, np.zeros_like(embedding), 0, "closed form", norm)

    def _made(
        self,
        players: Players,
        vectors: np.ndarray,
        spread: np.ndarray | None,
        embedding: np.ndarray,
        start: np.ndarray,
        nodes: int,
        quadrature: str,
        norm: float = 1.0,
    ) -> TokenVectors:
        text, offsets = players.input, tuple(group.offset for group in players.groups) or (None,)
        change = embedding - start
        miss, size = (float(np.linalg.norm(each)) for each in (vectors.sum(axis=0) - change, change))
        return TokenVectors(
            text=text.string,
            tokens=tuple(text.string[slice(*offset)] if offset else "␣" for offset in offsets),
            offsets=offsets,
            embedding=embedding.astype(np.float32),
            reference_embedding=start.astype(np.float32),
            error=0.0 if miss == 0 else miss / size if size else float("inf"),
            nodes=nodes,
            norm=norm,
            truncated=players.truncated,
            layer=0,
            method=repr(self.method),
            quadrature=quadrature,
            model=self.source.name,
            vectors=vectors.astype(np.float32),
            prompt=text.prompt,
            unknown=players.unknown,
            spread=None if spread is None else spread.astype(np.float32),
        )


def texts_of(pairs: Sequence[tuple[TextInput, TextInput]]) -> list[TextInput]:
    """The texts of pairs, each once."""
    return list(dict.fromkeys(text for pair in pairs for text in pair))


def _advance(told: Callable[[float], None], count: int, more: int) -> None:
    told(more / count)
