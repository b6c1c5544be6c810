"""The shift: the reference of the text's own length is subtracted, alone and in any batch."""

import threading

import numpy as np
import pytest
import torch

from xsbert import XSTransformer
from xsbert.models import ReferenceTransformer, ShiftingReferenceTransformer
from xsbert.models.shift import _without_dropout

TEXTS = ["The dog runs.", "", "She bought unbelievably expensive shoes yesterday.", "Coffee", "A dog, a cat, a yard."]
EXACT = ["mpnet_cos", "droberta_cos"]


@pytest.mark.parametrize("name", EXACT)
def test_an_embedding_does_not_depend_on_its_neighbours(tiny, name):
    alone = np.stack([tiny[name].encode(text) for text in TEXTS])
    for batch_size in (2, 5):
        np.testing.assert_allclose(tiny[name].encode(TEXTS, batch_size=batch_size), alone, atol=1e-6)


@pytest.mark.parametrize("name", EXACT)
def test_it_is_the_plain_model_less_the_reference(tiny, name):
    model, plain = tiny[name], tiny[name.replace("cos", "shelf")]
    for text in TEXTS:
        length = len(model.tokenize_text(text))
        reference = plain[0].auto_model(model[0].reference_ids(length)[None]).last_hidden_state.mean(1)[0]
        np.testing.assert_allclose(model.encode(text), plain.encode(text) - reference.detach().numpy(), atol=2e-6)


@pytest.mark.parametrize("name", EXACT)
def test_an_empty_text_is_zero_exactly_in_any_batch(tiny, name):
    assert not tiny[name].encode("").any()
    assert not tiny[name].encode(TEXTS)[1].any()


def test_references_are_dropped_when_the_weights_change(tiny_folders):
    model = XSTransformer(str(tiny_folders["mpnet_cos"]))
    before = model.encode("The dog runs.")
    with torch.no_grad():
        model[0].auto_model.encoder.layer[0].attention.attn.q.weight.mul_(1.5)
    changed = model.encode("The dog runs.")
    assert np.abs(changed - before).max() > 1e-3
    model[0]._kept.references.clear()
    np.testing.assert_array_equal(model.encode("The dog runs."), changed)
    model.double()
    assert np.abs(model.encode("The dog runs.") - changed).max() < 1e-5


def test_references_are_dropped_by_training_with_a_fused_optimizer(tiny_folders):
    """A fused step leaves no trace in the weights' versions."""
    model = XSTransformer(str(tiny_folders["mpnet_cos"]), device="cpu")
    model.encode("The dog runs.")
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, fused=True)
    model(model.preprocess(["The dog runs."]))["sentence_embedding"].square().sum().backward()
    optimizer.step()
    trained = model.encode("The dog runs.")
    model[0]._kept.references.clear()
    np.testing.assert_array_equal(model.encode("The dog runs."), trained)


