"""The stream: right probabilities, one sequence for one seed, and nobody else's state touched."""

import math
import pickle

import numpy as np
import pytest
import torch
from scipy import stats

from skdeepunsup import _random
from skdeepunsup._persistence import to_arrays
from skdeepunsup._random import SharedStream, Stream

SIGMAS = 5  # one wrong alarm in two million
N = 1_000_000


def correlation_is_noise(x, y):
    return abs(np.corrcoef(x, y)[0, 1]) < SIGMAS / math.sqrt(len(x))


def same_sequence(one, other):
    """Whether two streams draw the same from here on, whatever is drawn."""
    draws = [
        lambda s: s.uniform((7,)),
        lambda s: s.uniform((5,), torch.float64),
        lambda s: s.bernoulli(torch.full((64,), 0.5)),
        lambda s: s.normal(3, 2),
        lambda s: s.permutation(20),
        lambda s: torch.from_numpy(s.numpy.random(3)),
    ]
    return all(torch.equal(draw(one), draw(other)) for draw in draws)


@pytest.mark.parametrize("p", [1e-6, 1e-5, 1 - 1e-5])
def test_rare_events_have_their_probability(p):
    stream, chunk, n_chunks = Stream(0), 10_000_000, 10
    probability = torch.full((chunk,), p)
    count = sum(int(stream.bernoulli(probability).sum(dtype=torch.int64)) for _ in range(n_chunks))
    n, p = chunk * n_chunks, float(probability[0].double())
    assert abs(count - n * p) < SIGMAS * math.sqrt(n * p * (1 - p))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_each_entry_has_its_own_probability(dtype):
    p = torch.tensor([1e-3, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999], dtype=dtype)
    n = 200_000
    mean = Stream(1).bernoulli(p.expand(n, -1)).double().mean(0)
    p = p.double()
    assert ((mean - p).abs() <= SIGMAS * (p * (1 - p) / n).sqrt()).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_certain_events_are_certain(dtype):
    stream = Stream(2)
    for _ in range(5):
        assert not stream.bernoulli(torch.zeros(4_000_000, dtype=dtype)).any()
        assert stream.bernoulli(torch.ones(4_000_000, dtype=dtype)).all()


def test_bernoulli_draws_bits_of_the_wider_float():
    for dtype, wanted in [(torch.float64, torch.float64), (torch.bfloat16, torch.float32)]:
        bits = Stream(0).bernoulli(torch.full((1000,), 0.5, dtype=dtype))
        assert bits.dtype == wanted
        assert set(bits.tolist()) == {0.0, 1.0}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_uniform_is_uniform(dtype):
    u = Stream(3).uniform((N,), dtype).numpy()
    assert stats.kstest(u, "uniform").pvalue > 1e-3
    counts = np.bincount((u * 256).astype(int), minlength=256)
    assert stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("word", [0, 2**64 - 1])
def test_uniform_stays_below_one_at_the_extreme_words(dtype, word):
    stream = Stream(0)
    stream._raw = lambda n: np.full(n, word, dtype=np.uint64)
    u = stream.uniform((5,), dtype)
    assert (u == 0).all() if word == 0 else (u < 1).all() and (u > 1 - 1e-7).all()
    assert not stream.bernoulli(torch.zeros(5, dtype=dtype)).any()
    assert stream.bernoulli(torch.ones(5, dtype=dtype)).all()


def test_float64_uniform_is_finer_than_32_bits():
    u = Stream(4).uniform((100_000,), torch.float64).numpy()
    assert stats.kstest(np.modf(u * 2.0**32)[0], "uniform").pvalue > 1e-3


def test_neighbours_are_independent():
    u = Stream(5).uniform((N,)).numpy()
    assert correlation_is_noise(u[:-1], u[1:])
    assert correlation_is_noise(u[::2], u[1::2])  # the two halves of one raw word


