"""SequenceVAE: a distribution over all rows of codes, however it is computed."""

import math
from itertools import product

import numpy as np
import pytest
import torch
from scipy import stats

from skdeepunsup import SequenceVAE
from skdeepunsup._random import Stream
from skdeepunsup.formulas.observation import drawn_code
from skdeepunsup.formulas.regularizers import below_free_bits
from skdeepunsup.reconstruction.modules.sequence import SequenceModule

L, K = 4, 3
ROWS = torch.tensor(list(product(range(K), repeat=L)), dtype=torch.float64)
FIT = {"hidden_size": 32, "learning_rate": 1e-2, "max_iter": 20, "random_state": 0}
GRID = torch.linspace(-8, 8, 801, dtype=torch.float64)[:, None]
"""Grid of a code of one component, with steps of 0.02."""


def module_of(n_components=1, n_features=L, seed=0, scale=3.0, **arguments):
    """With weights that make p(x | z) far from uniform, and q(z | x) depend on x."""
    module = SequenceModule(n_features, K, n_components, 3, 5, **arguments)
    stream = Stream(seed)
    module.initialize(stream)
    with torch.no_grad():
        module.readout.weight.mul_(scale)
        stream.fill_uniform(module.normal.weight, -0.5, 0.5)
    return module.double().eval()


@pytest.fixture(scope="module")
def module():
    return module_of()


def conditional(module, z):
    """log p(x | z) of all rows given one z."""
    return -module.cross_entropy(ROWS, z.expand(len(ROWS), -1))


@pytest.fixture(scope="module")
def exact(module):
    """log p(x) of all rows, by integration."""
    with torch.no_grad():
        joint = torch.stack([conditional(module, z) for z in GRID])
    prior = torch.distributions.Normal(0.0, 1.0).log_prob(GRID) + math.log(0.02)
    return (joint + prior).logsumexp(0)


# The distribution


def test_all_rows_have_a_probability_and_they_sum_to_1(module, exact):
    for z in torch.tensor([[0.0], [2.0], [-1.3]], dtype=torch.float64):
        log_p = conditional(module, z)
        assert log_p.isfinite().all()
        assert log_p.exp().sum().item() == pytest.approx(1, abs=1e-12)
    assert exact.exp().sum().item() == pytest.approx(1, abs=1e-9)
    assert exact.exp().max() > 5 / len(ROWS)  # far from uniform


def test_the_likelihood_is_that_of_each_step(module):
    """Walk through each row symbol after symbol, as sampling does."""
    z = torch.tensor([[0.7]], dtype=torch.float64)
    for row, expected in zip(ROWS, conditional(module, z), strict=True):
        symbols, length = module.read(row[None])
        wanted, found = iter(symbols[0]), []

        def choose(logits, wanted=wanted, found=found):
            symbol = next(wanted)
            found.append(logits.log_softmax(-1)[0, symbol])
            return symbol[None]

        assert torch.equal(module.generate(z, choose)[0], row)
        assert sum(found[: int(length)]).item() == pytest.approx(expected.item(), abs=1e-12)


def test_importance_sampling_estimates_the_integral(module, exact):
    n = 10_000
    with torch.no_grad():
        found = module.log_likelihood(ROWS, n, Stream(1))
        mean, log_variance = module.posterior(ROWS)
        std = (log_variance / 2).exp()
        prior, q = torch.distributions.Normal(0.0, 1.0), torch.distributions.Normal(mean, std)
        # The variance of the weights under q, by integration as well.
        joint = torch.stack([conditional(module, z) for z in GRID]) + prior.log_prob(GRID)
        squares = 2 * joint - q.log_prob(GRID[:, None]).squeeze(-1) + math.log(0.02)
    relative = (squares.logsumexp(0) - 2 * exact).exp() - 1
    error = (relative / n).sqrt()
    assert ((found - exact).abs() < 4.5 * error + 1e-9).all()
    assert error.max() < 0.05


def test_samples_have_the_probabilities_of_the_rows(module, exact):
    n = 20_000
    powers = K ** torch.arange(L - 1, -1, -1)
    expected = n * exact.exp().numpy()
    assert expected.min() > 5
    distance = {}
    for temperature in (1.0, 1.3):
        with torch.no_grad():
            drawn = module.sample(n, temperature, Stream(0))
        counts = torch.bincount((drawn * powers).sum(-1).long(), minlength=len(ROWS))
        distance[temperature] = ((counts.numpy() - expected) ** 2 / expected).sum()
    assert stats.chi2(len(ROWS) - 1).sf(distance[1.0]) > 1e-3
    assert distance[1.3] > 2 * len(ROWS)


