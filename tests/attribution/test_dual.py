"""Tangents by our own rules, against torch's forward mode."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from xsbert.attribution.forward_mode import dual_rules
from xsbert.attribution.forward_mode.dual import Dual, Unsupported
from xsbert.attribution.forward_mode.presence_softmax import presence_softmax
from xsbert.attribution.forward_mode.tangents import Deferred, OneKey, OneToken, Rounded, dense, products_in
from xsbert.attribution.integration.paths import Paths

N, S, H, INNER, HEADS = 2, 5, 8, 16, 2
torch.manual_seed(0)
WEIGHTS = torch.rand(N, 1, S, dtype=torch.float64)
UP, DOWN = nn.Linear(H, INNER).double(), nn.Linear(INNER, H).double()
Q, K, V = (nn.Linear(H, H).double() for _ in range(3))
NORM, LAST = nn.LayerNorm(H).double(), nn.LayerNorm(H).double()
for norm in (NORM, LAST):
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
X, DELTA = torch.randn(N, S, H).double(), torch.randn(N, S, H).double()
MASK = torch.tensor([[1.0, 1, 1, 1, 1], [1, 1, 1, 0, 0]]).double()[..., None]
BIAS = torch.randn(1, HEADS, S, S).double()


def heads(x):
    return x.view(N, S, HEADS, H // HEADS).transpose(1, 2)


def attention(x, inplace=False):
    scores = torch.matmul(heads(Q(x)), heads(K(x)).transpose(-1, -2)) / 2.0
    if inplace:
        scores += BIAS
    else:
        scores = scores + BIAS
    mixed = torch.matmul(functional.softmax(scores, dim=-1), heads(V(x)))
    return mixed.permute(0, 2, 1, 3).contiguous().view(N, S, H)


def feed_forward(x):
    return DOWN(functional.gelu(UP(x)))


def layer(x):
    x = NORM(attention(x) + x)
    return LAST(functional.dropout(feed_forward(x), 0.1, False) + x)


def rms_norm(x):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * NORM.weight


def overwritten(x):
    x = x * 2
    x[:, 0] = 0
    return x.sum(1)


def masked(x):
    scores = x @ x.transpose(1, 2)
    scores.masked_fill_(MASK.transpose(1, 2) == 0, -100.0)
    return scores.softmax(-1)


FUNCTIONS = {
    "linear": UP,
    "layer norm": NORM,
    "layer norm without weights": lambda x: functional.layer_norm(x, (H,)),
    "layer norm over two axes": lambda x: functional.layer_norm(x, (S, H)),
    "gelu": functional.gelu,
    "gelu by tanh": lambda x: functional.gelu(x, approximate="tanh"),
    "silu, product": lambda x: functional.silu(UP(x)) * UP(2 * x),
    "rms norm": rms_norm,
    "attention": attention,
    "attention, bias in place": lambda x: attention(x, inplace=True),
    "mask in place": masked,
    "layer": layer,
    "two layers": lambda x: layer(layer(x)),
    "mean pooling": lambda x: (layer(x) * MASK).sum(1) / MASK.sum(1),
    "mean pooling without a last norm": lambda x: (feed_forward(x) * MASK).sum(dim=1),
    "a pooling with weights": lambda x: (WEIGHTS @ layer(x))[:, 0],
    "a pooling with weights of the input": lambda x: (x.exp()[..., :1].transpose(1, 2) @ layer(x))[:, 0],
    "sum over tokens": lambda x: torch.sum(layer(x), 1),
    "twice scaled, then pooled": lambda x: (layer(x) * MASK * (MASK + 1)).sum(1),
    "first token": lambda x: torch.tanh(layer(x)[:, 0]),
    "last token": lambda x: layer(x)[:, -1],
    "a slice": lambda x: layer(x)[..., :3],
    "gathered": lambda x: torch.gather(layer(x), 1, torch.zeros(N, 1, H, dtype=torch.long)).squeeze(1),
    "max": lambda x: layer(x).masked_fill(MASK == 0, -torch.inf).max(dim=1).values,
    "rotated": lambda x: torch.cat([-heads(Q(x))[..., 2:], heads(Q(x))[..., :2]], dim=-1),
    "minus": lambda x: (1 - x) - (x - 2) / 3 + x / x.exp().sum(-1, keepdim=True),
    "a constant added": lambda x: x + torch.ones(3, N, S, H).double(),
    "reshaped over tokens": lambda x: x.reshape(N, S * H) @ torch.ones(S * H, 3).double(),
    "a quotient": lambda x: layer(x) / (x.exp().sum(-1, keepdim=True) + 1),
    "a quotient of another shape": lambda x: x / x[:, :1].exp() + 1 / (x * x + 1) + x[0, 0] / x,
    "squeezed": lambda x: (
        x[:, :1].squeeze(1) + x[:, :1].squeeze(-2) + x.squeeze(0)[:, 0] + x[..., None].squeeze()[:, 1]
    ),
    "unsqueezed": lambda x: (
        x.unsqueeze(-1)[..., 0] + x.unsqueeze(1)[:, 0] + x.unsqueeze(-4)[0] + torch.unsqueeze(x, 0)[0]
    ),
    "beside": lambda x: torch.cat([torch.cat([x, layer(x)], 1), torch.ones(N, 2, H).double()], dim=1),
    "parts": lambda x: x[1:, ..., ::2] + x[0, None, 0, :4] + x[:, 1][1:, None, 4:],
    "parts by places": lambda x: x[:, [0, 2]] + x[torch.arange(N)][:, :2] + x[:, torch.tensor(0)][:, None],
    "sum of all": lambda x: x.sum(),
    "arguments by name": lambda x: (
        torch.add(torch.sum(x.reshape(shape=(N, S, 2, 4)).permute(dims=(0, 1, 3, 2)), axis=1), x[:, 0, 0, None, None])
        + torch.softmax(input=x, dim=1)[:, 0, :1, None]
        + torch.mul(input=x, other=x)[:, 1, :1, None]
    ),
    "softmax in a named dtype": lambda x: torch.softmax(x, 1, torch.float64) * x.softmax(-1, torch.float64),
    "not of the input": lambda x: torch.ones(N, 3).double(),
    "shape": lambda x: x * x.shape[1] / x.size(-1) + len(x) * x.dim(),
    "written over": overwritten,
    "a Fourier transform": lambda x: torch.fft.fft2(x).real.sin().sum(1),
}


def oracle(function, tangents):
    return torch.func.vmap(lambda t: torch.func.jvp(function, (X,), (t,))[1])(tangents)


@pytest.mark.parametrize("few", [0, 512], ids=["products apart", "products together"])
@pytest.mark.parametrize("tokens", [[0, 1, 2, 3, 4], [3, 1], [2]], ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_gives_what_torch_gives(monkeypatch, name, tokens, few):
    monkeypatch.setattr(dual_rules, "ROWS_TOGETHER", few)  # with none, products wait for the sum over tokens
    function, tokens = FUNCTIONS[name], torch.tensor(tokens)
    one_each = OneToken(DELTA[:, tokens], 1, tokens, S)
    with torch.no_grad():
        paths = Paths(lambda hidden, texts: function(hidden), X, X + DELTA)
        for tangent in (one_each, dense(one_each), DELTA[None]):
            value, pushed = paths.pushed("tokens", X, torch.arange(N), tangent)
            torch.testing.assert_close(value, function(X))
            torch.testing.assert_close(pushed, oracle(function, dense(tangent)))


def test_only_code_that_writes_over_tokens_or_leaves_the_reals_needs_torchs_own_forward_mode():
    fell_back = set()
    for name, function in FUNCTIONS.items():
        try:
            with torch.no_grad():
                function(Dual(X, DELTA[None]))
        except Unsupported:
            fell_back.add(name)
    assert fell_back == {"written over", "a Fourier transform"}


def test_a_product_waits_for_the_sum_over_tokens(monkeypatch):
    monkeypatch.setattr(dual_rules, "ROWS_TOGETHER", 0)
    with torch.no_grad():
        assert isinstance(layer(Dual(X, DELTA[None])).tangent, Deferred)
        one = layer(Dual(X, DELTA[None]))
        assert one[:, 0].shape == (N, H)
        assert isinstance(one.tangent, Deferred)  # looking at one token does not compute the others
        torch.testing.assert_close(one.dense()[:, :, 0], one[:, 0].dense())


def test_code_that_a_dual_cannot_pass_says_so():
    dual = Dual(X, DELTA[None])
    with pytest.raises(Unsupported, match="writes"):
        dual[:, 0] = 0
    shared = dual.view(N, S * H)
    with pytest.raises(Unsupported, match="something else may read"):
        shared += 1
    with pytest.raises(Unsupported, match="something else may read"):
        dual += 1
    with pytest.raises(Unsupported, match="writes"):
        torch.exp(dual, out=torch.empty_like(X))


def test_products_in_a_lower_precision_round_and_nothing_else_does():
    single = nn.Linear(H, H)
    x, delta = X.float(), DELTA.float()
    rounded = Rounded(torch.bfloat16)
    with torch.no_grad(), products_in(rounded):
        result = single(Dual(x, delta[None]))
        exact = delta @ single.weight.T
        double = single.double()(Dual(X, DELTA[None]))
    torch.testing.assert_close(result.primal, functional.linear(x, single.weight.float(), single.bias.float()))
    error = float((result.dense()[0] - exact).norm() / exact.norm())
    assert 1e-5 < error < 1e-2
    assert result.dense().dtype == torch.float32
    torch.testing.assert_close(double.dense()[0], DELTA @ single.weight.T)
    assert rounded.weight(single.weight) is rounded.weight(single.weight)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_float32_tangents_at_float64_points(monkeypatch, name):
    """The value in float64, its derivatives in float32: that precise, and no less."""
    monkeypatch.setattr(dual_rules, "ROWS_TOGETHER", 0)
    function, tokens = FUNCTIONS[name], torch.arange(S)
    with torch.no_grad():
        paths = Paths(lambda hidden, texts: function(hidden), X.float(), (X + DELTA).float())
        one_each = OneToken(DELTA, 1, tokens, S)
        single = OneToken(DELTA.float(), 1, tokens, S)
        value, pushed = paths.pushed("tokens", X, torch.arange(N), single)
        expected = oracle(function, dense(one_each))
    torch.testing.assert_close(value, function(X))
    torch.testing.assert_close(pushed.double(), expected, rtol=1e-4, atol=1e-5 * float(expected.abs().max()) + 1e-9)


@pytest.mark.parametrize("there", [1.0, 0.3, 0.0])
def test_attention_that_first_sees_presence_turns_to_one_key_at_a_time(there):
    """Of rank one; against torch's forward mode along each key's presence."""
    scores, values, tokens = torch.randn(N, HEADS, S, S).double(), heads(V(X)), torch.tensor([1, 3])
    presence = torch.full((N, S), there).double()
    presence[:, 0] = 1
    moved = torch.rand(N, len(tokens)).double()

    def mixed(presence):
        return (presence_softmax(scores, presence).to(torch.float64) @ values).transpose(1, 2)

    found = mixed(Dual(presence, OneToken(moved, 1, tokens, S)))
    shares = presence_softmax(scores, Dual(presence, OneToken(moved, 1, tokens, S)))
    assert isinstance(shares.tangent, OneKey)
    for t, token in enumerate(tokens):
        along = torch.zeros(N, S).double()
        along[:, token] = moved[:, t]
        value, expected = torch.func.jvp(mixed, (presence,), (along,))
        torch.testing.assert_close(found.primal, value)
        torch.testing.assert_close(found.dense()[t], expected)
        _, expected = torch.func.jvp(lambda m: presence_softmax(scores, m), (presence,), (along,))
        torch.testing.assert_close(shares.tangent.dense()[t], expected)


def test_a_move_that_changes_nothing_keeps_tangents_lean():
    x = Dual(X, OneToken(DELTA, 1, torch.arange(S), S))
    assert x.to(torch.float64) is x
    other = x.to(torch.float32)
    assert (other.dtype, other.dense().dtype) == (torch.float32, torch.float64)
