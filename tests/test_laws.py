"""Laws of answers: their shapes and types, and that they repeat whatever goes on around them.

Laws of other kinds are in the files `test_laws_*.py` beside it; those that hold for applications
as well are in test_laws_everywhere.py.
"""

import pickle
import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sklearn.base import clone

from tests.laws import (
    D,
    N,
    assert_same,
    each_kind,
    every,
    every_at_night,
    few_bits,
    fitted,
    outputs,
)

# Scores are compared with each other, not with the truth.
pytestmark = pytest.mark.usefixtures("hasty_log_partition")


@pytest.fixture
def X():
    return few_bits()


@every
def test_shapes_there_and_back(estimator, X):
    model = fitted(estimator)
    Z = model.transform(X)
    assert Z.shape == (N, 4)
    assert model.inverse_transform(Z).shape == (N, D)
    assert model.score_samples(X).shape == (N,)
    assert_same([model.reconstruct(X)], [model.inverse_transform(Z)], atol=1e-6)


@every_at_night
def test_float32_in_float32_out_and_all_else_float64(estimator, X):
    for dtype, out in [("f4", "f4"), ("f8", "f8"), ("i4", "f8"), ("?", "f8"), ("u1", "f8")]:
        model = clone(estimator).fit(X.astype(dtype))
        for answer in outputs(model, X.astype(dtype)):
            assert answer.dtype == np.dtype(out)


@every_at_night
def test_answers_repeat_whoever_else_is_in_the_batch(estimator, X):
    model = fitted(estimator)
    answers = outputs(model, X)
    assert_same(answers, outputs(model, X))
    alone = [np.concatenate(parts) for parts in zip(*(outputs(model, x[None]) for x in X[::3]))]  # noqa: B905
    assert_same([answer[::3] for answer in answers], alone, rtol=1e-5, atol=1e-6)


@every
def test_fit_transform_is_fit_then_transform(estimator, X):
    assert_same([clone(estimator).fit_transform(X)], [fitted(estimator).transform(X)])


@every_at_night
def test_a_seed_repeats_and_another_differs(estimator, X):
    first, again = (clone(estimator).fit(X) for _ in range(2))
    other = clone(estimator).set_params(random_state=1).fit(X)
    assert_same(outputs(first, X), outputs(again, X))
    assert np.abs(first.transform(X) - other.transform(X)).max() > 1e-6


@each_kind
def test_fits_in_threads_equal_fits_alone(estimator, X):
    seeds = range(6)
    fits = [clone(estimator).set_params(random_state=s) for s in seeds]
    alone = [clone(f).fit(X).transform(X) for f in fits]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda f: f.fit(X).transform(X), fits))
    assert_same(alone, together)


@every_at_night
def test_no_global_state_is_touched(estimator, X):
    numpy_before, torch_before = pickle.dumps(np.random.get_state()), torch.get_rng_state()
    python_before, threads = random.getstate(), torch.get_num_threads()
    model = clone(estimator).fit(X).partial_fit(X)
    outputs(model, X)
    assert pickle.dumps(np.random.get_state()) == numpy_before
    assert torch.equal(torch.get_rng_state(), torch_before)
    assert random.getstate() == python_before
    assert torch.get_num_threads() == threads
    assert torch.get_default_dtype() == torch.float32


@every
def test_score_is_the_mean_of_the_scores(estimator, X):
    model = fitted(estimator)
    score = model.score(X)
    assert type(score) is float
    assert score == pytest.approx(model.score_samples(X).mean(), rel=1e-6)


@each_kind
@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_a_caller_without_gradients_can_fit(estimator, X, context):
    with context():
        answers = outputs(clone(estimator).fit(X), X)
    assert_same(answers, outputs(clone(estimator).fit(X), X))


@each_kind
def test_torch_s_defaults_do_not_matter(estimator, X):
    expected = outputs(clone(estimator).fit(X), X)
    torch.set_default_dtype(torch.float64)
    try:
        assert_same(outputs(clone(estimator).fit(X), X), expected)
    finally:
        torch.set_default_dtype(torch.float32)
