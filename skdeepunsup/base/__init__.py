"""What every estimator of this package is built on."""
