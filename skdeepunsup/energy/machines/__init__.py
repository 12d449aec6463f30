"""Boltzmann machines as modules: layers of units, tied by weights."""