def test_two_threads_encode_and_explain_at_once(tiny):
    model, b = tiny["mpnet_cos"], "Outside in the garden the cat is chased by the dog."
    expected, embeddings = model.explain("The dog runs.", b), model.encode(TEXTS)
    model.train().eval()  # drops what is kept, so that both threads fill it
    failures = []

    def repeat(check):
        try:
            for _ in range(5):
                check()
        except (AssertionError, RuntimeError, KeyError) as failure:
            failures.append(failure)

    checks = [
        lambda: np.testing.assert_allclose(model.encode(TEXTS), embeddings, atol=1e-6),
        lambda: np.testing.assert_allclose(model.explain("The dog runs.", b).matrix, expected.matrix, atol=1e-6),
    ]
    threads = [threading.Thread(target=repeat, args=(check,)) for check in checks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_gradients_flow_through_the_reference(tiny_folders):
    model = XSTransformer(str(tiny_folders["mpnet_cos"]))
    model.train()
    features = model.preprocess(["The dog runs.", "Coffee"])
    padding = model.tokenizer.pad_token_id
    model(features)["sentence_embedding"].sum().backward()
    assert padding not in model.preprocess(["The dog runs."])["input_ids"]
    assert model[0].auto_model.embeddings.word_embeddings.weight.grad.abs().sum() > 0
    bias = model[0].auto_model.encoder.layer[-1].output.LayerNorm.bias.grad
    # The last bias adds the same to a token and to its reference: only the shift makes its gradient vanish.
    assert bias.abs().max() < 1e-5


def test_the_reference_is_made_of_the_tokenizers_own_ids(minilm_folder):
    transformer = ReferenceTransformer(minilm_folder)
    cls, pad, sep = (transformer.tokenizer.convert_tokens_to_ids(token) for token in ("[CLS]", "[PAD]", "[SEP]"))
    assert transformer.reference_ids(5).tolist() == [cls, pad, pad, pad, sep]
    assert transformer.reference_ids(2).tolist() == [cls, sep]
    assert (cls, pad, sep) == (101, 0, 102)
    assert transformer.reference_embeddings(5).shape == (5, 384)


def test_a_tokenizer_without_padding_is_refused(minilm_folder):
    transformer = ShiftingReferenceTransformer(minilm_folder)
    transformer.tokenizer.pad_token = None
    with pytest.raises(ValueError, match="has no padding token"):
        transformer.reference_ids(5)


def test_a_shifted_model_is_exact_at_once(minilm, minilm_folder):
    model = XSTransformer(modules=[ShiftingReferenceTransformer(minilm_folder), *list(minilm)[1:]], device="cpu")
    x = model.explain("The coffee is bad.", "This is not a good coffee.")
    assert x.is_exact
    assert x.explained == pytest.approx(x.score, abs=2e-3)
    own = float(model.similarity(*model.encode([x.text_a, x.text_b])))
    assert x.score == pytest.approx(own, abs=1e-5)
    unshifted = minilm.explain("The coffee is bad.", "This is not a good coffee.", similarity="dot")
    # The Jacobian does not change: the matrices differ by their normalisers alone.
    np.testing.assert_allclose(x.matrix * x.normalizer, unshifted.matrix * unshifted.normalizer, atol=1e-5)


@pytest.mark.parametrize("name", ["mpnet_cos", "droberta_cos"])
def test_references_from_one_pass_are_those_from_many(tiny, name):
    with torch.no_grad():
        together = tiny[name][0].references_of([3, 12, 7])
        for embeddings, length in zip(together, (3, 12, 7), strict=True):
            torch.testing.assert_close(embeddings, tiny[name][0].reference_embeddings(length), atol=3e-6, rtol=0)


def test_training_and_evaluation_shift_alike(tiny_folders):
    """Without dropout, what training sees is what evaluation gives."""
    model = XSTransformer(str(tiny_folders["mpnet_cos"]), device="cpu")
    expected = model.encode(TEXTS)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    model.train()
    np.testing.assert_allclose(model(model.preprocess(TEXTS))["sentence_embedding"].detach(), expected, atol=2e-6)


def test_any_transformer_can_be_shifted_and_nothing_else(minilm):
    shifted = ShiftingReferenceTransformer.of(minilm[0])
    assert shifted.auto_model is minilm[0].auto_model
    assert type(minilm[0]) is not ShiftingReferenceTransformer
    assert shifted.max_seq_length == minilm[0].max_seq_length
    with pytest.raises(TypeError, match="The shift got a Pooling; expected a Transformer"):
        ShiftingReferenceTransformer.of(minilm[1])


def test_a_reference_is_the_same_whichever_text_asks_for_it_first(tiny_folders):
    rows = []
    for first in (TEXTS, TEXTS[:1], TEXTS[2:]):
        model = XSTransformer(str(tiny_folders["mpnet_cos"]), device="cpu")
        model.encode(first)
        rows.append(model.encode(TEXTS[0]))
    np.testing.assert_array_equal(rows[0], rows[1])
    np.testing.assert_array_equal(rows[0], rows[2])


def test_dropout_does_not_reach_the_reference(tiny_folders):
    model = XSTransformer(str(tiny_folders["mpnet_cos"]), device="cpu")
    expected = model[0].reference_embeddings(7).detach()
    model.train()
    assert any(isinstance(module, torch.nn.Dropout) and module.p > 0 for module in model.modules())
    torch.testing.assert_close(model[0].reference_embeddings(7), expected, atol=1e-6, rtol=0)
    assert all(module.training for module in model.modules())
    twice = [model(model.preprocess([TEXTS[2]]))["sentence_embedding"] for _ in range(2)]
    assert (twice[0] - twice[1]).abs().max() > 1e-3
    with pytest.raises(RuntimeError, match="on purpose"), _without_dropout(model):
        raise RuntimeError("on purpose")
    assert all(module.training for module in model.modules())
