"""The rules of the games: each player's loss, given the logits d of D, and penalties on D.

x are real rows and x̃ = G(z) generated ones. Each function returns a number for each row.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import softplus


class Game(NamedTuple):
    """The losses of a game, each a function of the logits d.

    Attributes
    ----------
    real, fake : callable
        The discriminator's losses, given D(x) and given D(x̃).
    generator : callable
        The generator's loss, given D(x̃).
    probability : callable
        ``probability(d, middle)`` is the probability that a row with logit d is real; ``middle`` is
        halfway between the mean logits of real and of generated rows.
    """

    real: Callable[[Tensor], Tensor]
    fake: Callable[[Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]
    probability: Callable[[Tensor, Tensor], Tensor]


def surprise_at_real(d: Tensor) -> Tensor:
    """−log σ(d): the cross-entropy of a real row that is called real with probability σ(d)."""
    return softplus(-d)


def surprise_at_fake(d: Tensor) -> Tensor:
    """−log(1 − σ(d)): the cross-entropy of a generated row."""
    return softplus(d)


def negative(d: Tensor) -> Tensor:
    """−d: the Wasserstein critic raises the logits of real rows, a generator those of its own."""
    return -d


def itself(d: Tensor) -> Tensor:
    """d: the Wasserstein critic lowers the logits of generated rows."""
    return d


def squares_to_one(d: Tensor) -> Tensor:
    """½ (d − 1)²."""
    return (d - 1).square() / 2


def squares_to_zero(d: Tensor) -> Tensor:
    """½ d²."""
    return d.square() / 2


def hinge_above_one(d: Tensor) -> Tensor:
    """max(0, 1 − d)."""
    return (1 - d).relu()


def hinge_below_minus_one(d: Tensor) -> Tensor:
    """max(0, 1 + d)."""
    return (1 + d).relu()


# Probabilities, from the best discriminator against a fixed generator with density q(x), for data
# with density p(x).


def log_odds(d: Tensor, middle: Tensor) -> Tensor:
    """σ(d), since the best d is log p(x) / q(x)."""
    return d.sigmoid()


def share(d: Tensor, middle: Tensor) -> Tensor:
    """d clamped to [0, 1], since the best d is p(x) / (p(x) + q(x))."""
    return d.clamp(0, 1)


def side(d: Tensor, middle: Tensor) -> Tensor:
    """(d + 1) / 2 clamped to [0, 1], since the best d is the sign of p(x) − q(x)."""
    return ((d + 1) / 2).clamp(0, 1)


def relative_log_odds(d: Tensor, middle: Tensor) -> Tensor:
    """σ(d − middle), since the Wasserstein critic's logits have neither a zero nor a scale."""
    return (d - middle).sigmoid()


GAMES = {
    "non-saturating": Game(surprise_at_real, surprise_at_fake, surprise_at_real, log_odds),
    "wasserstein": Game(negative, itself, negative, relative_log_odds),
    "least-squares": Game(squares_to_one, squares_to_zero, squares_to_one, share),
    "hinge": Game(hinge_above_one, hinge_below_minus_one, negative, side),
}
"""The games: Goodfellow et al. 2014; Arjovsky et al. 2017; Mao et al. 2017; Lim and Ye 2017."""


def slopes(d: Tensor, x: Tensor) -> Tensor:
    """∂D(x)/∂x of each row, itself differentiable."""
    (slope,) = torch.autograd.grad(d.sum(), x, create_graph=True)
    return slope


def r1(d: Tensor, x: Tensor) -> Tensor:
    """½ ‖∂D(x)/∂x‖², averaged over real rows (Mescheder, Geiger and Nowozin, 2018)."""
    return slopes(d, x).square().sum(-1) / 2


def one_lipschitz(d: Tensor, x: Tensor) -> Tensor:
    """(‖∂D(x)/∂x‖ − 1)², at points between real and generated rows (Gulrajani et al., 2017)."""
    return (slopes(d, x).norm(dim=-1) - 1).square()
