"""From an image to a code and on to another image."""

import pytest
import torch

from skdeepunsup._random import Stream
from skdeepunsup.networks import ImageToImage, initialize, resized

SHAPES = [
    ((8, 8, 1), (8, 8, 1)),
    ((7, 5, 2), (7, 5, 3)),
    ((4, 4, 1), (8, 8, 1)),
    ((9, 6, 1), (3, 4, 2)),
    ((1, 1, 3), (5, 2, 1)),
]


def network(image_shape, target_shape, channels=(3, 4), seed=0):
    net = ImageToImage(image_shape, target_shape, channels, 5, "tanh").double()
    initialize(net, Stream(seed))
    return net


def rows(n, shape, seed=0):
    h, w, c = shape
    return torch.randn(n, h * w * c, generator=torch.Generator().manual_seed(seed)).double()


@pytest.mark.parametrize(("seen", "drawn"), SHAPES)
@pytest.mark.parametrize("channels", [(3,), (3, 4), (2, 3, 4)])
def test_rows_of_any_shape_become_rows_of_any_other(seen, drawn, channels):
    net = network(seen, drawn, channels)
    x = rows(6, seen)
    code, skips = net.encode(x)
    assert code.shape == (6, 5)
    assert len(skips) == len(channels) + 1
    h, w, c = drawn
    assert net(x).shape == (6, h * w * c)


@pytest.mark.parametrize(("seen", "drawn"), SHAPES)
def test_a_row_is_answered_alike_whoever_else_is_there(seen, drawn):
    net, x = network(seen, drawn), rows(6, seen)
    torch.testing.assert_close(net(x)[2:3], net(x[2:3]), rtol=1e-12, atol=1e-12)


def test_the_decoder_receives_each_layer_of_the_encoder_and_the_code():
    net, x = network((8, 8, 1), (8, 8, 1)), rows(2, (8, 8, 1))
    code, skips = net.encode(x)
    answer = net.decode(code, skips)
    assert not torch.equal(net.decode(code + 1, skips), answer)
    for level in range(len(skips)):
        changed = [f + 1 if i == level else f for i, f in enumerate(skips)]
        assert not torch.equal(net.decode(code, changed), answer)


def test_skip_connections_keep_the_place():
    """Without the code, and with one halving, far pixels do not matter."""
    net = network((16, 16, 1), (16, 16, 1), (3,))
    x = rows(1, (16, 16, 1))
    code, _ = net.encode(x)
    there = x.clone()
    there[0, 0] += 1  # the upper left corner
    change = net.decode(code, net.encode(there)[1]) - net.decode(code, net.encode(x)[1])
    change = change.view(16, 16).abs()
    assert change[0, 0] > 0
    assert change[8:].max() == 0
    assert change[:, 8:].max() == 0


def test_resizing_to_the_same_size_changes_nothing_and_keeps_what_is_constant():
    images = rows(2, (4, 6, 3)).view(2, 3, 4, 6)
    torch.testing.assert_close(resized(images, 4, 6), images)
    constant = torch.full((1, 1, 3, 5), 0.3).double()
    torch.testing.assert_close(resized(constant, 7, 9), torch.full((1, 1, 7, 9), 0.3).double())
