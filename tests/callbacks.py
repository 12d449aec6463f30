"""Callbacks for tests."""

import pytest

stops_early = pytest.mark.filterwarnings("ignore:A callback stopped the fit")
"""For tests that mean to stop a fit before its last stage."""


class Silent:
    """Does nothing."""

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        pass


class StopsAfter(Silent):
    """Ends a fit after so many epochs."""

    def __init__(self, epochs):
        self.epochs = epochs

    def on_fit_task_end(self, estimator, context):
        return context.task_name == "epoch" and context.task_id + 1 == self.epochs
