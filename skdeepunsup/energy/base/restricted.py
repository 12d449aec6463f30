"""Base of the estimators of restricted Boltzmann machines."""

from abc import abstractmethod
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ..._parameters import check_boolean, check_integer, check_real
from ..._random import Stream
from ..._rows import Rows
from ..._unused import IdleOptions
from ..._validation import to_array
from ...training import Schedule
from ...training.schedule import LEAST_UPDATES
from ..learning.chains import DataChains, persistent_chains
from ..learning.contrastive import ContrastiveDivergence
from ..learning.start import start_at_data
from ..machines.restricted import RestrictedBoltzmannMachine
from .energy_model import EnergyModel
from .original import energy_shift, parameters_of_rows
from .parameters import chain_options, check_training, shared_options
from .unrolled import Unrollable


class RestrictedModel(Unrollable, EnergyModel):
    """Base of the estimators whose module is a `RestrictedBoltzmannMachine`."""

    _module_class = RestrictedBoltzmannMachine
    _usual_passes: ClassVar[int] = 10
    _least_updates: ClassVar[int] = LEAST_UPDATES

    n_components: Any
    learning_rate: Any
    batch_size: Any
    n_iter: Any
    learning_rate_schedule: Any
    cd_steps: Any
    persistent: Any
    n_chains: Any
    n_temperatures: Any
    momentum: Any
    weight_decay: Any
    averaging: Any
    centered: Any
    sparsity_target: Any
    sparsity_cost: Any
    validation_fraction: Any
    resample: Any = False
    """A parameter of those estimators whose rows may be probabilities of bits."""

    @property
    def components_(self) -> np.ndarray:
        """Weights, hidden by visible."""
        return self._parameters_of_rows()[0].T

    @property
    def intercept_hidden_(self) -> np.ndarray:
        """Hidden biases."""
        return self._parameters_of_rows()[2]

    @property
    def intercept_visible_(self) -> np.ndarray:
        """Visible biases."""
        return self._parameters_of_rows()[1]

    def _parameters_of_rows(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """W, a and b of the machine of rows in the units of the data."""
        check_is_fitted(self)
        return parameters_of_rows(self._module)

    def _energy_shift(self) -> float:
        return energy_shift(self._module)

    @property
    def h_samples_(self) -> np.ndarray:
        """Hidden states of the persistent chains."""
        check_is_fitted(self)
        if "objective" not in self._training:
            raise AttributeError(
                "h_samples_ is part of what training=True saves, and this model was saved without."
            )
        chains = torch.as_tensor(self._training["objective"]["chains"]["h"])
        return to_array(chains.to(self._module.W.dtype))  # a pickle stores bits as booleans

    def _stack(self) -> list[tuple[RestrictedBoltzmannMachine, Tensor]]:
        return [(self._module, self._module.W)]

    def _check_parameters(self) -> None:
        check_integer("n_components", self.n_components, 1)
        self._check_units()
        check_real("learning_rate", self._rate(), 0, boundaries="neither")
        check_training(self)
        for name in ("persistent", "resample"):
            check_boolean(name, getattr(self, name))
        check_real("momentum", self.momentum, 0, 1, "left")
        if self.sparsity_target is not None:
            check_real("sparsity_target", self.sparsity_target, 0, 1, "neither")
        check_real("sparsity_cost", self.sparsity_cost, 0)

    def _idle_options(self) -> IdleOptions:
        yield from super()._idle_options()
        if self.sparsity_target is None:
            yield "sparsity_cost", "a sparsity_target"
        if not self.persistent:
            yield "n_chains", "persistent=True"

    @abstractmethod
    def _rate(self) -> Any:
        """The learning rate."""

    @abstractmethod
    def _check_units(self) -> None:
        """Raise an error that names the first invalid parameter of the units."""

    def _schedule(self) -> Schedule:
        return Schedule(
            self.n_iter,
            self.batch_size,
            self.validation_fraction,
            usual=self._usual_passes,
            least=self._least_updates,
        )

    def _module_arguments(self, rows: Rows, fitted: dict[str, Any] | None) -> dict[str, Any]:
        return {
            "n_features": rows.n_features,
            "n_components": self.n_components,
            **self._units(rows, fitted),
        }

    @abstractmethod
    def _units(self, rows: Rows, fitted: dict[str, Any] | None) -> dict[str, Any]:
        """The machine's further arguments: the kinds of its units, and their options."""

    def _initialize(self, module: RestrictedBoltzmannMachine, rows: Rows, stream: Stream) -> None:
        start_at_data(module, rows, stream)

    def _objective(
        self, module: RestrictedBoltzmannMachine, stream: Stream
    ) -> ContrastiveDivergence:
        kind: Any = persistent_chains(self.n_temperatures) if self.persistent else DataChains
        return ContrastiveDivergence(
            module,
            stream,
            chains=partial(kind, **chain_options(self, module.W.numel())),
            learning_rate=self._rate(),
            momentum=self.momentum,
            sparsity_target=self.sparsity_target,
            sparsity_cost=self.sparsity_cost,
            resample=self.resample,
            missing=module.coding.may_miss and not self.persistent,
            **shared_options(self),
        )
