"""Metrics of a generative model's samples: a summary of all of them, and a score for searches."""

from typing import Any

import numpy as np

from ._features import comparable
from .manifold import density_coverage, precision_recall
from .two_sample import frechet_distance, kernel_distance


def sample_quality(X: Any, samples: Any, *, features: Any = None) -> dict[str, float]:
    """Compute all metrics that compare samples with real rows, at their default parameters.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_real, n_features)
        Real rows, preferably not used to fit the model; at least 6.
    samples : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples of a model; at least 4.
    features : callable or fitted transformer, default=None
        Maps rows to the features that are compared, by a call or by its ``transform``; None
        compares the rows themselves.

    Returns
    -------
    dict of str to float
        Values of "kernel_distance", "frechet_distance" (both best at 0), "precision", "recall",
        "density" and "coverage" (best at 1).

    Raises
    ------
    ValueError
        If ``X`` or ``samples`` is not such an array or has missing entries, or they differ in
        width.

    Notes
    -----
    Most of these metrics depend on the number of rows: compare models at equal numbers. Further
    real rows in place of samples show the values of a perfect model. A table with a column for each
    model is ``pandas.DataFrame({name: sample_quality(X, model.sample(1000, random_state=0)) for
    name, model in models.items()})``.

    Examples
    --------
    >>> import numpy as np
    >>> from skdeepunsup.metrics import sample_quality
    >>> X, same = np.random.default_rng(0).normal(size=(2, 500, 2))
    >>> for name, figure in sample_quality(X, same).items():
    ...     print(f"{name:16} {figure:5.2f}")
    kernel_distance   0.00
    frechet_distance  0.02
    precision         0.98
    recall            0.98
    density           1.00
    coverage          0.97
    """
    X, Y = comparable(X, samples, features)
    return {
        "kernel_distance": kernel_distance(X, Y),
        "frechet_distance": frechet_distance(X, Y),
        **precision_recall(X, Y)._asdict(),
        **density_coverage(X, Y)._asdict(),
    }


def kernel_score(estimator: Any, X: Any, y: Any = None) -> float:
    """Compute minus the kernel distance between X and equally many samples of a model.

    It can be passed as ``scoring=`` to :class:`~sklearn.model_selection.GridSearchCV`, for any
    model that can be sampled. All models are measured with the same kernel, since its γ depends on
    X alone.

    Parameters
    ----------
    estimator : fitted estimator
        Has ``sample(n_samples, random_state=...)``; or a Pipeline that ends in such an estimator,
        where samples pass back through the ``inverse_transform`` of the steps before it.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Real rows, at least two.
    y : Ignored
        Present for API consistency.

    Returns
    -------
    float
        Minus ``kernel_distance`` at its default parameters: 0 is best, up to noise. The samples are
        drawn with ``random_state=0``.

    Raises
    ------
    TypeError
        If the estimator has no ``sample``.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdeepunsup import BernoulliRBM
    >>> from skdeepunsup.metrics import kernel_score
    >>> X = load_digits().data[:300] > 8
    >>> scores = [
    ...     kernel_score(BernoulliRBM(16, n_iter=n_iter, random_state=0).fit(X), X)
    ...     for n_iter in (1, 30)
    ... ]
    >>> scores[0] < scores[1] < 0.01
    True
    """
    steps = [step for _, step in getattr(estimator, "steps", [(None, estimator)])]
    if not hasattr(steps[-1], "sample"):
        raise TypeError(
            f"{type(steps[-1]).__name__} has no method 'sample'; give a generative model."
        )
    samples = steps.pop().sample(np.shape(X)[0], random_state=0)
    for step in reversed(steps):
        samples = samples if step in (None, "passthrough") else step.inverse_transform(samples)
    return -kernel_distance(X, samples)
