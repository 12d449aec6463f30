"""The models that applications are built on here, small enough to fit in no time."""

from sklearn.pipeline import make_pipeline

from skdeepunsup import BernoulliRBM, DeepBeliefNetwork, GaussianRBM, VariationalAutoencoder

MACHINE = GaussianRBM(4, n_iter=2)
DEEP_MACHINE = DeepBeliefNetwork((5, 4), visible_units="gaussian", n_iter=2)
STACK = make_pipeline(GaussianRBM(5, n_iter=2), BernoulliRBM(4, n_iter=2))
VARIATIONAL = VariationalAutoencoder(3, hidden_layer_sizes=(8,), beta=0.1, max_iter=3)
MASKED = VariationalAutoencoder(3, hidden_layer_sizes=(8,), missing="mask", max_iter=3)

WHOLE = {"batch_size": 10_000}
FIT = {"learning_rate": 0.05, "max_iter": 12, "random_state": 0}
