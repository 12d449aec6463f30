"""The rules of the games, the updates of both players, and the quality of samples."""
