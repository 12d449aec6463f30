"""Fitted estimators outlive their process, and an interrupted training goes on."""

import copy
import io
import pickle

import joblib
import numpy as np
import pytest
import skops.io
import torch
from sklearn.base import clone
from torch import nn

from skdeepunsup import Autoencoder, BernoulliRBM
from skdeepunsup._persistence import RecordedModule, to_arrays, to_tensors
from skdeepunsup.applications.clustering.mixture_module import MixtureModule

rng = np.random.default_rng(0)
# Two patterns, one entry in ten flipped: weights grow, and whatever is forgotten shows.
X = np.abs(np.repeat(np.eye(2)[rng.integers(0, 2, 60)], 3, axis=1) - (rng.random((60, 6)) < 0.1))

MODELS = {
    "rbm": BernoulliRBM(n_components=4, n_iter=5, learning_rate=1.0, random_state=0),
    "rbm with momentum": BernoulliRBM(
        n_components=4, n_iter=2, momentum=0.5, sparsity_target=0.2, random_state=0
    ),
    "autoencoder": Autoencoder(n_components=3, hidden_layer_sizes=(5,), max_iter=2, random_state=0),
    "tied autoencoder": Autoencoder(
        n_components=3, hidden_layer_sizes=(5,), max_iter=2, tied_weights=True, random_state=0
    ),
    "double autoencoder": Autoencoder(
        n_components=3, max_iter=2, early_stopping=True, precision="float64", random_state=0
    ),
}


@pytest.fixture(params=MODELS)
def model(request):
    return clone(MODELS[request.param])


def through_pickle(model):
    return pickle.loads(pickle.dumps(model))


def through_joblib(model):
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    buffer.seek(0)
    return joblib.load(buffer)


def through_skops(model):
    kind = type(model)
    # The estimator's own class is the one type that skops has to be told to trust.
    return skops.io.loads(skops.io.dumps(model), trusted=[f"{kind.__module__}.{kind.__qualname__}"])


STORES = [through_pickle, through_joblib, through_skops, copy.deepcopy]
store = pytest.mark.parametrize("store", STORES, ids=lambda s: s.__name__)


def assert_same_model(one, other):
    for method in ("transform", "reconstruct", "score_samples"):
        assert np.array_equal(getattr(one, method)(X), getattr(other, method)(X))
    assert one.score(X) == other.score(X)
    assert one.n_iter_ == other.n_iter_
    assert one.history_.keys() == other.history_.keys()
    for name, values in one.history_.items():
        np.testing.assert_array_equal(values, other.history_[name])


@store
def test_a_stored_model_answers_as_before(model, store):
    model.fit(X)
    stored = store(model)
    assert_same_model(model, stored)
    assert repr(stored) == repr(model)


@store
def test_a_stored_model_shares_no_parameters(model, store):
    stored = store(model.fit(X))
    before = model.transform(X)
    with torch.no_grad():
        for parameter in stored.module_.parameters():
            parameter.zero_()
    assert np.array_equal(model.transform(X), before)


@store
def test_an_unfitted_model_can_be_stored(model, store):
    stored = store(model)
    assert stored.get_params() == model.get_params()
    assert not stored.__sklearn_is_fitted__()


@store
def test_training_goes_on_exactly(model, store):
    model.partial_fit(X)
    stored = store(model)
    assert_same_model(model.partial_fit(X), stored.partial_fit(X))
    again = store(store(stored))  # stored without having gone on in between
    assert_same_model(model.partial_fit(X), again.partial_fit(X))


def test_storing_leaves_the_training_of_the_original_alone(model):
    other = clone(model).partial_fit(X)
    pickle.dumps(model.partial_fit(X))
    assert_same_model(model.partial_fit(X), other.partial_fit(X))


def three_epochs(**parameters):
    return Autoencoder(
        n_components=3,
        hidden_layer_sizes=(5,),
        learning_rate=0.02,
        batch_size=16,
        n_iter_no_change=100,
        random_state=0,
        **{"max_iter": 3, "warm_start": True} | parameters,
    )


@store
def test_two_warm_starts_are_one_fit(store):
    in_halves = store(three_epochs().fit(X)).fit(X)
    assert_same_model(in_halves, three_epochs().fit(X).fit(X))
    assert_same_model(in_halves, three_epochs(max_iter=6, warm_start=False).fit(X))


def test_the_optimisers_state_is_part_of_what_goes_on():
    model = three_epochs().fit(X)
    forgetful = through_pickle(model)
    for means in forgetful._training["objective"]["optimizer"]["means"]:
        means[...] = 0
    assert not np.array_equal(forgetful.fit(X).transform(X), model.fit(X).transform(X))


def test_the_chains_are_part_of_what_goes_on():
    model = clone(MODELS["rbm"]).set_params(n_iter=60).fit(X)
    forgetful = through_pickle(model)
    chains = forgetful._training["objective"]["chains"]["h"]
    chains[:] = 1 - chains
    assert not np.array_equal(
        forgetful.partial_fit(X).transform(X), model.partial_fit(X).transform(X)
    )


@pytest.mark.parametrize("sizes", [(3, 10), (10, 3)])
def test_a_small_machine_is_a_small_file(sizes):
    bits = (np.random.default_rng(0).random((20, sizes[0])) < 0.5).astype(float)
    model = BernoulliRBM(sizes[1], n_iter=1, random_state=0).fit(bits)
    assert len(pickle.dumps(model)) < 8 * 1024


