"""An expression that a message names makes it go, and the data mean what they meant."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn.compose
import sklearn.preprocessing
import torch

from skdeepunsup import (
    EASE,
    BoltzmannMachine,
    CategoricalRBM,
    EncoderDecoder,
    GaussianRBM,
    LogMel,
    VariationalAutoencoder,
)
from tests.remedies import (
    BITS,
    FILMS,
    FIT,
    GREYS,
    NORMAL,
    SOUNDS,
    STEREO,
    Expression,
    autoencoder,
    classifier,
    complaint,
    sounding,
)

pytestmark = pytest.mark.usefixtures("hasty_log_partition")

DAYS = pd.date_range("2020-01-01", periods=60)
TEXT = pd.DataFrame({"a": list("xyz") * 20, "b": NORMAL[:, 0]})


def distinct_as_before(codes, old):
    """Whether the codes are 0, 1, … and two entries are equal where they were."""
    pairs = set(zip(np.ravel(codes).tolist(), np.ravel(old).tolist(), strict=True))
    kinds = len(np.unique(np.ravel(old)))
    return len(pairs) == kinds and set(np.ravel(codes)) == set(range(kinds))


def in_days(new, old):
    return list(np.ravel(new)) == list(range(len(new)))


def one_hot_and_number(new, old):
    codes, b = np.asarray(new[:, :3], float), np.asarray(new[:, 3], float)
    return np.array_equal(b, old["b"]) and list(codes.argmax(1)) == [0, 1, 2] * 20


EXPRESSIONS = {
    "masks": Expression(
        lambda y: EncoderDecoder(2, loss="categorical", **FIT).fit(BITS, y),
        GREYS,
        "numpy.unique(y, return_inverse=True)[1].reshape(y.shape)",
        distinct_as_before,
        "y",
    ),
    "masks of fractions": Expression(
        lambda y: EncoderDecoder(2, loss="categorical", **FIT).fit(BITS, y),
        GREYS / 254,
        "numpy.unique(y, return_inverse=True)[1].reshape(y.shape)",
        distinct_as_before,
        "y",
    ),
    "masks of many": Expression(
        lambda y: EncoderDecoder(2, loss="categorical", **FIT).fit(BITS, y),
        5000 + GREYS,
        "numpy.unique(y, return_inverse=True)[1].reshape(y.shape)",
        distinct_as_before,
        "y",
    ),
    "masks of text": Expression(
        lambda y: EncoderDecoder(2, loss="categorical", **FIT).fit(BITS, y),
        np.where(BITS == 1, "ink", "paper"),
        "numpy.unique(y, return_inverse=True)[1].reshape(y.shape)",
        distinct_as_before,
        "y",
    ),
    "pixels as categories": Expression(
        lambda X: VariationalAutoencoder(2, likelihood="categorical", **FIT).fit(X),
        GREYS / 254,
        "numpy.unique(X, return_inverse=True)[1].reshape(X.shape)",
        distinct_as_before,
    ),
    "negative codes": Expression(
        lambda X: CategoricalRBM(2, n_iter=1).fit(X),
        GREYS - 127,
        "numpy.unique(X, return_inverse=True)[1].reshape(X.shape)",
        distinct_as_before,
    ),
    "stereo": Expression(
        lambda X: LogMel(window_length=64, hop_length=32, n_mels=2).fit(X),
        STEREO,
        "X.mean(2)",
        lambda new, old: np.allclose(new, (old[..., 0] + old[..., 1]) / 2),
    ),
    "stereo, channels first": Expression(
        lambda X: LogMel(window_length=64, hop_length=32, n_mels=2).fit(X),
        STEREO.transpose(0, 2, 1),
        "X.mean(1)",
        lambda new, old: np.allclose(new, (old[:, 0] + old[:, 1]) / 2),
    ),
    "images": Expression(
        lambda X: autoencoder(image_shape=(4, 5)).fit(X), FILMS[:, 0], "X.reshape(60, -1)"
    ),
    "images in colour": Expression(
        lambda X: autoencoder(image_shape=(4, 5, 3)).fit(X),
        FILMS.transpose(0, 2, 3, 1),
        "X.reshape(60, -1)",
    ),
    "images in a list": Expression(
        lambda X: autoencoder().fit(X), FILMS[:, 0].tolist(), "numpy.asarray(X).reshape(60, -1)"
    ),
    "images, channels first": Expression(
        lambda X: autoencoder(image_shape=(4, 5, 3)).fit(X),
        FILMS,
        "X.transpose(0, 2, 3, 1).reshape(60, -1)",
        lambda new, old: np.array_equal(new.reshape(60, 4, 5, 3)[..., 1], old[:, 1]),
    ),
    "images, channels first, in a tensor": Expression(
        lambda X: autoencoder(image_shape=(4, 5, 3)).fit(X),
        torch.tensor(FILMS),
        "X.permute(0, 2, 3, 1).reshape(60, -1)",
        lambda new, old: torch.equal(new.reshape(60, 4, 5, 3)[..., 1], old[:, 1]),
    ),
    "text and numbers": Expression(
        lambda X: autoencoder().fit(X),
        TEXT,
        "make_column_transformer((OneHotEncoder(sparse_output=False), ['a']), "
        "remainder='passthrough')",
        one_hot_and_number,
    ),
    "categories and numbers": Expression(
        lambda X: autoencoder().fit(X),
        TEXT.astype({"a": "category"}),
        "make_column_transformer((OneHotEncoder(sparse_output=False), ['a']), "
        "remainder='passthrough')",
        one_hot_and_number,
    ),
    "text and numbers, polars": Expression(
        lambda X: GaussianRBM(2, n_iter=1).fit(X),
        pl.DataFrame({"a": list("xyz") * 20, "b": NORMAL[:, 0]}),
        "make_column_transformer((OneHotEncoder(sparse_output=False), ['a']), "
        "remainder='passthrough')",
        one_hot_and_number,
    ),
    "text and numbers, an array": Expression(
        lambda X: autoencoder().fit(X),
        TEXT.to_numpy(dtype=object),
        "make_column_transformer((OneHotEncoder(sparse_output=False), [0]), "
        "remainder='passthrough')",
        lambda new, old: one_hot_and_number(new, {"b": old[:, 1].astype(float)}),
    ),
    "dates": Expression(
        lambda X: autoencoder().fit(pd.DataFrame(X, dtype=float) if X.ndim == 1 else X),
        pd.DataFrame({"a": DAYS}),
        "(X['a'] - X['a'].min()) / numpy.timedelta64(1, 'D')",
        in_days,
    ),
    "dates, an array": Expression(
        lambda X: autoencoder().fit(X),
        DAYS.to_numpy()[:, None],
        "(X - X.min()) / numpy.timedelta64(1, 'D')",
        in_days,
    ),
    "lengths of time": Expression(
        lambda X: autoencoder().fit(X),
        (DAYS - DAYS[0]).to_numpy()[:, None],
        "X / numpy.timedelta64(1, 'D')",
        in_days,
    ),
    "dates, polars": Expression(
        lambda X: autoencoder().fit(X if isinstance(X, pl.DataFrame) else X.to_frame()),
        pl.DataFrame({"a": DAYS.to_numpy()}),
        "(X['a'] - X['a'].min()).dt.total_seconds() / 86400",
        in_days,
    ),
    "a lazy frame": Expression(
        lambda X: autoencoder().fit(X),
        pl.LazyFrame({"a": NORMAL[:, 0], "b": NORMAL[:, 1]}),
        "X.collect()",
        lambda new, old: new["a"].to_list() == NORMAL[:, 0].tolist(),
    ),
    "columns of one name": Expression(
        lambda X: autoencoder().fit(X), pd.DataFrame(NORMAL, columns=list("aabcde")), "X.to_numpy()"
    ),
    "complex numbers": Expression(
        lambda X: autoencoder().fit(X),
        NORMAL[:, :3] + 1j * NORMAL[:, 3:],
        "numpy.hstack([X.real, X.imag])",
        lambda new, old: np.array_equal(new, NORMAL),
    ),
    "labels of two types": Expression(
        lambda y: classifier().fit(BITS, y),
        np.array(["a", 1] * 30, dtype=object),
        "[str(label) for label in y]",
        lambda new, old: new == ["a", "1"] * 30,
        "y",
    ),
    "connections of one direction": Expression(
        lambda connections: BoltzmannMachine(1, connections=connections, n_iter=1).fit(BITS),
        np.triu(np.ones((7, 7), bool), 1),
        "connections | connections.T",
        lambda new, old: np.array_equal(np.triu(new, 1), old),
        "connections",
    ),
    "ratings for interactions": Expression(
        lambda X: EASE().fit(X), 5 * BITS - 1, "X >= 4", lambda new, old: (new == (old == 4)).all()
    ),
    "gaps in interactions": Expression(
        lambda X: EASE().fit(X),
        np.where(BITS == 0, np.nan, BITS),
        "numpy.nan_to_num(X)",
        lambda new, old: np.array_equal(new, BITS),
    ),
    "gains in dB": Expression(
        lambda dB: sounding().filter(SOUNDS, dB),
        np.full((60, 22), -6.0),
        "10 ** (dB / 20)",
        lambda new, old: np.allclose(new, 0.501187),
        "dB",
    ),
}


@pytest.mark.parametrize("kind", EXPRESSIONS)
def test_an_expression_of_a_message_makes_it_go(kind):
    case = EXPRESSIONS[kind]
    said = complaint(lambda: case.call(case.data))
    assert case.expression in said
    names = vars(sklearn.preprocessing) | vars(sklearn.compose) | {"numpy": np, "pandas": pd}
    new = eval(case.expression, names | {case.name: case.data})
    if hasattr(new, "fit_transform"):
        new = new.fit_transform(case.data)
    assert complaint(lambda: case.call(new)) == ""
    assert case.same(new, case.data)
