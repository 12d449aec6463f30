"""Checkpoints: the state of running fits in a file, from which the same script goes on."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from sklearn.callback import CallbackSupportMixin

from .._caller import all_or_nothing
from .._fingerprint import fingerprint
from .._parameters import UNSEEDED, check_integer
from .journal import Journal, identity_of


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
        """Raise TypeError unless the estimator is one of this package.

        Parameters
        ----------
        estimator : estimator
            The estimator that is fitted.
        context : CallbackContext
            The task of the fit.
        """
        if not hasattr(estimator, "_own_callbacks"):
            raise TypeError(
                f"a Checkpoint does nothing for {type(estimator).__name__}: set it on the "
                "estimator of skdeepunsup within, by its own set_callbacks."
            )

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing: a fit looks for its file itself.

        Parameters
        ----------
        estimator : estimator
            The estimator that is fitted.
        context : CallbackContext
            The task of the fit.
        """

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Do nothing: a fit keeps its states itself.

        Parameters
        ----------
        estimator : estimator
            The estimator that is fitted.
        context : CallbackContext
            The task of the fit.
        """

    def teardown(self, estimator: Any, context: Any) -> None:
        """Do nothing: a fit closes its file itself.

        Parameters
        ----------
        estimator : estimator
            The estimator that is fitted.
        context : CallbackContext
            The task of the fit.
        """

    def __repr__(self) -> str:
        return f"Checkpoint({str(self.path)!r}, every={self.every})"


RUNNING: ContextVar[Journal | None] = ContextVar("RUNNING", default=None)
"""The journal of the outermost fit that runs."""


@contextlib.contextmanager
def checkpointed(
    estimator: Any, data: dict[str, Any], before: Any = None
) -> Iterator[Journal | None]:
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
