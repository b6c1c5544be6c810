"""References of hidden states other than padding."""

import numpy as np
import pytest

from xsbert import XSTransformer
from xsbert.attribution import Adaptive, GaussLegendre
from xsbert.models import HiddenStates, MaskReference, MeanReference, ZeroReference

A, B = "The coffee is bad.", "This is not a good coffee."
LONG = "She said that this is certainly not what anybody would call a good cup of coffee."


def vectors(model, texts, layer, reference, quadrature):
    return model.token_vectors(texts, method=HiddenStates(layer, reference, quadrature))


def test_the_other_references(minilm):
    zero, mean, mask = (
        vectors(minilm, [A], -1, each, Adaptive(1e-2))[0]
        for each in (ZeroReference(), MeanReference((A, LONG)), MaskReference())
    )
    assert max(zero.error, mean.error, mask.error) <= 1e-2
    embeddings = [each.reference_embedding for each in (zero, mean, mask)]
    assert np.linalg.matrix_rank(np.stack(embeddings)) == 3
    minilm_mask = minilm.encode("[MASK] [MASK] [MASK] [MASK] [MASK]", normalize_embeddings=True)
    assert minilm_mask @ mask.reference_embedding == pytest.approx(np.linalg.norm(mask.reference_embedding), rel=1e-5)


def test_a_mean_is_of_the_corpus_as_the_model_reads_it(minilm_folder):
    """Behind the texts' prompt, and cut at the model's length; a tokenizer may name none."""
    model = XSTransformer(minilm_folder, device="cpu", prompts={"query": "find: "})
    model.tokenizer.model_max_length, long = int(1e30), "coffee " * 300
    model.max_seq_length = 16
    method = HiddenStates(0, MeanReference((long,)), GaussLegendre(2))
    (plain,), (prompted,) = (model.token_vectors([A], prompt_name=name, method=method) for name in (None, "query"))
    model.max_seq_length = 8
    (shorter,) = model.token_vectors([A], method=method)
    for other in (prompted, shorter):
        assert not np.allclose(plain.reference_embedding, other.reference_embedding, atol=1e-3)


def test_bad_values_are_refused():
    with pytest.raises(TypeError, match="corpus got a list; expected a tuple of strings"):
        MeanReference([A])
    with pytest.raises(ValueError, match="corpus got an empty tuple"):
        MeanReference(())


def test_a_corpus_is_named_in_short():
    mean, other = MeanReference((A, LONG)), MeanReference((LONG, A))
    assert repr(mean).startswith("MeanReference(2 texts, ")
    assert repr(mean) == repr(MeanReference((A, LONG))) != repr(other)
    assert len(repr(mean)) < 40
