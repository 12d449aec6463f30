"""scikit-learn's own checks, as every trade runs them."""

from functools import partial

from sklearn.utils.estimator_checks import parametrize_with_checks

EQUIVALENCE = (
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
)
SPARSE = ("check_estimator_sparse_array", "check_estimator_sparse_matrix")

with_checks = partial(parametrize_with_checks, xfail_strict=True)
"""Parametrizes a test by estimators and their checks; an expected failure that passes is one."""


def compares_weights(check) -> bool:
    """Whether rows repeated are compared with rows weighted: equal but for rounding, which in
    float32 is coarser than the check."""
    return check.func.__name__ in EQUIVALENCE
