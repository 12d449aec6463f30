"""GAN(conditional=True): labels of any kind, those that are refused, and their part in a fit."""

import copy
import pickle

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags

from skdeepunsup import BiGAN
from skdeepunsup._random import Stream
from tests.adversarial.models import CONDITIONAL, normal_rows
from tests.checks import EQUIVALENCE, with_checks

LABELS = {
    "integers": np.array([3, 5, 8]),
    "negative": np.array([-1, 0, 1]),
    "floats": np.array([0.0, 1.0, 7.0]),
    "strings": np.array(["ash", "elm", "oak"]),
    "objects": np.array(["ash", "elm", "oak"], dtype=object),
}


@pytest.fixture
def X():
    return normal_rows()


@pytest.fixture
def places():
    return np.random.default_rng(1).permutation(np.arange(60) % 3)


@pytest.mark.parametrize("kind", LABELS)
def test_classes_are_of_any_kind(X, places, kind):
    labels = LABELS[kind]
    model = clone(CONDITIONAL).fit(X, labels[places])
    assert model.classes_.tolist() == labels.tolist()
    assert model.transform(X).shape == (60, 5)
    assert len(model.get_feature_names_out()) == 5
    one = model.sample(3, y=labels[1], random_state=0)
    each = model.sample(3, y=labels[[1, 1, 1]], random_state=0)
    np.testing.assert_array_equal(one, each)
    listed = model.sample(3, y=labels[[1, 1, 1]].tolist(), random_state=0)
    np.testing.assert_array_equal(one, listed)


def test_names_of_classes_do_not_matter(X, places):
    models = [clone(CONDITIONAL).fit(X, labels[places]) for labels in LABELS.values()]
    for model in models[1:]:
        np.testing.assert_array_equal(model.transform(X), models[0].transform(X))


def codes_of(model, n=20_000, seed=0):
    """The classes that a fit draws where none is asked for, by the codes' last columns."""
    return model.module_.draw_codes(n, Stream(seed)).numpy()[:, -3:].argmax(axis=1)


def test_classes_are_drawn_as_frequent_as_they_were(X, places):
    places = np.repeat([0, 1, 2], [10, 45, 5])
    model = clone(CONDITIONAL).fit(X, places)
    counts = np.bincount(codes_of(model), minlength=3)
    assert chisquare(counts, 20_000 * np.array([10, 45, 5]) / 60).pvalue > 1e-3
    # Those of the weights, where there are any.
    weights = np.array([3.0, 1.0, 0.0])[places]
    model.fit(X, places, sample_weight=weights)
    counts = np.bincount(codes_of(model), minlength=3)
    assert counts[2] == 0
    assert chisquare(counts[:2], 20_000 * np.array([30, 45]) / 75).pvalue > 1e-3


def test_without_it_y_is_ignored(X, places):
    plain = clone(CONDITIONAL).set_params(conditional=False)
    expected = clone(plain).fit(X)
    for y in (places, X[:, 0], ["a"] * 60, "nonsense"):
        model = clone(plain).fit(X, y)
        np.testing.assert_array_equal(model.transform(X), expected.transform(X))
        np.testing.assert_array_equal(model.partial_fit(X, y).n_iter_, 7)
    assert expected.transform(X).shape == (60, 2)
    assert not hasattr(expected, "classes_")
    with pytest.raises(ValueError, match="without classes"):
        expected.sample(2, y=1)
    assert "class" not in expected.history_


def test_it_does_not_ignore_y(X, places):
    one, other = clone(CONDITIONAL).fit(X, places), clone(CONDITIONAL).fit(X, 2 - places)
    assert np.abs(one.sample(3, random_state=0) - other.sample(3, random_state=0)).max() > 1e-4


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y"),
        (np.linspace(0, 1, 60), "continuous"),
        (np.arange(59) % 3, "inconsistent numbers of samples"),
        (np.zeros((60, 2)), "1d array"),
        (np.r_[np.nan, np.arange(59) % 2], "NaN"),
    ],
    ids=["missing", "continuous", "short", "two columns", "NaN"],
)
def test_what_are_no_classes_is_named(X, places, method, y, message):
    model = clone(CONDITIONAL)
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(X, y)
    with pytest.raises(NotFittedError):
        model.sample()
    model.fit(X, places)
    before = model.transform(X)
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(X, y)
    np.testing.assert_array_equal(model.transform(X), before)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (7, "7.*none of the classes"),
        ("oak", "oak.*none of the classes"),
        ([0, 1, 7], "7.*none of the classes"),
        ([0, 1], "2 labels.*n_samples == 3"),
        ([[0, 1, 2]], "1d array"),
        (0.5, "continuous"),
    ],
)
def test_what_cannot_be_sampled_is_named(X, places, y, message):
    model = clone(CONDITIONAL).fit(X, places)
    with pytest.raises(ValueError, match=message):
        model.sample(3, y=y)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_class_that_was_not_there_cannot_follow(X, places, method):
    model = clone(CONDITIONAL).set_params(warm_start=True).fit(X, places)
    before = model.transform(X)
    with pytest.raises(ValueError, match="classes"):
        getattr(model, method)(X, places + 1)
    np.testing.assert_array_equal(model.transform(X), before)
    getattr(model, method)(X[:30], np.arange(30) % 3)  # but other rows of the same can


