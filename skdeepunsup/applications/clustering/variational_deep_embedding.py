"""Variational deep embedding as an estimator."""

from typing import Any

import numpy as np
import torch
from sklearn import config_context
from torch import Tensor

from ..._finite import finite_score
from ..._parameters import check_integer
from ..._random import Stream
from ..._rows import Rows, map_rows
from ...base.encoders import models_of, parts_of
from ...base.generative import Completion, GenerativeModel
from ...base.units import reported_density
from ...reconstruction import VariationalAutoencoder
from ...reconstruction.completion import PosteriorChains
from ...training import Report
from .base import DeepClusterer
from .mixture_module import MixtureModule

MOST_ROWS = 10_000
"""The first clusters are found among at most so many rows."""


class VariationalDeepEmbedding(GenerativeModel, DeepClusterer):
    """Variational deep embedding: a density with codes that are normal within each cluster.

    To draw a row, the model draws a cluster, a code of this cluster, and a row given the code.
    Training starts at a `VariationalAutoencoder`, replaces the normal distribution of its codes by
    a mixture, and raises the lower bound on the density of the rows. The first clusters are those
    that k-means finds among the reconstructions of the rows: the code of a table with few features
    has dimensions of no meaning, which hide clusters from a mixture fitted to codes. The
    probabilities of the clusters of a row are those at the mean of q(z | x).

    Parameters
    ----------
    n_clusters : int, default=8
        Clusters.
    encoder : VariationalAutoencoder, default=None
        Training starts at a copy of a fitted autoencoder; an unfitted one is cloned and fitted
        first. (Cloning, as in a search, forgets a fit, unless the encoder is within a
        ``sklearn.frozen.FrozenEstimator``.) None stands for
        ``VariationalAutoencoder(10, beta=0.5)``: with 1, a code of few rows may lose a dimension
        that separates clusters.
    learning_rate : float, default=1e-3
        Learning rate of Adam. It is constant over the first half of the epochs, then falls to 1 %.
    batch_size : int, default=256
        Rows per update.
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
        Means of the clusters' codes.
    encoder_ : VariationalAutoencoder
        The autoencoder as it was pre-trained.
    module_ : MixtureModule
        Autoencoder and mixture.
    history_ : dict of lists
        An entry an epoch: ``"loss"``, minus the bound in nats, its parts ``"reconstruction"``,
        ``"code"`` and ``"cluster"``, and ``"moved"``, the share of rows whose cluster changed;
        ``"validation_loss"`` is NaN.
    n_iter_ : int
        Epochs run.
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    Raises
    ------
    ValueError
        If there are fewer rows than clusters.

    See Also
    --------
    DeepEmbeddedClustering : Without a density, on any encoder.
    sklearn.mixture.GaussianMixture : Without a code.

    References
    ----------
    Jiang, Z., Zheng, Y., Tan, H., Tang, B. and Zhou, H., "Variational deep embedding: an
    unsupervised and generative approach to clustering", IJCAI 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdeepunsup import VariationalAutoencoder, VariationalDeepEmbedding
    >>> X = load_digits().data / 16
    >>> encoder = VariationalAutoencoder(8, hidden_layer_sizes=(64,), max_iter=20)
    >>> model = VariationalDeepEmbedding(10, encoder, max_iter=5, random_state=0).fit(X)
    >>> model.labels_.shape, model.predict_proba(X).shape
    ((1797,), (1797, 10))
    >>> model.sample(3, 2, random_state=0).shape
    (2, 64)
    """

    _module_class = MixtureModule

    def __init__(
        self,
        n_clusters: int = 8,
        encoder: Any = None,
        *,
        learning_rate: float = 1e-3,
        batch_size: int = 256,
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
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.device = device
        self.precision = precision
        self.verbose = verbose
        self.random_state = random_state

    def score_samples(self, X: Any, *, n_samples: int = 100, out: Any = None) -> Any:
        """Estimate the log-likelihood of each row by importance sampling from q(z | x).

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.
        n_samples : int, default=100
            Draws of z for each row, from the same noise for all rows and calls.
        out : array, default=None
            Array of the answers' shape to write them into, a part at a time, such as a memory map,
            an HDF5 dataset or a zarr array; it is returned. None makes an array.

        Returns
        -------
        ndarray of shape (n_samples,)
            log p(x) in nats; of a density, where the likelihood is Gaussian. A lower bound in
            expectation, tighter the more samples there are.
        """
        check_integer("n_samples", n_samples, 1)
        return self._answer(
            self._checked(X),
            lambda module: (
                lambda x: module.scaling.log_density(
                    module.log_likelihood(x, n_samples, Stream(0, x.device)), x
                )
            ),
            out=out,
        )

    def score(self, X: Any, y: Any = None) -> float:
        """Return the mean of ``score_samples``.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.
        y : Ignored
            Present for API consistency.

        Returns
        -------
        float
            Mean log-likelihood of a row, higher being better.
        """
        return finite_score(self.score_samples(X).mean)

    def _check_observed(self, X: Any) -> None:
        models_of(self.encoder_)[0]._check_observed(X)

    def _completion(self, module: MixtureModule, x: Tensor, stream: Stream) -> Completion:
        return PosteriorChains(module.vae, module, x, stream)

    def _encoder(self) -> Any:
        return VariationalAutoencoder(10, beta=0.5) if self.encoder is None else self.encoder

    def _check_own_parameters(self) -> None:
        models = models_of(self._encoder())
        if len(models) > 1 or not isinstance(models[0], VariationalAutoencoder):
            raise TypeError(f"encoder == {self.encoder!r}, must be a VariationalAutoencoder.")

    def _in_data_units(
        self, module: MixtureModule, rows: Rows, held_out: Rows | None
    ) -> Report | None:
        assert module.scaling is not None
        return reported_density(module.scaling, rows, held_out, module.vae.masks)

    def _module_arguments(
        self, rows: Rows, fitted: dict[str, Any] | None, *, encoder_: Any
    ) -> dict[str, Any]:
        return {"parts": parts_of(encoder_), "n_clusters": self.n_clusters}

    def _initialize(
        self, module: MixtureModule, rows: Rows, stream: Stream, *, encoder_: Any
    ) -> None:
        means = self._loaded_codes(module, rows, stream, encoder_)
        variances = map_rows(lambda x: module.vae.posterior(x)[1].exp(), rows, means.dtype)
        labels = self._first_clusters(module, rows, stream)
        # Each row belongs a little to each cluster, so that none is empty.
        gamma = np.eye(self.n_clusters)[labels] + 1 / len(labels)
        module.maximize(*map(torch.from_numpy, (gamma, means, variances)))
        module.assign(module.assigned(rows))

    def _first_clusters(self, module: MixtureModule, rows: Rows, stream: Stream) -> np.ndarray:
        """Return the number of the cluster that k-means assigns each row's reconstruction to."""

        def reconstruct(x: Tensor) -> Tensor:
            return module.vae.decode(module.encode(x))

        some = rows.select(torch.from_numpy(stream.numpy.permutation(len(rows))[:MOST_ROWS]))
        seed = int(stream.numpy.integers(2**31))
        # Imported here: it takes a twentieth of a second of every import of the package.
        from sklearn.cluster import KMeans

        k_means = KMeans(self.n_clusters, n_init=10, random_state=seed)
        with config_context(array_api_dispatch=False):  # with it, it cannot start
            k_means.fit(map_rows(reconstruct, some, np.dtype(np.float64)))
        centers = torch.from_numpy(k_means.cluster_centers_).to(module.centers)
        return map_rows(
            lambda x: torch.cdist(reconstruct(x), centers).argmin(1), rows, np.dtype(np.int64)
        )
