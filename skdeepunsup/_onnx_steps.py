"""Steps of a Pipeline of scikit-learn as torch modules, on rows in float64."""

from typing import Any

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler
from torch import Tensor, nn


class Affine(nn.Module):
    """y = a x + b of each column, clipped to a range if there is one.

    Parameters
    ----------
    a, b : ndarray of shape (n_features,)
    clipped : (float, float), optional
    """

    a: Tensor
    b: Tensor

    def __init__(self, a: Any, b: Any, clipped: tuple[float, float] | None = None) -> None:
        super().__init__()
        self.register_buffer("a", torch.tensor(np.asarray(a, dtype=np.float64)))
        self.register_buffer("b", torch.tensor(np.asarray(b, dtype=np.float64)))
        self.clipped = clipped

    def forward(self, x: Tensor) -> Tensor:
        y = self.a * x + self.b
        return y if self.clipped is None else y.clamp(*self.clipped)


class Projection(nn.Module):
    """y = (x − c) W.

    Parameters
    ----------
    c : ndarray of shape (n_features,)
    W : ndarray of shape (n_features, n_components)
    """

    c: Tensor
    W: Tensor

    def __init__(self, c: Any, W: Any) -> None:
        super().__init__()
        self.register_buffer("c", torch.tensor(np.asarray(c, dtype=np.float64)))
        self.register_buffer("W", torch.tensor(np.asarray(W, dtype=np.float64)))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.c) @ self.W


def forward_step(name: str, step: Any) -> nn.Module:
    """``transform`` of a fitted step as a module; raise if it is none of these that are known."""
    match step:
        case None | "passthrough":
            return nn.Identity()
        case StandardScaler() | RobustScaler():
            centered = step.mean_ if isinstance(step, StandardScaler) else step.center_
            scale = 1.0 if step.scale_ is None else step.scale_
            center = np.zeros(step.n_features_in_) if centered is None else centered
            return Affine(1 / (scale + np.zeros_like(center)), -center / scale)
        case MinMaxScaler():
            return Affine(step.scale_, step.min_, step.feature_range if step.clip else None)
        case MaxAbsScaler():
            return Affine(1 / step.scale_, np.zeros_like(step.scale_))
        case PCA():
            W = step.components_.T
            if step.whiten:
                W = W / np.sqrt(step.explained_variance_)
            return Projection(step.mean_, W)
    raise TypeError(
        f"the step {name!r}, {step!r}, can't be exported: StandardScaler, RobustScaler, "
        "MinMaxScaler, MaxAbsScaler and PCA can; transform rows by it before."
    )
