"""Answers that are written into arrays of the caller's."""

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
import zarr
from sklearn import config_context
from sklearn.utils.metadata_routing import get_routing_for_object

from skdeepunsup import Autoencoder, BernoulliRBM, _sliced
from tests.estimators import APPLICATIONS, ESTIMATORS
from tests.laws import few_bits
from tests.test_laws_sliced import fitted

pytestmark = pytest.mark.usefixtures("hasty_log_partition")

METHODS = ("transform", "reconstruct", "score_samples", "inverse_transform", "predict_proba")


def takes_out(method):
    return "out" in getattr(method, "__wrapped__", method).__code__.co_varnames


def asked(model):
    """Methods that take ``out``, with what they are asked."""
    for name in METHODS:
        method = getattr(model, name, None)
        if method is not None and takes_out(method):
            yield method, model.transform(few_bits()) if name == "inverse_transform" else few_bits()


@pytest.mark.parametrize("estimator", [*ESTIMATORS, *APPLICATIONS], ids=lambda e: type(e).__name__)
def test_answers_are_the_same_in_an_array_of_the_caller_s(estimator):
    model = fitted(estimator, few_bits())
    for method, X in asked(model):
        expected = method(X)
        out = np.full(expected.shape, np.nan)
        assert method(X, out=out) is out
        np.testing.assert_array_equal(out, expected)


def test_every_model_takes_out():
    for estimator in ESTIMATORS:
        assert len(list(asked(fitted(estimator, few_bits())))) >= 4


@pytest.fixture
def model():
    return Autoencoder(2, max_iter=2, random_state=0).fit(few_bits())


KINDS = {
    "memory map": lambda folder, shape: np.lib.format.open_memmap(
        folder / "out.npy", "w+", np.float32, shape
    ),
    "HDF5": lambda folder, shape: h5py.File(folder / "out.h5", "w").create_dataset(
        "Z", shape, np.float32, chunks=(7, 2)
    ),
    "zarr": lambda folder, shape: zarr.create_array(
        folder / "out.zarr", shape=shape, dtype=np.float32, chunks=(7, 2)
    ),
    "columns of an array": lambda folder, shape: np.zeros((*shape, 2), np.float32)[..., 1],
}


@pytest.mark.parametrize("entries", [1, 40, 10**6])
@pytest.mark.parametrize("kind", KINDS)
def test_files_are_filled_by_parts(kind, entries, model, tmp_path, monkeypatch):
    monkeypatch.setattr(_sliced, "BLOCK_ENTRIES", entries)
    X = few_bits()
    out = KINDS[kind](tmp_path, (len(X), 2))
    assert model.transform(X, out=out) is out
    np.testing.assert_array_equal(np.asarray(out), model.transform(X).astype(np.float32))


def read_only(shape):
    out = np.empty(shape)
    out.flags.writeable = False
    return out


WRONG = {
    "a list": (lambda: [0] * 50, TypeError),
    "None of its shape": (lambda: np.empty((50, 3)), ValueError),
    "too few rows": (lambda: np.empty((49, 2)), ValueError),
    "integers": (lambda: np.empty((50, 2), int), TypeError),
    "text": (lambda: np.empty((50, 2), "U9"), TypeError),
    "read-only": (lambda: read_only((50, 2)), ValueError),
    "a frame": (lambda: pd.DataFrame(np.empty((50, 2))), TypeError),
    "a tensor": (lambda: torch.empty(50, 2), TypeError),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_cannot_be_filled_is_refused_by_name(kind, model):
    make, error = WRONG[kind]
    with pytest.raises(error, match=r"^out "):
        model.transform(few_bits(), out=make())


def test_a_file_that_is_not_open_for_writing_is_refused_by_name(model, tmp_path):
    KINDS["HDF5"](tmp_path, (50, 2)).file.close()
    with (
        h5py.File(tmp_path / "out.h5", "r") as file,
        pytest.raises(ValueError, match=r"^out cannot be written to"),
    ):
        model.transform(few_bits(), out=file["Z"])


def test_what_the_array_cannot_hold_is_refused(model):
    X = few_bits()
    X[7] = 1e30
    with pytest.raises(ValueError, match=r"row 7 of X.*float16"):
        model.reconstruct(X, out=np.empty(X.shape, np.float16))


def test_tables_are_not_written_into_arrays(model):
    model.set_output(transform="pandas")
    with pytest.raises(ValueError, match=r"^out .*set_output"):
        model.transform(few_bits(), out=np.empty((50, 2)))
    assert model.reconstruct(few_bits(), out=np.empty((50, 6))).shape == (50, 6)


def test_out_is_no_metadata():
    with config_context(enable_metadata_routing=True):
        requests = get_routing_for_object(BernoulliRBM())
    assert "out" not in str(requests)
    assert not hasattr(BernoulliRBM, "set_transform_request")
