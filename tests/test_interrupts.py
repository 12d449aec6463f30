"""One Ctrl-C ends what the user called, whatever runs within it."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.ensemble import BaggingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate, learning_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skdeepunsup.training.loop as loop
from skdeepunsup import (
    Autoencoder,
    BernoulliRBM,
    DeepEmbeddedClustering,
    FineTunedClassifier,
    FineTunedRegressor,
    GaussianRBM,
    GenerativeImputer,
    LosslessCompressor,
    LossyCompressor,
    OutlierDetector,
    RatingRBM,
    VariationalAutoencoder,
    VariationalDeepEmbedding,
    compare_reducers,
)

rng = np.random.default_rng(0)
X = (rng.random((40, 6)) < 0.4).astype(float)
y = (X[:, 0] + X[:, 1]).astype(int)
GAPS = np.where(rng.random(X.shape) < 0.2, np.nan, X)
BRIEF = {"max_iter": 4, "hidden_layer_sizes": (), "early_stopping": False, "random_state": 0}
MODEL = Autoencoder(3, **BRIEF)
MACHINE = BernoulliRBM(3, n_iter=4, random_state=0)
VARIATIONAL = VariationalAutoencoder(2, likelihood="bernoulli", **BRIEF)


class Presses:
    """Presses Ctrl-C once, in the middle of an epoch, counted over all fits from 1."""

    def __init__(self, at, step):
        self.at, self.step, self.n = at, step, 0

    def __call__(self, *arguments):
        self.n += 1
        if self.n == self.at:
            raise KeyboardInterrupt
        return self.step(*arguments)


@pytest.fixture
def press(monkeypatch):
    def at(epoch):
        presses = Presses(epoch, loop.run_epoch)
        monkeypatch.setattr(loop, "run_epoch", presses)
        return presses

    return at


WITHIN = {
    "FineTunedClassifier": (FineTunedClassifier(MODEL, **BRIEF), (X, y)),
    "FineTunedRegressor": (FineTunedRegressor(MODEL, **BRIEF), (X, y)),
    "DeepEmbeddedClustering": (DeepEmbeddedClustering(3, MODEL, max_iter=4, tol=0), (X,)),
    "VariationalDeepEmbedding": (VariationalDeepEmbedding(3, VARIATIONAL, max_iter=4), (X,)),
    "Autoencoder(pretrained)": (
        Autoencoder(3, pretrained=MACHINE, max_iter=4, early_stopping=False),
        (X,),
    ),
    "OutlierDetector": (OutlierDetector(MACHINE, n_estimators=3, random_state=0), (X,)),
    "GenerativeImputer": (
        GenerativeImputer(GaussianRBM(3, n_iter=4), n_rounds=3, random_state=0),
        (GAPS,),
    ),
    "LossyCompressor": (LossyCompressor(MODEL), (X,)),
    "LosslessCompressor": (LosslessCompressor(VARIATIONAL), (X,)),
    "encoder in a Pipeline": (
        FineTunedClassifier(make_pipeline(MACHINE, MODEL), **BRIEF),
        (X, y),
    ),
    "compressor of a Pipeline": (LossyCompressor(make_pipeline(StandardScaler(), MODEL)), (X,)),
}


@pytest.mark.parametrize("name", WITHIN)
@pytest.mark.parametrize("epoch", [1, 3])
def test_an_interrupt_of_a_fit_within_ends_the_whole_fit(name, epoch, press):
    estimator, arguments = WITHIN[name]
    model, presses = clone(estimator), press(epoch)
    before = vars(model).copy()
    with pytest.raises(KeyboardInterrupt):
        model.fit(*arguments)
    assert presses.n == epoch
    assert vars(model) == before


def test_an_interrupt_of_a_later_round_ends_the_whole_fit(press):
    imputer, presses = clone(WITHIN["GenerativeImputer"][0]), press(7)
    with pytest.raises(KeyboardInterrupt):
        imputer.fit(GAPS)
    assert presses.n == 7
    assert not hasattr(imputer, "model_")


USABLE = {
    name: (estimator, arguments)
    for name, (estimator, arguments) in WITHIN.items()
    if name in ("FineTunedClassifier", "FineTunedRegressor", "DeepEmbeddedClustering")
} | {
    "RatingRBM": (RatingRBM(3, n_iter=8, random_state=0), (1 + GAPS,)),
    "Autoencoder": (clone(MODEL).set_params(max_iter=8), (X,)),
}


@pytest.mark.parametrize("name", USABLE)
def test_what_finished_epochs_learned_is_kept_where_it_can_be_used(name, press):
    estimator, arguments = USABLE[name]
    model, presses = clone(estimator), press(7)
    with pytest.warns(ConvergenceWarning, match=r"interrupted; what its \d finished epochs"):
        model.fit(*arguments)
    assert presses.n == 7
    assert model.n_iter_ in (2, 6)
    answers = getattr(model, "predict", getattr(model, "transform", None))(arguments[0])
    assert np.isfinite(answers).all()


AROUND = {
    "cross_val_score": lambda: cross_val_score(MODEL, X, cv=3),
    "cross_validate": lambda: cross_validate(MACHINE, X, cv=3),
    "learning_curve": lambda: learning_curve(MACHINE, X, None, cv=2),
    "compare_reducers": lambda: compare_reducers(
        {"pca": PCA(2), "deep": MODEL}, X, cv=2, n_neighbors=3
    ),
    "GridSearchCV": lambda: GridSearchCV(MODEL, {"n_components": [2, 3]}, cv=2).fit(X),
    "Pipeline": lambda: make_pipeline(StandardScaler(), MODEL).fit(X),
    "fit_transform of a Pipeline": lambda: make_pipeline(MACHINE, MODEL).fit_transform(X),
    "BaggingRegressor": lambda: BaggingRegressor(FineTunedRegressor(MODEL, **BRIEF), 2).fit(X, y),
    "cross_val_score of a Pipeline": lambda: cross_val_score(
        make_pipeline(StandardScaler(), MODEL), X, cv=3
    ),
}


@pytest.mark.parametrize("name", AROUND)
def test_an_interrupt_ends_what_runs_fits(name, press):
    """And no score is of a fit that was cut short."""
    presses = press(3)
    with pytest.raises(KeyboardInterrupt):
        AROUND[name]()
    assert presses.n == 3


def test_fit_transform_is_called_by_the_user(press):
    press(3)
    with pytest.warns(ConvergenceWarning, match="interrupted"):
        codes = clone(MODEL).set_output(transform="default").fit_transform(X)
    assert codes.shape == (40, 3)
