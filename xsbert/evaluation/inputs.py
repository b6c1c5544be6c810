"""What the study's command reads: pairs of texts, human alignments, models."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from xsbert.evaluation.examples import PAIRS
from xsbert.evaluation.judges.ists import AlignedPair, read_alignments
from xsbert.evaluation.methods.matrices import Words
from xsbert.evaluation.study import Pair
from xsbert.models import XSTransformer, default_model, load_model, load_reachable
from xsbert.models.inputs.text import read
from xsbert.pairs import read_splits

T = TypeVar("T", Pair, AlignedPair)


def pairs(folder: str | None, seed: int) -> list[Pair]:
    """The pairs of a benchmark's dev split, each once, in an order that the seed gives; without one, a few examples.

    Raises:
        OSError, ValueError: as `xsbert.pairs.read_splits`.
    """
    if folder is None:
        return list(PAIRS)
    found = list(dict.fromkeys((pair.text_a, pair.text_b) for pair in read_splits(folder)["dev"]))
    random.Random(seed).shuffle(found)
    return found


def alignments(folder: str | None, seed: int) -> list[AlignedPair]:
    """Pairs with human alignments, each once, in an order that the seed gives; none without a folder.

    Raises:
        OSError, ValueError: as `xsbert.evaluation.read_alignments`.
    """
    if folder is None:
        return []
    found = list({(pair.text_a, pair.text_b): pair for pair in read_alignments(folder)}.values())
    random.Random(seed).shuffle(found)
    return found


def short(found: Sequence[T], model: XSTransformer, words: int) -> list[T]:
    """Those whose texts have at most so many words, as the model's tokenizer finds them."""

    def count(text: str) -> int:
        tokens = read(model, text)
        return len(Words.of(text, tokens.offsets, tokens.prompted))

    def texts(pair: T) -> Pair:
        return pair if isinstance(pair, tuple) else (pair.text_a, pair.text_b)

    return [pair for pair in found if all(count(text) <= words for text in texts(pair))]


def subjects(model: str | None, exact: str | None, device: str) -> dict[str, XSTransformer]:
    """The models by name, in evaluation mode: the one as it is, by default all-MiniLM-L6-v2, and one made exact.

    Where both have one name, the exact one's says so.

    Raises:
        OSError, ValueError: as `load_model`.
    """
    if model is None:
        found = {"all-MiniLM-L6-v2": default_model()[0]}
    else:
        path = Path(model)
        found = {path.name: XSTransformer(model) if path.is_dir() else load_reachable(model)}
    if exact:
        name = Path(exact).name
        found[f"{name}, exact" if name in found else name] = load_model(exact)
    return {name: each.to(device).eval() for name, each in found.items()}