def test_greedy_decoding_takes_the_likeliest_symbol_after_those_before(module):
    for z in torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None, None]:
        p = conditional(module, z[0]).exp()
        row = module.decode(z)[0]
        for place in range(L):
            before = (ROWS[:, :place] == row[:place]).all(1)
            over = (ROWS[:, place:] == 0).all(1)
            ends = place == 0 or row[place - 1] != 0  # else an end would have been before
            chances = [p[before & over].sum() * ends]
            chances += [p[before & ~over & (ROWS[:, place] == code)].sum() for code in range(K)]
            best = int(torch.stack(chances).argmax())
            assert row[place] == max(best - 1, 0)
            if best == 0:
                assert not row[place:].any()
                break


def test_a_cold_sample_is_the_greedy_row(module):
    z = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    cold = module.generate(z, lambda logits: drawn_code(logits / 1e-9, Stream(0)))
    assert torch.equal(cold, module.decode(z))
    assert len(module.decode(z).unique(dim=0)) > 1


# Reading


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("temperature", [1e-40, 5e-324])
def test_the_coldest_sample_is_the_greedy_row(dtype, temperature):
    """Whose logits would be infinite, if they were divided, or temperature 0 in float32."""
    cold = module_of(scale=300.0).to(dtype)
    z = Stream(0).normal_like(torch.zeros(50, 1, dtype=dtype))
    assert torch.equal(cold.sample(50, temperature, Stream(0)), cold.decode(z))


def test_padding_is_all_zeros_from_the_last_code_on(module):
    x = torch.tensor([[0, 0, 0, 0], [1, 0, 0, 0], [2, 0, 1, 0], [0, 1, 2, 1.0]])
    symbols, lengths = module.read(x)
    inner = K
    assert symbols.tolist() == [[0, 0, 0, 0], [1, 0, 0, 0], [2, inner, 1, 0], [inner, 1, 2, 1]]
    assert lengths.tolist() == [1, 2, 4, 4]


def test_more_padding_changes_nothing():
    short, long = module_of(), module_of(n_features=L + 3)
    long.load_state_dict(short.state_dict())
    rows = ROWS[(ROWS[:, 2:] == 0).all(1)]
    padded = torch.cat([rows, rows.new_zeros(len(rows), 3)], 1)
    z = torch.full((len(rows), 1), 0.4, dtype=torch.float64)
    torch.testing.assert_close(
        short.cross_entropy(rows, z), long.cross_entropy(padded, z), rtol=0, atol=1e-13
    )
    torch.testing.assert_close(short.encode(rows), long.encode(padded), rtol=0, atol=1e-13)


def test_places_after_the_longest_row_are_not_gone_through(module, monkeypatch):
    lengths = []

    def counting(packed, *state):
        lengths.append(len(packed.batch_sizes))
        return decoder(packed, *state)

    decoder = module.decoder.forward
    monkeypatch.setattr(module.decoder, "forward", counting)
    rows = ROWS[(ROWS[:, 1:] == 0).all(1)]
    module.cross_entropy(rows, rows.new_zeros(len(rows), 1))
    assert lengths == [2]


def test_codes_do_not_depend_on_who_is_in_the_batch(module):
    apart = torch.cat([module.encode(row[None]) for row in ROWS])
    torch.testing.assert_close(module.encode(ROWS), apart, rtol=0, atol=1e-13)
    assert (apart - apart.mean(0)).abs().max() > 1e-2


# Training


def test_gradients_are_those_of_finite_differences():
    module = module_of(2, word_dropout=0.3, beta=0.5, kl_warmup=2, free_bits=0.3).train()
    module.begin_epoch()
    x = ROWS[::7]

    def loss():
        return sum(term.mean() for term in module.losses(x, Stream(3)).values())

    loss().backward()
    stream = Stream(5)
    for parameter in module.parameters():
        direction = stream.normal_like(parameter)
        ends = []
        for step in (1e-5, -1e-5):
            with torch.no_grad():
                parameter.add_(direction, alpha=step)
                ends.append(loss())
                parameter.sub_(direction, alpha=step)
        slope = ((ends[0] - ends[1]) / 2e-5).item()
        assert (parameter.grad * direction).sum().item() == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_losses_are_the_bound_and_what_training_makes_of_it():
    module = module_of(2, beta=0.5, kl_warmup=4, free_bits=0.3)
    bound = module.losses(ROWS, Stream(0))
    assert set(bound) == {"reconstruction", "kl"}
    module.train().begin_epoch()
    terms = module.losses(ROWS, Stream(0))
    mean, log_variance = module.posterior(ROWS)
    kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)
    torch.testing.assert_close(terms["kl"], kl.sum(1))
    for name in bound:
        torch.testing.assert_close(terms[name], bound[name])
    price = 0.5 / 4
    expected = (price - 1) * kl.sum(1) + price * below_free_bits(kl, 0.3)
    torch.testing.assert_close(terms["regularization"], expected)


