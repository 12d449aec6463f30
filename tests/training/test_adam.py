"""Adam is torch's, to the last bit, without what torch imports beside it."""

import pytest
import torch
from torch import nn

from skdeepunsup.training import Adam

SHAPES = (4, 3), (5,), ()


def parameters(dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(shape, generator=generator, dtype=dtype)) for shape in SHAPES]


def descend(optimizer, parameters, n_updates=5, skipped=()):
    generator = torch.Generator().manual_seed(1)
    for update in range(n_updates):
        for i, parameter in enumerate(parameters):
            gradient = torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
            parameter.grad = None if (update, i) in skipped else gradient
        optimizer.step()


def assert_equal(some, others):
    for one, other in zip(some, others, strict=True):
        assert torch.equal(one.detach(), other.detach())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.5, 0.99)])
def test_updates_are_those_of_torch(dtype, betas):
    ours, theirs = parameters(dtype), parameters(dtype)
    descend(Adam((ours, 0.1), betas=betas), ours)
    descend(torch.optim.Adam(theirs, lr=0.1, betas=betas, fused=True), theirs)
    assert_equal(ours, theirs)


@pytest.mark.parametrize(
    ("decoupled", "class_"), [(False, torch.optim.Adam), (True, torch.optim.AdamW)]
)
def test_decay_is_that_of_torch(decoupled, class_):
    ours, theirs = parameters(), parameters()
    descend(Adam((ours, 0.1), weight_decay=0.3, decoupled=decoupled), ours)
    descend(class_(theirs, lr=0.1, weight_decay=0.3, fused=True), theirs)
    assert_equal(ours, theirs)


def test_parameters_without_a_gradient_and_their_moments_stay():
    ours, theirs = parameters(), parameters()
    skipped = [(0, 1), (2, 1), (2, 2), *((3, i) for i in range(3))]
    descend(Adam((ours, 0.1)), ours, skipped=skipped)
    descend(torch.optim.Adam(theirs, lr=0.1, fused=True), theirs, skipped=skipped)
    assert_equal(ours, theirs)


def test_groups_have_rates_of_their_own_and_one_pace():
    ours, theirs = parameters(), parameters()
    optimizer = Adam((iter(ours[:1]), 0.1), (ours[1:], 0.01))
    optimizer.pace = 0.5
    descend(optimizer, ours)
    groups = [{"params": theirs[:1], "lr": 0.05}, {"params": theirs[1:], "lr": 0.005}]
    descend(torch.optim.Adam(groups, fused=True), theirs)
    assert_equal(ours, theirs)


def test_parameters_of_several_kinds_are_updated_together():
    ours = [*parameters(), *parameters(torch.float64)]
    alone = parameters(torch.float64)
    descend(Adam((ours, 0.1)), ours, n_updates=1)
    generator = torch.Generator().manual_seed(1)
    for shape in SHAPES:
        torch.randn(shape, generator=generator)
    optimizer = torch.optim.Adam(alone, lr=0.1, fused=True)
    for parameter in alone:
        parameter.grad = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    optimizer.step()
    assert_equal(ours[3:], alone)


def test_a_state_of_other_parameters_is_refused():
    state = Adam((parameters(), 0.1)).state_dict()
    with pytest.raises(ValueError, match="not that of these parameters"):
        Adam((parameters()[:2], 0.1)).load_state_dict(state)
    with pytest.raises(ValueError, match="not that of these parameters"):
        Adam((parameters(), 0.1)).load_state_dict({"state": {}, "param_groups": []})
