"""The lossy compressor: exact levels, a cost that each component shares, bits by how often."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, StandardScaler

from skdeepunsup import Autoencoder, BernoulliRBM, LossyCompressor, SparseAutoencoder
from skdeepunsup.applications.compression.byte_stream import OVERHEAD
from skdeepunsup.applications.compression.levels import estimated_levels


@pytest.fixture(scope="module")
def normal():
    """Rows of six independent normal features of scales 4 to 0.1."""
    return np.random.default_rng(0).normal(size=(20_000, 6)) * [4, 3, 2, 1, 0.5, 0.1]


@pytest.fixture(scope="module")
def fitted(digits):
    model = Autoencoder(6, hidden_layer_sizes=(32,), max_iter=10, random_state=0)
    return LossyCompressor(model, step=0.3).fit(digits[:1000])


def test_what_comes_back_is_the_reconstruction_of_the_rounded_codes(fitted, digits):
    back = fitted.decompress(fitted.compress(digits[1000:]))
    codes = fitted.transform(digits[1000:])
    np.testing.assert_array_equal(back, fitted.inverse_transform(codes))
    np.testing.assert_array_equal(back, fitted.estimator_.inverse_transform(codes))
    error = np.square(back - digits[1000:]).sum(1).mean()
    assert fitted.score(digits[1000:]) == pytest.approx(-error)


def test_codes_are_rounded_to_the_grid(fitted, digits):
    codes, exact = fitted.transform(digits[:1000]), fitted.estimator_.transform(digits[:1000])
    steps = (codes - fitted.centers_) / fitted.steps_
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-9)
    assert (np.abs(codes - exact) <= fitted.steps_ * (0.5 + 1e-9)).all()  # all seen in fit
    far = fitted.transform(digits[:1] + 1000 * np.random.default_rng(0).normal(size=(1, 64)))
    assert (far >= codes.min(0) - 1e-9).all() and (far <= codes.max(0) + 1e-9).all()


def test_the_steps_of_pca_are_all_the_step(normal):
    compressor = LossyCompressor(PCA(4), step=0.25).fit(normal)
    np.testing.assert_allclose(compressor.steps_, 0.25, rtol=1e-9)


def test_each_component_costs_the_same_error_whatever_its_scale(digits):
    """Stretching or shrinking a code does not change the decoded rows."""
    plain = LossyCompressor(PCA(5), step=0.2).fit(digits)
    stretched = LossyCompressor(PCA(5, whiten=True), step=0.2).fit(digits)
    assert np.ptp(np.log(stretched.steps_)) > 0.4
    assert stretched.score(digits) == pytest.approx(plain.score(digits), rel=1e-6)
    assert len(stretched.compress(digits)) == len(plain.compress(digits))


def test_rounding_an_autoencoder_costs_what_the_step_says(digits, fitted):
    fine = clone(fitted).set_params(estimator=FrozenEstimator(fitted.estimator_), step=0.05)
    fine.fit(digits[:1000])
    exact = fine.estimator_.inverse_transform(fine.estimator_.transform(digits[:1000]))
    back = fine.inverse_transform(fine.transform(digits[:1000]))
    cost = np.square(back - exact).sum(1).mean()
    assert cost == pytest.approx(6 * 0.05**2 / 12, rel=0.1)


def test_the_rate_is_the_entropy(normal):
    """h(x) − log Δ of each component, where steps are fine beside the scales."""
    step = 0.05
    compressor = LossyCompressor(PCA(3), step=step).fit(normal)
    scales = np.sqrt(compressor.estimator_.explained_variance_)
    entropy = np.sum(0.5 * np.log2(2 * np.pi * np.e * scales**2) - np.log2(step))
    bits = 6 * compressor.bits_per_dimension(normal)
    assert bits == pytest.approx(entropy, rel=0.01)
    size = OVERHEAD + 8 + bits * len(normal) / 8
    assert len(compressor.compress(normal)) == pytest.approx(size, abs=1e-6)


def test_a_coarser_step_is_fewer_bytes_and_more_error(digits):
    steps = (0.05, 0.2, 0.8, 3.0)
    compressors = [LossyCompressor(PCA(8), step=step).fit(digits) for step in steps]
    sizes = [len(c.compress(digits)) for c in compressors]
    scores = [c.score(digits) for c in compressors]
    assert sizes == sorted(sizes, reverse=True) and scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    "estimator",
    [
        PCA(3),
        make_pipeline(StandardScaler(), PCA(3)),
        make_pipeline(StandardScaler(), Autoencoder(3, max_iter=2, random_state=0)),
        SparseAutoencoder(12, max_iter=2, random_state=0),
        BernoulliRBM(8, n_iter=2, random_state=0),
    ],
    ids=lambda e: type(e).__name__,
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_transformer_will_do(estimator, dtype, digits):
    X = digits.astype(dtype)
    compressor = LossyCompressor(estimator, step=0.1).fit(X)
    back = compressor.decompress(compressor.compress(X[:100]))
    assert back.shape == (100, 64) and np.isfinite(back).all()
    codes = compressor.transform(X[:100])
    assert codes.dtype == compressor.estimator_.transform(X[:100]).dtype
    np.testing.assert_array_equal(back, compressor.inverse_transform(codes))


@pytest.mark.parametrize("dtype", [int, bool, np.float16])
def test_codes_may_be_any_numbers(dtype):
    X = np.random.default_rng(0).integers(0, 2, (60, 4)).astype(dtype)
    compressor = LossyCompressor(FunctionTransformer(), step=0.01).fit(X)
    back = compressor.decompress(compressor.compress(X))
    assert back.dtype == np.float64
    np.testing.assert_allclose(back, X, atol=0.005)


@pytest.mark.parametrize("first", [np.asarray, sp.csr_array])
def test_codes_may_be_sparse(first):
    X = np.random.default_rng(0).random((60, 4))
    compressor = LossyCompressor(MaxAbsScaler(), step=0.01).fit(first(X))
    for rows in (X, sp.csr_array(X)):
        np.testing.assert_allclose(compressor.decompress(compressor.compress(rows)), X, atol=0.0051)


def test_the_sensitivity_is_that_of_moves_as_small_as_the_code():
    """g(z) = sin 1000 z, whose code is a thousandth."""
    X = np.random.default_rng(0).normal(size=(500, 1))
    waves = FunctionTransformer(lambda X: X / 1000, lambda Z: np.sin(1000 * Z), check_inverse=False)
    compressor = LossyCompressor(waves, step=0.1).fit(X)
    sensitivity = np.square(1000 * np.cos(X)).mean()
    np.testing.assert_allclose(compressor.steps_, 0.1 / np.sqrt(sensitivity), rtol=0.03)


def test_each_level_is_seen_half_a_row_more_often_than_it_was():
    low, probabilities = estimated_levels(0, np.repeat([0.0, 3.0], [97, 3]), 1.0, 1.0)
    assert low == 0
    np.testing.assert_allclose(probabilities, np.array([97.5, 0.5, 0.5, 3.5]) / 102)


def test_a_component_that_does_nothing_takes_nothing():
    X = np.random.default_rng(0).normal(size=(5000, 3))
    model = Autoencoder(2, hidden_layer_sizes=(), max_iter=1, random_state=0).fit(X)
    with_all = LossyCompressor(model, step=0.1).fit(X)
    model.module_.decoder[-1].weight.data[:, 1] = 0
    compressor = LossyCompressor(model, step=0.1).fit(X)
    assert compressor.steps_[1] == 0
    assert compressor.bits_per_dimension(X) < 0.6 * with_all.bits_per_dimension(X)
    assert np.isfinite(compressor.decompress(compressor.compress(X))).all()


def test_spikes_are_not_smoothed_away():
    """If a component mostly has one value, the other values cost bits, not this one."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 1)) * (rng.random((20_000, 1)) < 0.1)
    compressor = LossyCompressor(PCA(1), step=0.01).fit(X)
    at_most = 0.47 + 0.1 * (0.5 * np.log2(2 * np.pi * np.e) - np.log2(0.01))  # H(0.1) and the rest
    assert compressor.bits_per_dimension(X) < 1.05 * at_most


