"""The stack that is tuned has the encoder's code, its way down, and gradients that reach it all."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

from skdeepunsup import BoltzmannMachine, DeepBeliefNetwork, DeepBoltzmannMachine
from tests.applications.fine_tuning.models import (
    SEED,
    UNROLLED,
    D,
    classifier,
    codes_of,
    every,
    exact,
    inward,
    outward,
    stack_of,
)


@exact
def test_the_stack_s_code_is_the_encoder_s(encoder, X):
    encoder = clone(encoder).fit(X)
    stack = stack_of(encoder)
    code = stack.encode(inward(stack, X)).detach().numpy()
    np.testing.assert_allclose(code, encoder.transform(X), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("encoder", UNROLLED, ids=repr)
def test_the_code_of_one_that_settles_is_near_the_stack_s(encoder, X):
    X = np.repeat(X[:, :1], D, axis=1)  # a cause for the topmost layer to find
    encoder = clone(encoder).fit(X)
    code = stack_of(encoder).encode(torch.tensor(X)).detach().numpy()
    np.testing.assert_allclose(code, encoder.transform(X), atol=1e-3)
    assert np.ptp(code, axis=0).max() > 0.01  # else any code is near


@every
def test_the_stack_s_way_down_is_the_encoder_s(encoder, X):
    encoder = clone(encoder).fit(X)
    codes = encoder.transform(X)
    stack = stack_of(encoder)
    with torch.no_grad():
        rows = outward(stack, stack.decode(torch.tensor(codes))).numpy()
    # Machines that settle do so in few rounds.
    settles = isinstance(encoder, BoltzmannMachine | DeepBoltzmannMachine)
    atol = 0.2 if settles else 1e-8
    np.testing.assert_allclose(rows, encoder.inverse_transform(codes), rtol=1e-8, atol=atol)


@every
def test_gradients_reach_all_parameters_on_the_way_up(encoder, X):
    """They are the parameters that change the code when changed a little."""
    stack = stack_of(clone(encoder).fit(X))
    x = torch.tensor(X)
    weights = torch.randn(
        stack.encode(x).shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )

    def value():
        return (weights * stack.encode(x)).sum()

    parameters = dict(stack.named_parameters())
    gradients = torch.autograd.grad(value(), list(parameters.values()), allow_unused=True)
    reached = 0
    for (name, parameter), gradient in zip(parameters.items(), gradients, strict=True):
        if not parameter.numel():
            continue
        slope = 0 if gradient is None else gradient.flatten()
        largest = 0 if gradient is None else int(slope.abs().argmax())
        with torch.no_grad():
            entries, step = parameter.view(-1), 1e-5
            start = entries[largest].item()
            entries[largest] = start + step
            above = value()
            entries[largest] = start - step
            below = value()
            entries[largest] = start
        found = 0.0 if gradient is None else slope[largest].item()
        expected = ((above - below) / (2 * step)).item()
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-7), name
        reached += abs(found) > 1e-6
    assert reached >= 2  # weights and biases at least


@pytest.mark.parametrize("kind", [{}, {"fine_tuning": "up-down", "fine_tuning_iter": 2}])
def test_gradients_through_a_deep_belief_network_are_finite_differences(kind, X):
    dbn = DeepBeliefNetwork((4, 3), visible_units="gaussian", n_iter=5, **SEED, **kind).fit(X)
    stack = stack_of(dbn)
    x = torch.tensor(X[:3])
    names = [name for name, _ in stack.named_parameters()]
    parameters = tuple(p.detach().clone().requires_grad_() for p in stack.parameters())

    def code(*values):
        return torch.func.functional_call(
            Encoding(stack), dict(zip([f"stack.{n}" for n in names], values, strict=True)), (x,)
        )

    assert torch.autograd.gradcheck(code, parameters)


class Encoding(nn.Module):
    def __init__(self, stack):
        super().__init__()
        self.stack = stack

    def forward(self, x):
        return self.stack.encode(x)


@every
def test_a_fit_moves_encoder_and_head(encoder, X, y):
    encoder = clone(encoder).fit(X)
    before = stack_of(encoder).encode(torch.tensor(X)).detach().numpy()
    model = classifier(encoder, learning_rate=0.01).fit(X, y)
    assert np.abs(codes_of(model, X) - before).max() > 1e-3
    head = model.module_.head.state_dict()
    untrained = classifier(encoder, learning_rate=1e-12).fit(X, y).module_.head.state_dict()
    assert all(not torch.allclose(head[name].double(), untrained[name].double()) for name in head)
