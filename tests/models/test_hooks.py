"""Hooks live in their context and leave nothing, after success and after an exception."""

import pytest
import torch
from torch import nn

from xsbert.models.splitting.hooks import captured_input, passed_over, recorded_calls, recorded_outputs, replaced_input
from xsbert.models.splitting.layer_stack import layer_stack, resolve_layer


class Layer(nn.Linear):
    def forward(self, hidden_states):
        return super().forward(hidden_states)


class Tupled(Layer):
    def forward(self, hidden_states):
        return super().forward(hidden_states), None


@pytest.fixture
def layers():
    torch.manual_seed(0)
    return nn.Sequential(*(Layer(3, 3) for _ in range(4)))


def first(layers):
    """Each layer's first call."""
    return [(layer, 0) for layer in layers]


def clean(layers):
    return all(not (m._forward_hooks or m._forward_pre_hooks or "forward" in vars(m)) for m in layers.modules())


@pytest.mark.parametrize("by_name", [False, True])
def test_an_input_is_captured_and_nothing_behind_it_runs(layers, by_name):
    ran = []
    layers[3].register_forward_hook(lambda *_: ran.append(3))
    x = torch.ones(2, 3)

    def run():
        hidden = layers[:2](x)
        hidden = layers[2](hidden_states=hidden) if by_name else layers[2](hidden)
        layers[3](hidden)

    torch.testing.assert_close(captured_input((layers[2], 0), run), layers[:2](x))
    assert ran == []
    assert clean(layers[:3])


def test_a_layer_that_is_not_reached_is_an_error(layers):
    with pytest.raises(ValueError, match="did not reach Layer"):
        captured_input((layers[3], 0), lambda: layers[:2](torch.ones(3)))
    assert clean(layers)


def test_an_input_is_replaced(layers):
    x, other = torch.ones(3), torch.zeros(3)
    expected = layers[2:](other)
    with replaced_input((layers[2], 0), other):
        torch.testing.assert_close(layers(x), expected)
    assert clean(layers)


def test_each_call_of_a_shared_module_is_a_layer(layers):
    shared, x, other = nn.Sequential(layers[0], layers[0], layers[0]), torch.ones(3), torch.zeros(3)
    torch.testing.assert_close(captured_input((layers[0], 2), lambda: shared(x)), layers[0](layers[0](x)))
    with replaced_input((layers[0], 1), other):
        torch.testing.assert_close(shared(x), shared[1:](other))
    with passed_over([(layers[0], 0), (layers[0], 1)], None):
        torch.testing.assert_close(shared(x), layers[0](x))
    with recorded_calls(shared) as calls:
        shared(x)
    assert calls == [layers[0]] * 3
    assert clean(layers)


def test_layers_are_passed_over(layers):
    x = torch.ones(3)
    with passed_over(first(layers[:3]), None):
        torch.testing.assert_close(layers(x), layers[3](x))
    assert clean(layers)
    tupled = Tupled(3, 3)
    with recorded_outputs([(tupled, 0)]) as outputs:
        tupled(x)
    with passed_over([(tupled, 0)], len(outputs[0])):
        assert tupled(hidden_states=x) == (x, None)


@pytest.mark.parametrize(
    "context",
    [
        lambda m: replaced_input((m[1], 0), torch.ones(3)),
        lambda m: passed_over(first(m), None),
        lambda m: recorded_outputs(first(m)),
        recorded_calls,
    ],
    ids=["replaced", "passed", "outputs", "calls"],
)
def test_an_exception_leaves_nothing(layers, context):
    def fail():
        layers(torch.ones(3))
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"), context(layers):
        fail()
    assert clean(layers)
    with pytest.raises(RuntimeError, match="on purpose"):
        captured_input((layers[1], 0), lambda: (_ for _ in ()).throw(RuntimeError("on purpose")))
    assert clean(layers)


def test_a_forward_of_the_layers_own_is_put_back(layers):
    own = layers[0].forward = lambda x: 2 * x
    with passed_over(first(layers[:1]), None):
        assert layers[0](1) == 1
    assert layers[0].forward is own


def test_the_stack_is_the_longest_list_of_alike_modules():
    model = nn.Module()
    model.heads = nn.ModuleList([nn.Linear(1, 1), nn.Tanh()])
    model.experts = nn.ModuleList([nn.Linear(1, 1)] * 2)
    model.blocks = nn.ModuleList([nn.ModuleList([nn.Linear(1, 1)] * 9) for _ in range(3)])
    assert layer_stack(model) is model.blocks
    with pytest.raises(ValueError, match="Linear has no stack of layers"):
        layer_stack(nn.Linear(1, 1))


@pytest.mark.parametrize(("layer", "expected"), [(0, 0), (5, 5), (-1, 5), (-6, 0)])
def test_layers_count_from_both_ends(layer, expected):
    assert resolve_layer(layer, 6) == expected
