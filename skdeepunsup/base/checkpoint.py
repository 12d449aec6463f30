"""Checkpoints: the state of running fits in a file, from which the same script goes on."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.callback import CallbackSupportMixin

from .._archive import DamagedFileError, packed, read, write
from .._caller import all_or_nothing, warn
from .._fingerprint import fingerprint
from .._identity import parameters, text, versions
from .._parameters import UNSEEDED, check_integer
from .._persistence import to_arrays
from ..training import Keeper, Training


class Checkpoint:
    """Callback that keeps a fit in a file, from which the same script goes on.

    Set it on an estimator of this package, by ``set_callbacks``. At the end of every ``every``-th
    epoch the file is replaced by one with the state of the fit. If the process dies, running the
    same script again goes on from the last epoch in the file, and ends with the same bits as a fit
    that was never interrupted. The file of a fit that is over gives its result at once.

    Parameters
    ----------
    path : str or path-like
        The file. Its folder must exist.
    every : int, default=1
        Epochs from one writing to the next. The last finished epoch is also written when the fit
        ends or fails, and at Ctrl-C and SIGTERM.

    Raises
    ------
    ValueError
        In ``fit``, if the file belongs to another fit (another class, parameters, data or versions
        of the libraries), or is damaged. Nothing is overwritten then.
    TypeError
        In ``fit``, if it is set on an object of another package, such as a Pipeline: set it on the
        estimator within.

    See Also
    --------
    sklearn.callback.ProgressBar : Shows how far a fit is.

    Notes
    -----
    The file holds all that a fit changes: parameters, moments of optimisers, chains, states of the
    random streams, the place in the schedule, early stopping's best epoch. It also holds the fits
    within, such as those of an encoder, which are not repeated. What is before the first epoch is
    computed anew, since it takes little time. Nothing in a file is executed when it is read.

    The state is copied at the end of the epoch and written beside the next one. Where epochs are
    shorter than a writing, only the newest is written, so at a kill the last few may be missing.
    The file is written under another name and then renamed, so there is a whole file at any time.

    Clones of the estimator, as searches and ``cross_val_score`` make them, have a file each:
    ``run-1b46a8c2d7f0.ckpt`` beside ``run.ckpt``, with letters that stand for parameters and data.

    With ``random_state=None``, a fit that goes on draws from NumPy's global generator as the first
    process found it, without changing the global one.

    Of a memory-mapped array, only some rows decide whether it is the data that the file belongs to.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_digits
    >>> from skdeepunsup import Autoencoder, Checkpoint
    >>> X = load_digits().data
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kept = Checkpoint(Path(folder) / "run.ckpt")
    ...     model = Autoencoder(8, max_iter=3, random_state=0).set_callbacks(kept).fit(X)
    ...     again = Autoencoder(8, max_iter=3, random_state=0).set_callbacks(kept).fit(X)
    >>> bool((model.transform(X) == again.transform(X)).all())
    True
    """

    def __init__(self, path: Any, every: int = 1) -> None:
        self.path = Path(path)
        check_integer("every", every, 1)
        self.every = every

    def setup(self, estimator: Any, context: Any) -> None:
        """Raise unless the estimator is one of this package."""
        if not hasattr(estimator, "_own_callbacks"):
            raise TypeError(
                f"a Checkpoint does nothing for {type(estimator).__name__}: set it on the "
                "estimator of skdeepunsup within, by its own set_callbacks."
            )

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing: a fit looks for its file itself."""

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Do nothing: a fit keeps its states itself."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def __repr__(self) -> str:
        return f"Checkpoint({str(self.path)!r}, every={self.every})"


RUNNING: ContextVar["Journal | None"] = ContextVar("RUNNING", default=None)
"""The journal of the outermost fit that runs."""


@contextlib.contextmanager
def checkpointed(
    estimator: Any, data: dict[str, Any], before: Any = None
) -> Iterator["Journal | None"]:
    """Run a fit within the journal of its `Checkpoint`; without one, in that of the fit around it.

    Parameters
    ----------
    estimator : estimator
        Its callbacks may have a `Checkpoint`.
    data : dict
        Checked arguments of ``fit`` by name.
    before : estimator, optional
        The fitted estimator that this fit goes on from.
    """
    callbacks = getattr(estimator, "_skl_callbacks", [])
    found = [callback for callback in callbacks if isinstance(callback, Checkpoint)]
    running = RUNNING.get()
    if running is not None or not found:
        yield running
        return
    if len(found) > 1:
        raise ValueError(f"{found} are set together; a fit has one Checkpoint.")
    identity = identity_of(estimator, data, before)
    path = found[0].path
    if before is not None or not estimator._own_callbacks:
        letters = fingerprint(identity).hex()[:12]
        path = path.with_name(f"{path.stem}-{letters}{path.suffix}")
    journal = Journal(path, found[0].every, identity)
    seeding = UNSEEDED.set(journal.random)
    token = RUNNING.set(journal)
    try:
        with terminated_as_exit():
            yield journal
    finally:
        RUNNING.reset(token)
        UNSEEDED.reset(seeding)
        journal.close()


