"""Matrix products: one answer, whichever kernel gives it."""

import time

import pytest
import torch
from torch.nn.functional import linear

from skdeepunsup import _products
from skdeepunsup._products import MEASURED_FROM, add_product_, affine
from skdeepunsup._random import Stream
from skdeepunsup.networks import Linear

SIZES = [(1, 1, 1), (3, 5, 2), (31, 64, 32), (33, 257, 190), (128, 128, 64)]
"""(n, d, h): the last two are large enough for oneDNN."""


@pytest.fixture(params=["onednn", "addmm"])
def kernel(request, monkeypatch):
    """Each of the two kernels, whatever this processor prefers."""
    chosen = None
    if request.param == "onednn":
        chosen = getattr(torch.ops.mkldnn, "_linear_pointwise", None)
        if chosen is None or not torch.backends.mkldnn.is_available():
            pytest.skip("this build of torch has no oneDNN")
    monkeypatch.setattr(_products, "_onednn", chosen)
    monkeypatch.setattr(_products, "_forced", "onednn")
    return request.param


def normal(*shape, seed=0, transposed=False):
    z = Stream(seed).normal(*(shape[::-1] if transposed else shape))
    return z.T if transposed else z


def agrees(y, exact, magnitude, n_terms, unit=2.0**-24):
    """Whether y is ``exact`` within the rounding of any order of summation."""
    bound = (n_terms + 2) * unit * magnitude
    return bool(((y.double() - exact).abs() <= bound).all())


def test_sizes_lie_on_both_sides_of_the_threshold():
    assert {n * d * h >= MEASURED_FROM for n, d, h in SIZES} == {True, False}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("transposed", [(False, False), (True, False), (False, True), (True, True)])
def test_affine_is_x_w_plus_b(kernel, size, bias, transposed):
    n, d, h = size
    x = normal(n, d, transposed=transposed[0])
    W = normal(d, h, seed=1, transposed=transposed[1])
    b = normal(h, seed=2) if bias else None
    y = affine(x, W, b)
    assert y.dtype == torch.float32
    shift = b.double() if bias else torch.zeros(h, dtype=torch.float64)
    magnitude = x.double().abs() @ W.double().abs() + shift.abs()
    assert agrees(y, x.double() @ W.double() + shift, magnitude, d)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("transposed", [False, True])
def test_add_product_adds_the_scaled_product(kernel, size, transposed):
    n, d, h = size
    M, A, B = normal(d, h), normal(n, d, seed=1, transposed=transposed), normal(n, h, seed=2)
    exact = M.double() + 0.3 * A.double().T @ B.double()
    magnitude = M.double().abs() + 0.3 * A.double().abs().T @ B.double().abs()
    add_product_(M, A, B, 0.3)
    assert agrees(M, exact, magnitude, n + 1)


def test_onednn_takes_the_large_products_where_it_is_forced(monkeypatch):
    calls = []
    monkeypatch.setattr(_products, "_forced", "onednn")
    monkeypatch.setattr(_products, "_onednn", lambda x, W, b, *_: calls.append(x.shape) or x @ W.T)
    for n, d, h in SIZES:
        affine(normal(n, d), normal(d, h))
    assert calls == [(n, d) for n, d, h in SIZES if n * d * h >= MEASURED_FROM]


def slowed(kernel, seconds):
    def slow(*arguments):
        if seconds:  # else a busy machine would give the processor to others
            time.sleep(seconds)
        return kernel(*arguments)

    return slow


@pytest.mark.parametrize(("seconds", "name"), [(0.0, "oneDNN"), (0.05, "torch")])
def test_a_kernel_is_measured_once_for_each_class_of_shapes(seconds, name, monkeypatch):
    calls = []

    def kernel(x, W, *_):
        calls.append(x.shape)
        return x.new_empty(len(x), len(W))

    monkeypatch.setattr(_products, "_forced", None)
    monkeypatch.setattr(_products, "_chosen", {})
    monkeypatch.setattr(_products, "_onednn", slowed(kernel, seconds))
    x, W = normal(300, 600), normal(600, 500)
    affine(x, W)
    first = _products.ROUNDS + 1 + (name == "oneDNN")
    assert len(calls) == first
    affine(x, W)
    affine(normal(280, 520), normal(520, 511))  # of the same class
    assert len(calls) == first + 2 * (name == "oneDNN")
    assert _products.chosen_kernels() == {"511 × 1023 × 511": name}


