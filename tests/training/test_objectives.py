"""Back-propagation: one update, its named losses, and a state that goes on."""

import copy
import pickle

import pytest
import torch
from torch import nn

from skdeepunsup._persistence import to_arrays, to_tensors
from skdeepunsup._random import Stream
from skdeepunsup._rows import ResidentRows
from skdeepunsup.networks import dense, initialize
from skdeepunsup.training import Adam, GradientDescent
from tests.reads import Reads

X = Stream(0).normal(10, 4)


class Lossy(nn.Module):
    """A small network with two loss terms, or one."""

    def __init__(self, n_terms=2):
        super().__init__()
        self.network = dense((4, 3, 4), "tanh")
        initialize(self.network, Stream(1))
        self.n_terms = n_terms

    def losses(self, x, stream, weights=None):
        y = self.network(x)
        terms = {"error": (y - x).square().sum(-1), "size": 0.1 * y.square().sum(-1)}
        return dict(list(terms.items())[: self.n_terms])


def adam(parameters, lr):
    return Adam((parameters, lr))


def descent(n_terms=2, optimizer=adam, **options):
    module = Lossy(n_terms)
    return GradientDescent(module, optimizer(module.parameters(), lr=0.1), Stream(0), **options)


def parameters(objective):
    return torch.cat([p.detach().flatten() for p in objective.module.parameters()])


def test_a_step_goes_down_the_gradient_of_the_mean_loss():
    objective = descent(optimizer=torch.optim.SGD)
    twin = Lossy()
    loss = sum(twin.losses(X, None).values()).mean()
    loss.backward()
    expected = torch.cat([(p - 0.1 * p.grad).flatten() for p in twin.parameters()])
    torch.testing.assert_close(objective.step(X)["loss"], loss.detach())
    torch.testing.assert_close(parameters(objective), expected)


def test_a_weighted_step_goes_down_the_gradient_of_the_weighted_loss():
    objective, weight = descent(optimizer=torch.optim.SGD), torch.arange(10) / 4
    twin = Lossy()
    terms = {name: (weight * term).sum() / 10 for name, term in twin.losses(X, None).items()}
    sum(terms.values()).backward()
    expected = torch.cat([(p - 0.1 * p.grad).flatten() for p in twin.parameters()])
    record = objective.step(X, weight)
    for name, term in terms.items():
        torch.testing.assert_close(record[name], term.detach())
    torch.testing.assert_close(parameters(objective), expected)


def test_hooks_are_called_in_their_time():
    calls = []
    objective = descent(
        before_epoch=lambda: calls.append("epoch"),
        after_update=lambda: calls.append(torch.is_grad_enabled()),
        monitor=lambda rows: {"rows": torch.tensor(len(rows))},
    )
    objective.begin_epoch(0.5)
    objective.step(X)
    objective.step(X)
    assert calls == ["epoch", False, False]
    assert objective.measure(ResidentRows(X), None) == {"rows": 10}


def test_gradients_of_one_step_are_gone_in_the_next():
    objective, other = descent(optimizer=torch.optim.SGD), descent(optimizer=torch.optim.SGD)
    objective.step(X)
    other.module.load_state_dict(objective.module.state_dict())  # without gradients
    other.load_state_dict(copy.deepcopy(objective.state_dict()))
    objective.step(X)
    other.step(X)
    assert torch.equal(parameters(objective), parameters(other))


def test_terms_are_named_beside_their_sum():
    record = descent().step(X)
    assert record.keys() == {"loss", "error", "size"}
    torch.testing.assert_close(record["loss"], record["error"] + record["size"])


def test_a_single_term_is_the_loss():
    assert descent(n_terms=1).step(X).keys() == {"loss"}


def test_what_a_step_returns_holds_no_graph():
    assert not any(value.requires_grad for value in descent().step(X).values())


def test_without_held_out_rows_there_is_nothing_to_measure():
    assert descent().measure(ResidentRows(X), None) == {}


