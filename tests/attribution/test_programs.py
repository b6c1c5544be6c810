"""Random small programs with a fixed seed: our dual numbers refuse one, or give what torch's forward mode gives."""

import random
from collections import Counter

import pytest
import torch
from torch.nn import functional

from xsbert.attribution.forward_mode.derivatives import by_duals
from xsbert.attribution.forward_mode.dual import Dual, Unsupported
from xsbert.attribution.forward_mode.tangents import OneToken, dense

SHAPE = (2, 4, 6)
generator = torch.Generator().manual_seed(0)
X, TANGENTS = (torch.randn(shape, generator=generator).double() for shape in (SHAPE, (2, *SHAPE)))
WEIGHT = torch.randn(6, 6, generator=generator).double()


def like(x):
    return torch.linspace(-1, 1, x.numel(), dtype=x.dtype).reshape(x.shape)


def add_to(x, y):
    x += y
    return x


def divide(x, y):
    x /= 2 + y.abs()
    return x


def set_item(x, y):
    x[..., :1] = y[..., :1]
    return x


# Each gives a tensor or several; the last two groups write over the first.
FRESH = {
    "sin": lambda x, y: x.sin(),
    "linear": lambda x, y: functional.linear(x, WEIGHT),
    "layer norm": lambda x, y: functional.layer_norm(x, x.shape[-1:]),
    "softmax": lambda x, y: x.softmax(-1),
    "gelu": lambda x, y: functional.gelu(x),
    "scaled": lambda x, y: 2 * x - 1,
    "sum": lambda x, y: x.sum(1),
    "mean, kept": lambda x, y: x.mean(-1, keepdim=True),
    "max": lambda x, y: x.max(dim=-1).values,
    "sorted": lambda x, y: x.sort(dim=-1)[0],
    "added": lambda x, y: x + y,
    "times": lambda x, y: x * y,
    "minus": lambda x, y: x - y.mean(0),
    "over": lambda x, y: x / (1 + y * y),
    "matrix product": lambda x, y: x @ y.transpose(-1, -2),
    "joined": lambda x, y: torch.cat([x, y], dim=-1),
    "where": lambda x, y: torch.where(x > 0, x, y),
    "zeros": lambda x, y: torch.zeros_like(x),
    "constant": lambda x, y: like(x),
    "by a constant": lambda x, y: x * like(x),
    "dropout": lambda x, y: functional.dropout(x, 0.1, False),
    "cloned": lambda x, y: x.clone(),
}
VIEWS = {
    "slice": lambda x, y: x[:, 1:],
    "one token": lambda x, y: x[:, 0],
    "last token": lambda x, y: x[:, -1],
    "ellipsis": lambda x, y: x[..., ::2],
    "narrow": lambda x, y: x.narrow(-1, 0, 2),
    "transposed": lambda x, y: x.transpose(0, 1),
    "permuted": lambda x, y: x.permute(1, 0, 2),
    "mT": lambda x, y: x.mT,
    "viewed": lambda x, y: x.view(-1),
    "reshaped": lambda x, y: x.reshape(2, -1),
    "flattened": lambda x, y: x.flatten(1),
    "heads": lambda x, y: x.view(*x.shape[:-1], 2, -1),
    "squeezed": lambda x, y: x.squeeze(-1),
    "unsqueezed": lambda x, y: x.unsqueeze(1),
    "expanded": lambda x, y: x[None].expand(2, *x.shape),
    "diagonal": lambda x, y: x.diagonal(dim1=-2, dim2=-1),
    "contiguous": lambda x, y: x.contiguous(),
    "same dtype": lambda x, y: x.to(torch.float64),
    "detached": lambda x, y: x.detach(),
    "like another": lambda x, y: like(x).expand_as(x),
    "chunks": lambda x, y: x.chunk(2, dim=-1),
    "split": lambda x, y: x.split(3, dim=-1),
    "split by sizes": lambda x, y: torch.split(x, [1, x.shape[-1] - 1], dim=-1),
    "unbound": lambda x, y: x.unbind(0),
    "tensor_split": lambda x, y: torch.tensor_split(x, 2, dim=-1),
    "iterated": lambda x, y: list(x),
    "broadcast together": lambda x, y: torch.broadcast_tensors(x, y),
    "windows": lambda x, y: x.unfold(-1, 2, 1),
}
WRITES = {
    "+=": add_to,
    "/=": divide,
    "add_": lambda x, y: x.add_(y, alpha=2),
    "mul_": lambda x, y: x.mul_(y),
    "relu_": lambda x, y: x.relu_(),
    "torch.relu_": lambda x, y: torch.relu_(x),
    "tanh_": lambda x, y: x.tanh_(),
    "masked_fill_": lambda x, y: x.masked_fill_(x < 0, 0.5),
    "copy_": lambda x, y: x.copy_(y),
    "zero_": lambda x, y: x.zero_(),
    "clamp_": lambda x, y: x.clamp_(min=-0.5),
    "relu by keyword": lambda x, y: functional.relu(x, inplace=True),
    "relu by position": lambda x, y: functional.relu(x, True),
    "elu by position": lambda x, y: functional.elu(x, 0.5, True),
    "silu by keyword": lambda x, y: functional.silu(x, inplace=True),
    "leaky by position": lambda x, y: functional.leaky_relu(x, 0.2, True),
    "threshold": lambda x, y: functional.threshold(x, 0.1, 0.2, True),
    "dropout in place": lambda x, y: functional.dropout(x, 0.1, False, True),
    "set item": set_item,
    "out": lambda x, y: torch.mul(y.expand_as(x), 2, out=x),
    "transpose_": lambda x, y: x.transpose_(0, -1),
    "operator": lambda x, y: torch.ops.aten.mul_.Tensor(x, y),
    "fill_ by function": lambda x, y: torch.fill_(x, 0.3),
    "index_add_": lambda x, y: x.index_add_(0, torch.tensor([0]), y[:1]),
}
OPERATIONS = FRESH | VIEWS | WRITES


