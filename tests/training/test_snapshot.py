"""Snapshots: a copy apart, whole or not at all."""

import math

import pytest
import torch
from torch import nn

from skdeepunsup._random import Stream
from skdeepunsup.training import Adam, GradientDescent
from skdeepunsup.training.snapshot import Snapshot


class Holder:
    """An objective that is nothing but its state, of a module without any."""

    def __init__(self, state):
        self.module, self.state = nn.Module(), state

    def state_dict(self):
        return self.state

    def load_state_dict(self, state):
        self.state = state


class Quadratic(nn.Module):
    def __init__(self):
        super().__init__()
        self.theta = nn.Parameter(torch.tensor([1.0, -2.0]))

    def losses(self, x, stream, weights=None):
        return {"square": (x - self.theta).square().sum(-1)}


def quadratic():
    module = Quadratic()
    return GradientDescent(module, Adam((module.parameters(), 0.1)), Stream(0))


X = torch.tensor([[0.0, 1.0], [3.0, 0.5]])


def test_restores_what_was_saved_last():
    holder = Holder({"a": torch.zeros(3), "b": [torch.ones(2), (torch.tensor(1), 5)]})
    snapshot = Snapshot(holder)
    holder.state["a"].fill_(1)
    snapshot.save(1)
    holder.state["a"].fill_(2)
    holder.state["b"][0].fill_(2)
    snapshot.restore()
    assert holder.state["a"].tolist() == [1, 1, 1]
    assert holder.state["b"][0].tolist() == [1, 1]
    assert holder.state["b"][1] == (torch.tensor(1), 5)


def test_the_first_state_is_saved_at_once():
    holder = Holder({"a": torch.zeros(3)})
    snapshot = Snapshot(holder)
    holder.state["a"].fill_(1)
    snapshot.restore()
    assert not holder.state["a"].any()


def test_memory_is_allocated_once():
    holder = Holder({"a": torch.zeros(3)})
    snapshot = Snapshot(holder)
    (copied,) = snapshot._tensors.values()
    place = copied.data_ptr()
    holder.state["a"].fill_(1)
    snapshot.save(1)
    (copied,) = snapshot._tensors.values()
    assert copied.data_ptr() == place != holder.state["a"].data_ptr()


def test_a_copy_of_a_snapshot_stays_as_it_is():
    holder = Holder({"a": torch.zeros(3), "n": 1})
    snapshot = Snapshot(holder)
    copy = snapshot.copy(None)
    holder.state["a"].fill_(1)
    holder.state["n"] = 2
    snapshot.save(5)
    copy.restore()
    assert (copy.epochs, holder.state["n"], holder.state["a"].tolist()) == (0, 1, [0, 0, 0])
    memory = copy._tensors
    assert snapshot.copy(copy) is copy
    assert copy._tensors is memory
    copy.restore()
    assert (copy.epochs, holder.state["n"], holder.state["a"].tolist()) == (5, 2, [1, 1, 1])


def test_states_that_change_their_shape_are_saved():
    holder = Holder({"a": torch.zeros(3), "c": ()})
    snapshot = Snapshot(holder)
    holder.state = {"a": torch.ones(5), "b": torch.ones(2), "c": (torch.ones(1),)}
    snapshot.save(1)
    holder.state = None
    snapshot.restore()
    assert {k: len(v) for k, v in holder.state.items()} == {"a": 5, "b": 2, "c": 1}


def test_the_module_is_saved_beside_the_objective():
    holder = Holder({"a": torch.zeros(3)})
    holder.module = nn.Linear(2, 1)
    before = {name: value.clone() for name, value in holder.module.state_dict().items()}
    snapshot = Snapshot(holder)
    with torch.no_grad():
        holder.module.bias += math.nan
    assert not snapshot.live_is_finite()
    snapshot.restore()
    assert snapshot.live_is_finite()
    torch.testing.assert_close(dict(holder.module.state_dict()), before, rtol=0, atol=0)


@pytest.mark.parametrize("n_steps", [0, 1, 3])
def test_training_from_a_restored_state_repeats_itself(n_steps):
    objective = quadratic()
    for _ in range(n_steps):
        objective.step(X)
    snapshot = Snapshot(objective)
    ends = []
    for _ in range(2):
        for _ in range(4):
            objective.step(X)
        ends.append(objective.module.theta.detach().clone())
        if len(ends) < 2:
            snapshot.restore()
    assert torch.equal(*ends)


class Interrupted(dict):
    """A state whose copying Ctrl-C interrupts after its first entry."""

    def items(self):
        entries = iter(super().items())
        yield next(entries)
        raise KeyboardInterrupt


def test_a_half_written_copy_is_not_restored():
    holder = Holder({"a": torch.zeros(2), "b": torch.zeros(2)})
    snapshot = Snapshot(holder)
    live = {"a": torch.ones(2), "b": torch.ones(2)}
    holder.state = Interrupted(live)
    with pytest.raises(KeyboardInterrupt):
        snapshot.save(1)
    holder.state = live
    snapshot.restore()
    assert holder.state is live
    assert torch.stack(list(live.values())).eq(1).all()


def test_a_copy_is_whole_again_once_it_is_written_again():
    holder = Holder(Interrupted(a=torch.ones(2), b=torch.ones(2)))
    snapshot = Snapshot(Holder({}))
    snapshot.objective = holder
    with pytest.raises(KeyboardInterrupt):
        snapshot.save(1)
    holder.state = {"a": torch.full((2,), 3.0)}
    snapshot.save(1)
    holder.state = {}
    snapshot.restore()
    assert holder.state["a"].tolist() == [3, 3]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_one_number_that_is_not_finite_is_found_wherever_it_is(bad):
    def state(value):
        return {"a": torch.ones(3), "b": {0: [torch.ones(2), (torch.tensor([1.0, value]),)]}}

    holder = Holder(state(0.0))
    snapshot = Snapshot(holder)
    assert snapshot.live_is_finite()
    holder.state = state(bad)
    assert not snapshot.live_is_finite()


def test_what_was_infinite_from_the_start_may_stay_so():
    holder = Holder({"mask": torch.tensor([0.0, -math.inf]), "weight": torch.ones(2)})
    snapshot = Snapshot(holder)
    assert snapshot.live_is_finite()
    holder.state["weight"] = torch.tensor([math.nan, 1.0])
    assert not snapshot.live_is_finite()


def test_what_holds_no_floats_is_finite():
    holder = Holder({"step": torch.tensor(3), "name": "adam", "nothing": None})
    assert Snapshot(holder).live_is_finite()


def test_numbers_whose_sum_overflows_are_finite():
    holder = Holder({"a": torch.zeros(3)})
    snapshot = Snapshot(holder)
    holder.state["a"].fill_(3e38)
    assert snapshot.live_is_finite()
    holder.state["a"][1] = math.inf
    assert not snapshot.live_is_finite()
