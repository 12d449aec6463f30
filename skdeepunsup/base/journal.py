"""The file of a fit: the states of all fits within, what they belong to, and how it is written."""

import threading
from pathlib import Path
from typing import Any

import numpy as np

from .._archive import DamagedFileError, packed, read, write
from .._caller import warn
from .._identity import parameters, text, versions
from .._persistence import to_arrays
from ..training import Keeper, State


def identity_of(estimator: Any, data: dict[str, Any], before: Any) -> dict[str, str]:
    """What a checkpoint file belongs to: class, parameters, data, versions."""
    kind = type(estimator)
    return (
        {"class": f"{kind.__module__}.{kind.__qualname__}"}
        | {f"parameter {name}": value for name, value in parameters(estimator).items()}
        | {f"data {name}": text(value) for name, value in data.items() if value is not None}
        | ({} if before is None else {"fit to go on from": text(before)})
        | {f"version of {name}": value for name, value in versions().items()}
    )


class Journal:
    """The file of a call of ``fit``: what it belongs to, and the states of all fits within.

    Fits are told apart by their order, which is the same at each run.

    Parameters
    ----------
    path : Path
    every : int
        Epochs from one writing to the next.
    identity : dict
        What the file belongs to.

    Attributes
    ----------
    fits : list of dict
        Name and state of each fit within, those of an earlier run that have not begun included.
    n_begun : int
        Fits that have begun in this run.
    random : RandomState or None
        Stands for NumPy's global generator, as the first run found it; None in the first run.
    """

    def __init__(self, path: Path, every: int, identity: dict[str, str]) -> None:
        self.path, self.every, self.identity = path, every, identity
        self.random: np.random.RandomState | None = None
        self.fits: list[dict[str, Any]] = []
        self.n_begun = 0
        self.writer = Writer(path)
        if path.exists():
            self._open()
        else:
            self.drawn = np.random.get_state(legacy=False)
            self.writer.now(self._content())  # tells at once if it can't be written

    def _open(self) -> None:
        """Read the file; raise unless it belongs to this fit."""
        remedy = "delete it to start anew, or give Checkpoint another path."
        try:
            kept = read(self.path)
            identity = dict(kept["identity"])
            self.fits, self.drawn = list(kept["fits"]), kept["random"]
            self.random = np.random.RandomState()
            self.random.set_state(self.drawn)
        except (DamagedFileError, KeyError, TypeError, ValueError) as error:
            why = error if isinstance(error, DamagedFileError) else "its content makes no sense"
            raise ValueError(f"{self.path} can't be gone on from: {why}; {remedy}") from error
        differing = [
            f"{name} was {was} and is {now}"
            for name in dict.fromkeys((*identity, *self.identity))
            if (was := identity.get(name, "absent")) != (now := self.identity.get(name, "absent"))
        ]
        if differing:
            raise ValueError(
                f"{self.path} is the checkpoint of another fit: {'; '.join(differing)}. Set it "
                f"back, {remedy}"
            )

    def next_fit(self, name: str) -> "KeptFit":
        """The keeper of the fit of an estimator of this class that begins now."""
        place = self.n_begun
        self.n_begun += 1
        if place == len(self.fits):
            self.fits.append({"name": name, "state": None})
        elif (before := self.fits[place]["name"]) != name:
            raise ValueError(
                f"{self.path} can't be gone on from: fit {place + 1} within was of a {before} and "
                f"is of a {name}; delete it to start anew."
            )
        return KeptFit(self, place)

    def write(self) -> None:
        """Write all states, beside what goes on."""
        self.writer.later(self._content())

    def close(self) -> None:
        """Wait until all is written."""
        self.writer.wait()

    def _content(self) -> list[bytes | memoryview]:
        return packed({"identity": self.identity, "random": self.drawn, "fits": self.fits})


class KeptFit(Keeper):
    """The keeper of one of the fits of a journal.

    Parameters
    ----------
    journal : Journal
    place : int
        Number of the fit in it.
    """

    def __init__(self, journal: Journal, place: int) -> None:
        self.journal, self.place = journal, place
        self.n_kept = -1

    def found(self) -> dict[str, Any] | None:
        state: dict[str, Any] | None = self.journal.fits[self.place]["state"]
        return state

    def keep(self, n_epochs: int, state: State) -> None:
        if n_epochs % self.journal.every == 0:
            self._keep(n_epochs, state)

    def keep_last(self, n_epochs: int, state: State) -> None:
        if n_epochs != self.n_kept:
            self._keep(n_epochs, state)

    def _keep(self, n_epochs: int, state: State) -> None:
        fits = self.journal.fits
        fits[self.place] = fits[self.place] | {"state": to_arrays(state())}
        self.n_kept = n_epochs
        self.journal.write()


class Writer:
    """Writes the newest of the contents that it is given, in a thread of its own.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        self.thread: threading.Thread | None = None
        self.pending: list[bytes | memoryview] | None = None
        self.error: OSError | None = None

    def now(self, content: list[bytes | memoryview]) -> None:
        """Write, and raise what fails."""
        write(self.path, content)

    def later(self, content: list[bytes | memoryview]) -> None:
        """Write in the other thread; what has not been begun to be written is replaced."""
        self._tell()
        with self.lock:
            self.pending = content
            if self.thread is None:
                self.thread = threading.Thread(target=self._run, name="skdeepunsup checkpoint")
                self.thread.start()

    def wait(self) -> None:
        """Return when all is written."""
        thread = self.thread
        if thread is not None:
            thread.join()
        self._tell()

    def _run(self) -> None:
        while True:
            with self.lock:
                content, self.pending = self.pending, None
                if content is None:
                    self.thread = None
                    return
            try:
                write(self.path, content)
            except OSError as error:
                self.error = error

    def _tell(self) -> None:
        """Warn of a writing that failed: the fit itself goes on."""
        error, self.error = self.error, None
        if error is not None:
            warn(f"{self.path} could not be written ({error}); the fit goes on without.")
