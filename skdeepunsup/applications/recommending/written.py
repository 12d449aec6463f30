"""Base of the recommenders whose gradients are written out for sparse rows."""

from ..._parameters import resolve_device
from ..._rows import Rows, StreamedRows
from ..._scaling import Scaling
from ..._sparse_rows import sparse_rows
from ...base.estimator import DeepEstimator
from ...base.fit import TrainingData
from ...reconstruction.learning.base import has_kernels


class WrittenRecommender(DeepEstimator):
    """Trains on rows that never become dense, where gradients are written out."""

    def _is_written(self) -> bool:
        """Whether they are: in full precision, on devices where the kernels are tested."""
        device = resolve_device(self.device, self.precision)
        return self._autocast_dtype() is None and has_kernels(device)

    def _rows(self, data: TrainingData, scaling: Scaling | None) -> Rows:
        rows = super()._rows(data, scaling)
        assert isinstance(rows, StreamedRows)
        return sparse_rows(rows) if self._is_written() else rows
