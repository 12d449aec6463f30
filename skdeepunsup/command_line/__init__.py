"""The command ``python -m skdeepunsup``: reads a file, writes a table and a figure, or one error.

In the order of a run: ``main.py`` (arguments, exit status), ``reading.py`` (files), ``models.py``,
``compare.py`` (the command itself) with ``progress.py``, ``report.py`` (the output).
"""

from .main import main

__all__ = ["main"]
