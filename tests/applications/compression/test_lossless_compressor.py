"""The lossless compressor: what goes in comes out, at the length that the bound promises."""

import os
import pickle
import subprocess
import sys
from threading import Event, Thread

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from skdeepunsup import Autoencoder, LosslessCompressor, VariationalAutoencoder
from skdeepunsup._random import Stream
from skdeepunsup.applications.compression import lossless_compressor
from skdeepunsup.applications.compression.bits_back import (
    LARGEST_BATCH,
    LATENT_STEP,
    BitsBack,
    batches,
    inference,
    seed,
)
from skdeepunsup.applications.compression.byte_stream import OVERHEAD
from skdeepunsup.formulas.importance import log_ratio
from tests.applications.compression.compressing import (
    assert_identical,
    random_rows,
    tiny,
    tiny_compressors,
)

COMPRESSORS = tiny_compressors()


@pytest.fixture(scope="module")
def grey(digits):
    """Levels 0 … 16 of the digits, and a compressor of them."""
    X = (16 * digits).astype(np.uint8)
    model = VariationalAutoencoder(
        8, likelihood="beta-binomial", n_categories=17, max_iter=20, random_state=0
    )
    return X, LosslessCompressor(model).fit(X[:1000])


# Nothing is lost


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


# How much room rows take


def test_rows_take_what_the_bound_says(grey):
    X, compressor = grey
    bits = compressor.bits_per_dimension(X[1000:])
    module, x = compressor.model_.module_, torch.from_numpy(X[1000:]).float()
    with torch.inference_mode():
        mean, log_variance = module.posterior(x)
        draws = []
        for s in range(30):
            noise = Stream(s).normal_like(mean)
            z = mean + (log_variance / 2).exp() * noise
            nats = module.cross_entropy(x, z) + log_ratio(z, noise, log_variance)
            draws.append(float(nats.mean()) / 64 / np.log(2))
    assert abs(bits - np.mean(draws)) < 4 * np.std(draws)
    assert np.std(draws) < 0.01 * bits
    assert compressor.score(X[1000:]) == -bits


def test_a_stream_is_its_rows_a_header_and_what_the_first_row_borrows(grey):
    X, compressor = grey
    bits = compressor.bits_per_dimension(X) * X.size
    more = len(compressor.compress(X)) - OVERHEAD - bits / 8
    assert 0 < more < 3 * 8 + 12  # 24 bits of each component, and the coder's state


def test_unlikely_rows_take_more_room_and_no_more_than_that(grey):
    X, compressor = grey
    noise = np.random.default_rng(0).integers(0, 17, (100, 64))
    usual, unusual = (compressor.bits_per_dimension(rows) for rows in (X[:100], noise))
    assert usual < np.log2(17) < unusual < 25


