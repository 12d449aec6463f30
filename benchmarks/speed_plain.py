"""The same models trained as in tutorials: layers of torch, a DataLoader, torch's optimizer."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset


def autoencoder(
    X: np.ndarray, widths: Sequence[int], batch: int, n_epochs: int, device: str = "cpu"
) -> nn.Module:
    """Train a symmetric autoencoder of the squared error."""
    torch.manual_seed(0)
    network = nn.Sequential(*dense(widths), *dense(widths[::-1])).to(device)
    loss = nn.MSELoss()
    _descend(network, lambda x: loss(network(x), x), X, batch, n_epochs)
    return network


class VAE(nn.Module):
    """A Gaussian VAE of dense layers, with the standard deviation of each feature learned."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        *hidden, n_components = widths
        self.encoder = nn.Sequential(*dense([*hidden, 2 * n_components]))
        self.decoder = nn.Sequential(*dense(widths[::-1]))
        self.log_scale = nn.Parameter(torch.zeros(widths[0]))

    def loss(self, x: Tensor) -> Tensor:
        """Minus the evidence lower bound, up to a constant."""
        mean, log_variance = self.encoder(x).chunk(2, -1)
        z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        squared = ((x - self.decoder(z)) / self.log_scale.exp()).square()
        error = (squared / 2 + self.log_scale).sum(-1)
        kl = (mean.square() + log_variance.exp() - 1 - log_variance).sum(-1) / 2
        return (error + kl).mean()


def vae(
    X: np.ndarray, widths: Sequence[int], batch: int, n_epochs: int, device: str = "cpu"
) -> nn.Module:
    """Train a `VAE`."""
    torch.manual_seed(0)
    network = VAE(widths).to(device)
    _descend(network, network.loss, X, batch, n_epochs)
    return network


@torch.no_grad()
def rbm(X: np.ndarray, n_components: int, batch: int, device: str = "cpu") -> Tensor:
    """Train a restricted Boltzmann machine for an epoch by persistent contrastive divergence."""
    torch.manual_seed(0)
    rate, d = 0.05, X.shape[1]
    W = (0.01 * torch.randn(d, n_components)).to(device)
    a, b = torch.zeros(d, device=device), torch.zeros(n_components, device=device)
    h = torch.zeros(batch, n_components, device=device)
    for x in _loaded(X, batch, device):
        p = torch.sigmoid(x @ W + b)
        v = torch.bernoulli(torch.sigmoid(h @ W.T + a))
        q = torch.sigmoid(v @ W + b)
        h = torch.bernoulli(q)
        W += rate * (x.T @ p / len(x) - v.T @ q / len(v))
        a += rate * (x.mean(0) - v.mean(0))
        b += rate * (p.mean(0) - q.mean(0))
    return W


def dense(widths: Sequence[int]) -> list[nn.Module]:
    """Affine layers with rectifiers between them."""
    layers: list[nn.Module] = []
    for n_inputs, n_outputs in pairwise(widths):
        layers += [nn.Linear(n_inputs, n_outputs), nn.ReLU()]
    return layers[:-1]


def _loaded(X: np.ndarray, batch: int, device: str | torch.device) -> Iterator[Tensor]:
    loader = DataLoader(TensorDataset(torch.from_numpy(X)), batch_size=batch, shuffle=True)
    return (x.to(device) for (x,) in loader)


def _descend(
    network: nn.Module, loss: Callable[[Tensor], Tensor], X: np.ndarray, batch: int, n_epochs: int
) -> None:
    optimizer = torch.optim.Adam(network.parameters())
    for _ in range(n_epochs):
        for x in _loaded(X, batch, next(network.parameters()).device):
            optimizer.zero_grad()
            loss(x).backward()
            optimizer.step()
