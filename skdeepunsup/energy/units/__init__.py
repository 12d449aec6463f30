"""Kinds of units: what a layer of a Boltzmann machine is made of."""
