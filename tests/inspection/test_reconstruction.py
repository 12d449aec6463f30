"""The figure shows rows, what an estimator makes of them, and what it should have made."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.decomposition import PCA
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skdeepunsup.inspection import ReconstructionDisplay
from skdeepunsup.inspection._images import MISSING

to_rgb = pytest.importorskip("matplotlib.colors").to_rgb


def labels(display):
    return [label.get_text() for label in display.ax_.get_yticklabels()]


def pixels(display):
    return np.asarray(display.ax_.get_images()[0].get_array())


def test_reconstructions_are_the_estimators(digits, pca):
    X, _ = digits
    display = ReconstructionDisplay.from_estimator(pca, X[:4], image_shape=(8, 8))
    np.testing.assert_allclose(display.reconstructions, pca.inverse_transform(pca.transform(X[:4])))
    np.testing.assert_array_equal(display.originals, X[:4])
    assert display.inputs is None
    assert labels(display) == ["input", "reconstruction"]


def test_a_way_of_its_own_to_reconstruct_is_taken(digits):
    X, _ = digits
    model = FunctionTransformer()
    model.reconstruct = np.negative
    display = ReconstructionDisplay.from_estimator(model, X[:3], image_shape=(8, 8))
    np.testing.assert_array_equal(display.reconstructions, -X[:3])


def test_rows_are_drawn_in_their_places(digits):
    X, _ = digits
    display = ReconstructionDisplay(
        originals=X[:2], reconstructions=X[2:4], inputs=X[4:6], image_shape=(8, 8)
    ).plot()
    drawn = pixels(display)[..., 0]
    np.testing.assert_allclose(drawn[:8, 9:], X[5].reshape(8, 8))
    np.testing.assert_allclose(drawn[9:17, :8], X[2].reshape(8, 8))
    np.testing.assert_allclose(drawn[18:, :8], X[0].reshape(8, 8))
    assert labels(display) == ["input", "reconstruction", "original"]


def test_at_most_n_images_spread_over_the_rows(digits, pca):
    X, _ = digits
    display = ReconstructionDisplay.from_estimator(pca, X, n_images=3, targets=X)
    np.testing.assert_array_equal(display.originals, X[[0, 149, 299]])
    assert len(ReconstructionDisplay.from_estimator(pca, X[:5]).originals) == 5


def test_missing_entries_reach_the_estimator_and_are_seen(digits):
    X, _ = digits
    holed = X[:3].copy()
    holed[:, 20:30] = np.nan
    model = FunctionTransformer(np.nan_to_num)
    display = ReconstructionDisplay.from_estimator(model, holed, targets=X[:3], image_shape=(8, 8))
    missing = (pixels(display) == to_rgb(MISSING)).all(axis=-1)
    assert missing[:8].sum() == 30
    assert not missing[8:].any()
    lines = ReconstructionDisplay.from_estimator(model, holed, targets=X[:3])
    gaps = [np.isnan(line.get_ydata()).sum() for line in lines.axes_[0].get_lines()]
    assert sorted(gaps) == [0, 0, 10]


def test_without_a_shape_rows_are_lines(digits, pca):
    X, _ = digits
    display = ReconstructionDisplay.from_estimator(pca, X[:5], targets=X[:5])
    assert len(display.axes_) == 5
    for i, panel in enumerate(display.axes_):
        lines = {line.get_label(): line.get_ydata() for line in panel.get_lines()}
        assert set(lines) == {"input", "reconstruction", "original"}
        np.testing.assert_array_equal(lines["reconstruction"], display.reconstructions[i])
        np.testing.assert_array_equal(lines["input"], X[i])


def test_an_estimators_own_shape_is_taken(digits):
    X, _ = digits
    model = PCA(2).fit(X)
    model.image_shape = (8, 8)
    assert ReconstructionDisplay.from_estimator(model, X).image_shape == (8, 8)


def test_any_container_of_rows_is_drawn(digits, pca):
    pd = pytest.importorskip("pandas")
    X, _ = digits
    frame = pd.DataFrame(X, columns=[f"pixel {i}" for i in range(64)])
    model = make_pipeline(StandardScaler(), PCA(2)).set_output(transform="pandas").fit(frame)
    assert ReconstructionDisplay.from_estimator(model, frame).reconstructions.shape == (10, 64)
    for rows in (X[:2].tolist(), csr_matrix(X[:2])):
        display = ReconstructionDisplay.from_estimator(pca, rows, image_shape=(8, 8))
        np.testing.assert_array_equal(display.originals, X[:2])


def test_errors_name_what_is_wrong(digits, pca):
    X, _ = digits
    with pytest.raises(ValueError, match=r"targets has shape \(9, 64\), but X has \(300, 64\)"):
        ReconstructionDisplay.from_estimator(pca, X, targets=X[:9])
    with pytest.raises(ValueError, match="n_images == 0"):
        ReconstructionDisplay.from_estimator(pca, X, n_images=0)
    with pytest.raises(ValueError, match=r"image_shape == \(8, 9\)"):
        ReconstructionDisplay.from_estimator(pca, X, image_shape=(8, 9))
    with pytest.raises(TypeError, match="BernoulliRBM has no inverse_transform; pass"):
        ReconstructionDisplay.from_estimator(BernoulliRBM(2, n_iter=1).fit(X), X)
