"""Each check of a parameter names it and what was found."""

import numpy as np
import pytest
import torch

from skdeepunsup._parameters import (
    PRECISIONS,
    check_integer,
    check_option,
    check_real,
    check_sizes,
    resolve_device,
    resolve_precision,
)


@pytest.mark.parametrize("value", [0, -3, 1.0, 2.5, "4", None, np.nan])
def test_integers_below_the_lowest_or_no_integers_are_refused(value):
    with pytest.raises((TypeError, ValueError), match="n_components") as error:
        check_integer("n_components", value, 1)
    assert str(value) in str(error.value) or type(value).__qualname__ in str(error.value)


@pytest.mark.parametrize("value", [1, 7, np.int32(7), np.uint8(1)])
def test_integers_from_the_lowest_on_are_sound(value):
    check_integer("n_components", value, 1)


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan, np.inf, -np.inf, "0.5", None, 1j])
def test_numbers_out_of_range_or_no_numbers_are_refused(value):
    with pytest.raises((TypeError, ValueError), match="momentum") as error:
        check_real("momentum", value, 0, 1)
    assert str(value) in str(error.value) or type(value).__qualname__ in str(error.value)


@pytest.mark.parametrize(
    ("boundaries", "sound"), [("both", {0, 1}), ("left", {0}), ("right", {1}), ("neither", set())]
)
def test_the_boundaries_are_part_of_the_range_where_asked(boundaries, sound):
    check_real("momentum", 0.5, 0, 1, boundaries)
    for bound in (0, 1):
        if bound in sound:
            check_real("momentum", bound, 0, 1, boundaries)
        else:
            with pytest.raises(ValueError, match=f"momentum == {bound}, must be"):
                check_real("momentum", bound, 0, 1, boundaries)


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_numbers_without_an_upper_bound_are_finite(value):
    check_real("learning_rate", 1e6, 0, boundaries="neither")
    with pytest.raises(ValueError, match=f"learning_rate == {value}, must be finite"):
        check_real("learning_rate", value, 0, boundaries="neither")


@pytest.mark.parametrize("value", ["cubic", "", None, 3, ["squared"], np.ones(2)])
def test_unknown_options_are_refused_and_the_known_ones_listed(value):
    with pytest.raises(
        ValueError, match=r"loss == .*must be one of \['bernoulli', 'squared'\]"
    ) as e:
        check_option("loss", value, ("squared", "bernoulli"))
    assert repr(value) in str(e.value)


def test_known_options_are_sound():
    check_option("loss", "squared", ("squared", "bernoulli"))


@pytest.mark.parametrize(
    ("value", "sizes"),
    [
        ((), ()),
        ([3], (3,)),
        ((5, 2), (5, 2)),
        (4, (4,)),
        (np.array([6, 7]), (6, 7)),
        (range(1, 3), (1, 2)),
    ],
)
def test_sizes_become_a_tuple_of_plain_integers(value, sizes):
    found = check_sizes("hidden_layer_sizes", value)
    assert found == sizes
    assert all(type(size) is int for size in found)


@pytest.mark.parametrize("value", [None, 1.5, "64", "(64,)"])
def test_sizes_that_are_no_sequence_are_refused(value):
    with pytest.raises(TypeError, match=r"hidden_layer_sizes == .*sequence of integers") as error:
        check_sizes("hidden_layer_sizes", value)
    assert repr(value) in str(error.value)


@pytest.mark.parametrize("value", [0, -1, (5, 0), (5, 2.0), ("5",), [None], [[1, 2]]])
def test_sizes_that_are_no_positive_integers_are_refused(value):
    with pytest.raises(ValueError, match=r"hidden_layer_sizes == .*at least 1") as error:
        check_sizes("hidden_layer_sizes", value)
    assert str(value) in str(error.value)


@pytest.mark.parametrize("name", PRECISIONS)
def test_precisions_are_torch_dtypes(name):
    assert resolve_precision(name) == getattr(torch, name)


@pytest.mark.parametrize("name", ["float16", "double", None, 32, torch.float32])
def test_unknown_precisions_are_refused(name):
    with pytest.raises(ValueError, match=r"precision == .*must be one of") as error:
        resolve_precision(name)
    assert repr(name) in str(error.value)


@pytest.mark.parametrize("name", ["gpu", "cuda:first", None, 3.5, ["cpu"]])
def test_unknown_devices_are_refused(name):
    with pytest.raises(ValueError, match=r"device == .*must be 'auto', 'cpu'") as error:
        resolve_device(name, "float32")
    assert repr(name) in str(error.value)


def without_accelerators(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.mark.parametrize("name", ["cuda", "cuda:1", "mps", "meta"])
def test_devices_that_are_not_there_are_refused(name, monkeypatch):
    without_accelerators(monkeypatch)
    with pytest.raises(ValueError, match=rf"device == '{name}', but.*use device='auto'"):
        resolve_device(name, "float32")


def test_auto_takes_cuda_then_mps_then_the_cpu(monkeypatch):
    without_accelerators(monkeypatch)
    assert resolve_device("auto", "float32").type == "cpu"
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert resolve_device("auto", "float32").type == "mps"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("auto", "float32").type == "cuda"
    assert resolve_device("cpu", "float32").type == "cpu"


def test_true_is_no_size():
    with pytest.raises(ValueError, match="sizes"):
        check_sizes("sizes", (True, 2))
