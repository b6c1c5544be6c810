"""Many texts at once: the same as one by one, each worked on once, in the order given."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from xsbert.attribution import Adaptive, ByLength, Forward, GaussLegendre, Reverse
from xsbert.attribution.integration.token_vectors import token_vectors
from xsbert.models import HiddenStates
from xsbert.models.encoders.engine import Engine
from xsbert.models.encoders.pairing import Pairing
from xsbert.models.inputs.batches import batches, pulled_through
from xsbert.models.inputs.prompts import TextInput
from xsbert.models.inputs.text import read
from xsbert.models.progress import progress_of

TEXTS = [
    "The coffee is bad.",
    "Tea!",
    "This is not a good coffee.",
    "",
    "A dog barks loudly today.",
    "She said that this is certainly not what anybody would call a good cup of coffee.",
    "The coffee is bad.",
    "A cat meows softly now.",
]
FAST = HiddenStates(quadrature=GaussLegendre(4))


def spread(values):
    return float(np.abs(values).max())


@pytest.mark.parametrize("rule", [GaussLegendre(4), Adaptive(1e-3)], ids=repr)
@pytest.mark.parametrize("name", ["minilm", "mpnet_shelf", "mpnet_cos", "droberta_shelf", "droberta_cos"])
def test_a_batch_gives_what_its_texts_give_alone(encoders, name, rule):
    together = encoders[name].token_vectors(TEXTS, method=HiddenStates(layer=0, quadrature=rule))
    for text, found in zip(TEXTS, together, strict=True):
        (alone,) = encoders[name].token_vectors([text], method=HiddenStates(layer=0, quadrature=rule))
        assert found.text == text
        assert found.nodes == alone.nodes
        assert spread(found.vectors - alone.vectors) <= 1e-5 * max(spread(alone.vectors), 1e-9)
        assert spread(found.embedding - alone.embedding) <= 1e-5 * spread(found.embedding)
        assert found.tokens == alone.tokens


@pytest.mark.parametrize("mode", [ByLength(), Forward(), Reverse()], ids=repr)
@pytest.mark.parametrize("name", ["minilm", "mpnet_cos"])
def test_many_pairs_give_what_each_gives_alone(encoders, name, mode):
    pairs = [(a, b) for a in TEXTS[:6] for b in TEXTS[1:7]]
    together = encoders[name].explain_pairs(pairs, method=replace(FAST, mode=mode))
    for (a, b), found in zip(pairs, together, strict=True):
        alone = encoders[name].explain(a, b, method=replace(FAST, mode=Forward()))
        assert (found.text_a, found.text_b) == (a, b)
        assert found.matrix.shape == (len(found.tokens_a), len(found.tokens_b))
        assert spread(found.matrix - alone.matrix) <= 1e-5 * max(spread(alone.matrix), 1e-9)
        assert found.score == pytest.approx(alone.score, abs=1e-6)
        assert found.reference_terms == pytest.approx(alone.reference_terms, abs=1e-6)


def test_each_text_is_worked_on_once_and_those_of_one_length_together(minilm, monkeypatch):
    seen = []

    def watched(paths, rule, rounded):
        seen.append((len(paths), paths.tokens))
        return token_vectors(paths, rule, rounded)

    monkeypatch.setattr("xsbert.models.encoders.engine.token_vectors", watched)
    minilm.token_vectors(TEXTS, method=FAST)
    lengths = [len(read(minilm, text).tokens) for text in dict.fromkeys(TEXTS)]
    assert seen == [(lengths.count(n), n) for n in sorted(set(lengths), reverse=True)]
    assert max(count for count, _ in seen) > 1


def test_texts_that_pairs_share_are_worked_on_once(minilm, monkeypatch):
    """Where all pairs of a text are done, no pair waits for it, and it is no new text."""
    counts = []

    def watched(paths, rule, rounded):
        counts.append(len(paths))
        return token_vectors(paths, rule, rounded)

    monkeypatch.setattr("xsbert.models.encoders.engine.token_vectors", watched)
    a, b, c = TEXTS[0], TEXTS[2], TEXTS[1]
    method = replace(FAST, mode=Forward())
    x, y, _, _ = minilm.explain_pairs([(a, b), (b, a), (a, c), (c, b)], method=method)
    assert sum(counts) == 3
    np.testing.assert_array_equal(x.matrix, y.matrix.T)


def test_a_ranking_pulls_the_query_back_through_long_documents(minilm, monkeypatch):
    forward = []

    def watched(paths, rule, rounded):
        forward.extend([paths.tokens] * len(paths))
        return token_vectors(paths, rule, rounded)

    monkeypatch.setattr("xsbert.models.encoders.engine.token_vectors", watched)
    query, documents = "Bad coffee.", [TEXTS[5], "Good tea!", TEXTS[5] + " Really."]
    ranking = minilm.explain_ranking(query, documents, method=FAST)
    assert {x.text_b for x in ranking} == set(documents)
    assert sorted(forward) == [5, len(read(minilm, documents[1]).tokens)]


def test_a_batch_has_no_more_texts_than_it_may(minilm):
    texts = [read(minilm, f"{word} coffee") for word in ("bad", "good", "hot", "cold", "black")]
    assert [len(batch.texts) for batch in batches(texts, lambda tokens: 2)] == [2, 2, 1]
    assert [batch.special.shape for batch in batches(texts, lambda tokens: 0)] == [(1, 4)] * 5


LENGTHS = {"s": 3, "s2": 3, "m": 10, "l": 100}


@pytest.mark.parametrize(
    ("pairs", "mode", "expected"),
    [
        ([("s", "l")], ByLength(), {"l": ["s"]}),
        ([("l", "s"), ("l", "s"), ("l", "s2")], ByLength(), {"l": ["s", "s2"]}),
        ([("s", "l")], Forward(), {}),
        ([("s", "s2")], ByLength(), {}),
        ([("s", "s2"), ("s2", "s")], Reverse(), {"s2": ["s"]}),
        ([("l", "l"), ("s", "l")], Reverse(), {}),
        # m's own vectors are needed for l, so the pair of s and m is no reason to pull s through m.
        ([("s", "m"), ("m", "l")], ByLength(), {"l": ["m"]}),
        # So many vectors to pull through m that its own are cheaper.
        ([("s", "m"), ("s2", "m"), ("m", "s"), ("m", "s3")], ByLength(), {}),
    ],
    ids=str,
)
def test_which_texts_others_are_pulled_through(pairs, mode, expected):
    assert pulled_through(LENGTHS | {"s3": 3}, pairs, mode) == expected


def test_the_progress_bar_counts_texts(minilm, capfd):
    minilm.explain_pairs([(TEXTS[0], TEXTS[1]), (TEXTS[0], TEXTS[5])], show_progress_bar=True, method=FAST)
    assert "3/3" in capfd.readouterr().err
    minilm.token_vectors(TEXTS, show_progress_bar=True, method=FAST)
    assert "7/7" in capfd.readouterr().err
    minilm.token_vectors(TEXTS, method=FAST)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("after", [1, 2, 5])
def test_ctrl_c_leaves_the_model_clean(minilm, monkeypatch, after):
    from tests.models.test_transformer import state
    from xsbert.attribution.integration.paths import Paths

    before, count, plain = state(minilm), [0], Paths._pushed

    def interrupted(self, *args):
        count[0] += 1
        if count[0] == after:
            raise KeyboardInterrupt
        return plain(self, *args)

    monkeypatch.setattr(Paths, "_pushed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        minilm.explain_pairs([(TEXTS[0], TEXTS[1]), (TEXTS[2], TEXTS[5])], show_progress_bar=True)
    assert state(minilm) == before
    monkeypatch.undo()
    assert minilm.explain(TEXTS[0], TEXTS[2]).errors[0] <= 1e-3


def test_products_in_bfloat16_round_what_law_1_says(minilm):
    exact = minilm.explain(TEXTS[0], TEXTS[2], method=HiddenStates())
    rounded = minilm.explain(
        TEXTS[0], TEXTS[2], method=HiddenStates(quadrature=Adaptive(2e-2)), matmul_dtype=torch.bfloat16
    )
    assert max(rounded.errors) <= 2e-2
    assert rounded.method.endswith("quadrature=Adaptive(rtol=0.02, max_nodes=2000)), products in bfloat16")
    assert 1e-5 * spread(exact.matrix) < spread(exact.matrix - rounded.matrix) < 3e-2 * spread(exact.matrix)
    with pytest.warns(
        UserWarning, match=r"products in bfloat16 leave a relative error of law 1 of .*Leave out"
    ) as seen:
        minilm.explain(TEXTS[0], TEXTS[2], method=HiddenStates(quadrature=Adaptive(1e-5)), matmul_dtype=torch.bfloat16)
    assert {warning.filename for warning in seen} == {__file__}
    with pytest.raises(ValueError, match=r"matmul_dtype got torch\.int8; expected None, torch\.bfloat16"):
        minilm.explain(TEXTS[0], TEXTS[2], matmul_dtype=torch.int8)


def test_an_engine_keeps_its_rounded_weights(minilm):
    engine = Engine(minilm, HiddenStates(-1, quadrature=GaussLegendre(2)), matmul_dtype=torch.bfloat16)
    with progress_of(5, False) as progress:
        engine.token_vectors([TextInput(text) for text in TEXTS[:3]], progress)
        known = len(engine.rounded._known)
        engine.token_vectors([TextInput(text) for text in TEXTS[4:6]], progress)
    assert len(engine.rounded._known) == known > 0


def test_a_ranking_keeps_no_documents_vectors(minilm, monkeypatch):
    """They are megabytes each where an embedding is as long as a vocabulary."""
    kept, add = [], Pairing.add

    def watched(pairing, *arguments):
        add(pairing, *arguments)
        kept.append(len(pairing._vectors))

    monkeypatch.setattr(Pairing, "add", watched)
    documents = [" ".join(["coffee", "tea", "milk", "bread"][: 1 + i % 4]) + f" {i}" for i in range(12)]
    ranking = minilm.explain_ranking("tea", documents, method=HiddenStates(-1, mode=Forward()))
    assert len(kept) == 13
    assert max(kept) == 1
    assert len(ranking) == 12