def test_few_rows_say_how_often_levels_are_that_none_of_them_has():
    rng = np.random.default_rng(0)
    step, (X, others) = 0.01, (rng.normal(size=(300, 1)), rng.normal(size=(5000, 1)))
    compressor = LossyCompressor(PCA(1), step=step).fit(X)
    entropy = 0.5 * np.log2(2 * np.pi * np.e) - np.log2(step)
    assert entropy < compressor.bits_per_dimension(others) < entropy + 0.35


# Elsewhere, and what is refused

SCRIPT = """
import pickle, sys
with open(sys.argv[1], "rb") as file:
    compressor, X = pickle.load(file)
sys.stdout.buffer.write(compressor.compress(X))
"""


def test_another_process_writes_what_this_one_reads(fitted, digits, tmp_path):
    (tmp_path / "all.pkl").write_bytes(pickle.dumps((fitted, digits[:200])))
    environment = {"OMP_NUM_THREADS": "3", "PYTHONHASHSEED": "7", "PYTHONPATH": os.getcwd()}
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "all.pkl")],
        env=os.environ | environment,
        capture_output=True,
        check=True,
    )
    back = fitted.decompress(run.stdout)
    np.testing.assert_array_equal(back, fitted.inverse_transform(fitted.transform(digits[:200])))


