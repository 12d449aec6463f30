"""How much room rows take: what the bound says, where seed and posterior are as it assumes."""

import numpy as np
import pytest
import torch
from scipy import stats

from skdeepunsup._random import Stream
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
from tests.applications.compression.compressing import tiny


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
