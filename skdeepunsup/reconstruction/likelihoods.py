"""How far a reconstruction is from its row: one formula each, summed over features."""

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss


def squared_error(x: Tensor, r: Tensor) -> Tensor:
    """‖x − r‖² of each row."""
    return mse_loss(r, x, reduction="none").sum(-1)  # one kernel less than the formula, each way


def bernoulli_cross_entropy(x: Tensor, logits: Tensor) -> Tensor:
    """−Σᵢ xᵢ log rᵢ + (1 − xᵢ) log(1 − rᵢ) of each row, in nats, with r = σ(logits)."""
    return binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)
