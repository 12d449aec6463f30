"""A watch over a fit: a short annealing tells that the likelihood falls, where the loss does not.

Neither the free-energy gap, nor the chains' moments, nor the loss tells a fit that runs away. A
short annealing does, of diverged machines too, to .4 nats in 13 of 13 cases that were enumerated.
"""

import copy
import math
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from ..._random import Stream
from ..._rows import Rows
from ..likelihood.one_normal import one_normal_score
from ..likelihood.partition import anneal, enumerated_log_partition
from ..machines.base import Machine
from ..units.gaussian import Gaussian

N_CHAINS, MIN_STEPS, STEPS, MAX_STEPS = 50, 50, 100, 200
"""Chains of a look, and its steps: at least, where there are several looks, and at most."""

MAX_ENUMERATED = 10
"""Most bits for which log Z is exact, which then takes a few milliseconds."""

MAX_LOOKS = 10
"""Most looks at a stage, the one at its end included."""

SWEEPS_A_STEP = 20
"""Sweeps of the fit for each step of annealing, so that looks cost a few per cent of it."""

SHORT, LARGE = 25, 2**16
"""A fit that pays for so few steps is not watched if its machine has so many parameters: the look
would take longer than the fit."""

N_ROWS = 200
"""Rows that are scored, the same at each look."""

MARGIN, SHARE = 1.0, 0.1
"""Nats, and share of the independent units' score, that a score must be below another to count."""

WIDE_MARGIN, WIDE_SHARE = 5.0, 1.0
"""The same of a fit whose last look is its best: it may only be short, and go on to rise."""


class Watched(Protocol):
    """A learning rule that can be watched."""

    @property
    def n_sweeps(self) -> int:
        """Sweeps in an update."""

    def watched(self, rows: Rows) -> tuple[Machine, Rows] | None:
        """The machine in training and the rows it models; None if it is no model of rows."""

    def as_trained(self, x: Tensor) -> Tensor:
        """Rows as training takes them, the same at each call."""


class Score(NamedTuple):
    """Mean log-likelihood in nats, and by how much it may be too high.

    The mean weight of an annealing is t nats too high with a probability below e⁻ᵗ, but often too
    low, since it misses modes: by about the deviation of the log weights.
    """

    value: float
    doubt: float
    epoch: int


def short_score(machine: Machine, v: Tensor, n_steps: int, epoch: int) -> Score:
    """Score of the states ``v``; all its randomness is its own, and the same at each call."""
    free_energy = float(machine.free_energy(v).mean())
    if machine.n_enumerated <= MAX_ENUMERATED:
        return Score(-free_energy - enumerated_log_partition(machine), 0.0, epoch)
    stream, path = Stream(0, v.device), machine.path()
    betas = torch.linspace(0, 1, n_steps + 1, dtype=torch.float64)
    log_weights, _ = anneal(path, path.base_state(N_CHAINS, stream), betas, stream)
    log_z = float(path.base_log_partition()) + float(log_weights.logsumexp(0)) - math.log(N_CHAINS)
    return Score(-free_energy - log_z, float(log_weights.std()), epoch)


def independent_score(machine: Machine, rows: Rows, v: Tensor) -> float:
    """Mean log-likelihood of the states ``v`` if their units were independent."""
    units: Any = machine.visible
    if units.learned:  # which are fitted to the rows
        units = copy.deepcopy(units).cpu()
    x = units.start_(rows)
    return float(units.log_probability(v.cpu(), x.to(v.dtype).cpu()).mean())


