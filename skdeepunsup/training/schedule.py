"""How long a fit goes on."""

from dataclasses import dataclass

from .stopping import EarlyStopping


@dataclass(frozen=True)
class Schedule:
    """How long a fit goes on, and what may end it.

    Parameters
    ----------
    epochs : int
        At most this many passes.
    batch_size : int
        Rows of one update.
    validation_fraction : float, default=0.0
        The share of the rows that is held out.
    patience : int or None, default=None
        Stop after so many epochs without improvement, of the held-out loss where rows are held out,
        else of the training loss; None never does.
    tol : float, default=0.0
        The relative improvement that counts.
    """

    epochs: int
    batch_size: int
    validation_fraction: float = 0.0
    patience: int | None = None
    tol: float = 0.0

    @property
    def keep_best(self) -> bool:
        """Whether to end with the best epoch's parameters: where held-out rows can tell."""
        return self.patience is not None and self.validation_fraction > 0

    def stopping(self) -> EarlyStopping | None:
        """A fresh judge of the epochs, None where there is no patience to lose."""
        if self.patience is None:
            return None
        monitor = "validation_loss" if self.validation_fraction > 0 else "loss"
        return EarlyStopping(monitor, self.patience, self.tol)
