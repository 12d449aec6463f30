"""Tables and labels of every library: taken for what they mean, or refused column by column."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
import torch

from skdeepunsup import (
    EASE,
    GAN,
    Autoencoder,
    BernoulliRBM,
    EncoderDecoder,
    FineTunedClassifier,
    FineTunedRegressor,
    RatingRBM,
)

rng = np.random.default_rng(0)
X = (rng.random((60, 6)) < 0.4).astype(np.float64)
y = np.arange(60) % 2
FIT = {"max_iter": 2, "random_state": 0}


def classifier():
    return FineTunedClassifier(Autoencoder(2, **FIT), **FIT)


def regressor():
    return FineTunedRegressor(Autoencoder(2, **FIT), **FIT)


REFUSED = {
    "dates": (pd.DataFrame({"a": [1.0, 2], "b": pd.to_datetime(["2020", "2021"])}), r"X\['b'\]"),
    "dates and nothing else": (pd.to_datetime(["2020", "2021"]).to_frame(), "holds dates"),
    "dates of Python": (pd.DataFrame({"b": [datetime.date(2020, 1, 1)] * 2}), "date.*'b'"),
    "periods": (pd.DataFrame({"b": pd.period_range("2020", periods=2, freq="D")}), r"X\['b'\]"),
    "times": (pl.DataFrame({"b": [datetime.time(1), datetime.time(2)]}), r"X\['b'\].*hour"),
    "dates of polars": (pl.DataFrame({"b": [datetime.date(2020, 1, 1)] * 2}), r"X\['b'\]"),
    "lengths of time": (pd.DataFrame({"b": pd.to_timedelta([1, 2])}), "lengths of time"),
    "one name twice": (pd.DataFrame(np.ones((2, 3)), columns=list("aba")), "2 columns called 'a'"),
    "one name twice, and text": (pd.DataFrame([["x", 1]], columns=["a", "a"]), "called 'a'"),
    "rows to come": (pl.LazyFrame({"a": [1.0, 2]}), r"X\.collect\(\)"),
    "text in one column": (pd.DataFrame({"a": [1.0, 2], "b": ["u", "v"]}), r"'u'.*\['b'\]"),
    "a category": (
        pd.DataFrame({"a": [1.0, 2], "b": pd.Categorical(["u", "v"])}),
        r"'u'.*\['b'\]",
    ),
    "a category of polars": (
        pl.DataFrame({"a": [1.0, 2], "b": pl.Series(["u", "v"], dtype=pl.Categorical)}),
        r"'u'.*\['b'\]",
    ),
    "lists in a column": (pd.DataFrame({"a": [[1, 2], [1]]}), "rows of unlike shape|one array"),
    "dicts in a column": (pd.DataFrame({"a": [{}, {}]}), "dict.*'a'"),
    "lists of unlike length": ([[1, 2, 3], [1, 2]], r"\(3,\) and \(2,\)"),
    "arrays of unlike length": ([np.ones(5), np.ones(4)], r"\(5,\) and \(4,\)"),
    "tensors of unlike length": ([torch.ones(5), torch.ones(4)], r"\(5,\) and \(4,\)"),
    "images of unlike size": ([np.ones((3, 4)), np.ones((4, 4))], r"\(3, 4\) and \(4, 4\)"),
    "an array of arrays": (np.array([np.ones(5), np.ones(4)], dtype=object), r"\(5,\) and \(4,\)"),
    "images": (np.ones((5, 4, 4, 3)), r"shape \(5, 4, 4, 3\).*X\.reshape\(5, -1\)"),
    "images, channels first": (np.ones((5, 3, 4, 4)), r"transpose\(0, 2, 3, 1\)"),
    "a tensor without values": (torch.ones(5, 4, device="meta"), "device 'meta', which has no"),
    "complex tensors": (torch.ones(5, 4, dtype=torch.complex64).conj(), "the imaginary part"),
}


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize(
    "model", [Autoencoder(2), BernoulliRBM(2), EASE(), RatingRBM(2)], ids=lambda m: type(m).__name__
)
def test_what_are_no_rows_of_numbers_is_named(kind, model):
    table, message = REFUSED[kind]
    with pytest.raises((TypeError, ValueError), match=f"(?s){message}"):
        model.fit(table)
    assert not hasattr(model, "n_features_in_")


def test_a_tensor_with_its_sign_to_come_is_the_tensor():
    z = torch.view_as_complex(torch.tensor(X).reshape(60, 3, 2)).conj()
    assert z.imag.is_neg()
    model = Autoencoder(2, **FIT).fit(z.imag)
    np.testing.assert_array_equal(model.transform(z.imag), model.transform(-X[:, 1::2]))


NAMED = pd.DataFrame(X, columns=list("abcdef"))
KNOWN = [1.0, np.nan, 0.0, 1.0, np.nan, 0.0]
GIVEN = {
    "list": KNOWN,
    "tensor": torch.tensor(KNOWN),
    "tensor of rows": torch.tensor([KNOWN] * 3),
    "Series": pd.Series(KNOWN, index=list("abcdef")),
    "integers with NA": pd.DataFrame(
        [[1, pd.NA, 0, 1, pd.NA, 0]] * 3, columns=list("abcdef"), dtype="Int64"
    ),
    "Series with NA": pd.Series([1, pd.NA, 0, 1, pd.NA, 0], index=list("abcdef"), dtype="Int64"),
    "polars with null": pl.DataFrame(
        [[1, None, 0, 1, None, 0]] * 3, schema=list("abcdef"), orient="row"
    ),
    "object with None": np.array([1, None, 0, 1, None, 0], dtype=object),
}


@pytest.mark.parametrize("kind", GIVEN)
def test_what_is_known_is_held_however_it_is_given(kind):
    rows = BernoulliRBM(2, n_iter=1, random_state=0).fit(NAMED).sample(3, given=GIVEN[kind])
    np.testing.assert_array_equal(rows[:, [0, 2, 3, 5]], [[1, 0, 1, 0]] * 3)


@pytest.mark.parametrize("kind", [torch.int64, torch.float32])
def test_labels_may_be_tensors_under_array_api_dispatch(kind):
    target = torch.tensor(y).to(kind)
    with sklearn.config_context(array_api_dispatch=True):
        for model in (classifier(), regressor(), EncoderDecoder(2, **FIT)):
            rows = model.fit(X, target).predict(X)
            np.testing.assert_array_equal(rows, model.fit(X, y).predict(X))
            assert model.fit(torch.tensor(X), target).score(X, target) > -9
        regressor().fit(X, torch.tensor(X[:, :2]))
        GAN(2, conditional=True, encoder_max_iter=1, max_iter=1).fit(X, target)


def test_true_false_and_unlabelled_are_two_classes():
    labels = np.array([True, False, -1] * 20, dtype=object)
    model = classifier().fit(X, labels)
    assert model.classes_.tolist() == [False, True]
    assert model.predict(X).dtype == bool


def test_numbers_of_dtype_object_are_labels():
    assert classifier().fit(X, y.astype(object)).classes_.tolist() == [0, 1]


@pytest.mark.parametrize(
    "model", [classifier(), GAN(2, conditional=True)], ids=lambda m: type(m).__name__
)
def test_labels_of_two_types_are_named(model):
    with pytest.raises(ValueError, match=r"y mixes labels of type str, such as 'a', and int"):
        model.fit(X, np.array(["a", 1] * 30, dtype=object))


def test_targets_that_are_no_numbers_are_named():
    for model in (regressor(), EncoderDecoder(2, **FIT)):
        with pytest.raises((TypeError, ValueError), match="y holds dates"):
            model.fit(X, pd.date_range("2020", periods=60).to_numpy())
        with pytest.raises(ValueError, match=r"y has rows of unlike shape, \(1,\) and \(2,\)"):
            model.fit(X, [[1], [1, 2]] * 30)
        with pytest.raises(ValueError, match=r"text, such as 'a'|could not convert"):
            model.fit(X, np.array(["a", "b"] * 30, dtype=object))
