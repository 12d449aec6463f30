"""Dense networks with their gradients written out, in a few calls into memory allocated once.

Autograd takes as long for the bookkeeping of a small batch as for its products. A `WrittenNetwork`
makes the same calls as autograd would, without the bookkeeping.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from .._products import add_product_, affine_into
from .dense import ACTIVATIONS, Linear
from .dropout import Dropout, noise

aten = torch.ops.aten


class Layer(Protocol):
    """y = f(x), and ∂L/∂x given ∂L/∂y. Results are overwritten by the next batch."""

    # Untyped, as the first layer may take a batch of sparse rows.
    def forward(self, x: Any) -> Tensor:
        """Return y, of shape (n, n_outputs), and keep what ``backward`` needs."""

    def backward(self, dy: Tensor, wants_dx: bool) -> Tensor | None:
        """Set the gradients of the parameters; return ∂L/∂x, or None if it is not wanted.

        ``dy`` may be overwritten.
        """


class Memory:
    """A tensor for results of each size of batches, made when such a batch first comes.

    Parameters
    ----------
    like : Tensor
        Has their dtype and device.
    width : int
        Their number of columns.
    """

    def __init__(self, like: Tensor, width: int) -> None:
        self._like, self._width = like, width
        self._made: dict[int, Tensor] = {}

    def __call__(self, batch: Tensor) -> Tensor:
        n = batch.size(0)  # len() takes ten times as long
        if n not in self._made:
            self._made[n] = self._like.new_empty(n, self._width)
        return self._made[n]


class Affine:
    """y = x Wᵀ + b; ∂L/∂W = dyᵀ x, ∂L/∂b = Σ dy over the rows, ∂L/∂x = dy W.

    Parameters
    ----------
    W : Tensor of shape (n_outputs, n_inputs)
    b : Tensor of shape (n_outputs,)
    dW, db : Tensor
        Their gradients are written there.
    adds : bool
        Whether ∂L/∂W is added to what ``dW`` holds: W serves elsewhere, too.
    """

    def __init__(self, W: Tensor, b: Tensor, dW: Tensor, db: Tensor, adds: bool) -> None:
        self.W, self.b, self.dW, self.db, self.adds = W, b, dW, db, adds
        n_outputs, n_inputs = W.shape
        self._y, self._dx = Memory(W, n_outputs), Memory(W, n_inputs)

    def forward(self, x: Tensor) -> Tensor:
        self._x = x
        return affine_into(self._y(x), x, self.W.T, self.b)

    def backward(self, dy: Tensor, wants_dx: bool) -> Tensor | None:
        if self.adds:
            add_product_(self.dW, dy, self._x, 1.0)
        else:
            affine_into(self.dW, dy.T, self._x)
        torch.sum(dy, 0, out=self.db)
        return affine_into(self._dx(dy), dy, self.W) if wants_dx else None


class Activation:
    """y = s(x) of each entry, in place where s′ is a function of y.

    Parameters
    ----------
    forward : callable
        Maps x to y.
    derivative : callable
        Changes ∂L/∂y into ∂L/∂x, in place, given y, or x with ``keeps_input``.
    keeps_input : bool
        Whether the derivative takes x rather than y.
    """

    def __init__(
        self,
        forward: Callable[[Tensor], Tensor],
        derivative: Callable[[Tensor, Tensor], Any],
        keeps_input: bool = False,
    ) -> None:
        self._forward, self._derivative, self._keeps_input = forward, derivative, keeps_input

    def forward(self, x: Tensor) -> Tensor:
        y = self._forward(x)
        self._kept = x if self._keeps_input else y
        return y

    def backward(self, dy: Tensor, wants_dx: bool) -> Tensor | None:
        self._derivative(dy, self._kept)
        return dy


ACTIVATION_LAYERS: dict[str, Callable[[], Layer]] = {
    "logistic": lambda: Activation(
        torch.sigmoid_, lambda d, y: aten.sigmoid_backward(d, y, grad_input=d)
    ),
    "tanh": lambda: Activation(torch.tanh_, lambda d, y: aten.tanh_backward(d, y, grad_input=d)),
    "relu": lambda: Activation(
        torch.relu_, lambda d, y: aten.threshold_backward(d, y, 0, grad_input=d)
    ),
    "elu": lambda: Activation(
        nn.functional.elu_, lambda d, y: aten.elu_backward(d, 1, 1, 1, True, y, grad_input=d)
    ),
    "gelu": lambda: Activation(
        nn.functional.gelu, lambda d, x: aten.gelu_backward(d, x, grad_input=d), True
    ),
    "silu": lambda: Activation(
        nn.functional.silu, lambda d, x: aten.silu_backward(d, x, grad_input=d), True
    ),
}
"""The activations of ``ACTIVATIONS`` but the identity, which is no layer."""


class DroppedOut:
    """y = x · m and ∂L/∂x = ∂L/∂y · m, with the noise m of a `Dropout`.

    Parameters
    ----------
    dropout : Dropout
        Draws m from its stream.
    memory : Memory
        For y.
    """

    def __init__(self, dropout: Dropout, memory: Memory) -> None:
        self.dropout, self._y = dropout, memory

    def forward(self, x: Tensor) -> Tensor:
        assert self.dropout.stream is not None
        self._noise = noise(x, self.dropout.p, self.dropout.stream)
        return torch.mul(x, self._noise, out=self._y(x))

    def backward(self, dy: Tensor, wants_dx: bool) -> Tensor | None:
        return dy.mul_(self._noise)


class WrittenNetwork:
    """Layers one after the other.

    Parameters
    ----------
    layers : sequence of Layer
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = layers

    def forward(self, x: Any) -> Tensor:
        """Return the network's output for rows ``x``."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dy: Tensor, wants_dx: bool) -> Tensor | None:
        """Set the gradients of all parameters; return ∂L/∂x, or None if it is not wanted."""
        first = self.layers[0]
        for layer in reversed(self.layers):
            d = layer.backward(dy, wants_dx or layer is not first)
            if d is None:
                return None
            dy = d
        return dy


def is_writable(network: nn.Module) -> bool:
    """Whether ``written`` can write out a network: ``dense`` has made it."""
    kinds = {Linear, Dropout, *ACTIVATIONS.values()}
    return type(network) is nn.Sequential and all(type(layer) in kinds for layer in network)


def written(
    network: nn.Module, adds: bool = False, replaced: Mapping[nn.Module, Layer] | None = None
) -> WrittenNetwork:
    """The `WrittenNetwork` of a network that is writable.

    The gradients of its parameters, which must be there, are overwritten; those of its weights are
    added to with ``adds``. The layers of the modules in ``replaced`` are given there.
    """
    layers: list[Layer] = []
    for module in network.children():
        if isinstance(module, Linear):
            given = (replaced or {}).get(module)
            layers.append(given or affine_layer(module.weight, module.bias, adds))
            like = Memory(module.bias.detach(), len(module.bias))
        elif isinstance(module, Dropout):
            layers.append(DroppedOut(module, like))
        elif not isinstance(module, nn.Identity):
            layers.append(activation_layer(module))
    return WrittenNetwork(layers)


def affine_layer(weight: Tensor, bias: Tensor, adds: bool, transposed: bool = False) -> Affine:
    """The layer of parameters that have gradients; y = x W + b where ``transposed``."""
    assert weight.grad is not None and bias.grad is not None
    W, dW = (t.T if transposed else t for t in (weight.detach(), weight.grad))
    return Affine(W, bias.detach(), dW, bias.grad, adds)


def activation_layer(module: nn.Module) -> Layer:
    """The layer of one of the ``ACTIVATIONS``, but for the identity."""
    (name,) = (name for name, kind in ACTIVATIONS.items() if type(module) is kind)
    return ACTIVATION_LAYERS[name]()
