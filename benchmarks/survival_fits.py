"""Fits of all kinds that take about half a second, to be killed and interrupted."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skdeepunsup import (
    GAN,
    Autoencoder,
    BernoulliRBM,
    BiGAN,
    BoltzmannMachine,
    CategoricalRBM,
    Checkpoint,
    DeepBeliefNetwork,
    DeepBoltzmannMachine,
    DeepEmbeddedClustering,
    EncoderDecoder,
    FineTunedClassifier,
    FineTunedRegressor,
    GaussianRBM,
    GenerativeImputer,
    ImplicitVAE,
    LossyCompressor,
    OutlierDetector,
    RatingAutoencoder,
    RatingRBM,
    SparseAutoencoder,
    VariationalAutoencoder,
    VariationalDeepEmbedding,
)


class Fit(NamedTuple):
    """An estimator, and the arguments of its ``fit``."""

    estimator: Any
    arguments: tuple[Any, ...]

    def __call__(self, path: Path) -> Any:
        """The fitted estimator, kept in the file."""
        return watched(clone(self.estimator), path).fit(*self.arguments)


def watched(estimator: Any, path: Path) -> Any:
    """The estimator, or the last step or the subject of a search, with a `Checkpoint`."""
    inner = estimator
    while not hasattr(inner, "_own_callbacks"):
        inner = inner.steps[-1][1] if hasattr(inner, "steps") else inner.estimator
    inner.set_callbacks(Checkpoint(path))
    return estimator


def fits(n_rows: int = 200) -> dict[str, Fit]:
    """A fit of each kind, of rows of the digits."""
    digits = load_digits()
    X, y = digits.data[:n_rows] / 16, digits.target[:n_rows]
    few, gaps = X[:, 18:46], X[:, 18:46].copy()
    gaps[np.random.default_rng(0).random(gaps.shape) < 0.2] = np.nan
    ratings = np.where(np.isnan(gaps), np.nan, 1 + np.round(4 * gaps))
    liked = (X > 0.5).astype(float)
    brief: Any = {"random_state": 0, "max_iter": 12}
    swept: Any = {"random_state": 0, "n_iter": 12}
    encoder = Autoencoder(8, hidden_layer_sizes=(32,), max_iter=6)
    variational = VariationalAutoencoder(8, max_iter=6)
    of_rows = {
        "BernoulliRBM": BernoulliRBM(64, **swept),
        "GaussianRBM": GaussianRBM(32, **swept),
        "BoltzmannMachine": BoltzmannMachine(16, random_state=0, n_iter=5),
        "DeepBeliefNetwork": DeepBeliefNetwork((32, 16), fine_tuning="up-down", **swept),
        "DeepBoltzmannMachine": DeepBoltzmannMachine((32, 16), random_state=0, n_iter=5),
        "Autoencoder": Autoencoder(8, early_stopping=True, **brief),
        "Autoencoder(pretrained)": Autoencoder(
            16, pretrained=DeepBeliefNetwork((32, 16), n_iter=4), **brief
        ),
        "SparseAutoencoder": SparseAutoencoder(16, sparsity="running-mean", **brief),
        "VariationalAutoencoder": VariationalAutoencoder(8, **brief),
        "GAN": GAN(8, random_state=0, max_iter=6),
        "BiGAN": BiGAN(8, random_state=0, max_iter=6),
        "DeepEmbeddedClustering": DeepEmbeddedClustering(5, encoder, **brief),
        "VariationalDeepEmbedding": VariationalDeepEmbedding(5, variational, **brief),
        "OutlierDetector": OutlierDetector(BernoulliRBM(16, n_iter=5), n_estimators=3),
        "LossyCompressor": LossyCompressor(encoder),
        "Pipeline": make_pipeline(MinMaxScaler(), Autoencoder(8, **brief)),
        "GridSearchCV": GridSearchCV(
            Autoencoder(4, random_state=0, max_iter=4), {"learning_rate": [1e-3, 1e-2]}, cv=2
        ),
    }
    of_targets = {
        "FineTunedClassifier": FineTunedClassifier(encoder, **brief),
        "FineTunedRegressor": FineTunedRegressor(encoder, **brief),
    }
    of_ratings = {
        "RatingRBM": RatingRBM(16, **swept),
        "RatingAutoencoder": RatingAutoencoder(16, **brief),
    }
    return (
        {name: Fit(estimator, (X,)) for name, estimator in of_rows.items()}
        | {name: Fit(estimator, (X, y)) for name, estimator in of_targets.items()}
        | {name: Fit(estimator, (ratings,)) for name, estimator in of_ratings.items()}
        | {
            "CategoricalRBM": Fit(CategoricalRBM(16, **swept), (np.round(4 * few),)),
            "GenerativeImputer": Fit(
                GenerativeImputer(GaussianRBM(8, n_iter=4), n_rounds=3, n_steps=5), (gaps,)
            ),
            "EncoderDecoder": Fit(EncoderDecoder(8, **brief), (X, X[:, ::-1].copy())),
            "ImplicitVAE": Fit(ImplicitVAE(8, **brief), (liked,)),
        }
    )


def content(estimator: Any) -> Any:
    """All that an estimator holds, as containers of arrays and plain values."""
    if hasattr(estimator, "get_params"):
        state = dict(estimator.__getstate__())
        for name in ("_skl_callbacks", "_own_callbacks", "cv_results_", "refit_time_"):
            state.pop(name, None)  # callbacks, and seconds
        return {"class": type(estimator).__name__} | {k: content(v) for k, v in state.items()}
    if isinstance(estimator, dict):
        return {key: content(value) for key, value in estimator.items()}
    if isinstance(estimator, (list, tuple)):
        return [content(value) for value in estimator]
    return estimator
