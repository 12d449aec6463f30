"""A file is written whole, or the one that was there stays."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A binary file to write, which takes the place of ``path`` once it is whole and on the disk.

    It is written beside ``path`` under another name. A link is replaced, never followed. After an
    error nothing of it is left, and what was at ``path`` is as it was.
    """
    unfinished = path.with_name(f".{path.name}.part")
    with contextlib.suppress(FileNotFoundError):
        unfinished.unlink()  # what a killed process has left, or a link somewhere else
    try:
        with open(unfinished, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise
    _keep_name(path.parent)


def _keep_name(folder: Path) -> None:
    """Write a folder's names to the disk, where the system can."""
    with contextlib.suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
