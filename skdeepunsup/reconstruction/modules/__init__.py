"""The mathematics of each autoencoder, as a module."""
