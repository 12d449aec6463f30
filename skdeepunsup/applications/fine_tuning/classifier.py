"""The fine-tuned classifier as an estimator."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import log_softmax
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from ..._caller import warn
from ..._rows import Rows
from ..._validation import check_labels, label_column
from .base import FineTunedModel, Targets
from .module import ClassifierModule

UNLABELLED = -1
"""Marks rows without a label, as in `sklearn.semi_supervised`."""


class FineTunedClassifier(ClassifierMixin, FineTunedModel):
    """Classifier on an unsupervised encoder: pre-trained on all rows, fine-tuned on labels.

    An affine map, or a small network, maps the encoder's code to the classes, and both are trained
    to minimise the cross-entropy. Rows without a label, marked −1, are used for pre-training; if
    there is only one other label, −1 is a class.

    Parameters
    ----------
    encoder : estimator, default=None
        Any model of this package that has ``transform``, or a Pipeline of such models, each of
        which learns from the code of the one before: a stack, trained layer by layer. Training
        starts from a copy of a fitted encoder; otherwise a clone is fitted to all rows first.
        (Cloning, as a search does, forgets a fit, unless the encoder is within a
        ``sklearn.frozen.FrozenEstimator``.) None takes ``DenoisingAutoencoder()``.
    hidden_layer_sizes : sequence of int, default=()
        Widths of hidden layers between the code and the labels.
    activation : {"identity", "logistic", "tanh", "relu", "elu", "gelu", "silu"}, default="relu"
        Activation of the hidden layers.
    dropout : float, default=0.0
        Share of the hidden units dropped at each update, in [0, 1). The code's units are among
        them.
    learning_rate : float, default=1e-3
        Learning rate of Adam.
    encoder_learning_rate : float, default=None
        Learning rate of Adam for the encoder; None takes ``learning_rate``, and 0 leaves it as it
        was pre-trained.
    learning_rate_schedule : {"linear", "constant"}, default="constant"
        "linear" keeps the rate over the first half of the fit and lowers it to 1 % over the second.
        The halves are those of ``max_iter``; training may stop before.
    batch_size : int, default=32
        Rows per update.
    max_iter : int, default=200
        Maximum number of epochs. It is that of fine-tuning; pre-training has the encoder's own.
    early_stopping : bool, default=False
        Whether to hold out rows, stop when their loss no longer improves, and keep the parameters
        of this call's best epoch. Otherwise the training loss decides when to stop, and the last
        parameters are kept. Only labelled rows are held out.
    validation_fraction : float, default=0.1
        Share of the rows held out for ``early_stopping``. Only labelled rows are held out, and
        pre-training sees them.
    n_iter_no_change : int, default=10
        Epochs without improvement after which training stops.
    tol : float, default=1e-4
        Smallest improvement that counts, relative to the loss.
    warm_start : bool, default=False
        Whether ``fit`` goes on from where the last one ended, the optimiser's state included. It
        does not pre-train again.
    device : str, default="auto"
        Where to compute: "cpu", "cuda", "mps", or "auto" for the first of the last two that is
        available, else "cpu".
    precision : {"float32", "bfloat16", "float64"}, default="float32"
        Precision of the products in training; parameters and answers stay at least float32.
        Pre-training has the encoder's own.
    verbose : int, default=0
        Whether to print a line for each epoch.
    random_state : int, RandomState instance or None, default=None
        Seeds all that is random in ``fit``, and each model within that has no ``random_state`` of
        its own.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted, without −1.
    encoder_ : estimator
        The encoder as it was pre-trained.
    module_ : ClassifierModule
        Encoder and head, fine-tuned.
    history_ : dict of lists
        One entry per epoch of fine-tuning: ``"loss"``, the mean cross-entropy of training rows in
        nats, and ``"validation_loss"``, NaN if no rows are held out.
    n_iter_ : int
        Epochs run. They are those of fine-tuning.
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    Raises
    ------
    ValueError
        If there are fewer than two classes.

    Warns
    -----
    UserWarning
        If there is only one label besides −1, or −1 may be a class beside the others, which are
        0 and 1, or negative too.

    See Also
    --------
    FineTunedRegressor : For labels that are numbers.
    sklearn.neural_network.MLPClassifier : The same network from scratch.
    sklearn.semi_supervised.SelfTrainingClassifier : Another way to use rows without a label.

    Notes
    -----
    The code of a deep Boltzmann machine takes many iterations of mean field to converge; it is
    fine-tuned with few, unrolled to the layers of a network.

    References
    ----------
    Hinton, G. E., Osindero, S. and Teh, Y.-W., "A fast learning algorithm for deep belief nets",
    Neural Computation 18, 2006.

    Erhan, D. et al., "Why does unsupervised pre-training help deep learning?", JMLR 11, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from skdeepunsup import DenoisingAutoencoder, FineTunedClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> X, few = X / 16, np.where(np.arange(len(y)) < 100, y, -1)
    >>> encoder = DenoisingAutoencoder(64, max_iter=20)
    >>> model = FineTunedClassifier(encoder, max_iter=50, random_state=0).fit(X, few)
    >>> model.classes_
    array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    >>> model.predict_proba(X).shape
    (1797, 10)
    """

    _module_class = ClassifierModule

    def __init__(
        self,
        encoder: Any = None,
        *,
        hidden_layer_sizes: Sequence[int] = (),
        activation: str = "relu",
        dropout: float = 0.0,
        learning_rate: float = 1e-3,
        encoder_learning_rate: float | None = None,
        learning_rate_schedule: str = "constant",
        batch_size: int = 32,
        max_iter: int = 200,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        warm_start: bool = False,
        device: str = "auto",
        precision: str = "float32",
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.encoder = encoder
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.encoder_learning_rate = encoder_learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.device = device
        self.precision = precision
        self.verbose = verbose
        self.random_state = random_state

    @property
    def classes_(self) -> np.ndarray:
        """Labels, sorted."""
        check_is_fitted(self)
        return np.array(self._module.arguments["classes"])

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Compute the logarithm of the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``, in nats, as float64.
        """
        # In float64 even for float32 logits: small differences from 1 would be rounded to 0.
        logits = self._answer(self._checked(X), lambda module: module.output)
        return log_softmax(logits.astype(np.float64), axis=1)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Compute the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``, as float64.
        """
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.
        """
        return self.classes_[self.predict_log_proba(X).argmax(1)]

    def _targets(self, y: Any, reset: bool, weights: np.ndarray | None) -> Targets:
        remedy = "mark their rows by -1, beside classes from 1 on, or text of dtype object"
        y = label_column(y, remedy)
        labelled = y != UNLABELLED if y.dtype.kind in "iufO" else np.ones(len(y), dtype=bool)
        if y.dtype.kind in "UO" and (y == str(UNLABELLED)).any():
            raise ValueError(
                "y holds the text '-1'; mark rows without a label by the number -1, in an array of "
                "dtype object."
            )
        if not labelled.any():
            raise ValueError("y has no label: all rows are marked -1, as unlabelled.")
        classes = () if reset else self._module.arguments["classes"]
        if UNLABELLED in classes:
            labelled[:] = True
        elif reset and not labelled.all() and len(set(y[labelled].tolist())) == 1:
            warn(
                f"y holds -1 and {y[labelled][0]} alone, which are taken for two classes; name "
                "them otherwise where -1 marks rows without a label.",
            )
            labelled[:] = True
        places, found = check_labels(y[labelled], classes, remedy)
        if reset and not labelled.all():
            _warn_of_a_class(y[labelled].tolist())
        classes = found
        if len(classes) < 2:
            raise ValueError(f"y has one class, {classes[0]!r}; a classifier needs at least two.")
        return Targets(places, labelled, classes)

    def _module_arguments(
        self, rows: Rows, fitted: dict[str, Any] | None, *, encoder_: Any
    ) -> dict[str, Any]:
        return self._common_arguments(encoder_, len(rows.classes)) | {"classes": rows.classes}


def _warn_of_a_class(labels: list[Any]) -> None:
    """Warn if −1 may be a class beside ``labels``: between −2 and 0, say, or opposite to 1."""
    others = set(labels)
    if all(isinstance(label, bool) for label in others):
        return
    negative = any(isinstance(label, int | float) and label < 0 for label in others)
    if negative or others == {0, 1}:
        warn(
            f"y holds -1 beside {', '.join(map(str, sorted(others)))}: rows of -1 are taken for "
            "rows without a label, as in sklearn.semi_supervised, not for a class. If -1 is a "
            "class, number all classes from 0, as sklearn.preprocessing.LabelEncoder does; if it "
            "is none, number the others from 1, and this warning goes.",
        )
