"""The fingerprint: equal for models that compute the same, different for others."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from torch import nn

from skdeepunsup import Autoencoder
from skdeepunsup._fingerprint import fingerprint


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (sp.csr_array([[1.0, 0]]), sp.csr_array([[-1.0, 0]])),
        (sp.csr_array([[1.0, 0]]), sp.csr_array([[0, 1.0]])),
        ({1, 2}, {1, 3}),
        (frozenset("ab"), frozenset("ac")),
        (np.array([1, "a"], object), np.array([1, "b"], object)),
        (np.array([[1], [2]], object), np.array([[1, 2]], object)),
        (lambda z: z, lambda z: -z),
        (lambda z: z + 1, lambda z: z + 2),
        (lambda z: np.sin(z), lambda z: np.cos(z)),
        (lambda z: [i + 1 for i in z], lambda z: [i + 2 for i in z]),
        (np.log, np.log1p),
        (len, abs),
        (float, int),
        (1, 1.0),
        (1, True),
        ("ab", ["a", "b"]),
        (FunctionTransformer(inverse_func=np.exp), FunctionTransformer(inverse_func=np.expm1)),
        (nn.Sequential(nn.ReLU()), nn.Sequential(nn.Tanh())),
    ],
)
def test_what_differs_has_another(one, other):
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint(one) == fingerprint(one)


def test_what_is_equal_has_the_same():
    twice = sp.coo_array(([1.0, 1.0], ([0, 0], [1, 1])), shape=(2, 3))
    assert fingerprint(twice.tocsr()) == fingerprint(twice.tocsr())
    assert fingerprint(sp.csr_array(([1.0, 1.0], [1, 1], [0, 2, 2]), shape=(2, 3))) == fingerprint(
        sp.csr_array(([2.0], [1], [0, 1, 1]), shape=(2, 3))
    )
    assert fingerprint(set("abcdef")) == fingerprint(set("fedcba"))
    assert fingerprint(np.float64(0.1)) == fingerprint(0.1)  # whose repr is of NumPy's version


def test_how_an_estimator_answers_does_not_count(digits):
    pipeline = make_pipeline(StandardScaler(), Autoencoder(2, max_iter=1, random_state=0))
    before = fingerprint(pipeline.fit(digits))
    pipeline.set_params(verbose=True, autoencoder__verbose=1, autoencoder__device="cpu")
    pipeline.set_output(transform="pandas")
    assert fingerprint(pipeline) == before
    pipeline[0].mean_[0] += 1e-9
    assert fingerprint(pipeline) != before


def test_modules_that_a_model_was_made_of_do_not_count_once_it_is_fitted(digits):
    encoder, decoder = nn.Linear(64, 2), nn.Linear(2, 64)
    model = Autoencoder(2, encoder=encoder, decoder=decoder, max_iter=1, random_state=0)
    before = fingerprint(model.fit(digits)), fingerprint(model.module_)
    with torch.no_grad():
        encoder.weight.zero_()
    assert (fingerprint(model), fingerprint(model.module_)) == before
    with torch.no_grad():
        next(model.module_.decoder.parameters()).add_(1e-6)
    assert fingerprint(model) != before[0] and fingerprint(model.module_) != before[1]


def test_arrays_count_with_their_dtype_and_shape():
    x = np.arange(6.0)
    kinds = [x, x.reshape(2, 3), x.astype("f4"), x.astype(">f8"), x[::-1], PCA(), None]
    assert len({fingerprint(kind) for kind in kinds}) == len(kinds)
