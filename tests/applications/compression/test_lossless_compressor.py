"""The lossless compressor gives back every row exactly, whatever the model and kind of input."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skdeepunsup import LosslessCompressor, VariationalAutoencoder
from tests.applications.compression.compressing import (
    assert_identical,
    random_rows,
    tiny,
    tiny_compressors,
)

COMPRESSORS = tiny_compressors()


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.integers(0, len(COMPRESSORS) - 1), st.integers(0, 2**32 - 1))
def test_all_rows_come_back(which, seed_of_rows):
    X = random_rows(COMPRESSORS[which], np.random.default_rng(seed_of_rows))
    assert_identical(COMPRESSORS[which].decompress(COMPRESSORS[which].compress(X)), X)


@pytest.mark.parametrize("n_rows", [1, 2, 9, 127, 128, 129, 640, 1000, 1797])
def test_any_number_of_rows_comes_back(grey, n_rows):
    X, compressor = grey
    assert_identical(compressor.decompress(compressor.compress(X[:n_rows])), X[:n_rows])


@pytest.mark.parametrize("factor", [0.0, 1e3, 1e300, np.nan])
@pytest.mark.parametrize("likelihood", ["bernoulli", "categorical", "beta-binomial"])
def test_rows_come_back_however_wrong_the_model(likelihood, factor):
    compressor = tiny(likelihood, 6, None if likelihood == "bernoulli" else 4)
    with torch.no_grad():
        for parameter in compressor.model_.module_.double().parameters():
            parameter.mul_(factor)
    X = np.random.default_rng(0).integers(0, compressor_top(compressor) + 1, (50, 6))
    assert_identical(compressor.decompress(compressor.compress(X)), X)


def compressor_top(compressor):
    return compressor.model_.module_.observation.n_categories - 1


def test_a_convolutional_model_gives_rows_back(digits):
    X = (digits > 0.5).astype(np.uint8)
    model = VariationalAutoencoder(
        2,
        likelihood="bernoulli",
        image_shape=(8, 8),
        hidden_layer_sizes=(4,),
        max_iter=1,
        random_state=0,
    )
    compressor = LosslessCompressor(model).fit(X)
    assert_identical(compressor.decompress(compressor.compress(X)), X)


def test_every_kind_of_input_gives_the_same_rows(grey, tmp_path):
    X, compressor = grey
    X = X[:100]
    np.save(tmp_path / "X.npy", X)
    frame = pd.DataFrame(X)
    kinds = [
        (sp.csr_array(X), "u1"),
        (sp.csc_matrix(X), "u1"),
        (X.tolist(), "f8"),
        (torch.from_numpy(X), "u1"),
        (np.load(tmp_path / "X.npy", mmap_mode="r"), "u1"),
        (X[:, ::-1][:, ::-1], "u1"),
        (frame, "u1"),
        (frame.astype({3: "int16"}), "i2"),
        (frame.astype({3: "float32"}), "f4"),
        (frame.astype("Int64"), "f8"),
    ]
    for other, dtype in kinds:
        assert_identical(compressor.decompress(compressor.compress(other)), X.astype(dtype))


def test_entries_that_are_stored_twice_are_summed():
    def twice(value):
        return sp.csr_array(([value, value], [0, 0], [0, 2]), shape=(1, 1))

    grey, bits = tiny("beta-binomial", 1, 256), tiny("bernoulli", 1)
    for compressor, value in ((grey, 100), (grey, 100.0), (bits, 0.5)):
        X = twice(value)
        assert_identical(compressor.decompress(compressor.compress(X)), X.toarray())
        assert X.nnz == 2  # as it was
    for compressor, value in ((grey, 200), (bits, 1.0)):
        with pytest.raises(ValueError, match=f"X has {2 * value}, but"):
            compressor.compress(twice(value))


def test_a_negative_zero_comes_back_as_zero():
    compressor = tiny("bernoulli", 3)
    found = compressor.decompress(compressor.compress(np.array([[-0.0, 1.0, 0.0]])))
    assert not np.signbit(found).any()