def test_small_products_are_not_measured(monkeypatch):
    monkeypatch.setattr(_products, "_forced", None)
    monkeypatch.setattr(_products, "_chosen", {})
    monkeypatch.setattr(_products, "_onednn", lambda *_: pytest.fail("measured"))
    affine(normal(3, 5), normal(5, 2))
    assert _products.chosen_kernels() == {}


@pytest.mark.parametrize("forced", ["torch", "onednn"])
def test_the_variable_forces_a_kernel(forced, monkeypatch):
    monkeypatch.setattr(_products, "_forced", forced)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    assert (_products._find_onednn() is None) == (forced == "torch")


@pytest.mark.parametrize("size", SIZES)
def test_bfloat16_operands_give_float32_within_their_rounding(kernel, size):
    n, d, h = size
    x, W, b = normal(n, d).bfloat16(), normal(d, h, seed=1), normal(h, seed=2)
    y = affine(x, W, b)
    assert y.dtype == torch.float32
    W16 = W.bfloat16().double()
    product = x.double() @ W16
    accumulation = (d + 2) * 2.0**-24 * (x.double().abs() @ W16.abs() + b.abs())
    bound = 2.0**-8 * product.abs() + accumulation
    assert ((y - (product + b)).abs() <= bound).all()


@pytest.mark.parametrize("size", SIZES)
def test_bfloat16_products_are_added_to_a_float32_matrix(kernel, size):
    n, d, h = size
    M, A, B = normal(d, h), normal(n, d, seed=1).bfloat16(), normal(n, h, seed=2)
    product = A.double().T @ B.bfloat16().double()
    exact = M.double() + 0.3 * product
    add_product_(M, A, B, 0.3)
    magnitude = product.abs() * 2.0**-8 + (n + 2) * 2.0**-24 * (
        A.double().abs().T @ B.double().abs() + exact.abs()
    )
    assert M.dtype == torch.float32
    assert ((M - exact).abs() <= magnitude).all()


@pytest.mark.parametrize("size", SIZES)
def test_float64_is_left_to_matmul(kernel, size):
    n, d, h = size
    x, W, b = (normal(*s).double() for s in ((n, d), (d, h), (h,)))
    assert torch.equal(affine(x, W), x @ W)
    assert torch.equal(affine(x, W, b), torch.addmm(b, x, W))


def test_no_rows_give_no_rows(kernel):
    assert affine(torch.empty(0, 2000), normal(2000, 700), normal(700)).shape == (0, 700)
    M = normal(200, 70)
    before = M.clone()
    add_product_(M, torch.empty(0, 200), torch.empty(0, 70), 1.0)
    assert torch.equal(M, before)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("loss", ["sum", "weighted"])
def test_a_layer_has_the_gradients_of_autograd(kernel, size, loss):
    n, d, h = size
    layer = Linear(d, h)
    with torch.no_grad():
        layer.weight.copy_(normal(h, d))
        layer.bias.copy_(normal(h, seed=1))
    x = normal(n, d, seed=2).requires_grad_()
    c = normal(n, h, seed=3)
    exact = [t.detach().double().requires_grad_() for t in (x, layer.weight, layer.bias)]

    def lowered(y, c):
        return y.sum() if loss == "sum" else (c * y).sum()  # the first hands an expanded 1 back

    y = layer(x)
    lowered(y, c).backward()
    lowered(linear(*exact), c.double()).backward()
    dx, dW, db = (t.grad for t in exact)
    dy = (torch.ones_like(c) if loss == "sum" else c).double().abs()
    x64, W64, b64 = (t.detach().abs() for t in exact)
    assert agrees(y, linear(*exact).detach(), x64 @ W64.T + b64, d)
    assert agrees(x.grad, dx, dy @ W64, h)
    assert agrees(layer.weight.grad, dW, dy.T @ x64, n)
    assert agrees(layer.bias.grad, db, dy.sum(0), n)


def test_a_layer_gives_gradients_to_whoever_needs_them(kernel):
    layer = Linear(128, 128)
    torch.nn.init.zeros_(layer.weight), torch.nn.init.zeros_(layer.bias)
    data = normal(128, 128)
    layer(data).sum().backward()  # the first layer's input is data: no gradient for it
    assert data.grad is None
    assert layer.weight.grad is not None
    with torch.no_grad():
        assert not layer(data).requires_grad