def test_chains_are_what_they_were():
    bits = (np.random.default_rng(0).random((60, 8)) < 0.5).astype(float)
    model = BernoulliRBM(8, n_iter=2, random_state=0).fit(bits)
    stored = through_pickle(model)
    assert stored.h_samples_.dtype == model.h_samples_.dtype
    np.testing.assert_array_equal(stored.h_samples_, model.h_samples_)


def test_a_clone_is_unfitted(model):
    model.fit(X)
    cloned = clone(model)
    assert not cloned.__sklearn_is_fitted__()
    assert_same_model(cloned.fit(X), model)


@store
def test_parameters_set_after_the_fit_do_not_change_what_is_stored(model, store):
    answers = model.fit(X).transform(X)
    model.set_params(n_components=2, precision="float64", device="cpu")
    stored = store(model)
    assert stored.n_components == 2
    assert np.array_equal(stored.transform(X), answers)


class WithoutTorch(pickle.Unpickler):
    def find_class(self, module, name):
        assert not module.startswith("torch"), f"{module}.{name} is stored"
        return super().find_class(module, name)


def test_what_is_stored_is_free_of_torch(model):
    model.fit(X)
    stored = WithoutTorch(io.BytesIO(pickle.dumps(model))).load()
    assert_same_model(model, stored)


def test_a_model_that_asks_for_an_absent_device_loads_on_the_cpu(model, monkeypatch):
    answers = model.fit(X).transform(X)
    stored = pickle.dumps(model.set_params(device="cuda"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    loaded = pickle.loads(stored)
    assert next(loaded.module_.parameters()).device.type == "cpu"
    assert np.array_equal(loaded.transform(X), answers)
    with pytest.raises(ValueError, match="device == 'cuda'"):
        loaded.partial_fit(X)
    loaded.set_params(device="cpu").partial_fit(X)


@pytest.mark.gpu
def test_a_model_fitted_on_an_accelerator_goes_on_without_it(model):
    device = "cuda" if torch.cuda.is_available() else "mps"
    if model.precision == "float64" and device == "mps":
        pytest.skip("no float64 there")
    model.set_params(device=device).fit(X)
    assert next(model.module_.parameters()).device.type == device
    stored = pickle.dumps(model)
    same_place = pickle.loads(stored)
    assert np.array_equal(same_place.transform(X), model.transform(X))
    on_cpu = pickle.loads(pickle.dumps(model.set_params(device="cpu")))
    assert next(on_cpu.module_.parameters()).device.type == "cpu"
    np.testing.assert_allclose(on_cpu.transform(X), same_place.transform(X), rtol=1e-3, atol=1e-5)
    on_cpu.partial_fit(X)


class Squeeze(nn.Module):
    """A user's own encoder."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.inner = nn.Parameter(torch.randn(6, 3, generator=generator))

    def forward(self, x):
        return torch.tanh(x @ self.inner)


@pytest.mark.parametrize("store", [through_pickle, through_joblib, copy.deepcopy])
def test_a_model_with_a_network_of_the_users_can_be_stored(store):
    encoder = Squeeze()
    start = encoder.inner.detach().clone()
    model = Autoencoder(n_components=3, encoder=encoder, max_iter=2, random_state=0)
    stored = store(model.fit(X))
    assert_same_model(model, stored)
    assert_same_model(model.partial_fit(X), stored.partial_fit(X))
    assert torch.equal(encoder.inner, start)
    assert not torch.equal(stored.module_.encoder.inner, start)


def test_arrays_and_tensors_are_copies_of_each_other():
    state = {"a": torch.ones(2), 0: [torch.tensor(3.0), (1, "b", None)], "c": torch.arange(2)}
    arrays = to_arrays(state)
    back = to_tensors(arrays)
    state["a"].zero_()
    assert arrays["a"].tolist() == [1, 1]
    assert arrays[0][0].shape == ()
    arrays["a"][:] = 5
    assert back["a"].tolist() == [1, 1]
    assert back[0] == [torch.tensor(3.0), (1, "b", None)]
    assert back["c"].dtype == torch.int64


class Recording(RecordedModule):
    def __init__(self, n, *, scale=2.0, **further):
        super().__init__()
        self.layer = nn.Linear(n, 1)


class Inheriting(Recording):
    pass


class Passing(Recording):
    def __init__(self, m, **further):
        super().__init__(m + 1, **further)


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        (Recording(3), {"n": 3, "scale": 2.0}),
        (Recording(n=3, scale=1.0, kind="a"), {"n": 3, "scale": 1.0, "kind": "a"}),
        (Inheriting(3), {"n": 3, "scale": 2.0}),
        (Passing(3, scale=1.0), {"m": 3, "scale": 1.0}),
    ],
)
def test_a_module_records_what_its_constructor_was_given(module, arguments):
    assert module.arguments == arguments
    for copied in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert copied.arguments == arguments
    again = type(module)(**module.arguments)
    assert again.layer.weight.shape == module.layer.weight.shape


@pytest.mark.parametrize(
    ("arguments", "named"), [({"parts": ()}, "n_clusters"), ({"parts": (), "wrong": 1}, "wrong")]
)
def test_a_constructor_names_what_it_lacks_or_does_not_take(arguments, named):
    with pytest.raises(TypeError, match=named):
        MixtureModule(**arguments)
