"""Variational autoencoder of sequences: each symbol is drawn given those before it and a code."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, embedding
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from ..._persistence import RecordedModule
from ..._random import Stream
from ..._rows import Rows, variance_over_some_rows
from ...formulas.importance import importance_log_likelihood
from ...formulas.observation import drawn_code
from ...formulas.regularizers import below_free_bits, kl_divergence
from ...networks import Linear, Recurrent, initialize
from .variational import ACTIVE_VARIANCE, BLOCK_ENTRIES, MAX_LOG_VARIANCE

END = 0
"""Symbol at the first place of the padding; the places after it are certain."""


class SequenceModule(RecordedModule):
    """p(x | z) = Πₜ p(xₜ | x₁ … xₜ₋₁, z), with q(z | x) = N(μ(x), σ²(x)) and p(z) = N(0, 1).

    A row is read as symbols up to its end: the codes 1 … K − 1 are their own symbols, END stands
    for the 0 from which on all are 0, and K for a 0 before another code. So that each row has one
    reading, END does not follow K, and K is not the last.

    Parameters
    ----------
    n_features : int
        Length L of a row, padding included.
    n_categories : int
        Number K of codes.
    n_components : int
        Width of z.
    embedding_size : int
        Width of the vector of a symbol.
    hidden_size : int
        Width of the decoder's state; the encoder's has half of it in each direction.
    word_dropout : float, default=0.0
        In training, share of the symbols that the decoder does not see when it predicts later ones.
    beta : float, default=1.0
        Weight of KL(q(z | x) ‖ p(z)).
    kl_warmup : int, default=0
        Epochs over which this weight rises linearly from 0 to its full value.
    free_bits : float, default=0.0
        Nats below which lowering the mean KL of a unit over a batch gains nothing.
    """

    def __init__(
        self,
        n_features: int,
        n_categories: int,
        n_components: int,
        embedding_size: int,
        hidden_size: int,
        word_dropout: float = 0.0,
        beta: float = 1.0,
        kl_warmup: int = 0,
        free_bits: float = 0.0,
    ) -> None:
        super().__init__()
        self.n_features, self.n_components = n_features, n_components
        self.word_dropout, self.hidden_size = word_dropout, hidden_size
        self.beta, self.kl_warmup, self.free_bits = beta, kl_warmup, free_bits
        self.inner_zero, self.unknown = n_categories, n_categories + 1
        half = (hidden_size + 1) // 2
        self.embedding = nn.Parameter(torch.empty(n_categories + 2, embedding_size))
        self.forwards = Recurrent(embedding_size, half)
        self.backwards = Recurrent(embedding_size, half)
        self.normal = Linear(2 * half, 2 * n_components)
        self.first = Linear(n_components, hidden_size)
        self.decoder = Recurrent(embedding_size + n_components, hidden_size)
        self.readout = Linear(hidden_size, n_categories + 1)
        self.register_buffer("warmth", torch.zeros(()))
        self.register_buffer("code_variance", torch.zeros(n_components))
        self.warmth: Tensor
        self.code_variance: Tensor

    def initialize(self, stream: Stream) -> None:
        """Draw the first parameters, with σ(x) = 1 at first."""
        initialize(self, stream)
        stream.fill_uniform(self.embedding, -1.0, 1.0)
        with torch.no_grad():
            self.normal.weight[self.n_components :] = 0

    def read(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the symbols of rows, END in the padding, and the lengths up to the first END."""
        codes = x.long()
        places = torch.arange(1, self.n_features + 1, device=x.device)
        lengths = (places * (codes != 0)).amax(1)
        inner = (codes == 0) & (places < lengths[:, None])
        return codes.masked_fill(inner, self.inner_zero), (lengths + 1).clamp_max(self.n_features)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return μ(x) and log σ²(x) of q(z | x)."""
        symbols, lengths = self.read(x)
        places = torch.arange(self.n_features, device=x.device)
        mirrored = symbols.gather(1, (lengths[:, None] - 1 - places).clamp_min(0))
        ends = []
        for network, seen in ((self.forwards, symbols), (self.backwards, mirrored)):
            sequence = packed(seen, lengths)
            inputs = replaced(sequence, embedding(sequence.data, self.embedding))
            ends.append(network(inputs)[1])
        output = self.normal(torch.cat(ends, -1)).to(self.warmth.dtype)
        mean, log_variance = output.chunk(2, dim=-1)
        return mean, log_variance.clamp(-MAX_LOG_VARIANCE, MAX_LOG_VARIANCE)

    def encode(self, x: Tensor) -> Tensor:
        """Return μ(x)."""
        return self.posterior(x)[0]

    def cross_entropy(self, x: Tensor, z: Tensor, stream: Stream | None = None) -> Tensor:
        """Return −log p(x | z) of each row, given one z for each, in nats.

        With a ``stream``, which draws the word dropout, the decoder does not see all symbols.
        """
        symbols, lengths = self.read(x)
        before = symbols.roll(1, 1)
        before[:, 0] = self.unknown
        told = before
        if stream is not None and self.word_dropout:
            dropped = stream.uniform(tuple(before.shape)) < self.word_dropout
            told = before.masked_fill(dropped, self.unknown)
        row = torch.arange(len(x), device=x.device)[:, None].expand_as(symbols)
        place = torch.arange(self.n_features, device=x.device).expand_as(symbols)
        table = packed(torch.stack([symbols, before, told, row, place], -1), lengths)
        symbols, before, told, row, place = table.data.unbind(-1)
        inputs = torch.cat([embedding(told, self.embedding), z[row]], -1)
        states, _ = self.decoder(replaced(table, inputs), self.first_state(z))
        logits = self.logits(states.data, before, place)
        entries = replaced(table, cross_entropy(logits, symbols, reduction="none"))
        return pad_packed_sequence(entries, batch_first=True)[0].sum(-1)

    def first_state(self, z: Tensor) -> Tensor:
        """Return the decoder's first state, given z."""
        return self.first(z).tanh()

    def logits(self, states: Tensor, before: Tensor, place: Tensor) -> Tensor:
        """Return the logits of the symbols, given the decoder's states.

        Symbols that are not allowed at their ``place`` after the symbol ``before`` have −∞.
        """
        logits = self.readout(states).to(self.warmth.dtype)
        forbidden = torch.zeros_like(logits, dtype=torch.bool)
        forbidden[:, END] = before == self.inner_zero
        forbidden[:, self.inner_zero] = place == self.n_features - 1
        return logits.masked_fill(forbidden, -torch.inf)

    def generate(self, z: Tensor, choose: Callable[[Tensor], Tensor]) -> Tensor:
        """Return the row of each z, built symbol by symbol; ``choose`` picks one from logits."""
        codes = z.new_zeros(len(z), self.n_features)
        before = z.new_full((len(z),), self.unknown, dtype=torch.long)
        state = self.first_state(z)
        for place in range(self.n_features):
            inputs = torch.cat([embedding(before, self.embedding), z], -1)
            state = self.decoder.step(inputs, state)
            logits = self.logits(state, before, before.new_full((), place))
            before = choose(logits).masked_fill(before == END, END)
            if not before.any():
                break
            codes[:, place] = before % self.inner_zero
        return codes

    def decode(self, h: Tensor) -> Tensor:
        """Return a row for each code, taking the likeliest symbol at each place."""
        return self.generate(h, lambda logits: logits.argmax(-1))

    def sample(self, n: int, temperature: float, stream: Stream) -> Tensor:
        """Draw ``n`` rows x, with z from p(z); logits are divided by ``temperature``."""
        z = stream.normal_like(self.warmth.new_empty(n, self.n_components))
        temperature = max(temperature, torch.finfo(z.dtype).tiny)

        def choose(logits: Tensor) -> Tensor:
            below = logits - logits.amax(-1, keepdim=True)  # so that none divides to +∞
            return drawn_code(below / temperature, stream)

        return self.generate(z, choose)

    def losses(self, x: Tensor, stream: Stream, weights: Tensor | None = None) -> dict[str, Tensor]:
        """Return minus the bound of each row in its terms; in training also what is added to it."""
        mean, log_variance = self.posterior(x)
        kl = kl_divergence(mean, log_variance)
        z = mean + (log_variance / 2).exp() * stream.normal_like(mean)
        errors = self.cross_entropy(x, z, stream if self.training else None)
        terms = {"reconstruction": errors, "kl": kl.sum(-1)}
        if self.training:
            price = self.warmth * self.beta
            changed = (price - 1) * terms["kl"]
            if self.free_bits:
                changed = changed + price * below_free_bits(kl, self.free_bits, weights)
            terms["regularization"] = changed
        return terms

    def log_likelihood(self, x: Tensor, n_samples: int, stream: Stream) -> Tensor:
        """Estimate log p(x) of each row as log 1/S Σₛ p(x, zₛ) / q(zₛ | x), in nats.

        The S = ``n_samples`` draws zₛ from q use the same noise for all rows.

        References
        ----------
        Y. Burda, R. Grosse, R. Salakhutdinov, "Importance weighted autoencoders", ICLR 2016.
        """
        mean, log_variance = self.posterior(x)
        block = max(1, BLOCK_ENTRIES // (len(x) * self.n_features * self.hidden_size))
        noise = stream.normal(n_samples, 1, self.n_components).to(mean)

        def errors(z: Tensor) -> Tensor:
            copies = x.expand(len(z), *x.shape).flatten(0, 1)
            return self.cross_entropy(copies, z.flatten(0, 1)).unflatten(0, z.shape[:2])

        return importance_log_likelihood(errors, mean, log_variance, noise.split(block))

    def begin_epoch(self) -> None:
        """Raise the weight of KL by one step of the warm-up."""
        self.warmth.add_(1 / self.kl_warmup if self.kl_warmup else 1).clamp_max_(1)

    @torch.no_grad()
    def monitor(self, rows: Rows) -> dict[str, Tensor]:
        """Return the number of active units, and keep the variances of the codes."""
        self.code_variance.copy_(variance_over_some_rows(self.encode, rows))
        return {"active_units": (self.code_variance > ACTIVE_VARIANCE).sum()}


def packed(entries: Tensor, lengths: Tensor) -> PackedSequence:
    """Pack the first ``lengths`` entries of each row, step by step."""
    return pack_padded_sequence(entries, lengths.cpu(), batch_first=True, enforce_sorted=False)


def replaced(sequence: PackedSequence, data: Tensor) -> PackedSequence:
    """Return a packed sequence with other data in the same places."""
    return sequence._replace(data=data)