def test_batches_hold_all_rows_once_and_few_at_first():
    for n in (1, 2, 5, 8, 9, 511, 512, 513, 5000):
        parts = list(batches(n))
        assert np.array_equal(np.concatenate([np.arange(n)[p] for p in parts]), np.arange(n))
        assert parts == list(batches(n, backwards=True))[::-1]
        sizes = [p.stop - p.start for p in parts]
        assert max(sizes) <= LARGEST_BATCH
        assert all(s <= max(1, p.start // 4) for s, p in zip(sizes, parts, strict=True))


def test_more_seed_bits_go_below_the_others():
    assert np.array_equal(seed(1000)[-10:], seed(10))
    assert seed(1)[0] != 0  # the coder takes no last word of 0
    assert (
        abs(np.unpackbits(np.frombuffer(seed(10_000).tobytes(), np.uint8)).mean() - 0.5)
        < 4 * 0.5 / 32e4**0.5
    )


def fixed_posterior(mean, scale):
    """A coder whose q(z | x) is the same for all rows."""
    coder = BitsBack(tiny("bernoulli", 3).model_.module_, "a test")

    def posterior(x):
        means = torch.full((len(x), 2), mean, dtype=torch.float64)
        return means, torch.full_like(means, 2 * np.log(scale))

    coder.module.posterior = posterior
    return coder


def test_a_sharp_posterior_costs_what_the_bound_says():
    """As with a grid that is fine compared with q; bits to start from are fresh, left by no row."""
    n, mean, scale = 20_000, 0.3, 0.02
    coder, x = fixed_posterior(mean, scale), np.zeros((n, 3), np.int32)
    kl = -np.log(scale) + (scale**2 + mean**2 - 1) / 2
    stack = coder.coder(seed(2 * n))
    before = stack.num_valid_bits()
    with inference():
        z = torch.full((1, 2), mean, dtype=torch.float64)
        outputs = coder.module.decoder_output(z)
        symbols = -coder.observation.probabilities(outputs)[..., 0].log()
        steps = coder._decode_posterior(stack, x)
        coder._encode_symbols(stack, x, steps)
        stack.encode_reverse(steps, coder.prior)
    bits = (2 * kl + float(symbols.sum())) / np.log(2)
    assert (stack.num_valid_bits() - before) / n == pytest.approx(bits, rel=0.005)


def test_codes_are_drawn_from_the_posterior_as_far_as_its_window():
    mean, scale, n = 0.3, 0.25, 20_000  # 64 steps, the widest for its window
    coder = fixed_posterior(mean, scale)
    stack = coder.coder(seed(2 * n))
    steps = coder._decode_posterior(stack, np.zeros((n, 3), np.int32))
    t = (steps * LATENT_STEP - mean) / scale
    assert stats.kstest(t, "norm").pvalue > 1e-3
    assert 3.5 < np.abs(t).max() < 6


# Elsewhere, and later


def test_overlapping_calls_wait_and_give_the_threads_back():
    n_threads, entered = torch.get_num_threads(), Event()

    def other():
        with inference():
            entered.set()

    thread = Thread(target=other)
    try:
        torch.set_num_threads(2)
        with inference():
            thread.start()
            assert not entered.wait(0.1)
            assert torch.get_num_threads() == 1
        thread.join()
        assert entered.is_set() and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(n_threads)


def test_bytes_are_the_same_at_every_call_whatever_the_threads(grey):
    X, compressor = grey
    data = compressor.compress(X[:300])
    n_threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        assert compressor.compress(X[:300]) == data
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(n_threads)


SCRIPT = """
import pickle, sys
import numpy as np
with open(sys.argv[1], "rb") as file:
    compressor, X, data = pickle.load(file)
assert np.array_equal(compressor.decompress(data), X)
sys.stdout.buffer.write(compressor.compress(X))
"""


def test_another_process_reads_and_writes_the_same(grey, tmp_path):
    X, compressor = grey
    X = X[:300]
    data = compressor.compress(X)
    (tmp_path / "all.pkl").write_bytes(pickle.dumps((compressor, X, data)))
    environment = {"OMP_NUM_THREADS": "3", "PYTHONHASHSEED": "7", "PYTHONPATH": os.getcwd()}
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "all.pkl")],
        env=os.environ | environment,
        capture_output=True,
        check=True,
    )
    assert run.stdout == data
    np.testing.assert_array_equal(compressor.decompress(run.stdout), X)


def test_a_stored_compressor_reads_what_it_wrote(grey, tmp_path):
    X, compressor = grey
    data = compressor.compress(X[:50])
    joblib.dump(compressor, tmp_path / "compressor.joblib")
    again = joblib.load(tmp_path / "compressor.joblib")
    np.testing.assert_array_equal(again.decompress(data), X[:50])


def test_another_model_does_not_read_it(grey):
    X, compressor = grey
    data = compressor.compress(X[:50])
    other = clone(compressor).set_params(model__random_state=1).fit(X[:200])
    with pytest.raises(ValueError, match="another model"):
        other.decompress(data)
    with pytest.raises(ValueError, match="another model"):
        tiny("bernoulli", 3).decompress(data)
    onward = LosslessCompressor(pickle.loads(pickle.dumps(compressor.model_))).fit(X)
    np.testing.assert_array_equal(onward.decompress(data), X[:50])
    onward.model_.partial_fit(X)
    with pytest.raises(ValueError, match="another model"):
        onward.decompress(data)


def test_other_arithmetic_is_told(grey, monkeypatch):
    X, compressor = grey
    data = compressor.compress(X[:50])
    monkeypatch.setattr(lossless_compressor, "arithmetic", lambda coder: b"elsewher")
    with pytest.raises(ValueError, match="on a machine that computes differently"):
        compressor.decompress(data)


def test_other_arithmetic_never_gives_other_rows(grey, monkeypatch):
    """As if the machines agreed on the rows that they are asked about, and on no others."""
    X, compressor = grey
    data = compressor.compress(X[:50])
    probabilities = type(compressor.model_.module_.observation).probabilities
    monkeypatch.setattr(lossless_compressor, "arithmetic", lambda coder: b"agreeing")
    agreed = compressor.compress(X[:50])
    assert agreed != data
    monkeypatch.setattr(
        type(compressor.model_.module_.observation),
        "probabilities",
        lambda self, output: probabilities(self, output * (1 + 1e-3)),
    )
    with pytest.raises(ValueError, match=r"is damaged|does not decompress"):
        compressor.decompress(agreed)


