"""Fits by gradients written out are those by autograd, in every setting that has them."""

import numpy as np
import pytest
from sklearn.base import clone
from torch import nn

from skdeepunsup import (
    Autoencoder,
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    SparseAutoencoder,
    VariationalAutoencoder,
)
from skdeepunsup.networks import ACTIVATIONS
from skdeepunsup.reconstruction.learning.deterministic import WrittenDescent
from skdeepunsup.reconstruction.learning.variational import WrittenVariationalDescent
from skdeepunsup.reconstruction.modules.deterministic import AutoencoderModule

rng = np.random.default_rng(0)
X = rng.random((80, 6))
GAPS = np.where(rng.random(X.shape) < 0.2, np.nan, X)
BITS, CODES = np.round(X), np.floor(3 * X)
WEIGHTS = rng.random(80) + 0.5
DEEP = {"hidden_layer_sizes": (9, 7), "dropout": 0.3}
VAE = VariationalAutoencoder

WRITTEN = [
    *((Autoencoder(4, hidden_layer_sizes=(9,), activation=name), X) for name in ACTIVATIONS),
    (Autoencoder(4, **DEEP), X),
    (Autoencoder(4, tied_weights=True, **DEEP), X),
    (Autoencoder(4, loss="bernoulli"), X),
    (Autoencoder(4, loss="bernoulli", missing="mask"), GAPS),
    *(
        (DenoisingAutoencoder(4, corruption=name, missing="mask"), GAPS)
        for name in ("gaussian", "masking", "salt-and-pepper")
    ),
    (DenoisingAutoencoder(4, code_activation="identity"), X),
    *((SparseAutoencoder(12, sparsity=name), X) for name in ("kl", "l1", "running-mean")),
    (ContractiveAutoencoder(12, activation="tanh"), X),
    (VAE(3, noise_scale="shared", **DEEP), X),
    (VAE(3, noise_scale=0.5), X),
    (VAE(3, missing="mask"), GAPS),
    (VAE(3, likelihood="bernoulli"), BITS),
    (VAE(3, likelihood="bernoulli", resample=True), X),
    (VAE(3, likelihood="categorical", n_categories=3), CODES),
    *((VAE(3, regularizer=name, beta=4, kl_warmup=3), X) for name in ("tc", "dip", "factor")),
    (VAE(3, free_bits=0.5), X),
    (VAE(3, beta=0.5, kl_warmup=3, **DEEP), X),
    (VAE(3, learning_rate=0.5), 1e3 * X),  # variances reach their bounds
]
BY_AUTOGRAD = [
    (Autoencoder(2, encoder=nn.Linear(6, 2)), X),
    (Autoencoder(2, image_shape=(2, 3)), X),
    (Autoencoder(2, precision="bfloat16"), X),
    (SparseAutoencoder(12, sparsity="top-k"), X),
    (ContractiveAutoencoder(4, hidden_layer_sizes=(5,)), X),
    (VAE(3, n_importance_samples=2), X),
    (VAE(3, likelihood="beta-binomial", n_categories=3), CODES),
]


def fitted(estimator, X, weights):
    options = {"max_iter": 3, "random_state": 0, "device": "cpu"}
    return clone(estimator).set_params(**options).fit(X, sample_weight=weights)


@pytest.mark.parametrize(("estimator", "X"), WRITTEN, ids=lambda part: str(part)[:60])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["alike", "weighted"])
def test_fits_are_those_by_autograd(estimator, X, weights, monkeypatch):
    estimator = clone(estimator).set_params(precision="float64")
    written = fitted(estimator, X, weights)
    for kind in (WrittenDescent, WrittenVariationalDescent):
        monkeypatch.setattr(kind, "trains", classmethod(lambda cls, module: False))
    plain = fitted(estimator, X, weights)
    assert (written.gradients_, plain.gradients_) == ("written", "autograd")
    assert written.history_.keys() == plain.history_.keys()
    for name, values in plain.history_.items():
        np.testing.assert_allclose(written.history_[name], values, rtol=1e-9, err_msg=name)
    parameters = (model.module_.state_dict() for model in (written, plain))
    for (name, value), expected in zip(
        next(parameters).items(), next(parameters).values(), strict=True
    ):
        np.testing.assert_allclose(value, expected, rtol=0, atol=1e-9, err_msg=name)


@pytest.mark.parametrize(("estimator", "X"), BY_AUTOGRAD, ids=lambda part: str(part)[:60])
def test_other_fits_say_that_autograd_makes_them(estimator, X):
    assert fitted(estimator, X, None).gradients_ == "autograd"


def test_a_fit_goes_on_whichever_way_it_began(monkeypatch):
    model = Autoencoder(2, max_iter=2, warm_start=True, random_state=0, device="cpu")
    twice = clone(model).fit(X).fit(X)
    monkeypatch.setattr(WrittenDescent, "trains", classmethod(lambda cls, module: False))
    begun = clone(model).fit(X)
    monkeypatch.undo()
    begun.fit(X)
    assert begun.gradients_ == "written"
    np.testing.assert_allclose(begun.transform(X), twice.transform(X), atol=1e-5)


def test_a_corruption_may_need_gradients_of_its_own():
    def away(x, generator):
        x = x.detach().clone().requires_grad_()
        x.square().sum().backward()
        return x + 0.1 * x.grad.sign()

    model = fitted(DenoisingAutoencoder(4, corruption=away), X, None)
    assert model.gradients_ == "written"
    assert np.isfinite(model.history_["loss"]).all()


def test_other_losses_of_a_subclass_are_not_passed_over():
    class Shrunk(AutoencoderModule):
        def losses(self, x, stream, weights=None):
            terms = super().losses(x, stream, weights)
            return terms | {"size": self.encode(x).square().sum(-1)}

    class ShrunkAutoencoder(Autoencoder):
        _module_class = Shrunk

    model = fitted(ShrunkAutoencoder(4), X, None)
    assert model.gradients_ == "autograd"
    assert "size" in model.history_
