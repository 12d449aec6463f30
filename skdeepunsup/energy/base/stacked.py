"""How a stack of restricted Boltzmann machines is checked, begun and trained."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from torch import Tensor

from ..._categories import check_categories, count_categories
from ..._parameters import (
    check_boolean,
    check_integer,
    check_option,
    check_real,
    check_sizes,
)
from ..._random import Stream
from ..._rows import Rows
from ..._scaling import Scaling
from ..._unused import IdleOptions
from ...base.fit import TrainingData
from ...base.generative import GenerativeModel
from ...training import Schedule
from ..learning.chains import DataChains, persistent_chains
from ..learning.contrastive import ContrastiveDivergence
from ..learning.greedy import LayerByLayer
from ..learning.start import start_at_data
from ..learning.up_down import UpDown
from ..machines.belief_network import BeliefNetwork
from ..machines.restricted import RestrictedBoltzmannMachine
from .normalized import NormalizedModel
from .original import energy_shift, scaling_of_rows
from .parameters import (
    chain_options,
    check_training,
    shared_options,
    warn_outside_unit_interval,
)
from .unrolled import Unrollable

LEARNING_RATES = {"bernoulli": 0.1, "gaussian": 0.01, "categorical": 0.05}
"""Default rate of a layer by its visible units, as in the estimators of a single layer."""


class StackedModel(Unrollable, GenerativeModel, NormalizedModel):
    """Base of the estimator whose module is a `BeliefNetwork`."""

    _module_class = BeliefNetwork

    hidden_layer_sizes: Any
    visible_units: Any
    n_categories: Any
    depth: Any
    fine_tuning: Any
    fine_tuning_iter: Any
    learning_rate: Any
    batch_size: Any
    n_iter: Any
    persistent: Any
    n_temperatures: Any
    momentum: Any
    resample: Any
    min_variance: Any
    validation_fraction: Any

    @property
    def _normalized(self) -> RestrictedBoltzmannMachine:
        return self._module.top

    def _stack(self) -> list[tuple[RestrictedBoltzmannMachine, Tensor]]:
        network: BeliefNetwork = self._module
        layers = enumerate(network.layers[: network.depth])
        return [(machine, network.recognition_weights(layer)) for layer, machine in layers]

    def _check_parameters(self) -> None:
        n_layers = len(check_sizes("hidden_layer_sizes", self.hidden_layer_sizes))
        if n_layers == 0:
            raise ValueError("hidden_layer_sizes == (), must have at least one layer.")
        check_option("visible_units", self.visible_units, LEARNING_RATES)
        if self.n_categories is not None:
            check_integer("n_categories", self.n_categories, 2)
        if self.depth is not None:
            check_integer("depth", self.depth, 1)
            if self.depth > n_layers:
                raise ValueError(f"depth == {self.depth}, but there are {n_layers} hidden layers.")
        if self.fine_tuning is not None:
            check_option("fine_tuning", self.fine_tuning, ("up-down",))
        check_integer("fine_tuning_iter", self.fine_tuning_iter, 1)
        check_training(self)
        rates = self._rates()
        if len(rates) != n_layers:
            raise ValueError(
                f"learning_rate == {self.learning_rate!r} has {len(rates)} entries for {n_layers} "
                "hidden layers; give one for each, or a single number for all."
            )
        for rate in rates:
            check_real("learning_rate", rate, 0, boundaries="neither")
        for name in ("persistent", "resample"):
            check_boolean(name, getattr(self, name))
        if self.resample and self.visible_units != "bernoulli":
            raise ValueError(
                f"resample == True draws bits, but visible_units == {self.visible_units!r}."
            )
        check_real("momentum", self.momentum, 0, 1, "left")
        check_real("min_variance", self.min_variance, 0, boundaries="neither")

    def _idle_options(self) -> IdleOptions:
        yield from super()._idle_options()
        if self.fine_tuning is None:
            yield "fine_tuning_iter", "fine_tuning='up-down'"
        if self.visible_units != "categorical":
            yield "n_categories", "visible_units='categorical'"
        elif len(check_sizes("hidden_layer_sizes", self.hidden_layer_sizes)) == 1:
            for name in ("persistent", "n_chains", "n_temperatures"):
                yield name, "a layer above the categorical one in hidden_layer_sizes"
        if self.visible_units != "gaussian":
            yield "min_variance", "visible_units='gaussian'"
        if not self.persistent:
            yield "n_chains", "persistent=True"

    def _rates(self) -> list[Any]:
        """The learning rate of each layer."""
        n_layers = len(check_sizes("hidden_layer_sizes", self.hidden_layer_sizes))
        if self.learning_rate is None:
            upper = [LEARNING_RATES["bernoulli"]] * (n_layers - 1)
            return [LEARNING_RATES[self.visible_units], *upper]
        is_scalar = getattr(self.learning_rate, "shape", None) == ()
        if (
            is_scalar
            or not isinstance(self.learning_rate, Iterable)
            or isinstance(self.learning_rate, str)
        ):
            return [self.learning_rate] * n_layers
        return list(self.learning_rate)

    def _check_values(self, X: Any, training: bool) -> None:
        if self.visible_units == "categorical":
            K = self.n_categories if training else self._module.visible.n_categories
            check_categories(X, K, self)
        if self.visible_units == "bernoulli":
            warn_outside_unit_interval(self, X, training)

    def _scaling(self, data: TrainingData, **prepared: Any) -> Scaling | None:
        return scaling_of_rows(data) if self.visible_units == "gaussian" else None

    def _energy_shift(self) -> float:
        return energy_shift(self._normalized)

    def _schedule(self) -> Schedule:
        n_layers = len(check_sizes("hidden_layer_sizes", self.hidden_layer_sizes))
        stages = (self.n_iter,) * n_layers
        if self.fine_tuning is None:
            *before, last = stages
            once = 0
        else:
            before, last, once = list(stages), self.fine_tuning_iter, n_layers
        return Schedule(
            last,
            self.batch_size,
            self.validation_fraction,
            stages_before=tuple(before),
            once=once,
        )

    def _module_arguments(self, rows: Rows, fitted: dict[str, Any] | None) -> dict[str, Any]:
        options: dict[str, Any] = {}
        if self.visible_units == "gaussian":
            options["min_variance"] = float(self.min_variance)
        elif self.visible_units == "categorical":
            K = self.n_categories
            if K is None:
                K = count_categories(rows, (fitted or {}).get("n_categories"))
            options["n_categories"] = int(K)
        return {
            "n_features": rows.n_features,
            "hidden_layer_sizes": check_sizes("hidden_layer_sizes", self.hidden_layer_sizes),
            "visible_units": self.visible_units,
            "depth": self.depth,
            "fine_tuning": self.fine_tuning,
            **options,
        }

    def _initialize(self, module: BeliefNetwork, rows: Rows, stream: Stream) -> None:
        start_at_data(module.layers[0], rows, stream)
        module.tie_()

    def _objective(self, module: BeliefNetwork, stream: Stream) -> LayerByLayer:
        def learner(layer: int) -> ContrastiveDivergence:
            return self._learner(module.layers[layer], stream, layer)

        fine_tuner = partial(self._fine_tuner, module, stream)
        return LayerByLayer(
            module,
            stream,
            learner=learner,
            fine_tuner=None if self.fine_tuning is None else fine_tuner,
            resample=self.resample,
        )

    def _learner(
        self, machine: RestrictedBoltzmannMachine, stream: Stream, layer: int, **options: Any
    ) -> ContrastiveDivergence:
        """The learning rule of a layer's machine; above the bottom it draws bits from its rows."""
        missing = layer == 0 and self.visible_units == "categorical"
        persistent = self.persistent and not missing
        kind = persistent_chains(self.n_temperatures) if persistent else DataChains
        return ContrastiveDivergence(
            machine,
            stream,
            chains=partial(kind, **chain_options(self, machine.W.numel())),
            learning_rate=self._rates()[layer],
            momentum=self.momentum,
            resample=layer > 0 or self.resample,
            missing=missing,
            **(shared_options(self) | options),
        )

    def _fine_tuner(self, module: BeliefNetwork, stream: Stream) -> UpDown:
        """The learning rule of the whole network; it averages the top machine as well."""
        top = len(module.layers) - 1
        shared = shared_options(self)
        return UpDown(
            module,
            stream,
            learner=partial(self._learner, stream=stream, layer=top, averaging=0.0),
            rates=self._rates(),
            decay=shared["decay"],
            averaging=shared["averaging"],
            resample=self.resample,
        )
