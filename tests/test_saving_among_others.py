"""Pipelines, searches and unions with scikit-learn's own estimators, saved and loaded."""

import numpy as np
import pytest
from scipy.stats import loguniform, randint
from sklearn.base import clone
from sklearn.cluster import Birch
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier, StackingClassifier, VotingClassifier
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import Matern, WhiteKernel
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, PredefinedSplit, RandomizedSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

from skdeepunsup import (
    BernoulliRBM,
    FineTunedClassifier,
    GaussianRBM,
    load,
    save,
)
from tests.test_saving import BRIEF, MODEL, X, answers, assert_same, y


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model"


AMONG_OTHERS = [
    make_pipeline(MinMaxScaler(), BernoulliRBM(3, n_iter=1, random_state=0), LogisticRegression()),
    make_pipeline(StandardScaler(), MODEL, RandomForestClassifier(3, random_state=0)),
    make_pipeline(make_union(PCA(2), MODEL), LogisticRegression()),
    make_pipeline(ColumnTransformer([("deep", MODEL, [0, 1, 2, 3])]), LogisticRegression()),
    make_pipeline(FunctionTransformer(np.log1p), GaussianRBM(2, n_iter=1, random_state=0)),
    GridSearchCV(MODEL, {"n_components": [1, 2]}, cv=2),
    GridSearchCV(
        make_pipeline(MODEL, LogisticRegression()),
        {"autoencoder__n_components": [1, 2]},
        cv=2,
        scoring=["accuracy", "f1"],
        refit="f1",
    ),
    FineTunedClassifier(make_pipeline(BernoulliRBM(3, n_iter=1, random_state=0), MODEL), **BRIEF),
    make_pipeline(SimpleImputer(), SelectKBest(chi2, k=4), MODEL, KNeighborsClassifier(3, p=3)),
    make_pipeline(
        MODEL, VotingClassifier([("a", LogisticRegression()), ("b", GaussianNB())], voting="soft")
    ),
    make_pipeline(MODEL, StackingClassifier([("a", LogisticRegression())], cv=2)),
    make_pipeline(MODEL, GaussianProcessClassifier(Matern() + WhiteKernel(), optimizer=None)),
    make_pipeline(MODEL, KNeighborsClassifier(3, algorithm="ball_tree", metric="manhattan")),
    GridSearchCV(
        make_pipeline(MODEL, LogisticRegression()),
        {"autoencoder__n_components": [1, 2]},
        cv=PredefinedSplit([0, 1] * 20),
    ),
]


@pytest.mark.parametrize("estimator", AMONG_OTHERS, ids=lambda e: f"{e!r:.60}")
def test_among_scikit_learn_s_own(estimator, path):
    model = clone(estimator).fit(X, y)
    save(model, path)
    loaded = load(path)
    assert_same(answers(loaded, X), answers(model, X))
    if hasattr(model, "cv_results_"):
        assert loaded.best_params_ == model.best_params_
        assert loaded.cv_results_.keys() == model.cv_results_.keys()
    if hasattr(model, "fit_predict"):
        return
    assert_same(answers(loaded.fit(X, y), X), answers(clone(estimator).fit(X, y), X))


def test_a_frozen_estimator(path):
    save(FrozenEstimator(clone(MODEL).fit(X)), path)
    assert_same(answers(load(path), X)[:1], answers(clone(MODEL).fit(X), X)[:1])


def test_what_skops_does_not_write_is_named(path):
    """Distributions execute a text of their state when they are loaded; Birch has circles."""
    steps = {"learning_rate": randint(1, 3)}, {"learning_rate": loguniform(0.1, 0.2)}
    for unsavable in (*(RandomizedSearchCV(MODEL, step) for step in steps), Birch()):
        with pytest.raises(TypeError, match=f"{type(unsavable).__name__} can't be saved"):
            save(unsavable, path)
        assert not path.exists()
