"""What a killed or interrupted fit loses, and what keeping it in a file costs."""

import argparse
import os
import random
import select
import signal
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from skdeepunsup import Autoencoder, Checkpoint
from skdeepunsup._archive import read
from skdeepunsup._fingerprint import fingerprint

from .survival_fits import Fit, content, fits
from .timing import print_table

LATE = "error: KeyboardInterrupt()"
"""What a process says that Ctrl-C reaches after its fit."""

PATIENCE = 60.0
"""Seconds until a fit that does not end is given up."""

KEPT, FITTED, UNFITTED, BROKEN, DEAF = "kept", "fitted", "unfitted", "in between", "did not end"

COSTLY_ROWS, COSTLY_SIZES, COSTLY_EPOCHS = 8000, (500, 250), 12
"""Of a fit that takes about ten seconds."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--kills", type=int, default=200, help="moments to kill fits at")
    parser.add_argument("--interrupts", type=int, default=100, help="moments of Ctrl-C")
    parser.add_argument("--repetitions", type=int, default=3, help="of the fits that are timed")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")


def run(arguments: argparse.Namespace) -> None:
    """Print the tables."""
    chance = random.Random(arguments.seed)
    kinds = list(fits().items())
    whole = {name: undisturbed(fit) for name, fit in kinds}
    rows: list[list[Any]] = []
    lost = 0
    for signal_number, n, judge in (
        (signal.SIGKILL, arguments.kills, killed),
        (signal.SIGTERM, arguments.kills // 4, killed),
        (signal.SIGINT, arguments.interrupts, interrupted),
    ):
        ends: Counter[str] = Counter()
        for i in range(n):
            name, fit = kinds[i % len(kinds)]
            end = judge(fit, *whole[name], chance, signal_number)
            ends[end] += 1
            if end not in (KEPT, FITTED, UNFITTED):
                lost += 1
                print(f"{name}: {end}", flush=True)
        rows.append([signal.Signals(signal_number).name, n, str(dict(ends))])
    print_table(
        "Fits that were killed and run again, or interrupted", ["signal", "moments", "ends"], rows
    )
    if arguments.repetitions:
        rows = costs(arguments.repetitions)
        print_table("The cost of a file an epoch", ["what", "seconds", "share"], rows)
    if lost:
        raise SystemExit(f"{lost} fits were lost, or in between")


def child(work: Callable[[], bytes]) -> tuple[int, int]:
    """Begin to work in a process of its own; return its number and the pipe of its answer."""
    receive, send = os.pipe()
    number = os.fork()
    if number:
        os.close(send)
        os.read(receive, 1)  # until it is about to work
        return number, receive
    try:
        os.close(receive)
        os.write(send, b".")
        warnings.simplefilter("ignore")
        os.write(send, work())
        os._exit(0)
    except BaseException as error:
        os.write(send, f"error: {error!r}".encode())
    finally:
        os._exit(1)


def answer(number: int, receive: int) -> bytes:
    """What a process has sent by its end; nothing if it does not end."""
    parts, until = [], time.monotonic() + PATIENCE
    while select.select([receive], [], [], max(0, until - time.monotonic()))[0]:
        part = os.read(receive, 2**16)
        if not part:
            break
        parts.append(part)
    else:
        os.kill(number, signal.SIGKILL)
    os.close(receive)
    os.waitpid(number, 0)
    return b"".join(parts)


def undisturbed(fit: Fit) -> tuple[bytes, float]:
    """The fingerprint of what a fit ends with, and its seconds."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        found = answer(*child(lambda: _fitted(fit, Path(folder) / "run.ckpt")))
        return found, time.monotonic() - started


def _fitted(fit: Fit, path: Path) -> bytes:
    np.random.seed(0)  # which stands for random_state=None
    return fingerprint(content(fit(path)))


def killed(fit: Fit, whole: bytes, seconds: float, chance: random.Random, number: int) -> str:
    """Kill a fit twice at random moments, then run it to its end; tell how it ends."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.ckpt"
        for share in (chance.random(), chance.random()):
            process, pipe = child(lambda: _fitted(fit, path))
            time.sleep(share * seconds)
            os.kill(process, number)
            answer(process, pipe)
            for file in path.parent.glob("run*.ckpt"):
                read(file)  # raises if it is not whole
        found = answer(*child(lambda: _fitted(fit, path)))
        left = [file.name for file in path.parent.iterdir() if file.suffix != ".ckpt"]
    if left:
        return f"left {left}"
    return KEPT if found == whole else f"other bits: {found!r}"


def interrupted(fit: Fit, whole: bytes, seconds: float, chance: random.Random, number: int) -> str:
    """Interrupt a fit once at a random moment; tell in what state its estimator is."""
    share = chance.random()
    process, pipe = child(lambda: _state_after(fit))
    time.sleep(share * seconds)
    os.kill(process, number)
    found = answer(process, pipe).decode() or DEAF
    return FITTED if found == LATE else found


def _state_after(fit: Fit) -> bytes:
    """Fit until Ctrl-C; tell whether the estimator is fitted, as it was, or in between."""
    estimator, ended = clone(fit.estimator), False
    before = fingerprint(content(estimator))
    try:
        estimator.fit(*fit.arguments)
        ended = True
    except KeyboardInterrupt:
        ended = False
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not ended:
        # A Pipeline or a search is scikit-learn's, which may keep a fitted step.
        ours = type(estimator).__module__.startswith("skdeepunsup")
        same = not ours or fingerprint(content(estimator)) == before
        return (UNFITTED if same else BROKEN).encode()
    history = getattr(estimator, "history_", {"loss": []})
    answers = any(hasattr(estimator, m) for m in ("transform", "predict", "score_samples"))
    whole = len({len(values) for values in history.values()}) == 1
    return (FITTED if whole and answers and is_fitted(estimator) else BROKEN).encode()


def is_fitted(estimator: Any) -> bool:
    """Whether scikit-learn takes the estimator for fitted."""
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True


def costs(repetitions: int) -> Iterator[list[Any]]:
    """Seconds of a fit with and without a `Checkpoint`, in turn."""
    X = np.random.default_rng(0).random((COSTLY_ROWS, 784), dtype=np.float32)

    def seconds(*callbacks: Any) -> float:
        model = Autoencoder(
            32,
            hidden_layer_sizes=COSTLY_SIZES,
            max_iter=COSTLY_EPOCHS,
            n_iter_no_change=COSTLY_EPOCHS,
            random_state=0,
        )
        started = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.set_callbacks(*callbacks).fit(X)
        return time.perf_counter() - started

    plain, kept = [], []
    with tempfile.TemporaryDirectory() as folder:
        for i in range(repetitions):
            plain.append(seconds())
            kept.append(seconds(Checkpoint(Path(folder) / f"{i}.ckpt")))
    yield ["fit", f"{median(plain):.2f}", ""]
    yield ["fit with a Checkpoint", f"{median(kept):.2f}", f"{median(kept) / median(plain):.3f}"]
