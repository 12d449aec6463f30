"""Writes the files that every later release loads: run once a release, from the project's folder.

python -m tests.saved.write 0.1.0
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

import skdeepunsup as s

rng = np.random.default_rng(0)
X = (rng.random((40, 6)) < 0.4).astype(float)
y = X[:, 0].astype(int)
NET = {"max_iter": 1, "hidden_layer_sizes": (), "early_stopping": False, "random_state": 0}
MODELS = {
    "rbm": s.BernoulliRBM(3, n_iter=1, random_state=0),
    "gaussian_rbm": s.GaussianRBM(3, n_iter=1, random_state=0),
    "deep_belief": s.DeepBeliefNetwork((4, 3), n_iter=1, random_state=0),
    "autoencoder": s.Autoencoder(3, **NET),
    "variational": s.VariationalAutoencoder(2, **NET),
    "gan": s.GAN(2, max_iter=1, hidden_layer_sizes=(4,), random_state=0),
    "fine_tuned": s.FineTunedClassifier(s.Autoencoder(3, **NET), **NET),
    "clusters": s.DeepEmbeddedClustering(2, s.Autoencoder(2, **NET), max_iter=1, random_state=0),
    "outliers": s.OutlierDetector(s.BernoulliRBM(3, n_iter=1, random_state=0)),
    "pipeline": make_pipeline(MinMaxScaler(), s.Autoencoder(3, **NET), LogisticRegression()),
    "search": GridSearchCV(s.Autoencoder(3, **NET), {"n_components": [1, 2]}, cv=2),
}
METHODS = "transform", "predict", "score_samples"


def main(release: str) -> None:
    """Write a file and its answers for each model."""
    warnings.simplefilter("ignore")
    folder = Path(__file__).parent
    for name, model in MODELS.items():
        model.fit(X, y)
        s.save(model, folder / f"{name}-{release}.model")
        told = {m: getattr(model, m)(X[:5]).tolist() for m in METHODS if hasattr(model, m)}
        (folder / f"{name}-{release}.json").write_text(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
