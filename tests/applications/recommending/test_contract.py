"""scikit-learn's own checks, all of them, for every recommender."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from skdeepunsup import EASE, ImplicitVAE, RatingAutoencoder, RatingRBM

RECOMMENDERS = [
    EASE(regularization=10),
    ImplicitVAE(4, hidden_layer_sizes=(8,), max_iter=3, random_state=0),
    ImplicitVAE(4, variational=False, early_stopping=True, max_iter=3, random_state=0),
    RatingRBM(4, n_iter=3, random_state=0),
    RatingAutoencoder(4, max_iter=3, random_state=0),
    RatingAutoencoder(4, view="users", max_iter=3, random_state=0),
]

SPARSE = ("check_estimator_sparse_array", "check_estimator_sparse_matrix")


def expected_failures(estimator):
    """What asks ``predict`` for one number a row."""
    return dict.fromkeys(SPARSE, "predict completes a matrix: it gives a row for a row")


@parametrize_with_checks(RECOMMENDERS, expected_failed_checks=expected_failures, xfail_strict=True)
def test_every_check_passes(estimator, check):
    check(estimator)
