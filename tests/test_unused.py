"""What cannot be meant is a warning: empty columns, shapes, units."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone

from skdeepunsup import (
    GAN,
    Autoencoder,
    BernoulliRBM,
    BoltzmannMachine,
    CategoricalRBM,
    ContractiveAutoencoder,
    DeepBeliefNetwork,
    DeepBoltzmannMachine,
    DenoisingAutoencoder,
    EncoderDecoder,
    GenerativeImputer,
    ReconstructionDisplay,
    SparseAutoencoder,
    VariationalAutoencoder,
)

BRIEF = {"max_iter": 1, "random_state": 0}


@pytest.fixture
def X():
    return (np.random.default_rng(0).random((40, 6)) < 0.4).astype(np.float64)


EMPTY = [
    Autoencoder(2, missing="mask", **BRIEF),
    DenoisingAutoencoder(2, missing="mask", **BRIEF),
    ContractiveAutoencoder(2, missing="mask", **BRIEF),
    SparseAutoencoder(2, missing="mask", **BRIEF),
    VariationalAutoencoder(2, missing="mask", **BRIEF),
    CategoricalRBM(2, n_categories=2, n_iter=1),
    GenerativeImputer(VariationalAutoencoder(2, missing="mask", **BRIEF), random_state=0),
    GenerativeImputer(VariationalAutoencoder(2, **BRIEF), n_rounds=1, random_state=0),
]


@pytest.mark.parametrize("estimator", EMPTY, ids=repr)
def test_columns_without_a_value_are_named(estimator, X):
    X[:, 2] = X[3:9, 4] = np.nan
    for table, names in [(X, r"\[2\]"), (pd.DataFrame(X, columns=list("abcdef")), r"\['c'\]")]:
        with pytest.warns(UserWarning, match=rf"X has no value in the columns {names}"):
            clone(estimator).fit(table)
    clone(estimator).fit(np.delete(X, 2, axis=1))  # as it advises


def test_empty_columns_of_sparse_rows_are_named(X):
    X[:, 2] = np.nan
    with pytest.warns(UserWarning, match=r"no value in the columns \[2\]"):
        Autoencoder(2, missing="mask", **BRIEF).fit(sp.csr_array(X))


IMAGES = np.random.default_rng(0).random((12, 3 * 8 * 8))


@pytest.mark.parametrize(
    "fit",
    [
        lambda X, shape: Autoencoder(2, image_shape=shape, **BRIEF).fit(X),
        lambda X, shape: VariationalAutoencoder(2, image_shape=shape, **BRIEF).fit(X),
        lambda X, shape: GAN(2, image_shape=shape, early_stopping=False, **BRIEF).fit(X),
        lambda X, shape: EncoderDecoder(2, image_shape=shape, **BRIEF).fit(X, X[:, :2]),
    ],
)
def test_channels_first_are_a_warning_whose_advice_is_quiet(fit):
    with pytest.warns(UserWarning, match=r"image_shape == \(3, 8, 8\) is read as 3 rows") as caught:
        fit(IMAGES, (3, 8, 8))
    (warning,) = caught
    advice = str(warning.message)
    code, shape = advice.split("put them last: X = ")[1].split(", and image_shape=")
    X = eval(code, {"X": IMAGES, "len": len})
    shape = eval(shape.rstrip("."))
    np.testing.assert_array_equal(
        X.reshape(12, *shape), IMAGES.reshape(12, 3, 8, 8).transpose(0, 2, 3, 1)
    )
    fit(X, shape)


def test_targets_and_displays_tell_of_channels_first_too():
    with pytest.warns(UserWarning, match=r"target_shape == \(3, 8, 8\) is read as"):
        EncoderDecoder(2, target_shape=(3, 8, 8), **BRIEF).fit(IMAGES[:, :4], IMAGES)
    pytest.importorskip("matplotlib")
    model = Autoencoder(2, **BRIEF).fit(IMAGES)
    with (
        pytest.warns(UserWarning, match=r"image_shape == \(3, 8, 8\) is read as"),
        pytest.raises(ValueError, match="8 channels"),
    ):
        ReconstructionDisplay.from_estimator(model, IMAGES, image_shape=(3, 8, 8))


BOUNDED = [
    BernoulliRBM(2, n_iter=1, random_state=0),
    BoltzmannMachine(2, n_iter=1, random_state=0),
    DeepBeliefNetwork((3, 2), n_iter=1, random_state=0),
    DeepBoltzmannMachine((3, 2), n_iter=1, random_state=0),
]


@pytest.mark.parametrize("estimator", BOUNDED, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("question", ["transform", "score_samples", "reconstruct"])
def test_rows_in_other_units_than_those_of_fit_are_a_warning(estimator, question, X):
    model = clone(estimator).fit(X)
    for other in (255 * X, 6 * X - 3):
        with pytest.warns(UserWarning, match=r"models values in \[0, 1\], but X ranges") as caught:
            getattr(model, question)(other)
        assert caught[0].filename == __file__
    getattr(model, question)(1.2 * X - 0.1)  # a little beyond the rows of a scaler
