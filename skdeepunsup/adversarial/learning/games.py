"""The rules of a game: what each player loses by the critic's logits D(x), and penalties on D.

x are real rows, x̃ = G(z) the generator's. Each function gives a number for each row.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import softplus


class Game(NamedTuple):
    """The losses of a game, each a function of logits.

    Attributes
    ----------
    real, fake : callable
        What the discriminator loses by D(x) and by D(x̃).
    generator : callable
        What the generator loses by D(x̃).
    probability : callable
        ``probability(d, middle)``: how probably a row of logit d is real, ``middle`` being halfway
        between the mean logits of real rows and of the generator's.
    """

    real: Callable[[Tensor], Tensor]
    fake: Callable[[Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]
    probability: Callable[[Tensor, Tensor], Tensor]


def surprise_at_real(d: Tensor) -> Tensor:
    """−log σ(d): what it costs to have called a real row real with probability σ(d)."""
    return softplus(-d)


def surprise_at_fake(d: Tensor) -> Tensor:
    """−log(1 − σ(d))."""
    return softplus(d)


def negative(d: Tensor) -> Tensor:
    """−d: the Wasserstein critic wants real rows high, and every generator its own."""
    return -d


def itself(d: Tensor) -> Tensor:
    """d: the Wasserstein critic wants the generator's rows low."""
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


# What the best discriminator against a fixed generator says of p(x) and of the generator's q(x).


def log_odds(d: Tensor, middle: Tensor) -> Tensor:
    """σ(d), since the best d is log p(x) / q(x)."""
    return d.sigmoid()


def share(d: Tensor, middle: Tensor) -> Tensor:
    """d itself, held in [0, 1], since the best d is p(x) / (p(x) + q(x))."""
    return d.clamp(0, 1)


def side(d: Tensor, middle: Tensor) -> Tensor:
    """(d + 1) / 2, held in [0, 1], since the best d is the sign of p(x) − q(x)."""
    return ((d + 1) / 2).clamp(0, 1)


def relative_log_odds(d: Tensor, middle: Tensor) -> Tensor:
    """σ(d − middle): the Wasserstein critic has no zero of its own, nor a scale."""
    return (d - middle).sigmoid()


GAMES = {
    "non-saturating": Game(surprise_at_real, surprise_at_fake, surprise_at_real, log_odds),
    "wasserstein": Game(negative, itself, negative, relative_log_odds),
    "least-squares": Game(squares_to_one, squares_to_zero, squares_to_one, share),
    "hinge": Game(hinge_above_one, hinge_below_minus_one, negative, side),
}
"""By name: Goodfellow et al. 2014; Arjovsky et al. 2017; Mao et al. 2017; Lim and Ye 2017."""


def slopes(d: Tensor, x: Tensor) -> Tensor:
    """∂D(x)/∂x of each row, so that it can be differentiated itself."""
    (slope,) = torch.autograd.grad(d.sum(), x, create_graph=True)
    return slope


def r1(d: Tensor, x: Tensor) -> Tensor:
    """½ ‖∂D(x)/∂x‖², to be averaged over real rows (Mescheder, Geiger and Nowozin, 2018)."""
    return slopes(d, x).square().sum(-1) / 2


def one_lipschitz(d: Tensor, x: Tensor) -> Tensor:
    """(‖∂D(x)/∂x‖ − 1)², over points between real rows and others (Gulrajani et al., 2017)."""
    return (slopes(d, x).norm(dim=-1) - 1).square()
