"""Convolutional networks: rows in C order, channels last, of any size."""

import math
import pickle

import pytest
import torch
from torch import nn

from skdeepunsup._parameters import check_image_shape
from skdeepunsup._random import Stream
from skdeepunsup.networks import convolutional_decoder, convolutional_encoder, initialize
from skdeepunsup.networks.convolutional import Convolution, ToImages, ToRows, TransposedConvolution

SHAPES = [(1, 1), (1, 9), (2, 2), (7, 5), (8, 8), (13, 4, 3), (1, 1, 2), (9, 6, 1)]
CHANNELS = [(), (4,), (3, 5), (2, 3, 4, 5)]


def started(network, seed=0):
    initialize(network, Stream(seed))
    return network


def rows(n, shape, seed=0):
    return Stream(seed).normal(n, math.prod(shape))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("n", [0, 1, 4])
def test_the_decoder_gives_the_encoders_width_back(shape, channels, n):
    encoder = started(convolutional_encoder(shape, channels, 6, "relu"))
    decoder = started(convolutional_decoder(6, channels, shape, "relu"))
    x = rows(n, shape)
    h = encoder(x)
    assert h.shape == (n, 6)
    assert decoder(h).shape == x.shape


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (7, 8), (28, 28), (5, 64)])
def test_convolutions_halve_the_image_rounding_up_and_back(size):
    h, w = size
    half = Convolution(2, 3)(torch.zeros(1, 2, h, w))
    assert half.shape == (1, 3, math.ceil(h / 2), math.ceil(w / 2))
    assert TransposedConvolution(3, 2, size)(half).shape == (1, 2, h, w)


def test_a_convolution_is_torchs():
    ours, torchs = started(Convolution(2, 3)), nn.Conv2d(2, 3, 3, stride=2, padding=1)
    torchs.load_state_dict(ours.state_dict())
    x = Stream(1).normal(4, 2, 9, 6)
    assert torch.equal(ours(x), torchs(x))


def test_a_transposed_convolution_is_torchs_cut_to_size():
    ours = started(TransposedConvolution(3, 2, (9, 6)))
    torchs = nn.ConvTranspose2d(3, 2, 4, stride=2, padding=1)
    torchs.load_state_dict(ours.state_dict())
    x = Stream(1).normal(4, 3, 5, 3)
    assert torch.equal(ours(x), torchs(x)[:, :, :9])


def test_rows_are_images_flattened_in_c_order_channels_last():
    images = Stream(0).normal(2, 4, 5, 3)  # n, h, w, c
    x = images.reshape(2, -1)
    inside = ToImages(4, 5, 3)(x)
    assert torch.equal(inside, torch.movedim(images, 3, 1))
    assert torch.equal(ToRows()(inside), x)


def test_rows_become_images_without_a_copy():
    x = rows(2, (4, 5, 3))
    assert ToImages(4, 5, 3)(x).data_ptr() == x.data_ptr()


@pytest.mark.parametrize("pixel", [(0, 0), (4, 7), (11, 3)])
@pytest.mark.parametrize("channel", [0, 2])
def test_a_pixel_changes_only_features_near_it(pixel, channel):
    shape = (12, 9, 3)
    encoder = started(convolutional_encoder(shape, (8, 8), 4, "identity"))[:-2]  # before ToRows
    x = rows(1, shape).reshape(1, *shape)
    moved = x.clone()
    moved[0, pixel[0], pixel[1], channel] += 1
    change = (encoder(moved.flatten(1)) - encoder(x.flatten(1))).detach()[0].abs().sum(0)
    h, w = change.nonzero().T
    # Feature i of the second layer sees the pixels 4i - 3 ... 4i + 3.
    assert len(h)
    assert ((4 * h - pixel[0]).abs() <= 3).all()
    assert ((4 * w - pixel[1]).abs() <= 3).all()