# What is left alone, and what is refused


def test_a_fitted_model_is_used_as_it_is(digits):
    X = (digits > 0.5).astype(np.float64)
    model = VariationalAutoencoder(2, likelihood="bernoulli", max_iter=1, random_state=0).fit(X)
    before = pickle.dumps(model)
    compressor = LosslessCompressor(model).fit(X)
    assert compressor.model_ is model
    compressor.decompress(compressor.compress(X[:10]))
    assert pickle.dumps(model) == before
    frozen = clone(LosslessCompressor(FrozenEstimator(model))).fit(X)
    assert frozen.model_ is model
    unfitted = clone(model)
    assert LosslessCompressor(unfitted).fit(X).model_ is not unfitted
    assert not hasattr(unfitted, "module_")


def test_threads_and_gradients_are_as_before_after_an_error(grey, monkeypatch):
    X, compressor = grey
    data = compressor.compress(X[:5])

    def fails(*_):
        assert torch.get_num_threads() == 1
        raise RuntimeError("on the way")

    monkeypatch.setattr(type(compressor.model_.module_), "posterior", fails)
    n_threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        for answer, given in ((compressor.compress, X[:5]), (compressor.decompress, data)):
            with pytest.raises(RuntimeError, match="on the way"):
                answer(given)
            assert torch.get_num_threads() == 2
            assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
    finally:
        torch.set_num_threads(n_threads)


def test_what_is_no_discrete_density_is_refused(digits):
    with pytest.raises(ValueError, match="likelihood='gaussian', a density"):
        LosslessCompressor(VariationalAutoencoder(2)).fit(digits)
    with pytest.raises(ValueError, match="likelihood='gaussian', a density"):
        LosslessCompressor(VariationalAutoencoder(2, max_iter=1).fit(digits)).fit(digits)
    model = VariationalAutoencoder(2, likelihood="bernoulli")
    for other in (Autoencoder(2), "bernoulli", None, make_pipeline(model, model)):
        with pytest.raises(TypeError, match="must be a VariationalAutoencoder"):
            LosslessCompressor(other).fit(digits)


def test_values_that_the_model_does_not_have_are_refused(grey):
    X, compressor = grey
    for value in (17, -1, 2.5):
        with pytest.raises(ValueError, match=rf"X has {value}.* integers from 0 to 16"):
            compressor.compress(np.full((3, 64), value))
    with pytest.raises(ValueError, match="NaN"):
        compressor.compress(np.full((3, 64), np.nan))
    with pytest.raises(ValueError, match="64 features"):
        compressor.compress(X[:, :5])
    with pytest.raises(NotFittedError):
        clone(compressor).compress(X)
    with pytest.raises(NotFittedError):
        clone(compressor).decompress(b"")


def test_the_columns_are_those_of_a_fitted_model():
    X = pd.DataFrame(np.random.default_rng(0).integers(0, 2, (20, 3)), columns=list("abc"))
    model = VariationalAutoencoder(1, likelihood="bernoulli", max_iter=1, random_state=0).fit(X)
    LosslessCompressor(model).fit(X)
    with pytest.raises(ValueError, match=r"model was fitted to the columns \["):
        LosslessCompressor(model).fit(X[["c", "b", "a"]])


def test_networks_that_draw_noise_are_refused(monkeypatch):
    compressor = tiny("beta-binomial", 3, 16)
    kind = type(compressor.model_.module_)
    quiet = kind.decoder_output
    monkeypatch.setattr(kind, "decoder_output", lambda self, z: quiet(self, z + torch.randn(2)))
    with pytest.raises(ValueError, match="different outputs at each call"):
        compressor.compress(np.zeros((2, 3)))


def test_missing_entries_are_none_of_a_compressor_s(digits):
    X = (digits > 0.5).astype(np.float64)
    model = VariationalAutoencoder(
        2, likelihood="bernoulli", missing="mask", max_iter=1, random_state=0
    )
    compressor = LosslessCompressor(model).fit(X)
    assert_identical(compressor.decompress(compressor.compress(X)), X)
    X[0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        compressor.compress(X)


def test_without_the_coder_the_error_says_what_brings_it(grey, monkeypatch):
    X, compressor = grey
    monkeypatch.setitem(sys.modules, "constriction", None)
    for needs_it in (compressor.fit, compressor.compress):
        with pytest.raises(ImportError, match=r"skdeepunsup\[compression\]"):
            needs_it(X)