def run(program, x):
    """All that a program's tensors hold in the end, so that none that a write missed goes unseen."""
    live = [x]
    for name, first, second in program:
        step(live, name, first, second)
    return torch.cat([tensor.reshape(-1) for tensor in live])


def step(live, name, first, second):
    result = OPERATIONS[name](live[first % len(live)], live[second % len(live)])
    live += result if isinstance(result, (tuple, list)) else [result]


def drawn(seed):
    """A program of up to ten steps that runs on plain tensors: what does not is left out."""
    draw = random.Random(seed)
    program = [("cloned", 0, 0)] if draw.random() < 0.5 else [("sin", 0, 0)]
    for _ in range(draw.randint(2, 9)):
        kind = draw.choices([FRESH, VIEWS, WRITES], [3, 4, 3])[0]
        # Mostly what came last is gone on with, as programs do.
        tried = (draw.choice(list(kind)), draw.choice([-1, -1, -2, draw.randrange(9)]), draw.randrange(9))
        try:
            if 1 < run([*program, tried], X.clone()).numel() < 5000:
                program.append(tried)
        except (RuntimeError, IndexError, TypeError):
            continue
    return program


def by_torch(program, tangent):
    return torch.func.jvp(lambda x: run(program, x.clone()), (X,), (tangent,))


def outcome(program, tangents):
    """ "right", "wrong" or "refused"; None where torch has no forward mode for the program."""
    try:
        value, expected = zip(*(by_torch(program, tangent) for tangent in dense(tangents)), strict=True)
    except (RuntimeError, NotImplementedError):
        return None
    if not value[0].isfinite().all() or not all(each.isfinite().all() for each in expected):
        return None
    try:
        with torch.no_grad():
            found, pushed = by_duals(lambda x: run(program, x), X.clone(), tangents)
    except Unsupported:
        return "refused"
    same = torch.allclose(found, value[0]) and torch.allclose(pushed, torch.stack(expected), rtol=1e-6, atol=1e-9)
    return "right" if same or torch.allclose(pushed, differences(program, dense(tangents)), 1e-4, 1e-6) else "wrong"


def differences(program, tangents, step=1e-6):
    """Where torch's forward mode errs: `x.mul_(x)` gives twice the derivative in torch 2.13."""
    ahead, behind = (torch.stack([run(program, X + way * step * tangent) for tangent in tangents]) for way in (1, -1))
    return (ahead - behind) / (2 * step)


@pytest.mark.parametrize("part", range(10))
def test_a_random_program_is_right_or_refused(part):
    one_each = OneToken(TANGENTS[0][:, [2, 0]], 1, torch.tensor([2, 0]), SHAPE[1])
    found = Counter()
    for seed in range(60 * part, 60 * (part + 1)):
        program = drawn(seed)
        for tangents in (TANGENTS, one_each):
            result = outcome(program, tangents)
            assert result != "wrong", program
            found[result] += 1
    assert found["right"] >= 20
    assert found["refused"] >= 10


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("view", VIEWS)
def test_a_write_into_a_view_is_right_or_refused(view, name):
    """Into what a function gave, and into what it was given."""
    for place in (2, 1):
        assert outcome([("sin", 0, 0), (view, 1, 0), (name, place, 0)], TANGENTS) != "wrong"


@pytest.mark.parametrize("name", WRITES)
def test_a_write_over_what_was_read_before_is_right_or_refused(name):
    program = [("sin", 0, 0), ("scaled", 1, 0), (name, 1, 0), ("times", 1, 2)]
    try:
        run(program, X.clone())
    except RuntimeError:
        pytest.skip("not a program")
    assert outcome(program, TANGENTS) != "wrong"


@pytest.mark.parametrize("name", ["relu by keyword", "relu by position", "+=", "tanh_", "masked_fill_"])
def test_a_write_over_what_nothing_else_reads_is_not_refused(name):
    assert outcome([("sin", 0, 0), (name, 1, 0), ("times", 1, 2)], TANGENTS) == "right"


@pytest.mark.parametrize("leak", ["numpy", "untyped_storage"])
def test_what_has_no_tangents_is_refused(leak):
    with torch.no_grad(), pytest.raises(Unsupported, match=f"{leak} gives a"):
        getattr(Dual(X, TANGENTS), leak)()
    with torch.no_grad(), pytest.raises(Unsupported, match="same memory without tangents"):
        Dual(X, TANGENTS).view(torch.int64)