def test_a_feature_changes_only_pixels_near_it():
    decoder = started(convolutional_decoder(4, (6, 8), (12, 9, 3), "identity"))[1:]
    features = Stream(1).normal(1, 3 * 3 * 8)
    moved = features.clone().view(1, 3, 3, 8)
    moved[0, 2, 1, 5] += 1
    change = (decoder(moved.flatten(1)) - decoder(features)).detach().view(12, 9, 3).abs().sum(2)
    h, w = change.nonzero().T
    # Two doublings: feature i reaches the pixels 4i - 3 ... 4i + 6.
    assert len(h)
    assert (h >= 8 - 3).all()
    assert (w >= 4 - 3).all() and (w <= 4 + 6).all()


def test_every_pixel_is_a_sum_of_as_many_terms():
    layer = TransposedConvolution(1, 1, (12, 12))
    nn.init.ones_(layer.weight), nn.init.zeros_(layer.bias)
    inner = layer(torch.ones(1, 1, 6, 6)).detach()[0, 0, 1:-1, 1:-1]
    assert torch.equal(inner, torch.full_like(inner, 4))


@pytest.mark.parametrize("shape", [(5, 4), (3, 6, 2)])
def test_gradients_are_right(shape):
    network = nn.Sequential(
        *convolutional_encoder(shape, (2, 3), 2, "tanh"),
        *convolutional_decoder(2, (2, 3), shape, "tanh"),
    )
    started(network).double()
    names, parameters = zip(*network.named_parameters(), strict=True)

    def output(x, *values):
        return torch.func.functional_call(network, dict(zip(names, values, strict=True)), (x,))

    x = rows(2, shape).double().requires_grad_()
    assert torch.autograd.gradcheck(output, (x, *parameters))


def test_activations_and_dropout_follow_hidden_layers_alone():
    encoder = convolutional_encoder((8, 8), (2, 3), 4, "elu", 0.2)
    decoder = convolutional_decoder(4, (2, 3), (8, 8), "elu", 0.2)
    names = [[type(layer).__name__ for layer in network] for network in (encoder, decoder)]
    hidden = ["ELU", "Dropout"]
    assert names == [
        ["ToImages", "Convolution", *hidden, "Convolution", *hidden, "ToRows", "Linear"],
        [
            "Linear",
            "ToImages",
            *hidden,
            "TransposedConvolution",
            *hidden,
            "TransposedConvolution",
            "ToRows",
        ],
    ]


def test_nothing_is_drawn_from_the_global_generator():
    before = torch.get_rng_state()
    started(convolutional_encoder((8, 8), (2, 3), 4, "relu"))
    started(convolutional_decoder(4, (2, 3), (8, 8), "relu"))
    assert torch.equal(torch.get_rng_state(), before)


def test_networks_can_be_pickled():
    network = started(convolutional_encoder((5, 4, 3), (2, 3), 4, "relu"))
    x = rows(3, (5, 4, 3))
    assert torch.equal(pickle.loads(pickle.dumps(network))(x), network(x))


def test_an_image_shape_has_its_channels():
    assert check_image_shape("image_shape", (4, 5), 20) == (4, 5, 1)
    assert check_image_shape("image_shape", [4, 5, 3], 60) == (4, 5, 3)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ((8, 8), ValueError, "(8, 8) has 64 values, but X has 60 columns; give the (height"),
        ((4, 5), ValueError, "(4, 5) has 20 values, but X has 60 columns"),
        (60, ValueError, "60, must be (height, width)"),
        ((60,), ValueError, "must be (height, width)"),
        ((3, 4, 5, 1), ValueError, "must be (height, width)"),
        ((0, 60), ValueError, "integers of at least 1"),
        ((6.0, 10), ValueError, "integers of at least 1"),
        ("6x10", TypeError, "sequence of integers"),
    ],
)
def test_what_is_no_shape_of_the_rows_is_an_error(value, error, message):
    with pytest.raises(error) as caught:
        check_image_shape("image_shape", value, 60)
    assert str(caught.value).startswith("image_shape == ")
    assert message in str(caught.value)
