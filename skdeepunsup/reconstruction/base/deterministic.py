"""Base of the estimators whose code is a function of the row: their score and their schedule."""

from typing import Any

from sklearn.utils.validation import check_is_fitted

from ..._rows import Rows
from ..._validation import outside_unit_interval
from ...base.units import reported_error
from ...training import Report
from .model import ReconstructionModel


class DeterministicAutoencoder(ReconstructionModel):
    """Base of the estimators whose module is a `DeterministicModule`."""

    loss: Any

    def score_samples(self, X: Any, *, out: Any = None) -> Any:
        """Compute minus the squared error of each row's reconstruction, summed over features.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.
        out : array, default=None
            Array of the answers' shape to write them into, a part at a time, such as a memory map,
            an HDF5 dataset or a zarr array; it is returned. None makes an array.

        Returns
        -------
        ndarray of shape (n_samples,)
            −‖x − r‖² over observed entries, whichever ``loss`` was trained on.
        """
        check_is_fitted(self)
        X = self._checked(X)
        unit = self._module.scaling.squared
        return self._answer(
            X, lambda module: lambda x: unit * module.log_score(x).cpu().double(), out=out
        )

    def _is_real(self) -> bool:
        return self.loss == "squared"

    def _in_data_units(self, module: Any, rows: Rows, held_out: Rows | None) -> Report | None:
        """Errors, and penalties beside them, are in units of s²."""
        return reported_error(module.scaling)

    def _check_values(self, X: Any, training: bool) -> None:
        if training and self.loss == "bernoulli" and (outside := outside_unit_interval(X)):
            raise ValueError(f"loss == 'bernoulli' needs {outside}")
