"""Fitted estimators as files that are read without executing anything of them."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ._archive import DIGEST, DamagedFileError, packed, read, write
from ._given import GIVEN, SAVING, GivenError, Saving, without_callbacks
from ._identity import versions
from ._optional import optional
from ._saved_types import TRUSTED
from ._skops_archive import Part, audited, compact
from .base.memory import WithinBytes

KIND = b"skdeepunsup model 1\n"
"""First line of each file; the number is that of the format."""

EACH, SLACK = 4, 2**24
"""Bytes that a model may ask for, for each byte of its file and in all: modules are made first."""


LONGEST_HEADER = 2**18
"""Bytes of a header, which has versions and names."""


def save(estimator: Any, path: Any, *, training: bool = False) -> None:
    """Save an estimator in a file that ``load`` reads without executing anything of it.

    Parameters
    ----------
    estimator : estimator
        An estimator of this package, fitted or not, or a Pipeline, a search or another
        meta-estimator of scikit-learn with such.
    path : str or path-like
        The file, which is replaced when the new one is whole.
    training : bool, default=False
        Whether to save what a fit goes on from by ``partial_fit`` or ``warm_start``: optimisers,
        chains, random streams. It makes files about three times as large.

    Raises
    ------
    ImportError
        If skops is not installed; the extra ``safe`` installs it.
    TypeError
        If something within is of a class that could not be loaded, such as a function of your own
        in a scorer. Nothing is written then.

    See Also
    --------
    load : Reads the file.
    Checkpoint : Keeps a fit that runs.

    Notes
    -----
    skops writes estimators as JSON and arrays. It is within a file of this package's, with a
    digest, the versions it was saved by, and the names of your own networks and functions: these
    are not in the file, only a network's parameters are, and ``load`` asks for them. Callbacks are
    left out.

    Weights alone, for another program, are saved by
    ``safetensors.torch.save_model(model.module_, path)``.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_digits
    >>> from skdeepunsup import Autoencoder, load, save
    >>> X = load_digits().data
    >>> model = Autoencoder(8, max_iter=2, random_state=0).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(model, Path(folder) / "digits.model")
    ...     loaded = load(Path(folder) / "digits.model")
    >>> bool((loaded.transform(X) == model.transform(X)).all())
    True
    """
    if not isinstance(estimator, BaseEstimator):
        raise TypeError(f"estimator == {estimator!r}, must be an estimator.")
    skops = optional("skops.io", extra="safe", user="save")
    saving = Saving(training, estimator.get_params())
    token = SAVING.set(saving)
    try:
        content = compact(skops.dumps(without_callbacks(estimator)))
    except (RecursionError, skops.exceptions.UnsupportedTypeException) as error:
        raise TypeError(
            f"{type(estimator).__name__} can't be saved: something within is of a type that skops "
            f"does not write ({error}); take it out, or use pickle."
        ) from error
    finally:
        SAVING.reset(token)
    try:
        audited(io.BytesIO(content), len(content), TRUSTED)
    except DamagedFileError as error:
        raise TypeError(
            f"{type(estimator).__name__} can't be saved so that it can be loaded: {error}; take "
            "it out, or use pickle."
        ) from error
    state = {
        "versions": versions(),
        "given": sorted(saving.used),
        "content": np.frombuffer(content, np.uint8),
    }
    write(Path(path), packed(state, KIND))


def load(path: Any, *, modules: Mapping[str, Any] | None = None) -> Any:
    """Load an estimator that ``save`` has saved, without executing anything of the file.

    Parameters
    ----------
    path : str or path-like
        The file.
    modules : dict, default=None
        Your own networks and functions by their names: those of the parameters that had them, as
        ``get_params`` gives them, such as ``"encoder"`` or ``"autoencoder__encoder"``. Networks are
        copied, and get the parameters of the file. None is for models without any.

    Returns
    -------
    estimator
        With the same answers, bit for bit on the same machine. Without the state of training,
        ``partial_fit`` and ``warm_start`` raise.

    Raises
    ------
    ImportError
        If skops is not installed; the extra ``safe`` installs it.
    ValueError
        If the file is none of ``save``, damaged, of a newer format, or holds a type that is neither
        of this package, nor of scikit-learn, nor a container or an array; or if ``modules`` lacks
        a name, has one too many, or a network of another architecture.
    OSError
        If the file can't be read.

    Warns
    -----
    InconsistentVersionWarning
        If an estimator of scikit-learn within was saved by another version of it.

    See Also
    --------
    save : Writes the file.

    Notes
    -----
    Types are compared with a fixed list before anything is imported or made, and sizes with those
    of the file before memory is asked for. The digest tells a damaged file, not a forged one: what
    a file claims to have learned is as trustworthy as whoever made it, and trees of scikit-learn
    within follow the indices that they are given.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_digits
    >>> from torch import nn
    >>> from skdeepunsup import Autoencoder, load, save
    >>> X = load_digits().data
    >>> own = nn.Linear(64, 8)
    >>> model = Autoencoder(8, encoder=own, max_iter=2, random_state=0).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(model, Path(folder) / "digits.model")
    ...     loaded = load(Path(folder) / "digits.model", modules={"encoder": nn.Linear(64, 8)})
    >>> bool((loaded.transform(X) == model.transform(X)).all())
    True
    """
    path, given = Path(path), dict(modules or {})
    optional("skops.io", extra="safe", user="load")
    if path.exists() and not path.is_file():
        raise ValueError(f"{path} can't be loaded: it is no file.")
    try:
        state = read(path, KIND, LONGEST_HEADER)
        needed, n_bytes = list(map(str, state["given"])), int(state["content"].nbytes)
    except DamagedFileError as error:
        raise ValueError(f"{path} can't be loaded: {error}.") from error
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} can't be loaded: its content makes no sense.") from error
    del state  # what is in it is read from the file, a part at a time
    with open(path, "rb") as file:
        start = file.seek(0, io.SEEK_END) - DIGEST - n_bytes
        return _loaded(path, Part(file, start, n_bytes), n_bytes, needed, given)


def _loaded(path: Path, archive: Part, n_bytes: int, needed: list[str], given: Any) -> Any:
    """The estimator in an archive of so many bytes, which is looked through first."""
    import skops.io

    try:
        members = audited(archive, n_bytes, TRUSTED)
    except DamagedFileError as error:
        raise ValueError(f"{path} can't be loaded: {error}.") from error
    _check_given(path, needed, given)
    token = GIVEN.set(given)
    try:
        with WithinBytes(EACH * n_bytes + SLACK):
            return skops.io.load(archive, trusted=members)
    except Warning:
        raise
    except GivenError as error:
        raise ValueError(f"{path} can't be loaded: {error}") from error
    except Exception as error:
        raise ValueError(f"{path} can't be loaded: its content makes no sense.") from error
    finally:
        GIVEN.reset(token)


def _check_given(path: Path, needed: list[str], given: Mapping[str, Any]) -> None:
    """Raise unless what is given has the names of what is needed, and no others."""
    if missing := [name for name in needed if name not in given]:
        listed = ", ".join(f"{name!r}: …" for name in missing)
        raise ValueError(
            f"{path} was saved with networks or functions of your own, which are not in it: "
            f"load(path, modules={{{listed}}})."
        )
    if unused := sorted(set(given) - set(needed)):
        raise ValueError(f"modules has {unused}, but {path} needs {needed}: leave it out.")
