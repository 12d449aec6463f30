"""Gradients of ImplicitVAE, written out for sparse rows, are those of autograd for dense ones."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from skdeepunsup import ImplicitVAE
from skdeepunsup._random import Stream
from skdeepunsup._rows import StreamedRows
from skdeepunsup._sparse_rows import sparse_rows
from skdeepunsup.applications.recommending.implicit_descent import (
    ImplicitDescent,
    SampledImplicitDescent,
)
from skdeepunsup.applications.recommending.implicit_module import ImplicitModule
from skdeepunsup.networks import initialize
from skdeepunsup.networks.sparse import lay_by_columns
from skdeepunsup.reconstruction.learning import sampled_ends
from skdeepunsup.reconstruction.learning.sampled_ends import SampledEnds
from skdeepunsup.training import Adam

N, D = 40, 15
X = sp.csr_array(np.random.default_rng(0).poisson(0.3, (N, D)).astype(float))

kinds = pytest.mark.parametrize("variational", [True, False])
hidden = pytest.mark.parametrize("hidden", [(), (6, 5)], ids=str)


def fitted(X=X, **parameters):
    options = {"max_iter": 4, "batch_size": 10, "precision": "float64"}
    if parameters.get("variational", True):
        options["kl_warmup"] = 2
    return ImplicitVAE(3, device="cpu", random_state=0, **options | parameters).fit(X)


@kinds
@hidden
@pytest.mark.parametrize("corruption_level", [0.0, 0.5])
def test_fits_are_those_by_autograd(variational, hidden, corruption_level, monkeypatch):
    options = {
        "variational": variational,
        "hidden_layer_sizes": hidden,
        "corruption_level": corruption_level,
        "early_stopping": True,
    }
    written = fitted(**options)
    monkeypatch.setattr(ImplicitVAE, "_is_written", lambda self: False)
    plain = fitted(**options)
    for name, values in plain.history_.items():
        np.testing.assert_allclose(written.history_[name], values, rtol=1e-9, err_msg=name)
    np.testing.assert_allclose(written.predict(X), plain.predict(X), atol=1e-9)


def module_of(hidden=(6, 5)):
    module = ImplicitModule(D, 3, hidden, "tanh", True, 0.5, 0, 0.5)
    initialize(module, Stream(0))
    return module.double()


def batch():
    rows = sparse_rows(StreamedRows(X, torch.device("cpu"), torch.float64))
    return rows.take(torch.arange(N))


def sampled_gradients(n_sampled, stream):
    module = module_of()
    ends = SampledEnds(module, n_sampled, 0.1)
    descent = SampledImplicitDescent(module, ends, stream)
    loss = descent.differentiate(batch(), None)["reconstruction"]
    tables = [
        torch.zeros_like(table.values).index_copy_(0, *table._received)
        for table in ends.optimizer.tables
    ]
    return loss, tables, module


def test_gradients_from_all_items_are_exact():
    whole = module_of()
    lay_by_columns(whole.encoder[0].weight)
    descent = ImplicitDescent(whole, Adam((whole.parameters(), 0.1)), Stream(0))
    expected = descent.differentiate(batch(), None)["reconstruction"]
    loss, tables, module = sampled_gradients(D, Stream(0))
    torch.testing.assert_close(loss, expected)
    ends = (
        whole.encoder[0].weight.grad.T,
        whole.decoder[-1].weight.grad,
        whole.decoder[-1].bias.grad,
    )
    for found, gradient in zip(tables, ends, strict=True):
        torch.testing.assert_close(found, gradient)
    for parameter, other in zip(module.parameters(), whole.parameters(), strict=True):
        if parameter.grad is not None:
            torch.testing.assert_close(parameter.grad, other.grad)


def test_the_sum_of_the_softmax_is_right_in_the_mean():
    few = X[:4]  # rows that lack most items
    rows = sparse_rows(StreamedRows(few, torch.device("cpu"), torch.float64))
    x, module = rows.take(torch.arange(4)), module_of()
    ends = SampledEnds(module, 3, 0.1)
    descent = SampledImplicitDescent(module, ends, Stream(0))
    z = torch.from_numpy(np.random.default_rng(0).normal(size=(4, 3)))
    truth, stream = module.decoder(z).exp().sum(1).detach(), Stream(1)
    sums = []
    for _ in range(2000):
        weights = ends.choose(x, stream)
        with torch.no_grad():
            sums.append(descent._decoder.forward(z).exp() @ weights)
    sums = torch.stack(sums)
    error = sums.std(0) / np.sqrt(len(sums))
    assert ((sums.mean(0) - truth).abs() < 4 * error + 1e-12).all()


def test_fits_that_draw_all_items_are_exact(monkeypatch):
    monkeypatch.setattr(sampled_ends, "columns_to_sample", lambda n_sampled, n_columns: n_columns)
    monkeypatch.setattr(
        "skdeepunsup.applications.recommending.implicit_vae.columns_to_sample",
        lambda n_sampled, n_columns: n_sampled,
    )
    # Adam moves items that no user of a batch has, lazy Adam only where they have a gradient.
    settings = {"batch_size": N, "weight_decay": 3.0, "max_iter": 6}
    drawn, whole = fitted(n_sampled=D, **settings), fitted(**settings)
    for name in ("loss", "reconstruction", "regularization"):
        np.testing.assert_allclose(drawn.history_[name], whole.history_[name], rtol=1e-9)
    np.testing.assert_allclose(drawn.predict(X), whole.predict(X), atol=1e-9)


def test_many_items_are_sampled_by_default(monkeypatch):
    monkeypatch.setattr(sampled_ends, "WIDE", D - 1)
    monkeypatch.setattr(sampled_ends, "SAMPLED", 3)
    drawn = fitted()
    assert drawn.history_ == fitted(n_sampled=3).history_
    monkeypatch.undo()
    assert drawn.history_ != fitted().history_
    assert fitted(n_sampled=D).history_ == fitted().history_


def test_tastes_are_learned_from_some_items():
    rng = np.random.default_rng(0)
    tastes = np.repeat(np.eye(2), 100, axis=1)[rng.integers(0, 2, 200)]
    X = sp.csr_array((rng.random(tastes.shape) < 0.05 * tastes).astype(float))
    model = fitted(X, n_sampled=10, batch_size=20, max_iter=60, learning_rate=1e-2)
    items, _ = model.recommend(np.eye(200)[[0, 150]], k=20)
    assert (items[0] < 100).mean() > 0.9 < (items[1] >= 100).mean()


def test_it_goes_on_where_it_ended():
    options = {"n_sampled": 4, "precision": "float32"}
    whole = fitted(max_iter=4, **options)
    part = fitted(max_iter=2, warm_start=True, **options).fit(X)
    assert part.history_["loss"] == pytest.approx(whole.history_["loss"], rel=1e-5)


def test_other_precisions_go_by_autograd():
    assert np.isfinite(fitted(precision="bfloat16").predict(X)).all()


@pytest.mark.parametrize("value", [0, -1, 2.5, True])
def test_the_number_is_checked(value):
    with pytest.raises((TypeError, ValueError), match="n_sampled"):
        fitted(n_sampled=value)
