"""Adam, by torch's fused kernel."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, compress
from typing import Any

import torch
from torch import Tensor, nn

EPSILON = 1e-8


class Adam:
    """m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g²; θ ← θ − α m̂ / (√v̂ + ε), with g = ∂L/∂θ.

    m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) after t updates. ``torch.optim.Adam`` calls the same
    kernel, but in a process its first update takes a second or two, in which it imports torch's
    compiler, and each further one as long as the update of a small network.

    Parameters
    ----------
    *groups : (iterable of nn.Parameter, float)
        Parameters, and their learning rate α. Those without a gradient are left as they are.
    betas : (float, float), default=(0.9, 0.999)
        β₁ and β₂.
    weight_decay : float, default=0.0
        λ: λ θ is added to g, or, with ``decoupled``, α λ θ is subtracted from θ.
    decoupled : bool, default=False
        Whether the decay stays out of the moments, as in AdamW.

    Attributes
    ----------
    pace : float
        Factor of all learning rates, at first 1.

    References
    ----------
    D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015; I. Loshchilov,
    F. Hutter, "Decoupled weight decay regularization", ICLR 2019.
    """

    def __init__(
        self,
        *groups: tuple[Iterable[nn.Parameter], float],
        betas: tuple[float, float] = (0.9, 0.999),
        weight_decay: float = 0.0,
        decoupled: bool = False,
    ) -> None:
        self.betas, self.weight_decay, self.pace = betas, weight_decay, 1.0
        self._update_: Any = torch._fused_adamw_ if decoupled else torch._fused_adam_
        self._groups = [
            _Alike(alike, rate) for parameters, rate in groups for alike in _by_kind(parameters)
        ]

    @torch.no_grad()
    def step(self) -> None:
        """Make one update by the parameters' gradients."""
        beta1, beta2 = self.betas
        for group in self._groups:
            *values, counts = group.with_gradients()
            if not counts:
                continue
            torch._foreach_add_(counts, 1)
            self._update_(
                *values,
                [],
                counts,
                lr=self.pace * group.rate,
                beta1=beta1,
                beta2=beta2,
                weight_decay=self.weight_decay,
                eps=EPSILON,
                amsgrad=False,
                maximize=False,
            )

    def flatten(self) -> None:
        """Lay all parameters, and gradients that stay, into one vector each.

        An update is then one call over vectors, for gradients that are written into those of the
        parameters.
        """
        for group in self._groups:
            group.flatten()

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for group in self._groups:
            for parameter in group.parameters:
                parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        """m, v and t of each parameter; the tensors themselves, not copies."""
        return {
            name: [tensor for group in self._groups for tensor in getattr(group, name)]
            for name in ("means", "squares", "counts")
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Set m, v and t; raises ValueError if they are not those of parameters like these."""
        for name, own in Adam.state_dict(self).items():  # a subclass has more
            given = state.get(name, [])
            if [t.shape for t in given] != [t.shape for t in own]:
                raise ValueError("the state is not that of these parameters.")
            for tensor, value in zip(own, given, strict=True):
                tensor.copy_(value)


class _Alike:
    """Parameters of one group, device and dtype, with their m, v and t."""

    def __init__(self, parameters: Sequence[nn.Parameter], rate: float) -> None:
        self.parameters, self.rate = parameters, rate
        zeros = parameters[0].new_zeros(2, sum(p.numel() for p in parameters))
        self._moments = zeros.unbind()
        self.means, self.squares = (views(vector, parameters) for vector in self._moments)
        self.counts = [torch.zeros((), dtype=torch.float32, device=p.device) for p in parameters]
        self._flat: list[list[Tensor]] | None = None

    @torch.no_grad()
    def flatten(self) -> None:
        parameters = self.parameters
        vector = torch.cat([p.detach().as_strided((p.numel(),), (1,)) for p in parameters])
        gradients = torch.zeros_like(vector)
        parts = zip(views(vector, parameters), views(gradients, parameters), strict=True)
        for parameter, (value, gradient) in zip(parameters, parts, strict=True):
            parameter.data, parameter.grad = value, gradient
        self.counts = self.counts[:1] * len(self.counts)
        self._flat = [[vector], [gradients], *([m] for m in self._moments), self.counts[:1]]

    def with_gradients(self) -> list[list[Tensor]]:
        """θ, g, m, v and t of the parameters that have a gradient, each a list."""
        if self._flat is not None:
            return self._flat
        gradients = [p.grad for p in self.parameters]
        given = [gradient is not None for gradient in gradients]
        lists: Any = (self.parameters, gradients, self.means, self.squares, self.counts)
        return [list(compress(tensors, given)) for tensors in lists]


def views(vector: Tensor, tensors: Sequence[Tensor]) -> list[Tensor]:
    """Parts of a vector, one after the other, in the shapes and layouts of dense tensors."""
    sizes = [t.numel() for t in tensors]
    starts = accumulate(sizes, initial=int(vector.storage_offset()))
    return [
        vector.as_strided(t.shape, t.stride(), start)
        for t, start in zip(tensors, starts, strict=False)
    ]


def _by_kind(parameters: Iterable[nn.Parameter]) -> Iterator[list[nn.Parameter]]:
    """The parameters by device and dtype, as the kernel takes them."""
    kinds: dict[Any, list[nn.Parameter]] = {}
    for parameter in parameters:
        kinds.setdefault((parameter.device, parameter.dtype), []).append(parameter)
    yield from kinds.values()
