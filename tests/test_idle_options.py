"""An option that does nothing beside the others is named, and does nothing."""

import inspect

import pytest

from skdeepunsup import Autoencoder, BernoulliRBM, DeepBeliefNetwork
from tests.idle_options import IDLE, copied, fitted, learned

each = pytest.mark.parametrize(
    "idle", IDLE, ids=[f"{type(case.estimator).__name__}-{'-'.join(case.options)}" for case in IDLE]
)


@each
def test_an_option_that_does_nothing_is_named_and_does_nothing(idle):
    without = fitted(copied(idle.estimator))  # quiet
    model = copied(idle.estimator).set_params(**idle.options)
    with pytest.warns(UserWarning, match="does nothing") as caught:
        fitted(model)
    idle_ones = [warning for warning in caught if "does nothing" in str(warning.message)]
    named = [str(warning.message).split(" == ")[0] for warning in idle_ones]
    assert sorted(named) == sorted(idle.options)
    assert {warning.filename for warning in idle_ones} == {inspect.getfile(fitted)}
    if not (isinstance(model, DeepBeliefNetwork) and named == ["n_chains"]):
        assert learned(model) == learned(without)


@each
def test_what_it_needs_heals(idle):
    """Each option does something then."""
    for name, value in idle.options.items():
        without = copied(idle.estimator).set_params(**idle.change)
        model = copied(without).set_params(**{name: value})
        assert learned(fitted(model)) != learned(fitted(without)), name


class Sparse(BernoulliRBM):
    """The user's own class, which has one parameter."""

    def __init__(self, n_components=2):
        super().__init__(n_components, n_iter=1, sparsity_cost=2.0)


class Shallow(Autoencoder):
    """The same by gradients, with a default that lets the base decide."""

    def __init__(self, n_components=2):
        super().__init__(n_components, hidden_layer_sizes=(), activation="tanh", batch_size=1)


@pytest.mark.parametrize("model", [Sparse(), Shallow()], ids=lambda model: type(model).__name__)
def test_what_a_class_of_the_user_s_sets_is_not_an_option(model):
    fitted(model)