@pytest.mark.parametrize("conditional", [True, False])
def test_classes_neither_come_nor_go_in_a_fit_that_goes_on(X, places, conditional):
    model = clone(CONDITIONAL).set_params(conditional=conditional).fit(X, places)
    with pytest.raises(ValueError, match="classes"):
        model.set_params(conditional=not conditional).partial_fit(X, places)


def test_one_class_is_enough(X):
    model = clone(CONDITIONAL).fit(X, np.zeros(60, dtype=int))
    assert model.transform(X).shape == (60, 3)
    np.testing.assert_array_equal(model.transform(X)[:, 2], 1)
    np.testing.assert_array_equal(
        model.sample(4, random_state=0), model.sample(4, y=0, random_state=0)
    )


@pytest.mark.parametrize("copied", [lambda m: pickle.loads(pickle.dumps(m)), copy.deepcopy])
def test_copies_are_the_same(X, places, copied):
    model = clone(CONDITIONAL).fit(X, LABELS["strings"][places])
    other = copied(model)
    assert other.classes_.tolist() == model.classes_.tolist()
    for one in (model, other):
        one.partial_fit(X, LABELS["strings"][places])
    np.testing.assert_array_equal(other.transform(X), model.transform(X))
    np.testing.assert_array_equal(
        other.sample(9, y="elm", random_state=0), model.sample(9, y="elm", random_state=0)
    )


def test_clones_are_conditional_and_not_fitted(X, places):
    model = clone(clone(CONDITIONAL).fit(X, places))
    assert model.conditional and not hasattr(model, "module_")
    with pytest.raises(NotFittedError):
        model.sample(2, y=0)


def test_fit_transform_and_one_pass(X, places):
    codes = clone(CONDITIONAL).fit_transform(X, places)
    np.testing.assert_array_equal(codes, clone(CONDITIONAL).fit(X, places).transform(X))
    once = clone(CONDITIONAL).set_params(max_iter=1, encoder_max_iter=1)
    np.testing.assert_array_equal(
        clone(once).fit(X, places).transform(X), clone(once).partial_fit(X, places).transform(X)
    )


def test_rows_of_weight_0_are_not_there(X, places):
    w = np.arange(60) // 3 % 3 + 0.0
    one = clone(CONDITIONAL).fit(X, places, sample_weight=w)
    other = clone(CONDITIONAL).fit(X[w > 0], places[w > 0], sample_weight=w[w > 0])
    np.testing.assert_array_equal(one.transform(X), other.transform(X))
    np.testing.assert_array_equal(one.sample(9, random_state=0), other.sample(9, random_state=0))


def test_images_may_have_classes():
    X, y = np.random.default_rng(0).random((30, 20)), np.arange(30) % 2
    model = clone(CONDITIONAL).set_params(image_shape=(4, 5), hidden_layer_sizes=(3,)).fit(X, y)
    assert model.transform(X).shape == (30, 4)
    assert model.sample(5, y=1, random_state=0).shape == (5, 20)


def test_a_target_is_required_by_its_tags():
    assert get_tags(CONDITIONAL).target_tags.required
    assert not get_tags(clone(CONDITIONAL).set_params(conditional=False)).target_tags.required
    assert not get_tags(BiGAN()).target_tags.required


def expected_failures(estimator):
    return dict.fromkeys(EQUIVALENCE, "each row draws noise of its own")


@with_checks([CONDITIONAL], expected_failed_checks=expected_failures)
def test_every_check_passes(estimator, check):
    check(estimator)


def test_a_later_pass_may_lack_a_class(X, places):
    model = clone(CONDITIONAL).partial_fit(X, places)
    model.partial_fit(X[places < 2], places[places < 2])
    assert model.classes_.tolist() == [0, 1, 2]


@pytest.mark.parametrize("missing", [np.nan, None])
def test_missing_labels_are_named(X, places, missing):
    y = places.astype(object if missing is None else float)
    y[3] = missing
    with pytest.raises(ValueError, match="missing labels"):
        clone(CONDITIONAL).fit(X, y)


def test_a_constant_for_a_class_changes_no_wasserstein_loss(X, places):
    """Otherwise, with weights, the critic could gain without limit by its biases alone."""
    weights = np.where(places == 0, 9.0, 1.0)
    model = clone(CONDITIONAL).set_params(
        loss="wasserstein", learning_rate=1e-30, batch_size=60, max_iter=1, warm_start=True
    )
    before = model.fit(X, places, weights).history_["discriminator"][0]
    with torch.no_grad():
        model.module_.discriminator[-1].bias += torch.tensor([5.0, 0.0, -7.0])
    after = model.set_params(random_state=1).fit(X, places, weights).history_["discriminator"][-3]
    # The same rows and, but for other draws, the same generated ones.
    assert after == pytest.approx(before, abs=0.5)
