"""The networks of each game, as a module."""
