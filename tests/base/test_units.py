"""Columns in another unit than most are named; those of images and dummies are not."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.preprocessing import scale

from skdeepunsup import Autoencoder, FineTunedClassifier, GaussianRBM
from skdeepunsup.base.units import warn_of_unlike_features

FIT = {"max_iter": 1, "random_state": 0}


class Named:
    """All that a warning asks of an estimator."""


@pytest.mark.parametrize(("load", "column"), [(load_wine, 12), (load_breast_cancer, 23)])
def test_a_column_in_another_unit_is_named(load, column):
    frame = load(as_frame=True).data
    model = FineTunedClassifier(Autoencoder(2, **FIT), **FIT)
    with pytest.warns(UserWarning, match=f"Column {frame.columns[column]} of X varies"):
        model.fit(frame, load().target)
    with pytest.warns(UserWarning, match=f"Column {column} of X varies"):
        warn_of_unlike_features(Named(), load().data, None)


@pytest.mark.parametrize(
    "X",
    [
        load_iris().data,
        load_diabetes().data,
        load_digits().data,  # with pixels that are on in one image
        scale(load_wine().data),
        np.c_[np.eye(3)[np.arange(60) % 3], np.arange(60) % 7],
        np.ones((60, 3)),
        np.c_[np.ones(60), np.arange(60)],
        sp.csr_array(np.eye(60)[:, :9] * 10.0 ** np.arange(9)),
    ],
    ids=["iris", "diabetes", "digits", "scaled", "dummies", "constant", "one", "sparse"],
)
def test_others_are_not(X):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_unlike_features(Named(), X, None)


def test_a_column_of_rows_that_do_not_count_does_not_count():
    X = np.random.default_rng(0).normal(size=(60, 4))
    X[0, 2] = 1e6
    with pytest.warns(UserWarning, match="Column 2"):
        warn_of_unlike_features(Named(), X, None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_unlike_features(Named(), X, np.arange(60) > 0)


@pytest.mark.filterwarnings("error")
def test_an_encoder_with_a_unit_a_feature_takes_any():
    X, y = load_wine(return_X_y=True)
    FineTunedClassifier(GaussianRBM(2, n_iter=2, random_state=0), **FIT).fit(X, y)


@pytest.mark.parametrize(("unit", "told"), [(1e200, "inf"), (1e-200, "0")])
def test_errors_beyond_the_range_of_numbers_are_named(unit, told):
    X = load_iris().data
    with pytest.warns(UserWarning, match=rf"errors in history_ are {told},.*Divide X by") as caught:
        model = Autoencoder(2, **FIT).fit(unit * X)
    np.testing.assert_allclose(
        model.transform(unit * X), Autoencoder(2, **FIT).fit(X).transform(X), rtol=1e-3, atol=1e-3
    )
    advised = float(str(caught[0].message).split("Divide X by ")[1].split()[0])
    assert 0 < Autoencoder(2, **FIT).fit(unit * X / advised).history_["loss"][0] < np.inf