def test_symbols_that_are_dropped_are_not_told():
    module = module_of(word_dropout=1.0).train()
    z = torch.zeros(len(ROWS), 1, dtype=torch.float64)
    module.cross_entropy(ROWS, z, Stream(0)).sum().backward()
    told = module.embedding.grad.abs().sum(1) > 0
    assert told.tolist() == [False] * (K + 1) + [True]
    module.zero_grad()
    module.cross_entropy(ROWS, z).sum().backward()
    assert (module.embedding.grad.abs().sum(1) > 0).tolist() == [False] + [True] * (K + 1)


def sequences(n, seed=0):
    """1, 2, 1, 2 … as long as one die of seven faces says, then 3 if a coin does."""
    rng = np.random.default_rng(seed)
    X = np.where(np.arange(9) % 2, 2, 1) * (np.arange(9) < rng.integers(1, 8, n)[:, None])
    X[np.arange(n), (X > 0).sum(1)] = 3 * (rng.random(n) < 0.5)
    return X


@pytest.fixture(scope="module")
def fitted():
    return SequenceVAE(2, embedding_size=8, free_bits=0.5, **FIT).fit(sequences(1000))


def test_a_fit_comes_near_the_entropy(fitted):
    scores = fitted.score_samples(sequences(1000, 1))
    assert -math.log(14) - 0.15 < scores.mean() < -math.log(14) + 0.02


def test_what_is_drawn_is_like_what_was_learned(fitted):
    drawn = fitted.sample(1000, random_state=0)
    known = {tuple(row) for row in sequences(1000)}
    assert len(known) == 14
    shares = np.mean([tuple(row) in known for row in drawn])
    assert shares > 0.97
    assert drawn.dtype == np.float64
    np.testing.assert_array_equal(drawn, fitted.sample(1000, random_state=0))


def test_codes_tell_sequences_apart(fitted):
    assert fitted.n_active_units_ == 2
    X = np.unique(sequences(1000), axis=0)
    assert (fitted.reconstruct(X) == X).all(1).mean() > 0.4  # by chance, one of 14
    assert fitted.history_["kl"][-1] > 0.9


def test_word_dropout_keeps_the_code_in_use():
    kl = [
        SequenceVAE(2, word_dropout=share, free_bits=0.0, **FIT)
        .fit(sequences(500))
        .history_["kl"][-1]
        for share in (0.0, 0.9)
    ]
    assert kl[1] > kl[0] + 0.3


@pytest.mark.parametrize(("schedule", "last"), [("constant", 1.0), ("linear", 0.01)])
def test_the_rate_ends_as_the_schedule_says(schedule, last, monkeypatch):
    objectives, made = [], SequenceVAE._objective

    def kept(*arguments):
        objectives.append(made(*arguments))
        return objectives[-1]

    monkeypatch.setattr(SequenceVAE, "_objective", kept)
    SequenceVAE(2, hidden_size=4, learning_rate_schedule=schedule, max_iter=20).fit(sequences(128))
    assert objectives[-1].optimizer.pace == pytest.approx(last, abs=0.06)


def test_early_stopping_keeps_the_best_epoch():
    model = SequenceVAE(2, early_stopping=True, n_iter_no_change=2, tol=0.1, random_state=0)
    model.fit(sequences(300))
    assert model.n_iter_ < model.max_iter
    assert {"validation_loss", "validation_kl"} <= set(model.history_)


# What is refused


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"hidden_size": 0}, "hidden_size"),
        ({"embedding_size": 1.5}, "embedding_size"),
        ({"word_dropout": 1.0}, "word_dropout"),
        ({"n_categories": 1}, "n_categories"),
        ({"n_categories": 3}, "X has 3.0 in column 4"),
        ({"beta": -1}, "beta"),
        ({"kl_warmup": 0.5}, "kl_warmup"),
        ({"free_bits": -1}, "free_bits"),
        ({"learning_rate_schedule": "cosine"}, "learning_rate_schedule"),
    ],
)
def test_bad_parameters_are_named(parameters, complaint):
    X = np.array([[1.0, 2, 1, 2, 3, 0]])
    error = TypeError if isinstance(next(iter(parameters.values())), float) else ValueError
    error = ValueError if complaint in ("word_dropout",) else error
    with pytest.raises(error, match=complaint):
        SequenceVAE(**parameters).fit(X)


def test_codes_that_no_fit_saw_are_refused(fitted):
    with pytest.raises(ValueError, match=r"X has 4\.0 in column 1, but a .* code 0 … 3; encode"):
        fitted.transform([[1, 4, 0, 0, 0, 0, 0, 0, 0]])
    with pytest.raises(ValueError, match="Negative values"):
        fitted.score_samples([[1, -1, 0, 0, 0, 0, 0, 0, 0]])


@pytest.mark.parametrize("temperature", [0, -1.0, math.inf])
def test_a_temperature_is_above_0(fitted, temperature):
    with pytest.raises(ValueError, match="temperature"):
        fitted.sample(temperature=temperature)
