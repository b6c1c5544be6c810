"""The memory budget: what passes hold is measured, kept within, and changes no result."""

import numpy as np
import pytest
import torch

from tests.helpers.lines import line
from xsbert.attribution import Adaptive, Forward, GaussLegendre, Reverse
from xsbert.attribution.integration.free_memory import share_of_free
from xsbert.attribution.integration.pass_memory import Budget, Live
from xsbert.attribution.integration.token_vectors import token_vectors
from xsbert.models import HiddenStates, XSTransformer

A, B = "The coffee is bad.", "This is not a good coffee."
MB = 10**6


def test_live_counts_what_is_made_and_lives():
    given = torch.ones(1000)
    with Live() as live:
        a = given * 2  # 4,000 bytes
        b = a[:10].view(5, 2)  # a view takes nothing, and keeps a alive
        assert live.now == 4000
        del a
        assert live.now == 4000
        c = torch.cat([b, b])  # 80 bytes more
        assert live.now == 4080
        del b
        assert live.now == 80
        given[:500].mul_(2)
        del c
    assert (live.now, live.peak) == (0, 4080)


def test_live_sees_what_a_graph_keeps():
    x = torch.ones(1000, requires_grad=True)
    with Live() as live:
        y = (x * 2).exp().sum()
        assert live.now >= 4000  # exp's result, for its backward pass
        del y
        assert live.now == 0


def test_a_budget_that_cannot_bind_is_not_measured():
    budget = Budget(10**12, 4 * 768, 12, torch.device("cpu"))
    assert budget.rows("tokens") == 2048
    assert budget.run("tokens", 100, lambda: "done") == "done"
    assert budget._largest == {}


def test_a_budget_that_may_bind_learns_from_the_first_pass():
    budget = Budget(10 * MB, 4 * 768, 12, torch.device("cpu"))
    before = budget.rows("tokens")
    assert before * 4 * 768 * 64 <= 10 * MB
    budget.run("tokens", 10, lambda: torch.empty(10, 5000).sum())
    assert budget.rows("tokens") == 20  # much larger passes may take more for a row
    budget.run("tokens", 400, lambda: torch.empty(400, 5000).sum())
    budget.run("tokens", 1, lambda: torch.empty(10, 5000).sum())  # a smaller pass says less
    assert budget.rows("tokens") == pytest.approx(0.9 * 10 * MB / 20_000, rel=0.01)
    assert budget.rows("tokens") > before
    assert Budget(1, 4 * 768, 12, torch.device("cpu")).rows("tokens") == 1


def test_the_default_is_a_quarter_of_what_is_free():
    assert 10 * MB < share_of_free(torch.device("cpu")) < 10**15


@pytest.mark.parametrize("mode", [Forward(), Reverse()], ids=repr)
@pytest.mark.parametrize("megabytes", [4, 8, 16, 64])
def test_the_budget_is_kept(minilm, megabytes, mode):
    """The first encoding is measured too: it takes under 2 MB for these texts."""
    minilm.explain(A, B, method=HiddenStates(quadrature=GaussLegendre(2)))
    with Live() as live:
        minilm.explain(
            A, B, method=HiddenStates(quadrature=GaussLegendre(20), layer=4, mode=mode), memory=megabytes * MB
        )
    assert 0.4 * min(megabytes, 20) * MB < live.peak < megabytes * MB


@pytest.mark.parametrize("mode", [Forward(), Reverse()], ids=repr)
@pytest.mark.parametrize("name", ["minilm", "mpnet_cos", "droberta_shelf"])
def test_the_budget_does_not_change_the_result(encoders, name, mode):
    method = HiddenStates(quadrature=GaussLegendre(2), mode=mode)
    expected = encoders[name].explain(A, B, method=method).matrix
    for memory in (1, 10**5, 10**6, 10**7, 10**9):
        matrix = encoders[name].explain(A, B, memory=memory, method=method).matrix
        assert np.abs(matrix - expected).max() <= 1e-5 * np.abs(expected).max()


def test_the_adaptive_rule_takes_the_same_nodes_with_little_memory(minilm):
    little, much = (minilm.token_vectors([A], memory=memory)[0] for memory in (10**6, 10**9))
    assert little.nodes == much.nodes
    np.testing.assert_allclose(little.vectors, much.vectors, atol=1e-5)


def test_512_tokens_against_512_tokens(tiny_bert):
    """A tiny encoder with all-MiniLM-L6-v2's tokenizer: 512 tokens on both sides, in 100 MB."""
    a, b = "coffee " * 510, "bad tea " * 255
    with Live() as live:
        x = tiny_bert.explain(
            a, b, method=HiddenStates(layer=0, quadrature=GaussLegendre(1), mode=Forward()), memory=100 * MB
        )
        y = tiny_bert.explain(
            a, b, method=HiddenStates(layer=0, quadrature=GaussLegendre(1), mode=Reverse()), memory=100 * MB
        )
    assert x.matrix.shape == y.matrix.shape == (512, 512)
    assert x.truncated == (False, False)
    assert live.peak < 100 * MB
    assert np.abs(x.matrix - y.matrix).max() <= 1e-5 * np.abs(x.matrix).max()


@pytest.mark.parametrize(
    ("memory", "error", "message"),
    [
        (0, ValueError, "memory got 0; expected at least 1: bytes"),
        (-5, ValueError, "memory got -5"),
        (1.5, TypeError, r"memory got 1\.5 \(float\); expected bytes"),
        ("1 GB", TypeError, "memory got '1 GB'"),
        (True, TypeError, "memory got True"),
    ],
)
def test_bad_budgets_are_refused(minilm, memory, error, message):
    with pytest.raises(error, match=message):
        minilm.explain(A, B, memory=memory)


def test_a_function_that_takes_more_than_the_guess_is_measured():
    """f keeps two hundred times its input alive: the guess is wrong, and the measure right."""

    def greedy(hidden):
        return torch.stack([hidden.mean(1) * k for k in range(200)]).mean(0)

    start, end = torch.zeros(40, 8), torch.ones(40, 8)
    with Live() as live:
        integral = token_vectors(line(greedy, start, end, MB), GaussLegendre(20))[0]
    assert integral.error < 1e-6
    assert live.peak < MB


def test_nothing_is_held_after(minilm):
    with Live() as live:
        x = minilm.explain(A, B, method=HiddenStates(quadrature=Adaptive(1e-2)))
    assert x.matrix.any()
    assert live.now < 0.2 * MB


@pytest.fixture(scope="module")
def tiny_bert(minilm_folder, tmp_path_factory) -> XSTransformer:
    """A random BERT of one small layer, for 512 tokens."""
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling
    from transformers import AutoTokenizer, BertConfig, BertModel

    torch.manual_seed(0)
    folder = str(tmp_path_factory.mktemp("bert"))
    config = BertConfig(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64)
    BertModel(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(minilm_folder, model_max_length=512).save_pretrained(folder)
    return XSTransformer(modules=[Transformer(folder), Pooling(32)], device="cpu")
