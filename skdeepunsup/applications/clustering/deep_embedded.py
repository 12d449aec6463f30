"""Deep embedded clustering as an estimator."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from sklearn.base import clone

from ..._parameters import check_option, check_real
from ..._random import Stream
from ..._rows import Rows
from ..._validation import to_array
from ...base.encoders import check_encoder, parts_of
from ...base.fit import TrainingData
from ...reconstruction import Autoencoder
from ...reconstruction.modules.base import observed_variances
from ...training import Schedule
from .base import DeepClusterer
from .embedded_module import Augmentation, EmbeddedClustersModule
from .equal_mixture import equal_mixture


class DeepEmbeddedClustering(DeepClusterer):
    """Deep embedded clustering: trains an encoder so that clusters separate in its code.

    A row belongs to a cluster the more, the nearer its code is to the centre. These assignments,
    sharpened, are the targets of the next epoch: encoder and centres become surer of the clusters
    they have found and, optionally, still learn to reconstruct the rows.

    Parameters
    ----------
    n_clusters : int, default=8
        Clusters.
    encoder : estimator, default=None
        Any model of this package that has ``transform``, or a Pipeline of such models, each
        learning from the code of the one before. Training starts at a copy of a fitted encoder; an
        unfitted one is cloned and fitted first. (Cloning, as in a search, forgets a fit, unless the
        encoder is within a ``sklearn.frozen.FrozenEstimator``.) None stands for
        ``Autoencoder(10, hidden_layer_sizes=(500, 500), max_iter=30, early_stopping=False)``, with
        as many epochs as make 5000 updates where rows are few.
    reconstruction_weight : float, default=0.5
        Weight of the reconstruction error, as a share of the rows' variance, beside the divergence
        of the assignments from their targets, in nats. 0 trains for the clusters only.
    dof : float, default=1.0
        Degrees of freedom of the t-distribution that turns distances into assignments.
    init : {"k-means", "equal-mixture"} or estimator, default="k-means"
        Finds the first clusters in the code. "k-means" takes the best of 20 starts;
        "equal-mixture" a mixture of normal clusters of any shape, kept at equal sizes, which is
        much better if clusters do have equal sizes; a clusterer or mixture of scikit-learn is
        cloned, and its ``fit_predict`` used; rows that it takes for noise (labels below 0, as of
        DBSCAN) belong to no cluster at first. Except for "k-means", the labels are the targets of
        the first epoch; those of noise are the assignments to the centres of the others.
    augmentation : callable, default=None
        Changes a batch in ways that clusters should not depend on: is given a Tensor of shape
        (n, n_features) and a ``torch.Generator`` on its device to draw from, and returns the
        changed batch. Targets of assignments and reconstructions are those of the unchanged rows.
    learning_rate : float, default=5e-4
        Learning rate of Adam. It is constant over the first half of the epochs, then falls to 1 %.
    batch_size : int, default=None
        Rows per update. None takes 256, or a twentieth of the rows where that is less, but at
        least 32: few rows would otherwise make a single update an epoch.
    max_iter : int, default=20
        Maximum number of epochs.
    tol : float, default=1e-3
        Training stops after an epoch in which a smaller share of rows moved to another cluster; 0
        runs all epochs.
    warm_start : bool, default=False
        Whether ``fit`` goes on from where the last one ended, the optimiser's state included.
    device : str, default="auto"
        Where to compute: "cpu", "cuda", "mps", or "auto" for the first of the last two that is
        available, else "cpu".
    precision : {"float32", "bfloat16", "float64"}, default="float32"
        Precision of the products in training; parameters and answers stay at least float32.
    verbose : int, default=0
        Whether to print a line for each epoch.
    random_state : int, RandomState instance or None, default=None
        Seeds all that is random in ``fit``, and each model within that has no ``random_state`` of
        its own.

    Attributes
    ----------
    labels_ : ndarray of int, of shape (n_samples,)
        The cluster of each row of ``fit``.
    cluster_centers_ : ndarray of shape (n_clusters, n_components)
        Centres in the code.
    encoder_ : estimator
        The encoder as it was pre-trained.
    module_ : EmbeddedClustersModule
        Encoder and centres.
    history_ : dict of lists
        An entry an epoch: ``"loss"``, its parts ``"clustering"`` in nats and ``"reconstruction"``,
        and ``"moved"``, the share of rows whose cluster changed; ``"validation_loss"`` is NaN.
    n_iter_ : int
        Epochs run.
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    Raises
    ------
    ValueError
        If there are fewer rows than clusters, or ``init`` finds another number of clusters, or
        noise alone.

    See Also
    --------
    VariationalDeepEmbedding : With a density.
    sklearn.cluster.KMeans : Without a code.

    References
    ----------
    Xie, J., Girshick, R. and Farhadi, A., "Unsupervised deep embedding for clustering analysis",
    ICML 2016.

    Guo, X., Gao, L., Liu, X. and Yin, J., "Improved deep embedded clustering with local structure
    preservation", IJCAI 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdeepunsup import Autoencoder, DeepEmbeddedClustering
    >>> X = load_digits().data / 16
    >>> encoder = Autoencoder(8, hidden_layer_sizes=(64,), max_iter=20)
    >>> model = DeepEmbeddedClustering(10, encoder, max_iter=5, random_state=0).fit(X)
    >>> model.labels_.shape, model.predict_proba(X).shape
    ((1797,), (1797, 10))
    >>> model.sample(3, 2, random_state=0).shape
    (2, 64)
    """

    _module_class = EmbeddedClustersModule

    def __init__(
        self,
        n_clusters: int = 8,
        encoder: Any = None,
        *,
        reconstruction_weight: float = 0.5,
        dof: float = 1.0,
        init: Any = "k-means",
        augmentation: Augmentation = None,
        learning_rate: float = 5e-4,
        batch_size: int | None = None,
        max_iter: int = 20,
        tol: float = 1e-3,
        warm_start: bool = False,
        device: str = "auto",
        precision: str = "float32",
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.encoder = encoder
        self.reconstruction_weight = reconstruction_weight
        self.dof = dof
        self.init = init
        self.augmentation = augmentation
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.device = device
        self.precision = precision
        self.verbose = verbose
        self.random_state = random_state

    def _encoder(self) -> Any:
        if self.encoder is None:
            layers = (500, 500)
            return Autoencoder(10, hidden_layer_sizes=layers, max_iter=30, early_stopping=False)
        return self.encoder

    def _check_own_parameters(self) -> None:
        check_encoder("encoder", self._encoder())
        check_real("reconstruction_weight", self.reconstruction_weight, 0)
        check_real("dof", self.dof, 0, boundaries="neither")
        if not hasattr(self.init, "fit_predict"):
            check_option("init", self.init, ("k-means", "equal-mixture"))
        if self.augmentation is not None and not callable(self.augmentation):
            raise TypeError(f"augmentation == {self.augmentation!r}, must be a callable or None.")

    def _schedule(self) -> Schedule:
        schedule = super()._schedule()
        if self.batch_size is None:
            schedule = replace(schedule, batch_size=256, least_batches=20)
        return schedule

    def _training_data(self, X: Any, *, reset: bool) -> TrainingData:
        data = super()._training_data(X, reset=reset)
        numbers = np.arange(data.X.shape[0])  # by which a batch finds its targets
        return data._replace(labels=numbers)

    def _module_arguments(
        self, rows: Rows, fitted: dict[str, Any] | None, *, encoder_: Any
    ) -> dict[str, Any]:
        return {
            "parts": parts_of(encoder_),
            "n_clusters": self.n_clusters,
            "dof": float(self.dof),
            "reconstruction_weight": float(self.reconstruction_weight),
            "augmentation": self.augmentation,
        }

    def _initialize(
        self, module: EmbeddedClustersModule, rows: Rows, stream: Stream, *, encoder_: Any
    ) -> None:
        codes = self._loaded_codes(module, rows, stream, encoder_)
        labels = self._first_clusters(codes, int(stream.numpy.integers(2**31)))
        centers = np.stack([codes[labels == k].mean(0) for k in range(self.n_clusters)])
        module.centers.data.copy_(torch.from_numpy(centers))
        q = module.assigned(rows)
        if self.init != "k-means":
            found = torch.from_numpy(labels >= 0)
            told = torch.eye(self.n_clusters)[torch.from_numpy(labels).clamp_min(0)].to(q)
            q = torch.where(found[:, None].to(q.device), told, q)
        module.assign(q)
        total = observed_variances(rows).sum()
        module.variance.copy_(total if total else torch.ones(()))

    def _first_clusters(self, codes: np.ndarray, seed: int) -> np.ndarray:
        """Return the first cluster of each row, numbered from 0; −1 for noise."""
        if not isinstance(self.init, str):
            init = clone(self.init)
            if init.get_params(deep=False).get("random_state", 0) is None:
                init.set_params(random_state=seed)
            labels = init.fit_predict(codes.copy())  # a Pipeline may scale its rows in place
        elif self.init == "k-means":
            # Imported here: it takes a twentieth of a second of every import of the package.
            from sklearn.cluster import KMeans

            labels = KMeans(self.n_clusters, n_init=20, random_state=seed).fit_predict(codes)
        else:
            mixture = equal_mixture(codes, self.n_clusters, np.random.default_rng(seed))
            labels = mixture.predict(codes)
        labels = np.asarray(labels)
        noise = labels < 0 if labels.dtype.kind in "if" else np.zeros(len(labels), dtype=bool)
        found, places = np.unique(labels[~noise], return_inverse=True)
        if len(found) != self.n_clusters:
            beside = f", and noise in {noise.sum()} of {len(noise)} rows" if noise.any() else ""
            remedy = "ask for so many" if len(found) else "let it find denser or smaller groups"
            raise ValueError(
                f"n_clusters == {self.n_clusters}, but init finds {len(found)} clusters in the "
                f"codes{beside}; {remedy}, or give other rows or another init."
            )
        numbers = np.full(len(labels), -1)
        numbers[~noise] = places
        return numbers

    def _finish_clusters(self, X: Any) -> None:
        """Set the covariance of each cluster: that of its rows' codes about its centre."""
        codes = self._answer(X, lambda module: module.encode)
        for k, center in enumerate(to_array(self._module.centers)):
            about = codes[self.labels_ == k] - center
            covariance = about.T @ about / max(1, len(about))
            self._module.covariances[k] = torch.from_numpy(covariance)
