"""An encoder h with a head f on top: f(h(x)), both trained."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ..._persistence import RecordedModule
from ..._random import Stream
from ..._scaling import Scaling
from ...base.encoders import EncoderStack, Part
from ...networks import Dropout, dense


class FineTunedModule(RecordedModule):
    """f(h(x)): the head f, an affine map or a small network, of the code h.

    Parameters
    ----------
    parts : sequence of (type, dict)
        Modules of the encoder, as class and constructor arguments.
    n_outputs : int
        Width of f.
    hidden_layer_sizes : sequence of int, default=()
        Widths of the head's hidden layers.
    activation : str, default="relu"
        Activation of the head's hidden layers.
    dropout : float, default=0.0
        Share of the code and of the head's hidden units that is dropped in training.
    **further : Any
        Further arguments to record in ``arguments``, such as the classes.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        n_outputs: int,
        hidden_layer_sizes: Sequence[int] = (),
        activation: str = "relu",
        dropout: float = 0.0,
        **further: Any,
    ) -> None:
        super().__init__()
        self.stack = EncoderStack(parts)
        sizes = (self.stack.n_components, *hidden_layer_sizes, n_outputs)
        self.head = nn.Sequential(Dropout(dropout), dense(sizes, activation, dropout))

    @property
    def scaling(self) -> Scaling | None:
        """The units of the rows; None if they are those of the data."""
        return self.stack.scaling

    def output(self, x: Tensor) -> Tensor:
        """f(h(x)) of each row."""
        return self.head(self.stack.encode(x)).to(x.dtype)


class ClassifierModule(FineTunedModule):
    """P(class | x) = softmax(f(h(x)))."""

    def losses(
        self, x: Tensor, stream: Stream, weights: Tensor | None, labels: Tensor
    ) -> dict[str, Tensor]:
        """−log P(class | x) of each row, in nats."""
        return {"cross_entropy": cross_entropy(self.output(x), labels, reduction="none")}


class RegressorModule(FineTunedModule):
    """E[(y − m)/s | x] = f(h(x)), with m and s the mean and scale of the labels."""

    def losses(
        self, x: Tensor, stream: Stream, weights: Tensor | None, targets: Tensor
    ) -> dict[str, Tensor]:
        """‖(y − m)/s − f‖² of each row."""
        y = targets.to(x.dtype).reshape(len(x), -1)
        return {"squared_error": (y - self.output(x)).square().sum(-1)}