def test_another_model_does_not_read_it(fitted, digits):
    data = fitted.compress(digits[:50])
    with pytest.raises(ValueError, match="another model"):
        clone(fitted).fit(digits[:999]).decompress(data)
    onward = LossyCompressor(pickle.loads(pickle.dumps(fitted.estimator_)), step=0.3)
    onward.fit(digits[:1000]).decompress(data)
    onward.estimator_.partial_fit(digits)
    with pytest.raises(ValueError, match="another model"):
        onward.decompress(data)
    same = LossyCompressor(pickle.loads(pickle.dumps(fitted.estimator_)), step=0.3)
    same.fit(digits[:1000]).estimator_.set_params(verbose=1, device="cpu")
    same.estimator_.set_output(transform="pandas")
    same.decompress(data)
    of_pca = LossyCompressor(PCA(2)).fit(digits)
    data = of_pca.compress(digits)
    of_pca.estimator_.components_[0] *= -1
    with pytest.raises(ValueError, match="another model"):
        of_pca.decompress(data)


def test_a_fitted_transformer_is_used_as_it_is_and_others_are_cloned(digits):
    pca = PCA(2).fit(digits)
    assert LossyCompressor(pca).fit(digits[:100]).estimator_ is pca
    unfitted = PCA(2)
    assert LossyCompressor(unfitted).fit(digits).estimator_ is not unfitted
    assert not hasattr(unfitted, "components_")


def test_frames_keep_their_names(digits):
    frame = pd.DataFrame(digits).add_prefix("pixel")
    compressor = LossyCompressor(PCA(2)).set_output(transform="pandas").fit(frame)
    assert list(compressor.feature_names_in_) == list(frame.columns)
    codes = compressor.transform(frame)
    assert list(codes.columns) == ["lossycompressor0", "lossycompressor1"]
    back = compressor.decompress(compressor.compress(frame))
    np.testing.assert_array_equal(back, compressor.inverse_transform(codes))


def test_what_cannot_be_is_refused(fitted, digits):
    for step in (0, -1.0, np.inf):
        with pytest.raises(ValueError, match="step"):
            LossyCompressor(PCA(2), step=step).fit(digits)
    with pytest.raises(ValueError, match=r"step == 1e-09 makes .* levels of component 0"):
        LossyCompressor(PCA(2), step=1e-9).fit(digits)
    for other in (KMeans(2), "pca", None):
        with pytest.raises(TypeError, match=r"estimator == .* must be a transformer"):
            LossyCompressor(other).fit(digits)
    with pytest.raises(NotFittedError):
        clone(fitted).compress(digits)
    with pytest.raises(NotFittedError):
        clone(fitted).decompress(b"")
    with pytest.raises(ValueError, match="64 features"):
        fitted.compress(digits[:, :5])
    with pytest.raises(ValueError, match="codes of this LossyCompressor have 6"):
        fitted.inverse_transform(np.zeros((2, 3)))


def test_what_is_missing_is_refused_by_name(normal):
    X = normal[:60].copy()
    clean = LossyCompressor(StandardScaler(), step=0.1).fit(X)
    X[3, 2] = np.nan
    for method in (LossyCompressor(StandardScaler(), step=0.1).fit, clean.compress):
        with pytest.raises(ValueError, match="nan as component 2 of row 3"):
            method(X)
    nothing = FunctionTransformer(None, lambda Z: Z * np.nan, check_inverse=False)
    with pytest.raises(ValueError, match="rows that are not finite if component 0 changes"):
        LossyCompressor(nothing).fit(normal[:60])


def test_without_the_coder_the_error_says_what_brings_it(fitted, digits, monkeypatch):
    monkeypatch.setitem(sys.modules, "constriction", None)
    fitted.transform(digits)
    with pytest.raises(ImportError, match=r"skdeepunsup\[compression\]"):
        fitted.compress(digits)


@pytest.mark.parametrize("unit", [1e-3, 1e-6])
def test_a_step_that_leaves_one_code_is_named_and_what_it_advises_keeps_the_rows(unit):
    X = unit * load_iris().data
    with pytest.warns(UserWarning, match=r"most of them become the same code. Set step") as caught:
        coarse = LossyCompressor(PCA(2)).fit(X)
    step = float(str(caught[0].message).split("Set step to ")[1].split(",")[0])
    fine = LossyCompressor(PCA(2), step=step).fit(X)

    def explained(compressor):
        error = compressor.inverse_transform(compressor.transform(X)) - X
        return 1 - np.square(error).sum() / np.square(X - X.mean(0)).sum()

    assert explained(coarse) < 0.1
    assert explained(fine) > 0.8
