"""The shift: the reference of the text's own length is subtracted, alone and in any batch."""

import copy
import threading

import numpy as np
import pytest
import torch

from tests.helpers.architectures import build
from xsbert import XSTransformer
from xsbert.attribution import Forward, Reverse
from xsbert.models import HiddenStates, ReferenceTransformer, ShiftingReferenceTransformer
from xsbert.models.exact import shift
from xsbert.models.exact.shared import references_of
from xsbert.models.exact.shift import _without_dropout

TEXTS = ["The dog runs.", "", "She bought unbelievably expensive shoes yesterday.", "Coffee", "A dog, a cat, a yard."]
EXACT = ["mpnet_cos", "droberta_cos"]


@pytest.mark.parametrize("name", EXACT)
def test_an_embedding_does_not_depend_on_its_neighbours(tiny, name):
    alone = np.stack([tiny[name].encode(text) for text in TEXTS])
    for batch_size in (2, 5):
        np.testing.assert_allclose(tiny[name].encode(TEXTS, batch_size=batch_size), alone, atol=3e-6)


@pytest.mark.parametrize("padding_side", ["left", "right"])
def test_only_rounding_depends_on_its_neighbours(tiny_folders, padding_side):
    model = XSTransformer(str(tiny_folders["mpnet_cos"]), device="cpu").double()
    model.tokenizer.padding_side = padding_side
    alone = np.stack([model.encode(text) for text in TEXTS])
    for batch_size in (2, 5):
        np.testing.assert_allclose(model.encode(TEXTS, batch_size=batch_size), alone, atol=1e-13)


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


def by_data(weights):
    for weight in weights:
        weight.data.mul_(1.1)


def by_shared_memory(weights):
    for weight in weights:
        weight.detach().numpy()[...] *= 1.1


def by_copying(weights):
    for weight in weights:
        weight.data.copy_(weight.data * 1.1)


def by_exchange(weights):
    """No sum over the weights sees it."""
    for weight in weights:
        weight.data[:2] = weight.data[:2].flip(0)


def by_a_fused_step(weights):
    for weight in weights:
        weight.grad = weight.detach().sign()
    torch.optim.AdamW(weights, lr=1e-2, fused=True).step()


WRITES = [by_data, by_shared_memory, by_copying, by_exchange, by_a_fused_step, torch._foreach_neg_]


@pytest.mark.parametrize("write", WRITES)
def test_weights_that_were_written_to_count_at_once(tiny_folders, tmp_path, write):
    """Most of these leave no trace: neither the tensor's memory nor its version changes."""
    model, texts = XSTransformer(str(tiny_folders["mpnet_cos"]), device="cpu"), [TEXTS[0], TEXTS[2]]
    before = model.encode(texts)
    with torch.no_grad():
        write([layer.attention.attn.v.weight for layer in model[0].auto_model.encoder.layer])
    model.save(str(tmp_path))
    expected = XSTransformer(str(tmp_path), device="cpu").encode(texts)
    assert np.abs(expected - before).max() > 1e-2
    np.testing.assert_array_equal(model.encode(texts), expected)
    assert model.explain(*texts).score == pytest.approx(float(model.similarity(*expected)), abs=1e-6)


def test_buffers_that_were_written_to_count_at_once(tmp_path):
    plain = build("NomicBERT", tmp_path)
    model = XSTransformer(modules=[ShiftingReferenceTransformer.of(plain[0]), plain[1]], device="cpu")
    before, frequencies = model.encode(TEXTS), dict(plain.named_buffers())["0.model.rotary_emb.inv_freq"]
    frequencies.mul_(0.5)
    changed = model.encode(TEXTS)
    assert np.abs(changed - before).max() > 1e-3
    np.testing.assert_array_equal(changed, copy.deepcopy(model).encode(TEXTS))


def test_the_batches_of_a_call_share_references(tiny):
    """And none outlives the call: the second one embeds it again."""
    model, rows = tiny["mpnet_cos"], []

    def record(module, args, options):
        rows.append(len(options["input_ids"]))

    hook = model[0].auto_model.embeddings.register_forward_pre_hook(record, with_kwargs=True)
    try:
        for _ in range(2):
            model.encode(["The dog runs."] * 6, batch_size=2)
    finally:
        hook.remove()
    assert rows == 2 * [3, 2, 2]


def test_a_call_holds_a_bounded_number_of_references(tiny, monkeypatch):
    model, held = tiny["mpnet_cos"], []
    monkeypatch.setattr(shift, "MOST_REFERENCES", 2)
    hook = model[1].register_forward_hook(lambda *_: held.append(len(references_of(model[0]))))
    try:
        embeddings = model.encode(TEXTS, batch_size=1)
    finally:
        hook.remove()
    assert held == [1, 2, 2, 2, 2]
    np.testing.assert_array_equal(embeddings, [model.encode(text) for text in TEXTS])
    assert not references_of(model[0])


def test_two_threads_encode_and_explain_at_once(tiny):
    model, b = tiny["mpnet_cos"], "Outside in the garden the cat is chased by the dog."
    expected, embeddings = model.explain("The dog runs.", b), model.encode(TEXTS)
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
    x = model.explain("The coffee is bad.", "This is not a good coffee.", method=HiddenStates())
    assert x.is_exact
    assert x.explained == pytest.approx(x.score, abs=2e-3)
    own = float(model.similarity(*model.encode([x.text_a, x.text_b])))
    assert x.score == pytest.approx(own, abs=1e-5)
    unshifted = minilm.explain(
        "The coffee is bad.", "This is not a good coffee.", similarity="dot", method=HiddenStates()
    )
    # The Jacobian does not change: the matrices differ by their normalisers alone.
    np.testing.assert_allclose(x.matrix * x.normalizer, unshifted.matrix * unshifted.normalizer, atol=1e-5)


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


@pytest.mark.parametrize("mode", [Forward(), Reverse()], ids=repr)
@pytest.mark.parametrize(("a", "b"), [("", " "), ("", "The dog runs."), ("The dog runs.", "\t"), ("", "")])
def test_blank_texts_score_zero_with_everything(tiny, a, b, mode):
    """As `encode` has them, whatever shares their batch."""
    model = tiny["mpnet_cos"]
    x = model.explain(a, b, method=HiddenStates(mode=mode))
    among = model.explain_pairs([("The dog runs.", "Coffee"), (a, b), ("", "Coffee")], method=HiddenStates(mode=mode))[
        1
    ]
    assert x.score == among.score == float(model.similarity(*model.encode([a, b]))) == 0
    assert not x.matrix.any()
    assert not among.matrix.any()
    assert x.is_exact