def identity_of(estimator: Any, data: dict[str, Any], before: Any) -> dict[str, str]:
    """What a checkpoint file belongs to: class, parameters, data, versions."""
    kind = type(estimator)
    from .. import __version__  # which is set last, when the package is imported

    return (
        {"class": f"{kind.__module__}.{kind.__qualname__}"}
        | {f"parameter {name}": value for name, value in parameters(estimator).items()}
        | {f"data {name}": text(value) for name, value in data.items() if value is not None}
        | ({} if before is None else {"fit to go on from": text(before)})
        | {f"version of {name}": value for name, value in versions(__version__).items()}
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
    random : RandomState or None
        Stands for NumPy's global generator, as the first run found it; None in the first run.
    """

    def __init__(self, path: Path, every: int, identity: dict[str, str]) -> None:
        self.path, self.every, self.identity = path, every, identity
        self.random: np.random.RandomState | None = None
        self.fits: list[dict[str, Any]] = []
        self.found: list[dict[str, Any]] = []
        self.n_fits = 0
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
            self.found, self.drawn = kept["fits"], kept["random"]
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
        self.n_fits += 1
        kept = self.found[self.n_fits - 1] if self.n_fits <= len(self.found) else None
        if kept is not None and kept["name"] != name:
            raise ValueError(
                f"{self.path} can't be gone on from: fit {self.n_fits} within was of a "
                f"{kept['name']} and is of a {name}; delete it to start anew."
            )
        self.fits.append(kept or {"name": name, "state": None})
        return KeptFit(self, self.n_fits - 1)

    def write(self) -> None:
        """Write all states, beside what goes on."""
        self.writer.later(self._content())

    def close(self) -> None:
        """Wait until all is written."""
        self.writer.wait()

    def _content(self) -> list[bytes | memoryview]:
        return packed({"identity": self.identity, "random": self.drawn, "fits": self.fits})


class KeptFit(Keeper):
    """The keeper of one of the fits of a journal, which is its number ``place``."""

    def __init__(self, journal: Journal, place: int) -> None:
        self.journal, self.place = journal, place
        self.n_kept = -1

    def found(self) -> dict[str, Any] | None:
        state: dict[str, Any] | None = self.journal.fits[self.place]["state"]
        return state

    def keep(self, training: Training) -> None:
        if len(training.records) % self.journal.every == 0:
            self._keep(training)

    def keep_last(self, training: Training) -> None:
        if len(training.records) != self.n_kept:
            self._keep(training)

    def _keep(self, training: Training) -> None:
        fits = self.journal.fits
        fits[self.place] = fits[self.place] | {"state": to_arrays(training.state_dict())}
        self.n_kept = len(training.records)
        self.journal.write()


class Writer:
    """Writes the newest of the contents that it is given, in a thread of its own."""

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


@contextlib.contextmanager
def terminated_as_exit() -> Iterator[None]:
    """Let SIGTERM end the block by SystemExit, so that the last epoch is written, if it would kill.

    Only the main thread receives signals; a handler of the user's own stays.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def leave(*_: Any) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


class TakesCheckpoints(CallbackSupportMixin):
    """Mixin of estimators with fits of epochs: knows whether a Checkpoint was set on it itself."""

    _own_callbacks = False
    """Whether callbacks were set on this object, and not on one that it is a clone of."""

    @contextlib.contextmanager
    def _composite_fit(self, X: Any, y: Any) -> Iterator[None]:
        """A fit made of fits of other estimators: all or nothing, told to callbacks as one task."""
        with all_or_nothing(self):
            context = self._init_callback_context()
            context.call_on_fit_task_begin(estimator=self, X=X, y=y)
            yield
        context.call_on_fit_task_end(estimator=self, X=X, y=y)

    def set_callbacks(self, *callbacks: Any) -> Any:
        """Set callbacks for the estimator.

        Parameters
        ----------
        *callbacks : callback
            Objects with the methods of scikit-learn's callbacks, such as a `Checkpoint`.

        Returns
        -------
        self : object
            The estimator itself.
        """
        super().set_callbacks(*callbacks)
        self._own_callbacks = bool(callbacks)
        return self
