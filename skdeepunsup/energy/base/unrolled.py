"""Restricted machines unrolled into the layers of a network, to the code and back."""

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ..._validation import to_array
from ..machines.restricted import RestrictedBoltzmannMachine
from ..units.binary import Bernoulli
from ..units.categorical import Categorical
from ..units.gaussian import Gaussian

AffineMap = tuple[np.ndarray, np.ndarray]
"""W of shape (n_outputs, n_inputs) and b of shape (n_outputs,), for Wx + b."""


class Unrolled(NamedTuple):
    """Affine maps of the layers of a network that encodes and decodes.

    Attributes
    ----------
    up : list of (W, b)
        To the code, from the bottom up, σ after each: W of shape (n_outputs, n_inputs) and b of
        shape (n_outputs,).
    down : list of (W, b)
        Back to the features, from the top down, σ between them.
    output : {"logistic", "identity"}
        The function after the last of ``down``.
    """

    up: list[AffineMap]
    down: list[AffineMap]
    output: str


class Unrollable(ABC):
    """Mixin of the estimators whose code is computed by a stack of restricted machines."""

    @abstractmethod
    def _stack(self) -> list[tuple[RestrictedBoltzmannMachine, Tensor]]:
        """The machines up to the code, from the bottom up, each with its recognition weights."""

    def unroll(self) -> Unrolled:
        """Unroll the model into the layers that ``Autoencoder(pretrained=...)`` starts from.

        Its way up is ``transform`` and its way down ``inverse_transform``.

        Returns
        -------
        Unrolled
            A tuple (up, down, output). ``up`` and ``down`` hold a pair (W, b) for each layer, W of
            shape (n_outputs, n_inputs), in the order in which they are applied, up to the code and
            down from it. Each is followed by σ, except the last of ``down``, which is followed by
            ``output`` ("logistic" or "identity"). The arrays are copies, float32 or float64 as the
            parameters are.

        Raises
        ------
        ValueError
            If visible units are neither binary nor Gaussian, or hidden units are not binary.

        References
        ----------
        Hinton, G. and Salakhutdinov, R., "Reducing the dimensionality of data with neural
        networks", Science 313, 2006.
        """
        check_is_fitted(self)
        stack = self._stack()
        _check_units(type(self).__name__, stack[0][0])
        up = [_way_up(machine, R) for machine, R in stack]
        down = [_way_down(machine) for machine, _ in reversed(stack)]
        if (scaling := stack[0][0].scaling) is not None:  # maps of u = (x − c)/s and to it
            c, s = scaling.center.numpy(), scaling.scale.numpy()
            (W, b), (V, a) = up[0], down[-1]
            up[0] = np.asarray(W / s, W.dtype), np.asarray(b - W @ (c / s), b.dtype)
            down[-1] = np.asarray(s[:, None] * V, V.dtype), np.asarray(c + s * a, a.dtype)
        return Unrolled(
            up=up,
            down=down,
            output="logistic" if stack[0][0].visible.binary else "identity",
        )


def _way_up(machine: RestrictedBoltzmannMachine, R: Tensor) -> AffineMap:
    """Rᵀt(v) + b as an affine map of v, since t is linear: v itself or v/σ²."""
    return to_array(machine.visible.statistic(R.T)), to_array(machine.b)


def _way_down(machine: RestrictedBoltzmannMachine) -> AffineMap:
    """Wh + a."""
    return to_array(machine.W), to_array(machine.a)


def _check_units(name: str, bottom: RestrictedBoltzmannMachine) -> None:
    """Raise unless the bottom machine is a layer of logistic units between vectors of numbers."""
    if isinstance(bottom.visible, Categorical):
        raise ValueError(
            f"{name} with categorical visible units cannot be unrolled: it takes and returns "
            "codes, which are no input of an affine map; encode them by "
            "sklearn.preprocessing.OneHotEncoder and use binary units."
        )
    if not isinstance(bottom.visible, Bernoulli | Gaussian):
        kind = bottom.arguments["visible_units"]
        raise ValueError(
            f"{name} with visible_units={kind!r} cannot be unrolled: their mean is neither their "
            "input nor a logistic function of it; use binary or Gaussian units."
        )
    if not isinstance(bottom.hidden, Bernoulli):
        kind = bottom.arguments["hidden_units"]
        raise ValueError(
            f"{name} with hidden_units={kind!r} cannot be unrolled: their mean is no logistic "
            "function of their input; use hidden_units='bernoulli'."
        )