def test_held_out_losses_are_means_over_their_rows():
    objective, held_out = descent(), Stream(2).normal(1500, 4)  # more than a chunk
    record = objective.measure(ResidentRows(X), ResidentRows(held_out))
    with torch.no_grad():
        terms = {k: v.double().mean() for k, v in objective.module.losses(held_out, None).items()}
    assert record.keys() == {"validation_loss", "validation_error", "validation_size"}
    for name, value in terms.items():
        torch.testing.assert_close(record[f"validation_{name}"], value, rtol=1e-6, atol=0)
    torch.testing.assert_close(record["validation_loss"], sum(terms.values()), rtol=1e-6, atol=0)
    assert descent(n_terms=1).measure(ResidentRows(X), ResidentRows(X)).keys() == {
        "validation_loss"
    }


def test_held_out_losses_are_weighted_means():
    objective, held_out = descent(), Stream(2).normal(1500, 4)
    weight = torch.linspace(0.5, 3, 1500).double()
    record = objective.measure(ResidentRows(X), ResidentRows(held_out).weighted(weight.numpy()))
    with torch.no_grad():
        terms = objective.module.losses(held_out, None)
    for name, term in terms.items():
        expected = weight @ term.double() / weight.sum()
        torch.testing.assert_close(record[f"validation_{name}"], expected, rtol=1e-6, atol=0)


def test_measuring_changes_nothing():
    objective = descent()
    objective.step(X)
    states = (objective.state_dict, objective.module.state_dict)
    before = [copy.deepcopy(dict(state())) for state in states]
    objective.measure(ResidentRows(X), ResidentRows(X))
    torch.testing.assert_close([dict(state()) for state in states], before, rtol=0, atol=0)


def test_rows_are_measured_in_eval_mode_and_epochs_begin_in_training_mode():
    objective = descent()
    objective.measure(ResidentRows(X), ResidentRows(X))
    assert not objective.module.training
    objective.begin_epoch(0.5)
    assert objective.module.training


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, adam])
def test_a_stored_state_goes_on_exactly(optimizer):
    objective, resumed = descent(optimizer=optimizer), descent(optimizer=optimizer)
    objective.step(X)
    stored = pickle.dumps(to_arrays(objective.state_dict()))
    resumed.module.load_state_dict(objective.module.state_dict())
    resumed.load_state_dict(to_tensors(pickle.loads(stored)))
    for _ in range(2):
        objective.step(X)
        resumed.step(X)
    assert torch.equal(parameters(objective), parameters(resumed))


def test_the_parameters_keep_their_precision_under_autocast():
    seen = []
    objective = descent(autocast=torch.bfloat16)
    objective.module.network[0].register_forward_hook(lambda *args: seen.append(args[2].dtype))
    objective.step(X)
    objective.measure(ResidentRows(X), ResidentRows(X))
    assert set(seen) == {torch.bfloat16}
    assert parameters(objective).dtype == torch.float32
    assert not torch.equal(parameters(objective), parameters(descent()))


def test_a_step_reads_nothing_from_the_device():
    objective = descent()
    objective = GradientDescent(
        objective.module, adam(objective.module.parameters(), 1e-3), Stream(0)
    )
    with Reads() as reads:
        record = objective.step(X)
        assert reads.count == 0
        float(record["loss"])
        assert reads.count == 1


@pytest.mark.gpu
def test_a_step_does_not_wait_for_cuda():
    if not torch.cuda.is_available():
        pytest.skip("only CUDA tells")
    module = Lossy().to("cuda")
    objective = GradientDescent(module, adam(module.parameters(), 1e-3), Stream(0))
    x = X.to("cuda")
    objective.step(x)  # allocates
    torch.cuda.set_sync_debug_mode("error")
    try:
        loss = objective.step(x)["loss"]
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert loss.is_cuda
