"""The command line: from a file to a table and a figure, or to one line that says why not."""

from .main import main

__all__ = ["main"]
