"""Spectral normalisation: each layer's weights divided by their largest singular value."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import normalize


class SpectralNorm:
    """Runs a network with W / σ(W) in place of the weights W of its layers.

    σ(W) = uᵀ W v is the largest singular value, with singular vectors u and v that each call
    updates by one step of power iteration; W has a row for each output. Gradients go through σ, as
    in the paper. The result does not depend on the scale of W: after ``bake``, which makes σ(W) 1,
    the plain network computes the same.

    Parameters
    ----------
    network : torch.nn.Module
        Network whose parameters named ``weight`` are normalised.

    References
    ----------
    Miyato, T., Kataoka, T., Koyama, M. and Yoshida, Y., "Spectral normalization for generative
    adversarial networks", ICLR 2018.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self.weights = {k: p for k, p in network.named_parameters() if k.endswith("weight")}
        self.u = {
            k: torch.linalg.svd(W.detach().flatten(1), full_matrices=False).U[:, 0]
            for k, W in self.weights.items()
        }

    def __call__(self, x: Tensor) -> Tensor:
        """Run the network with normalised weights."""
        normalised = {k: W / _not_zero(self._sigma(k, W)) for k, W in self.weights.items()}
        return functional_call(self.network, normalised, (x,))

    def _sigma(self, name: str, W: Tensor) -> Tensor:
        matrix = W.flatten(1)
        with torch.no_grad():
            v = normalize(matrix.T @ self.u[name], dim=0)
            u = normalize(matrix @ v, dim=0)
            self.u[name] = u
        return u @ matrix @ v

    @torch.no_grad()
    def bake(self) -> None:
        """Divide the weights themselves by their largest singular values."""
        for W in self.weights.values():
            W.div_(_not_zero(torch.linalg.matrix_norm(W.flatten(1), 2)))

    def state_dict(self) -> dict[str, Any]:
        return dict(self.u)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.u = {k: u.to(self.weights[k], copy=True) for k, u in state.items()}


def _not_zero(sigma: Tensor) -> Tensor:
    """σ, or the smallest number above 0, which leaves weights of 0 as they are."""
    return sigma.clamp(min=torch.finfo(sigma.dtype).tiny)