class Watch:
    """Looks at a machine at a few moments of each stage and its end, and tells when it got worse.

    Parameters
    ----------
    objective : Watched
    rows : Rows
        Rows of training.
    batch_size : int
    advice : str
        A sentence on what to change in a fit that got worse.
    """

    def __init__(self, objective: Watched, rows: Rows, batch_size: int, advice: str) -> None:
        self.objective, self.rows, self.batch_size = objective, rows, batch_size
        self.advice = advice
        self.volume = 0.0  # Σ log s of rows in units s of their own
        self.begin(1)

    def begin(self, n_epochs: int) -> None:
        """Plan the looks at a stage of so many epochs."""
        n_updates = n_epochs * math.ceil(len(self.rows) / self.batch_size)
        n_steps = n_updates * (1 + self.objective.n_sweeps) // SWEEPS_A_STEP
        self.is_short = n_steps < SHORT
        n_looks = min(max(n_steps // STEPS, 1), MAX_LOOKS, n_epochs)
        self.n_steps = min(max(n_steps // n_looks, MIN_STEPS), MAX_STEPS)
        self.due = {round(n_epochs * (k + 1) / n_looks) for k in range(n_looks)}
        self.best: Score | None = None
        self.last: Score | None = None
        self.independent = self.normal = -math.inf

    def is_best(self, epoch: int) -> bool:
        """Look if it is time to; whether this epoch of the stage is the best seen so far."""
        if epoch not in self.due:
            return False
        self.last = self._look(epoch)
        if self.last is None or (self.best is not None and self.best.value >= self.last.value):
            return False
        self.best = self.last
        return True

    @torch.no_grad()
    def _look(self, epoch: int) -> Score | None:
        subject = self.objective.watched(self.rows)
        if subject is None:
            return None
        machine, rows = subject
        if self.is_short and sum(p.numel() for p in machine.parameters()) >= LARGE:
            return None
        ids = torch.arange(0, len(rows), -(-len(rows) // N_ROWS), device=rows.index_device)
        x = self.objective.as_trained(rows.take(ids))
        if x.isnan().any():  # a row with missing entries has a log Z of its own
            return None
        v = machine.coding.to_states(x)
        if machine.visible.binary and bool(((v < 0) | (v > 1)).any()):
            return None  # such rows, of which the estimator has warned, have no probability
        if self.last is None:
            scaling = getattr(machine, "scaling", None)
            self.volume = 0.0 if scaling is None else scaling.volume
            self.independent = independent_score(machine, rows, v)
            if isinstance(machine.visible, Gaussian) and len(self.due) == MAX_LOOKS:
                self.normal = one_normal_score(rows, v)
        return short_score(machine, v, self.n_steps, epoch)

    def state_dict(self) -> dict[str, Any]:
        """What the looks at the stage so far have found."""
        found = {name: getattr(self, name) for name in ("volume", "independent", "normal")}
        scores = {"best": self.best, "last": self.last}
        return found | {name: score and tuple(score) for name, score in scores.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what ``state_dict`` returned, after ``begin``."""
        vars(self).update(state)
        for name in ("best", "last"):
            if state[name] is not None:
                setattr(self, name, Score(*state[name]))

    def verdict(self) -> str | None:
        """What to warn of at the end of a stage, if its best epoch is to be gone back to."""
        best, last = self.best, self.last
        if best is None or last is None:
            return None
        first, now = best.value - self.volume, last.value - self.volume
        if last.value < best.value - best.doubt - last.doubt - MARGIN:
            found = (
                f"a row's log-likelihood fell from about {first:.3g} nats after epoch "
                f"{best.epoch} to {now:.3g} after epoch {last.epoch}; the parameters of "
                f"epoch {best.epoch} are kept"
            )
        elif last.value < self.independent - self._slack(last is best):
            found = (
                f"a row's log-likelihood is about {now:.3g} nats after epoch {last.epoch}, "
                f"and {self.independent - self.volume:.3g} if features were independent"
            )
            if last is not best:
                found += f"; the parameters of epoch {best.epoch}, which are better, are kept"
        else:
            return None
        return f"The fit went wrong: {found}. {self.advice}"

    def remark(self) -> str | None:
        """What to warn of at the end of a long stage that is none the worse for its length."""
        if self.last is None or self.last.value > self.normal - MARGIN:
            return None
        return (
            f"A row's log-likelihood is about {self.last.value - self.volume:.3g} nats after epoch "
            f"{self.last.epoch}, and {self.normal - self.volume:.3g} by one normal distribution "
            "with the covariances of the features: the machine learns strong correlations of many "
            "features slowly. For a density, put sklearn.decomposition.PCA(whiten=True) before; "
            "its codes and reconstructions then tell less of the rows."
        )

    def _slack(self, rising: bool) -> float:
        """By how much a score may be below that of independent units."""
        margin, share = (WIDE_MARGIN, WIDE_SHARE) if rising else (MARGIN, SHARE)
        return margin + share * abs(self.independent)
