"""The deep autoencoder of 2006, whose training starts at an unrolled stack of Boltzmann machines.

The stack needs a method ``unroll``, which returns affine maps up to the code and down again.
"""

from typing import Any

import torch
from torch import nn

from ..._parameters import check_sizes
from ..._unused import IdleOptions
from ...base.encoders import unfrozen
from ...networks import Linear
from ..modules.base import ReconstructionModule


def check_pretrained(estimator: Any) -> None:
    """Raise if ``pretrained`` cannot be unrolled, or other parameters contradict it."""
    if not hasattr(unfrozen(estimator.pretrained), "unroll"):
        raise TypeError(
            f"pretrained == {estimator.pretrained!r}, must be a DeepBeliefNetwork, a BernoulliRBM, "
            "a GaussianRBM or None."
        )
    for name in ("image_shape", "encoder", "decoder"):
        if getattr(estimator, name) is not None:
            raise ValueError(f"pretrained gives both networks; drop {name}.")
    if estimator.tied_weights:
        raise ValueError("tied_weights == True, but those that pretrained gives are untied.")
    if estimator.missing == "mask":
        raise ValueError("missing == 'mask', but pretrained cannot do with missing entries.")


def idle_beside_pretrained(estimator: Any) -> IdleOptions:
    """Yield the options of the networks, whose layers are those of ``pretrained``."""
    for name in ("hidden_layer_sizes", "activation"):
        yield name, "pretrained=None"
    stack = unfrozen(estimator.pretrained)
    sizes = getattr(stack, "hidden_layer_sizes", getattr(stack, "n_components", ()))
    layers = check_sizes("pretrained", sizes)[: getattr(stack, "depth", None)]
    if layers[-1:] != (estimator.n_components,):
        yield "n_components", "pretrained=None"
    if len(layers) == 1:
        yield "dropout", "a second layer in pretrained"


def unrolled_arguments(unrolled: Any, loss: str) -> dict[str, Any]:
    """Return the arguments of the module that the unrolled layers determine."""
    if loss == "bernoulli" and unrolled.output != "logistic":
        raise ValueError(
            "loss == 'bernoulli', but pretrained has real visible units; use loss='squared'."
        )
    sizes = [len(b) for _, b in unrolled.up]
    return {
        "n_components": sizes[-1],
        "hidden_layer_sizes": tuple(sizes[:-1]),
        "activation": "logistic",
        "bounded": unrolled.output == "logistic",
    }


def start_at(module: ReconstructionModule, unrolled: Any) -> None:
    """Copy the weights of the layers into both networks.

    The code z is affine, while the stack has logistic units σ(z) there. So the decoder's first
    layer uses the tangent at 0, σ(z) ≈ ½ + z/4.

    References
    ----------
    G. E. Hinton, R. R. Salakhutdinov, "Reducing the dimensionality of data with neural networks",
    Science 313, 2006.
    """
    c, s = module.scaling.center.numpy(), module.scaling.scale.numpy()
    (W, b), *rest = unrolled.up
    _copy(module.encoder, [(W * s, b + W @ c), *rest])  # of x = c + s u
    (W, b), *rest = unrolled.down
    down = [(W / 4, b + W.sum(1) / 2), *rest]
    if unrolled.output == "identity":
        W, b = down[-1]
        down[-1] = (W / s[:, None], (b - c) / s)
    _copy(module.decoder, down)


@torch.no_grad()
def _copy(network: nn.Module, layers: list[Any]) -> None:
    affine = [layer for layer in network.modules() if isinstance(layer, Linear)]
    for layer, (W, b) in zip(affine, layers, strict=True):
        layer.weight.copy_(torch.from_numpy(W))
        layer.bias.copy_(torch.from_numpy(b))
