"""What the studies' tests work on: a dozen scored pairs, and material of them."""

import pytest

from xsbert.pairs import ScoredPair
from xsbert.studies.explanations import Explanations
from xsbert.studies.material import Material
from xsbert.studies.texts.parses import Parser

PAIRS = [
    ScoredPair("A man is playing a guitar.", "A man plays the guitar.", 0.95),
    ScoredPair("The dog chases a black cat.", "A cat is chased by a dog.", 0.8),
    ScoredPair("A woman is cutting onions.", "Somebody slices a big onion.", 0.8),
    ScoredPair("Two dogs are running in the snow.", "Dogs run through deep snow.", 0.85),
    ScoredPair("The coffee is bad.", "This is not a good coffee.", 0.9),
    ScoredPair("The boy reads a book.", "A girl writes a letter.", 0.3),
    ScoredPair("The bank is closed today.", "A child eats an apple.", 0.0),
    ScoredPair("A cat sleeps on the sofa.", "The dealer sells a cat.", 0.15),
    ScoredPair("She drives an old car.", "He repairs a small bike.", 0.2),
    ScoredPair("The train will leave soon.", "The train will not leave.", 0.4),
    ScoredPair("They built a tall tower.", "The workers built a bridge.", 0.4),
    ScoredPair("The soup was hot.", "The weather was cold.", 0.1),
]


@pytest.fixture(scope="session")
def kept(tmp_path_factory):
    """Explanations that the tests share: each pair is explained once."""
    return Explanations(tmp_path_factory.mktemp("kept"))


@pytest.fixture
def made(minilm, kept):
    """Makes material of the pairs, or of others."""

    def make(model=minilm, pairs=PAIRS, methods=("padding",), **more):
        return Material("minilm", model, pairs, pairs, methods, kept, **more)

    return make


@pytest.fixture(scope="session")
def parser():
    """The English one."""
    return Parser()
