"""The comparison asks every reducer the same questions, and asks them rightly."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness
from sklearn.model_selection import KFold, ShuffleSplit, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdeepunsup import Autoencoder, compare_reducers
from skdeepunsup.command_line.models import MODELS, n_epochs

SECONDS = ("fit_seconds", "transform_seconds")


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


def without_seconds(table):
    return {key: values for key, values in table.items() if key not in SECONDS}


def test_pca_row_equals_its_computation_by_hand(iris):
    X, y = iris
    folds = list(StratifiedKFold(3, shuffle=True, random_state=7).split(X, y))
    table = compare_reducers({"pca": PCA(2)}, X, y, cv=folds, n_neighbors=4)
    explained, errors, accuracies, trust = [], [], [], []
    for train, test in folds:
        pca = PCA(2).fit(X[train])
        Z = pca.transform(X[test])
        squared = ((X[test] - pca.inverse_transform(Z)) ** 2).sum(axis=1)
        errors.append(squared.mean())
        explained.append(1 - squared.sum() / ((X[test] - X[test].mean(axis=0)) ** 2).sum())
        knn = KNeighborsClassifier(4).fit(pca.transform(X[train]), y[train])
        accuracies.append(knn.score(Z, y[test]))
        trust.append(trustworthiness(X[test], Z, n_neighbors=4))
    assert table["name"] == ["pca"]
    assert table["n_components"] == [2]
    for key, values in {
        "explained_variance": explained,
        "reconstruction_error": errors,
        "knn_score": accuracies,
        "trustworthiness": trust,
    }.items():
        np.testing.assert_allclose(table[key], [np.mean(values)], err_msg=key)
    np.testing.assert_allclose(table["explained_variance_std"], [np.std(explained)])
    np.testing.assert_allclose(table["reconstruction_error_std"], [np.std(errors)])
    assert 0 < table["fit_seconds"][0] < 10


def test_an_int_shuffles_and_stratifies(iris):
    """Iris is sorted by class: folds of neighbouring rows would hold out whole classes."""
    X, y = iris
    stratified = StratifiedKFold(5, shuffle=True, random_state=0)
    shuffled = KFold(5, shuffle=True, random_state=0)
    for labels, splitter in ((y, stratified), (None, shuffled)):
        table = compare_reducers({"pca": PCA(2)}, X, labels)
        by_hand = compare_reducers({"pca": PCA(2)}, X, labels, cv=splitter)
        assert without_seconds(table) == without_seconds(by_hand)


def test_numbers_are_predicted_by_regression():
    X, y = load_diabetes(return_X_y=True)
    folds = list(KFold(3).split(X))
    table = compare_reducers({"pca": PCA(4)}, X, y, cv=folds)
    scores = []
    for train, test in folds:
        pca = PCA(4).fit(X[train])
        knn = KNeighborsRegressor(5).fit(pca.transform(X[train]), y[train])
        scores.append(knn.score(pca.transform(X[test]), y[test]))
    np.testing.assert_allclose(table["knn_score"], [np.mean(scores)])


def test_shape_of_the_table(iris):
    X, _ = iris
    reducers = {"pca": [PCA(1), PCA(2)], "scaled": make_pipeline(StandardScaler(), PCA(3))}
    table = compare_reducers(reducers, X, cv=3)
    assert table["name"] == ["pca", "pca", "scaled"]
    assert table["n_components"] == [1, 2, 3]
    assert {len(values) for values in table.values()} == {3}
    assert "knn_score" not in table
    assert "estimator" not in table
    assert not hasattr(reducers["pca"][0], "components_"), "a clone is fitted, not the reducer"


def test_same_seed_same_table(iris):
    X, y = iris
    reducers = {"autoencoder": Autoencoder(2, max_iter=3, random_state=0), "pca": PCA(2)}
    first = compare_reducers(reducers, X, y, cv=3)
    again = compare_reducers(reducers, X, y, cv=3)
    assert without_seconds(first) == without_seconds(again)


def test_fitted_estimators_are_those_of_the_folds(iris):
    X, _ = iris
    folds = list(KFold(3, shuffle=True, random_state=1).split(X))
    table = compare_reducers({"pca": PCA(2)}, X, cv=folds, return_estimator=True)
    for (train, _), pca in zip(folds, table["estimator"][0], strict=True):
        np.testing.assert_allclose(pca.mean_, X[train].mean(axis=0))


def test_sparse_rows_give_the_table_of_dense_ones():
    X = np.random.default_rng(0).integers(0, 2, (60, 12)).astype(float)
    reducer = Autoencoder(2, max_iter=2, random_state=0)
    dense = without_seconds(compare_reducers({"a": reducer}, X, cv=3))
    sparse = without_seconds(compare_reducers({"a": reducer}, sp.csr_array(X), cv=3))
    for key in dense.keys() - {"name"}:
        np.testing.assert_allclose(sparse[key], dense[key], rtol=1e-5)


@pytest.mark.parametrize(
    ("reducers", "kwargs", "error", "message"),
    [
        ([PCA(2)], {}, TypeError, "must be a dict"),
        ({}, {}, ValueError, "no transformer"),
        ({"pca": PCA}, {}, TypeError, "pass an instance"),
        ({"tsne": TSNE(2)}, {}, TypeError, "'tsne'.*TSNE, has no transform"),
        ({"scaler": KNeighborsClassifier()}, {}, TypeError, "has no transform"),
        ({"pca": PCA(2)}, {"cv": 1}, ValueError, "cv == 1"),
        ({"pca": PCA(2)}, {"cv": 151}, ValueError, "cv == 151"),
        ({"pca": PCA(2)}, {"cv": 50}, ValueError, "at least 11 held-out rows"),
        ({"pca": PCA(2)}, {"n_neighbors": 0}, ValueError, "n_neighbors"),
        ({"pca": PCA(2)}, {"y": [0, 1]}, ValueError, "inconsistent numbers of samples"),
    ],
)
def test_bad_arguments_are_named(iris, reducers, kwargs, error, message):
    with pytest.raises(error, match=message):
        compare_reducers(reducers, iris[0], **kwargs)


def test_missing_values_are_refused(iris):
    X = iris[0].copy()
    X[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        compare_reducers({"pca": PCA(2)}, X)


@pytest.mark.slow
def test_on_digits_deep_beats_pca_and_linear_equals_it():
    X = load_digits().data / 16
    names = ("pca", "linear-autoencoder", "autoencoder")
    reducers = {name: MODELS[name](8, n_epochs(1198, 64), 0, 1198) for name in names}
    split = ShuffleSplit(1, train_size=1198, random_state=0)
    error = compare_reducers(reducers, X, cv=split)["reconstruction_error"]
    pca, linear, deep = error
    assert abs(linear / pca - 1) < 0.05
    assert deep < 0.6 * pca
