"""Missing entries completed by a generator: a search for codes whose rows match the observed."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from .._random import Stream
from ..base.generative import Completion
from ..training import Adam
from .modules.base import AdversarialModule

NOISE = 0.1
"""σ, the assumed deviation of an observed from a generated entry, in units of the rows' scale s."""
RATES = (0.1, 0.02)
"""Learning rates of Adam in the first and in the second half of the search."""
FIRST_ODDS = 3.0
"""Logit of the class from which a search starts; the other classes start at 0."""


class CodeSearch(Completion):
    """Adam lowers, from z₀ ~ N(0, 1) and ε ~ N(0, σ²) drawn for each row,

        Σᵢ (xᵢ + εᵢ − G(z)ᵢ)² / (2σ²) + ½ ‖z − z₀‖²,   i the observed entries.

    If G is linear, the minimum, which Adam approaches with more steps, is a draw from p(z | x) of
    the model x = G(z) + noise. Otherwise it is only a likely code, and different starts find
    different ones. Without observed entries it is z₀. In the first half of the search the class of
    a conditional GAN is the softmax of logits; the likeliest one is then kept.

    Parameters
    ----------
    module : AdversarialModule
    x : Tensor of shape (n, n_features)
        Rows, NaN where missing.
    stream : Stream

    References
    ----------
    R. Yeh et al., "Semantic image inpainting with deep generative models", CVPR 2017; J. Bardsley,
    A. Solonen, H. Haario, M. Laine, "Randomize-then-optimize: a method for sampling from posterior
    distributions in nonlinear inverse problems", SIAM Journal on Scientific Computing 36, 2014.
    """

    def __init__(self, module: AdversarialModule, x: Tensor, stream: Stream) -> None:
        self.module, self.observed = module, ~x.isnan()
        self.n_classes = len(module.arguments.get("classes", ()))
        start = module.draw_codes(len(x), stream)
        if self.n_classes:
            start[:, -self.n_classes :] *= FIRST_ODDS
        self.start, self.code = start, nn.Parameter(start.clone())
        self.label: Tensor | None = None
        u = module.standardize(x.nan_to_num(0.0))
        self.target = u + NOISE * stream.normal_like(u)
        self.optimizer = Adam(([self.code], 1.0), betas=(0.9, 0.99))

    def approach(self, n_steps: int) -> None:
        self._descend(n_steps, RATES[0], self._soft)

    def advance(self, n_steps: int) -> None:
        self._descend(n_steps, RATES[1], self._hard)

    def _descend(self, n_steps: int, rate: float, code_of: Callable[[], Tensor]) -> None:
        self.optimizer.pace = rate
        for _ in range(n_steps):
            with torch.enable_grad():
                u = self.module.standardize(self.module.decode(code_of()))
                errors = (u - self.target).square().where(self.observed, 0).sum() / NOISE**2
                loss = 0.5 * (errors + (self.code - self.start).square().sum())
                (self.code.grad,) = torch.autograd.grad(loss, [self.code])
            self.optimizer.step()

    def _soft(self) -> Tensor:
        """Return the code with probabilities of the classes."""
        if not self.n_classes:
            return self.code
        z, logits = self.code.tensor_split([-self.n_classes], dim=1)
        return torch.cat([z, logits.softmax(1)], dim=1)

    def _hard(self) -> Tensor:
        """Return the code with one class: the likeliest at the first call."""
        if not self.n_classes:
            return self.code
        z, logits = self.code.tensor_split([-self.n_classes], dim=1)
        if self.label is None:
            self.label = logits.argmax(1)
        return torch.cat([z, one_hot(self.label, self.n_classes).to(z)], dim=1)

    def draw(self) -> Tensor:
        return self.module.decode(self._hard())

    def expected(self) -> Tensor:
        return self.draw()

    def typical(self, mean: Tensor) -> Tensor:
        return mean
