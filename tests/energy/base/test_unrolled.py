"""Unrolled machines are the ways up and down of the estimators they come from."""

import numpy as np
import pytest
from scipy.special import expit

from skdeepunsup import BernoulliRBM, CategoricalRBM, DeepBeliefNetwork, GaussianRBM

OPTIONS = {"n_iter": 2, "precision": "float64", "device": "cpu", "random_state": 0}


@pytest.fixture
def bits():
    return np.random.default_rng(0).integers(0, 2, (60, 7)).astype(float)


@pytest.fixture
def reals():
    return np.random.default_rng(0).normal(size=(60, 7)) * np.arange(1, 8) / 2


def network(**options):
    return DeepBeliefNetwork((6, 5, 3), **(OPTIONS | options))


BINARY = {
    "one layer": BernoulliRBM(4, **OPTIONS),
    "deep": network(),
    "the lowest code": network(depth=1),
    "an inner code": network(depth=2),
    "untied": network(fine_tuning="up-down", fine_tuning_iter=2),
    "untied, an inner code": network(fine_tuning="up-down", fine_tuning_iter=2, depth=2),
}
REAL = {
    "one layer": GaussianRBM(4, **OPTIONS),
    "deep": network(visible_units="gaussian"),
    "untied": network(visible_units="gaussian", fine_tuning="up-down", fine_tuning_iter=2),
}


def way_up(unrolled, X):
    for W, b in unrolled.up:
        X = expit(X @ W.T + b)
    return X


def way_down(unrolled, Z):
    *inner, (W, b) = unrolled.down
    for V, a in inner:
        Z = expit(Z @ V.T + a)
    x = Z @ W.T + b
    return expit(x) if unrolled.output == "logistic" else x


def assert_same_ways(model, X):
    unrolled = model.unroll()
    Z = model.transform(X)
    np.testing.assert_allclose(way_up(unrolled, X), Z, rtol=1e-10)
    np.testing.assert_allclose(way_down(unrolled, Z), model.inverse_transform(Z), rtol=1e-10)
    return unrolled


@pytest.mark.parametrize("model", BINARY.values(), ids=BINARY.keys())
def test_ways_of_binary_units(model, bits):
    assert assert_same_ways(model.fit(bits), bits).output == "logistic"


@pytest.mark.parametrize("model", REAL.values(), ids=REAL.keys())
def test_ways_of_real_units_of_any_variance(model, reals):
    model.fit(reals)
    bottom = model.module_.layers[0] if hasattr(model.module_, "layers") else model.module_
    scales = bottom.scaling.scale.log().abs() + bottom.visible.log_variance.abs()
    assert scales.max() > 0.5  # else a way without σ² would pass
    assert assert_same_ways(model, reals).output == "identity"


def test_layers_are_those_up_to_the_code(bits):
    unrolled = network(depth=2).fit(bits).unroll()
    assert [W.shape for W, _ in unrolled.up] == [(6, 7), (5, 6)]
    assert [W.shape for W, _ in unrolled.down] == [(6, 5), (7, 6)]
    assert [b.shape for _, b in unrolled.up + unrolled.down] == [(6,), (5,), (6,), (7,)]


def test_arrays_are_copies_as_precise_as_the_parameters(bits):
    rbm = BernoulliRBM(4, **(OPTIONS | {"precision": "float32"})).fit(bits)
    before = rbm.transform(bits)
    for array in (array for pair in rbm.unroll().up + rbm.unroll().down for array in pair):
        assert array.dtype == np.float32
        array[:] = 0
    np.testing.assert_array_equal(rbm.transform(bits), before)


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (CategoricalRBM(4, **OPTIONS), "categorical"),
        (network(visible_units="categorical"), "categorical"),
        (BernoulliRBM(4, hidden_units="relu", **OPTIONS), "relu"),
        (GaussianRBM(4, hidden_units="relu", **OPTIONS), "relu"),
    ],
)
def test_other_units_are_refused(model, why, bits):
    with pytest.raises(ValueError, match=f"{type(model).__name__} with .*{why}.* cannot be unr"):
        model.fit(bits).unroll()
