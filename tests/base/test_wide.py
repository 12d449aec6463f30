"""A module in float64 answers as a converted copy does, and shares no number."""

import copy

import torch
from torch import nn

from skdeepunsup.base.wide import _kept, wide


class Shared(nn.Module):
    """A module with a shared layer, a buffer, integers, a missing part, and one that stays."""

    def __init__(self):
        super().__init__()
        layer = nn.Linear(3, 3)
        self.layers = nn.ModuleList([layer, nn.Tanh(), layer])
        self.nothing = None
        self.register_module("absent", None)
        self.register_parameter("bias", None)
        self.register_buffer("offset", torch.ones(3))
        self.register_buffer("count", torch.tensor(2))

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.count * (x + self.offset)


def test_answers_are_those_of_a_copy_in_float64():
    module = Shared().eval()
    x = torch.linspace(-1, 1, 6, dtype=torch.float64).view(2, 3)
    twin, expected = wide(module), copy.deepcopy(module).double()
    assert torch.equal(twin(x), expected(x))
    assert not twin.training
    assert twin.layers[0] is twin.layers[2]
    assert [p.dtype for p in twin.parameters()] == 2 * [torch.float64]


def test_the_module_stays_as_it_is():
    module = Shared()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    twin = wide(module)
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.zero_()
    twin.offset.zero_()
    twin.eval()
    assert module.training
    assert module.layers[0].weight.requires_grad
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name]), name
        assert value.dtype == before[name].dtype


def test_numbers_are_those_of_the_moment_however_they_were_changed():
    module, x = Shared(), torch.ones(1, 3, dtype=torch.float64)
    wide(module)
    module.layers[0].weight.data.mul_(-1)
    module.offset = torch.zeros(3)
    assert torch.equal(wide(module)(x), copy.deepcopy(module).double()(x))
    module.layers[1] = nn.ReLU()
    assert torch.equal(wide(module)(x), copy.deepcopy(module).double()(x))


def test_memory_is_kept_for_small_modules_alone(monkeypatch):
    module = Shared()
    assert wide(module).layers[0].weight is wide(module).layers[0].weight
    monkeypatch.setattr("skdeepunsup.base.wide.KEPT_NUMBERS", 0)
    assert wide(module).layers[0].weight is not wide(module).layers[0].weight


def test_memory_that_was_made_in_inference_mode_serves_outside():
    module, x = Shared(), torch.ones(1, 3, dtype=torch.float64)
    with torch.inference_mode():
        wide(module)
    assert torch.equal(wide(module)(x), copy.deepcopy(module).double()(x))


def test_memory_of_replaced_parts_is_given_back():
    module = Shared()
    wide(module)
    n_parts = len(_kept[module])
    module.offset = torch.zeros(3)
    wide(module)
    assert len(_kept[module]) == n_parts
