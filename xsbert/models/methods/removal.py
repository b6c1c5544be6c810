"""The method for any embedding function: words are taken away for real."""

from __future__ import annotations

from dataclasses import dataclass

from xsbert.models.inputs.units import SENTENCES, WORDS, Units, check_units, named
from xsbert.results.arguments import at_least, whole


@dataclass(frozen=True, repr=False)
class Removal:
    """Shapley values of the embedding over a text's words, which are left out of the text and the rest encoded.

    What `Presence` finds by derivatives this finds by asking the model of sub-texts, so that it explains whatever gives
    an embedding: without gradients, attention or weights. A word's vector is what the embedding changes by when the
    word comes, in the mean over orders in which the words may come. The vectors, `(W, D)`, sum to f(x), so that the
    pairs sum to the score. `x.standard_errors` says how sure each pair is: the error of the mean over the orders that
    were drawn, each with its reverse. Where there are no more sub-texts than samples, all are encoded, and the values
    are exact.

    A similarity is a product of embeddings: a text is worked on by itself, and never a pair. For cosine similarity
    embeddings count at length 1, which is what the similarity sees of them.

    Of a mean of static embeddings the values are known in closed form, at no cost: words are left out of the mean.

    Args:
        samples: how many sub-texts of a text are encoded, at most; but no fewer than two orders and their reverses
            take, 5 W − 7 for W words. Errors go with one over the root of it.
        seed: of the orders, which are the same for the same text.
        shared: whether f(∅), what the model gives for no words, is shared evenly among the words, as of `Presence`;
            then the empty text is never asked for. Not shared, f(∅) stands as three reference terms.
        units: what is left out at a time: "words", "sentences", or a function from a text to spans of it, [start, end)
            in characters, outside of which are words. Of long documents sentences cost less, and say more.

    Raises:
        TypeError, ValueError: `samples` is no whole number from 2 on, `seed` none from 0 on, or `units` neither.
    """

    samples: int = 256
    seed: int = 0
    shared: bool = True
    units: Units = WORDS

    def __post_init__(self) -> None:
        object.__setattr__(self, "samples", at_least(self.samples, 2, "samples", "a whole number, such as 256"))
        if whole(self.seed, "seed", "a whole number, such as 0") < 0:
            raise ValueError(f"seed got {self.seed}; expected a whole number from 0 on, such as 0.")
        check_units(self.units, (WORDS, SENTENCES))

    def __repr__(self) -> str:
        return f"Removal(samples={self.samples}, seed={self.seed}, shared={self.shared}, units={named(self.units)})"