def test_successive_calls_are_independent():
    stream, p = Stream(6), torch.full((N,), 0.3)
    assert correlation_is_noise(stream.uniform((N,)).numpy(), stream.uniform((N,)).numpy())
    assert correlation_is_noise(stream.bernoulli(p).numpy(), stream.bernoulli(p).numpy())


@pytest.mark.parametrize("shape", [(), (1,), (3,), (7, 5), (0,), (0, 4), (3, 0)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_any_shape_is_drawn(shape, dtype):
    u = Stream(0).uniform(shape, dtype)
    assert u.shape == shape
    assert u.dtype == dtype
    assert Stream(0).bernoulli(torch.full(shape, 0.5)).shape == shape
    assert len(u.unique()) == u.numel()


def test_bernoulli_reads_probabilities_in_their_logical_order():
    p = torch.zeros(50, 30)
    p[:, ::2] = 1
    assert torch.equal(Stream(0).bernoulli(p.T), p.T)


def test_normal_is_standard():
    z = Stream(7).normal(500, 400).double().flatten().numpy()
    assert stats.kstest(z, "norm").pvalue > 1e-3


@pytest.mark.parametrize("n", [1, 9, 255])
def test_shared_counts_are_quantiles_of_shared_numbers(n, monkeypatch):
    """In blocks of rows or at once."""
    rng = np.random.default_rng(n)
    a, b = (torch.from_numpy(np.exp(rng.uniform(-6, 6, (20, 7)))) for _ in range(2))
    r = SharedStream(0, n_groups=2).uniform((20, 7), torch.float64)
    expected = stats.betabinom.ppf(r.numpy(), n, a.numpy(), b.numpy())
    for entries in (_random.TABLE_ENTRIES, 7 * (n + 1) * 3, 1):
        monkeypatch.setattr(_random, "TABLE_ENTRIES", entries)
        drawn = SharedStream(0, n_groups=2).beta_binomial(n, a, b)
        np.testing.assert_array_equal(drawn.numpy(), expected)
    assert drawn.dtype == torch.float64


def test_fill_uniform_fills_its_range_in_place():
    parameter = torch.nn.Parameter(torch.empty(500, 400))
    Stream(8).fill_uniform(parameter, -0.5, 2.0)
    u = (parameter.detach().double().flatten().numpy() + 0.5) / 2.5
    assert stats.kstest(u, "uniform").pvalue > 1e-3
    assert 0 <= u.min() <= u.max() < 1


def test_permutation_is_one():
    for n in (0, 1, 2, 1000):
        assert torch.equal(Stream(9).permutation(n).sort().values, torch.arange(n))


def test_permutations_are_equally_likely():
    stream = Stream(10)
    drawn = [tuple(stream.permutation(3).tolist()) for _ in range(6000)]
    counts = np.unique(drawn, axis=0, return_counts=True)[1]
    assert len(counts) == 6
    assert stats.chisquare(counts).pvalue > 1e-3


def test_one_seed_is_one_sequence():
    assert same_sequence(Stream(0), Stream(0))
    assert same_sequence(Stream(np.random.RandomState(3)), Stream(np.random.RandomState(3)))


def test_seeds_differ():
    one, other = Stream(0), Stream(1)
    assert not torch.equal(one.uniform((4,)), other.uniform((4,)))
    assert not torch.equal(one.permutation(50), other.permutation(50))
    assert not torch.equal(one.normal(4), other.normal(4))


def test_a_random_state_seeds_a_new_stream_each_time():
    random_state = np.random.RandomState(0)
    assert not torch.equal(Stream(random_state).normal(4), Stream(random_state).normal(4))


def test_none_follows_numpys_global_seed():
    before = np.random.get_state()
    try:
        draws = []
        for seed in (0, 0, 1):
            np.random.seed(seed)
            draws.append(Stream(None).normal(4))
    finally:
        np.random.set_state(before)
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_global_states_are_left_alone():
    numpy_before, torch_before = np.random.get_state(), torch.get_rng_state()
    assert same_sequence(Stream(0), Stream(0))
    Stream(0).fill_uniform(torch.empty(3), 0, 1)
    assert all(map(np.array_equal, np.random.get_state(), numpy_before))
    assert torch.equal(torch.get_rng_state(), torch_before)


def test_global_states_are_not_listened_to():
    numpy_before, torch_before = np.random.get_state(), torch.get_rng_state()
    try:
        one = Stream(0)
        np.random.seed(1)
        torch.manual_seed(1)
        assert same_sequence(one, Stream(0))
    finally:
        np.random.set_state(numpy_before)
        torch.set_rng_state(torch_before)


@pytest.mark.parametrize("n_drawn", [0, 7])
def test_a_stored_stream_goes_on_exactly(n_drawn):
    stream = Stream(0)
    stream.uniform((n_drawn,))
    stream.normal(n_drawn)
    stored = pickle.loads(pickle.dumps(to_arrays(stream.state_dict())))
    resumed = Stream(99)
    resumed.load_state_dict(stored)
    assert same_sequence(stream, resumed)


def test_a_stored_state_stands_still_while_the_stream_goes_on():
    stream, resumed = Stream(0), Stream(1)
    stored = stream.state_dict()
    first = stream.uniform((5,)), stream.permutation(50)
    resumed.load_state_dict(stored)
    assert torch.equal(resumed.uniform((5,)), first[0])
    assert torch.equal(resumed.permutation(50), first[1])


def stand_in_for_another_device(state):
    """A stream that believes itself on an accelerator, its generator apart from the host's."""
    stream = Stream(5)
    stream.device, stream.generator = torch.device("mps"), torch.Generator()
    stream.load_state_dict(state)
    return stream


def test_on_another_kind_of_device_a_stored_state_seeds_the_generator():
    stream = Stream(0)
    states = [stream.state_dict()]
    stream.uniform((3,))
    states.append(stream.state_dict())
    first, again, later = map(stand_in_for_another_device, [states[0], states[0], states[1]])
    draw = torch.rand(4, generator=first.generator)
    assert torch.equal(draw, torch.rand(4, generator=again.generator))
    assert not torch.equal(draw, torch.rand(4, generator=later.generator))


def test_what_is_drawn_on_the_host_goes_on_exactly_on_another_kind_of_device():
    stream = Stream(0)
    stream.permutation(9)
    other = stand_in_for_another_device(stream.state_dict())
    assert torch.equal(stream.permutation(50), other.permutation(50))


def test_an_accelerators_state_is_not_put_into_the_hosts_generator():
    stream = Stream(0)
    stored = stream.state_dict() | {"device": "cuda", "generator": np.zeros(16, np.uint8)}
    resumed = Stream(1)
    resumed.load_state_dict(stored)
    assert same_sequence(stream, resumed)


@pytest.mark.gpu
def test_an_accelerator_draws_right_probabilities_there():
    device = "cuda" if torch.cuda.is_available() else "mps"
    p = torch.full((N,), 0.01, device=device)
    bits = Stream(0, device).bernoulli(p)
    assert bits.device.type == device
    assert abs(float(bits.mean()) - 0.01) < SIGMAS * math.sqrt(0.01 * 0.99 / N)
    assert torch.equal(Stream(0, device).permutation(50), Stream(0).permutation(50))
    assert torch.equal(Stream(0, device).normal(3).cpu(), Stream(0).normal(3))


def test_the_stored_state_of_a_generator_is_shorter_than_torch_s():
    stream = Stream(0)
    stream.normal(10)
    packed = stream.state_dict()["host"]
    assert packed.nbytes < 0.7 * stream.host.get_state().numel()
    assert torch.equal(Stream.restored(stream.state_dict(), "cpu").normal(5), stream.normal(5))
