"""Checks of the parameters that all models of the family have."""

from typing import Any

import torch
from torch import nn

from ..._parameters import (
    check_boolean,
    check_descent,
    check_integer,
    check_option,
    check_real,
    check_sizes,
)
from ...networks import ACTIVATIONS
from ..modules.base import ReconstructionModule


def check_shared(estimator: Any) -> None:
    """Raise an error that names the first invalid one of an estimator's shared parameters."""
    check_networks(estimator)
    check_descent(estimator)


def check_networks(estimator: Any) -> None:
    """Raise an error that names the first invalid parameter of the networks."""
    check_integer("n_components", estimator.n_components, 1)
    sizes = estimator.hidden_layer_sizes
    if (
        sizes is not None
        and not check_sizes("hidden_layer_sizes", sizes)
        and (estimator.image_shape is not None)
    ):
        raise ValueError(
            f"hidden_layer_sizes == {sizes!r}, but image_shape needs at least one layer of "
            "convolutions; None takes two."
        )
    check_option("activation", estimator.activation, ACTIVATIONS)
    check_real("dropout", estimator.dropout, 0, 1, "left")
    check_option("missing", estimator.missing, ("error", "mask"))
    for name in ("encoder", "decoder"):
        network = getattr(estimator, name)
        if network is None:
            continue
        if not isinstance(network, nn.Module) and not callable(network):
            raise TypeError(
                f"{name} == {network!r}, must be a torch.nn.Module, a callable that makes one of "
                "the widths of its input and its output, or None."
            )


def check_tied(estimator: Any) -> None:
    """Raise if ``tied_weights`` is set for networks that cannot share weights."""
    check_boolean("tied_weights", estimator.tied_weights)
    for name in ("encoder", "decoder", "image_shape"):
        if estimator.tied_weights and getattr(estimator, name) is not None:
            raise ValueError(f"tied_weights == True needs the dense networks; drop {name}.")


def check_widths(name: str, module: ReconstructionModule) -> None:
    """Raise if the user's own network does not map rows to codes, or codes to rows."""
    n_inputs, n_outputs = module.widths[name]
    network = getattr(module.eval(), name)
    like = next(network.parameters(), module.fill)  # of another precision, if it is made so
    try:
        with torch.no_grad():
            output = network(like.new_zeros(1, n_inputs))
    except RuntimeError as error:
        raise ValueError(f"{name} fails on input of shape (1, {n_inputs}): {error}") from error
    found = tuple(output.shape) if isinstance(output, torch.Tensor) else type(output).__name__
    if found != (1, n_outputs):
        raise ValueError(
            f"{name} maps (1, {n_inputs}) to {found}, but must give (1, {n_outputs}): "
            f"n_components is {module.n_components}, and X has {module.n_features} features."
        )
