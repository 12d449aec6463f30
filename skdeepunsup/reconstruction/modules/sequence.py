"""Sequences whose next symbol is drawn given those before it and a code of them all."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, embedding
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from ..._persistence import RecordedModule
from ..._random import Stream
from ..._rows import Rows
from ...formulas.importance import importance_log_likelihood
from ...formulas.observation import drawn_code
from ...formulas.regularizers import below_free_bits, kl_divergence
from ...networks import Affine, Recurrent, initialize
from .variational import ACTIVE_VARIANCE, BLOCK_ENTRIES, MAX_LOG_VARIANCE, variance_of_codes

END = 0
"""The symbol of the first place of the padding; what comes after it is certain."""


class SequenceModule(RecordedModule):
    """p(x | z) = Πₜ p(xₜ | x₁ … xₜ₋₁, z), with q(z | x) = N(μ(x), σ²(x)) and p(z) = N(0, 1).

    A row is read as symbols up to its end: the codes 1 … K − 1 are their own symbols, END stands
    for the 0 from which on all are 0, and K for a 0 before another code. So that each row has one
    reading, END does not follow K, and K is not the last.

    Parameters
    ----------
    n_features : int
        Places L of a row.
    n_categories : int
        Codes K.
    n_components : int
        Width of z.
    embedding_size : int
        Width of what stands for a symbol.
    hidden_size : int
        Width of the decoder's state; the encoder's has half of it in each direction.
    word_dropout : float
        Share of the symbols that the decoder is not told afterwards, in training.
    beta : float
        What KL(q(z | x) ‖ p(z)) counts.
    kl_warmup : int
        Epochs over which it comes to count so much.
    free_bits : float
        Nats of each unit's mean KL that cost nothing less.
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
        self.normal = Affine(2 * half, 2 * n_components)
        self.first = Affine(n_components, hidden_size)
        self.decoder = Recurrent(embedding_size + n_components, hidden_size)
        self.readout = Affine(hidden_size, n_categories + 1)
        self.register_buffer("warmth", torch.zeros(()))
        self.register_buffer("code_variance", torch.zeros(n_components))
        self.warmth: Tensor
        self.code_variance: Tensor

    def initialize(self, stream: Stream) -> None:
        """Draw the first parameters; let σ(x) be 1 at first."""
        initialize(self, stream)
        stream.fill_uniform(self.embedding, -1.0, 1.0)
        with torch.no_grad():
            self.normal.weight[self.n_components :] = 0

    def read(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The symbols of rows, END in all their padding, and how many there are up to the first."""
        codes = x.long()
        places = torch.arange(1, self.n_features + 1, device=x.device)
        lengths = (places * (codes != 0)).amax(1)
        inner = (codes == 0) & (places < lengths[:, None])
        return codes.masked_fill(inner, self.inner_zero), (lengths + 1).clamp_max(self.n_features)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """μ(x) and log σ²(x) of q(z | x)."""
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
        """−log p(x | z) of each row, given one z.

        With a ``stream`` that draws which, some symbols are not told to those after them.
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
        """What the decoder begins with."""
        return self.first(z).tanh()

    def logits(self, states: Tensor, before: Tensor, place: Tensor) -> Tensor:
        """Of the symbols, given the decoder's states; −∞ of those that may not stand there."""
        logits = self.readout(states).to(self.warmth.dtype)
        forbidden = torch.zeros_like(logits, dtype=torch.bool)
        forbidden[:, END] = before == self.inner_zero
        forbidden[:, self.inner_zero] = place == self.n_features - 1
        return logits.masked_fill(forbidden, -torch.inf)

    def generate(self, z: Tensor, choose: Callable[[Tensor], Tensor]) -> Tensor:
        """The row of each z, one symbol after another, that ``choose`` takes by their logits."""
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
        """Return the row of each code whose every symbol is the likeliest after those before it."""
        return self.generate(h, lambda logits: logits.argmax(-1))

    def sample(self, n: int, temperature: float, stream: Stream) -> Tensor:
        """``n`` draws of x, with z from p(z)."""
        z = stream.normal_like(self.warmth.new_empty(n, self.n_components))
        temperature = max(temperature, torch.finfo(z.dtype).tiny)

        def choose(logits: Tensor) -> Tensor:
            below = logits - logits.amax(-1, keepdim=True)  # not to divide to +∞
            return drawn_code(below / temperature, stream)

        return self.generate(z, choose)

    def losses(self, x: Tensor, stream: Stream, weights: Tensor | None = None) -> dict[str, Tensor]:
        """Of each row, minus the bound in its terms, and what training changes of it."""
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
        """log 1/S Σₛ p(x, zₛ) / q(zₛ | x) of each row, with zₛ from q, the same noise for all rows.

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
        """Let KL count a little more, until it counts in full."""
        self.warmth.add_(1 / self.kl_warmup if self.kl_warmup else 1).clamp_max_(1)

    @torch.no_grad()
    def monitor(self, rows: Rows) -> dict[str, Tensor]:
        """How many units are active, on some of the rows, spread over all."""
        self.code_variance.copy_(variance_of_codes(self.encode, rows))
        return {"active_units": (self.code_variance > ACTIVE_VARIANCE).sum()}


def packed(entries: Tensor, lengths: Tensor) -> PackedSequence:
    """The first entries of each row, as many as its length, step by step."""
    return pack_padded_sequence(entries, lengths.cpu(), batch_first=True, enforce_sorted=False)


def replaced(sequence: PackedSequence, data: Tensor) -> PackedSequence:
    """A packed sequence with other data in the same places."""
    return sequence._replace(data=data)
