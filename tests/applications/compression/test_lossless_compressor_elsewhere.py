"""What is compressed here comes back elsewhere and later, or not at all: never as other rows."""

import os
import pickle
import subprocess
import sys
from threading import Event, Thread

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone

from skdeepunsup import LosslessCompressor
from skdeepunsup.applications.compression import lossless_compressor
from skdeepunsup.applications.compression.bits_back import inference
from tests.applications.compression.compressing import tiny


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
