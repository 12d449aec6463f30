"""Models and rows of a lossless compressor: used as they are, or refused."""

import pickle
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from skdeepunsup import Autoencoder, LosslessCompressor, VariationalAutoencoder
from tests.applications.compression.compressing import assert_identical, tiny


def test_a_fitted_model_is_used_as_it_is(digits):
    X = (digits > 0.5).astype(np.float64)
    model = VariationalAutoencoder(2, likelihood="bernoulli", max_iter=1, random_state=0).fit(X)
    before = pickle.dumps(model)
    compressor = LosslessCompressor(model).fit(X)
    assert compressor.model_ is model
    compressor.decompress(compressor.compress(X[:10]))
    assert pickle.dumps(model) == before
    frozen = clone(LosslessCompressor(FrozenEstimator(model))).fit(X)
    assert frozen.model_ is model
    unfitted = clone(model)
    assert LosslessCompressor(unfitted).fit(X).model_ is not unfitted
    assert not hasattr(unfitted, "module_")


def test_what_is_no_discrete_density_is_refused(digits):
    with pytest.raises(ValueError, match="likelihood='gaussian', a density"):
        LosslessCompressor(VariationalAutoencoder(2)).fit(digits)
    with pytest.raises(ValueError, match="likelihood='gaussian', a density"):
        LosslessCompressor(VariationalAutoencoder(2, max_iter=1).fit(digits)).fit(digits)
    model = VariationalAutoencoder(2, likelihood="bernoulli")
    for other in (Autoencoder(2), "bernoulli", None, make_pipeline(model, model)):
        with pytest.raises(TypeError, match="must be a VariationalAutoencoder"):
            LosslessCompressor(other).fit(digits)


def test_values_that_the_model_does_not_have_are_refused(grey):
    X, compressor = grey
    for value in (17, -1, 2.5):
        with pytest.raises(ValueError, match=rf"X has {value}.* integers from 0 to 16"):
            compressor.compress(np.full((3, 64), value))
    with pytest.raises(ValueError, match="NaN"):
        compressor.compress(np.full((3, 64), np.nan))
    with pytest.raises(ValueError, match="64 features"):
        compressor.compress(X[:, :5])
    with pytest.raises(NotFittedError):
        clone(compressor).compress(X)
    with pytest.raises(NotFittedError):
        clone(compressor).decompress(b"")


def test_the_columns_are_those_of_a_fitted_model():
    X = pd.DataFrame(np.random.default_rng(0).integers(0, 2, (20, 3)), columns=list("abc"))
    model = VariationalAutoencoder(1, likelihood="bernoulli", max_iter=1, random_state=0).fit(X)
    LosslessCompressor(model).fit(X)
    with pytest.raises(ValueError, match=r"model was fitted to the columns \["):
        LosslessCompressor(model).fit(X[["c", "b", "a"]])


def test_networks_that_draw_noise_are_refused(monkeypatch):
    compressor = tiny("beta-binomial", 3, 16)
    kind = type(compressor.model_.module_)
    quiet = kind.decoder_output
    monkeypatch.setattr(kind, "decoder_output", lambda self, z: quiet(self, z + torch.randn(2)))
    with pytest.raises(ValueError, match="different outputs at each call"):
        compressor.compress(np.zeros((2, 3)))


def test_missing_entries_are_none_of_a_compressor_s(digits):
    X = (digits > 0.5).astype(np.float64)
    model = VariationalAutoencoder(
        2, likelihood="bernoulli", missing="mask", max_iter=1, random_state=0
    )
    compressor = LosslessCompressor(model).fit(X)
    assert_identical(compressor.decompress(compressor.compress(X)), X)
    X[0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        compressor.compress(X)


def test_without_the_coder_the_error_says_what_brings_it(grey, monkeypatch):
    X, compressor = grey
    monkeypatch.setitem(sys.modules, "constriction", None)
    for needs_it in (compressor.fit, compressor.compress):
        with pytest.raises(ImportError, match=r"skdeepunsup\[compression\]"):
            needs_it(X)
