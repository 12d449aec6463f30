"""Labels, targets and weights: of any kind, missing in some rows, or refused."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import LabelEncoder

from skdeepunsup import Autoencoder, BernoulliRBM, FineTunedClassifier, FineTunedRegressor
from tests.applications.fine_tuning.models import (
    SEED,
    D,
    N,
    classifier,
    outward,
    regressor,
)


def rows_seen(monkeypatch):
    """Rows that encoders are fitted to, and that heads are trained on."""
    seen = {"encoder": [], "head": []}
    fit = Autoencoder.fit

    def fit_spied(self, X, *args, **kwargs):
        seen["encoder"].append(np.array(X))
        return fit(self, X, *args, **kwargs)

    monkeypatch.setattr(Autoencoder, "fit", fit_spied)
    for kind in (FineTunedClassifier, FineTunedRegressor):
        module_losses = kind._module_class.losses

        def spied(self, x, stream, weights, labels, of=module_losses):
            seen["head"].append(outward(self.stack, x.clone()).numpy())
            return of(self, x, stream, weights, labels)

        monkeypatch.setattr(kind._module_class, "losses", spied)
    return seen


def sorted_rows(X):
    return np.array(sorted(map(tuple, X)))


@pytest.mark.parametrize("made, missing", [(classifier, -1), (regressor, np.nan)])
def test_unlabelled_rows_serve_the_pre_training_alone(made, missing, monkeypatch):
    X = np.random.default_rng(0).random((40, D)).astype(np.float32)
    some = np.arange(40) % 8 > 2
    y = np.where(some, np.arange(40) % 3, missing)
    seen = rows_seen(monkeypatch)
    model = made(batch_size=10, max_iter=1).fit(X, y)
    np.testing.assert_array_equal(np.concatenate(seen["encoder"]), X)
    np.testing.assert_allclose(
        sorted_rows(np.concatenate(seen["head"])), sorted_rows(X[some]), rtol=1e-5
    )
    alone = made(batch_size=10, max_iter=1).fit(X[some], y[some])
    assert np.abs(alone.encoder_.transform(X) - model.encoder_.transform(X)).max() > 1e-4


@pytest.mark.parametrize("made, missing", [(classifier, -1), (regressor, np.nan)])
def test_unlabelled_rows_change_nothing_once_the_encoder_is_fitted(made, missing, X, y):
    encoder = Autoencoder(4, max_iter=2, **SEED).fit(X)
    few = np.where(np.arange(N) < 30, y, missing)
    part, whole = made(encoder).fit(X[:30], y[:30]), made(encoder).fit(X, few)
    np.testing.assert_array_equal(part.predict(X), whole.predict(X))
    assert part.history_["loss"] == whole.history_["loss"]


LABELS = {
    "strings": np.array(["ant", "bee", "cat"]),
    "objects": np.array(["ant", "bee", "cat"], dtype=object),
    "numbers": np.array([3, 10, 20]),
    "negative numbers": np.array([-7, -5, -3]),
    "unsigned": np.array([0, 1, 255], dtype=np.uint8),
    "whole floats": np.array([1.0, 2.0, 5.0]),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_any_kind(kind, X, y):
    labels = LABELS[kind]
    model = classifier().fit(X, labels[y])
    np.testing.assert_array_equal(model.classes_, labels)
    assert set(model.predict(X)) <= set(labels)
    reference = classifier().fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), reference.predict_proba(X))
    np.testing.assert_array_equal(model.predict(X), labels[reference.predict(X)])
    assert model.score(X, labels[y]) == reference.score(X, y)


def test_labels_that_are_true_or_false(X, y):
    model = classifier().fit(X, y > 0)
    assert model.classes_.tolist() == [False, True]
    assert model.predict(X).dtype == bool


def test_objects_may_be_marked_as_unlabelled(X, y):
    labels = LABELS["objects"][y]
    labels[::2] = -1
    model = classifier().fit(X, labels)
    assert model.classes_.tolist() == ["ant", "bee", "cat"]
    few = np.where(np.arange(N) % 2, y, -1)
    np.testing.assert_array_equal(model.predict_proba(X), classifier().fit(X, few).predict_proba(X))


def test_minus_1_and_one_other_are_two_classes_and_a_warning(X, y):
    two = np.where(y > 0, 1, -1)
    with pytest.warns(UserWarning, match="-1 and 1 alone") as caught:
        model = classifier().fit(X, two)
    assert caught[0].filename == __file__
    assert model.classes_.tolist() == [-1, 1]
    np.testing.assert_array_equal(
        model.predict_proba(X), classifier().fit(X, y > 0).predict_proba(X)
    )


@pytest.mark.parametrize("others", [(0, 1), (-2, 0), (-2, 0, 1), (0.0, 1.0)])
def test_minus_1_that_may_be_a_class_is_a_warning(others, X, y):
    """All that it advises is quiet: numbers from 0 for classes, from 1 for the others."""
    labels = np.array([-1, *others])[np.arange(N) % (1 + len(others))]
    with pytest.warns(UserWarning, match="-1 beside .* not for a class") as caught:
        model = classifier().fit(X, labels)
    assert caught[0].filename == __file__
    assert model.classes_.tolist() == list(others)
    assert len(classifier().fit(X, LabelEncoder().fit_transform(labels)).classes_) > len(others)
    from_1 = np.where(labels == -1, -1, 1 + np.searchsorted(others, labels))
    again = classifier().fit(X, from_1)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_labels_that_say_nothing_are_refused(X, y):
    for made, labels, message in [
        (classifier, np.full(N, -1), "all rows are marked -1"),
        (regressor, np.full(N, np.nan), "all rows have NaN"),
        (classifier, np.ones(N, dtype=int), "one class, 1"),
        (classifier, np.full(N, "ant"), "one class, 'ant'"),
        (classifier, np.where(y > 0, 1.5, 2.5), "continuous"),
        (classifier, np.where(y > 0, np.nan, 2), "NaN"),
        (classifier, np.where(y > 0, np.inf, 2), "infinity"),
        (regressor, np.where(y > 0, np.inf, 2), "infinity"),
        (classifier, y[:-1], "inconsistent numbers of samples"),
        (regressor, y[:-1], "inconsistent numbers of samples"),
        (classifier, None, "requires y"),
        (regressor, None, "requires y"),
    ]:
        model = made()
        with pytest.raises(ValueError, match=message):
            model.fit(X, labels)
        assert not model.__sklearn_is_fitted__()
        assert not hasattr(model, "encoder_")


@pytest.mark.parametrize("made", [classifier, regressor])
def test_a_column_of_labels_is_a_vector_and_a_warning(made, X, y):
    with pytest.warns(DataConversionWarning):
        model = made().fit(X, y[:, None])
    np.testing.assert_array_equal(model.predict(X), made().fit(X, y).predict(X))
    assert model.predict(X).shape == (N,)


def test_several_targets(X):
    Y = X[:, :2] * [1, 100] + [0, 1000]
    model = regressor(learning_rate=0.02, max_iter=100, n_iter_no_change=100).fit(X, Y)
    assert model.predict(X).shape == (N, 2)
    np.testing.assert_allclose(model.y_mean_, Y.mean(0), rtol=1e-6)
    np.testing.assert_allclose(model.y_scale_, Y.std(0), rtol=1e-6)
    assert model.score(X, Y) > 0.8  # the scale of neither hides the other
    Y[::4, 1] = np.nan
    half = regressor().fit(X, Y)
    np.testing.assert_allclose(half.y_mean_, Y[~np.isnan(Y[:, 1])].mean(0), rtol=1e-6)


def test_a_target_s_scale_and_origin_do_not_matter(X, y):
    one, other = regressor().fit(X, y), regressor().fit(X, 1e4 * y - 3e5)
    np.testing.assert_allclose(1e4 * one.predict(X) - 3e5, other.predict(X), rtol=1e-4)


def test_a_constant_target_is_predicted(X):
    X = X[:64]  # a power of two: their mean is exact, and their scale exactly 0
    model = regressor(max_iter=50, learning_rate=0.01).fit(X, np.full(64, 7.0))
    np.testing.assert_allclose(model.predict(X), 7, atol=0.2)
    assert np.isfinite(model.predict(X)).all()


def test_a_linear_target_is_found_by_a_linear_head(X):
    """On a code that is left alone: least squares, to which the head converges."""
    target = np.random.default_rng(0).normal(size=N)
    encoder = Autoencoder(4, max_iter=5, **SEED).fit(X)
    rates = {"encoder_learning_rate": 0, "learning_rate": 0.03}
    model = regressor(
        encoder, max_iter=1500, batch_size=N, tol=0, n_iter_no_change=1500, precision="float64",
        **rates,
    ).fit(X, target)  # fmt: skip
    codes = encoder.transform(X)
    expected = LinearRegression().fit(codes, target).predict(codes)
    np.testing.assert_allclose(model.predict(X), expected, atol=1e-3)


@pytest.mark.parametrize("made", [classifier, regressor])
@pytest.mark.parametrize(
    "encoder", [BernoulliRBM(4, n_iter=2, **SEED), Autoencoder(4, max_iter=2, **SEED)], ids=repr
)
def test_rows_of_weight_0_are_not_there(made, encoder, X, y):
    weights = (np.arange(N) < 50).astype(float)
    weighted = made(clone(encoder)).fit(X, y, sample_weight=weights)
    few = made(clone(encoder)).fit(X[:50], y[:50])
    np.testing.assert_allclose(
        weighted.encoder_.transform(X), few.encoder_.transform(X), rtol=1e-5, atol=1e-6
    )
    assert weighted.score(X, y) == pytest.approx(few.score(X, y), abs=1e-4)


def test_weights_count_whether_a_row_has_a_label(X, y):
    few = np.where(np.arange(N) < 40, y, -1)
    weights = np.random.default_rng(0).random(N) + 0.1
    model = classifier().fit(X, few, sample_weight=weights)
    np.testing.assert_allclose(
        model.encoder_.transform(X),
        Autoencoder(4, max_iter=2, **SEED).fit(X, sample_weight=weights).transform(X),
    )
    part = classifier(model.encoder_).fit(X[:40], y[:40], sample_weight=weights[:40])
    np.testing.assert_array_equal(model.predict_proba(X), part.predict_proba(X))


def test_weights_that_leave_no_label(X, y):
    few = np.where(np.arange(len(y)) < 10, y, -1)
    with pytest.raises(ValueError, match="sample_weight is 0"):
        FineTunedClassifier(max_iter=2).fit(X, few, sample_weight=(few == -1).astype(float))


def test_labels_far_from_0_keep_their_digits(X):
    t = 1e9 + X[:, 0]
    model = regressor(max_iter=100, learning_rate=0.01).fit(X, t)
    assert model.score(X, t) > 0.5


def test_a_text_of_minus_one_is_no_mark(X, y):
    names = np.where(np.arange(len(y)) < 20, y.astype(str), "-1")
    with pytest.raises(ValueError, match="text '-1'"):
        FineTunedClassifier(max_iter=2).fit(X, names)
