"""ONNX graphs answer as the estimators that they are of."""

import logging
import os
import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from skdeepunsup import (
    EASE,
    GAN,
    Autoencoder,
    BernoulliRBM,
    BiGAN,
    ContractiveAutoencoder,
    DeepBeliefNetwork,
    DeepBoltzmannMachine,
    DeepEmbeddedClustering,
    DenoisingAutoencoder,
    FineTunedClassifier,
    FineTunedRegressor,
    GaussianRBM,
    ImplicitVAE,
    SparseAutoencoder,
    VariationalAutoencoder,
    VariationalDeepEmbedding,
    export_onnx,
)

rng = np.random.default_rng(0)
X = rng.normal(3, 2, size=(60, 6)).astype(np.float32)
BITS = (X > 3).astype(np.float32)
y = BITS[:, 0].astype(int)
NET = {"max_iter": 2, "hidden_layer_sizes": (5,), "early_stopping": False, "random_state": 0}
MACHINE = {"n_iter": 2, "random_state": 0}
nightly = pytest.mark.nightly("an export takes a second; the kinds before go the same way")


def found(path, rows):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {"X": rows})[0]


def assert_exported(model, method, rows, path):
    """For batches of any size."""
    export_onnx(model, path, method)
    for n in (1, 7, 60):
        wanted = getattr(model, method)(rows[:n])
        largest = np.abs(getattr(model, method)(rows)).max()
        np.testing.assert_allclose(found(path, rows[:n]), wanted, rtol=0, atol=1e-5 * largest)


def case(model, method, rows=X, marks=()):
    name = f"{type(model).__name__}, {method}"
    return pytest.param(model, method, rows, id=name, marks=marks)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("model", "method", "rows"),
    [
        case(Autoencoder(3, **NET), "transform"),
        case(Autoencoder(3, **NET), "reconstruct"),
        case(Autoencoder(3, **NET), "score_samples"),
        case(VariationalAutoencoder(2, **NET), "transform"),
        case(BernoulliRBM(3, **MACHINE), "transform", BITS),
        case(GaussianRBM(3, **MACHINE), "reconstruct"),
        case(GAN(2, max_iter=2, hidden_layer_sizes=(5,), random_state=0), "score_samples"),
        case(FineTunedClassifier(Autoencoder(3, **NET), **NET), "predict_proba"),
        case(FineTunedRegressor(Autoencoder(3, **NET), **NET), "predict"),
        case(DeepBoltzmannMachine((4, 3), **MACHINE), "transform", BITS),
        case(DeepEmbeddedClustering(2, Autoencoder(2, **NET), max_iter=1), "predict"),
        *(
            case(model, method, rows, nightly)
            for model, rows in (
                (SparseAutoencoder(4, **NET), X),
                (DenoisingAutoencoder(3, **NET), X),
                (ContractiveAutoencoder(3, **NET | {"hidden_layer_sizes": ()}), X),
                (VariationalAutoencoder(2, **NET), X),
                (DeepBeliefNetwork((4, 3), **MACHINE), BITS),
                (DeepBoltzmannMachine((4, 3), **MACHINE), BITS),
                (GAN(2, max_iter=2, hidden_layer_sizes=(5,), random_state=0), X),
                (BiGAN(2, max_iter=2, hidden_layer_sizes=(5,), random_state=0), X),
            )
            for method in ("transform", "inverse_transform", "reconstruct")
        ),
        case(ImplicitVAE(2, max_iter=2, random_state=0), "predict", BITS, nightly),
        case(
            VariationalDeepEmbedding(2, VariationalAutoencoder(2, **NET), max_iter=1),
            "predict_proba",
            X,
            nightly,
        ),
    ],
)
def test_a_graph_answers_as_its_estimator(model, method, rows, tmp_path):
    model = clone(model).fit(rows, y)
    if method == "inverse_transform":
        rows = model.transform(rows)
    assert_exported(model, method, rows, tmp_path / "m.onnx")


@pytest.mark.slow
@pytest.mark.parametrize(
    "steps",
    [
        (StandardScaler(), MaxAbsScaler(), "passthrough", MinMaxScaler(clip=True)),
        pytest.param((RobustScaler(), PCA(3, whiten=True)), marks=nightly),
        pytest.param((StandardScaler(with_mean=False), PCA(2)), marks=nightly),
        pytest.param((StandardScaler(with_std=False),), marks=nightly),
    ],
    ids=str,
)
def test_the_steps_before_are_part_of_it(steps, tmp_path):
    model = make_pipeline(*steps, Autoencoder(2, **NET)).fit(X)
    assert_exported(model, "transform", X, tmp_path / "m.onnx")


FITTED = Autoencoder(3, **NET).fit(X)


@pytest.mark.parametrize(
    ("model", "method", "kind", "message"),
    [
        (Autoencoder(3), "transform", NotFittedError, "not fitted"),
        (FITTED, "fit", ValueError, "method == 'fit', must be one of transform"),
        (FITTED, "predict", ValueError, "Autoencoder has none"),
        (EASE().fit(BITS), "predict", TypeError, "EASE can't be exported"),
        (LogisticRegression().fit(X, y), "predict", TypeError, "LogisticRegression can't"),
        (BernoulliRBM(2, n_iter=1).fit(BITS), "score_samples", ValueError, "no formula of its net"),
        (make_pipeline(StandardScaler(), FITTED), "inverse_transform", ValueError, "last step"),
        (
            make_pipeline(QuantileTransformer(n_quantiles=9), Autoencoder(2, **NET)).fit(X),
            "transform",
            TypeError,
            "the step 'quantiletransformer'.* can't be exported",
        ),
        (
            FineTunedClassifier(Autoencoder(3, **NET), **NET).fit(X, np.array(["a", "b"])[y]),
            "predict",
            ValueError,
            "export predict_proba, whose columns are classes_",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_can_t_be_exported_is_named(model, method, kind, message, tmp_path):
    if isinstance(model, type(make_pipeline(1))):
        model.steps[0][1].fit(X)
    with pytest.raises(kind, match=message):
        export_onnx(model, tmp_path / "m.onnx", method)
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
def test_nothing_else_changes(tmp_path):
    state = np.random.get_state(legacy=False)["state"]["pos"], torch.initial_seed()
    filters, level = list(warnings.filters), logging.getLogger("torch.onnx").level
    before = [p.clone() for p in FITTED.module_.parameters()]
    export_onnx(FITTED, tmp_path / "m.onnx")
    assert (np.random.get_state(legacy=False)["state"]["pos"], torch.initial_seed()) == state
    assert (list(warnings.filters), logging.getLogger("torch.onnx").level) == (filters, level)
    assert all(torch.equal(a, b) for a, b in zip(before, FITTED.module_.parameters(), strict=True))
    assert not FITTED.module_.training
    assert "_answer" not in vars(FITTED)


def test_a_graph_that_answers_otherwise_is_not_written(tmp_path, monkeypatch):
    import skdeepunsup.exporting as exporting

    monkeypatch.setattr(exporting, "_graph", lambda *_: b"graph")
    monkeypatch.setattr(exporting, "_agree", lambda *_: False)
    with pytest.raises(ValueError, match="more than its network computes"):
        export_onnx(FITTED, tmp_path / "m.onnx")
    assert os.listdir(tmp_path) == []
