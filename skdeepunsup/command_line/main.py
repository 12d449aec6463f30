"""``python -m skdeepunsup``: arguments in, exit status out."""

import argparse
import io
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from .compare import compare
from .models import MODELS
from .reading import READERS, UnusableError

DESCRIPTION = f"""\
Compare PCA with deep models on the same folds of a table of numbers.

FILE is one of {", ".join(READERS)}; the digits of scikit-learn where none is named. All models see
the same data, scaled to [0, 1]: columns each by its own lowest and highest value, images all pixels
alike. Errors are those of held-out rows. With --out the table and a figure are written too.
"""


class Interrupted(BaseException):
    """Ctrl-C. No KeyboardInterrupt, since a fit takes that as a wish to end early and goes on."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, default=None
        Arguments; None takes those of the process.

    Returns
    -------
    int
        Exit status: 0, 2 where something cannot be used, 130 after Ctrl-C.
    """
    try:
        with _interruptible():
            for stream in (sys.stdout, sys.stderr):
                if isinstance(stream, io.TextIOWrapper):
                    stream.reconfigure(errors="replace")  # ± and R² where only ASCII is spoken
            options = _parser().parse_args(argv)
            _check_options(options)
            compare(options)
            sys.stdout.flush()  # here, where a full disk can still be told of
    except OSError as error:
        # Python flushes the output once more when it ends; let that go where nothing can fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # whoever read it has seen enough
            return 0
        print(f"skdeepunsup: the output cannot be written: {error.strerror}.", file=sys.stderr)
        return 2
    except UnusableError as error:
        print(f"skdeepunsup: {error}", file=sys.stderr)
        return 2
    except (Interrupted, KeyboardInterrupt):
        print("skdeepunsup: interrupted before the comparison was finished.", file=sys.stderr)
        return 130
    return 0


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        raise UnusableError(f"{message}; see {self.prog} --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m skdeepunsup",
        description="Classic deep unsupervised models as scikit-learn estimators.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    command = commands.add_parser(
        "compare",
        help="compare PCA with deep models",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = command.add_argument
    add("file", nargs="?", metavar="FILE", help="a table of numbers")
    add("--target", metavar="COLUMN", help="classes or numbers to predict from the code")
    add("--n-components", nargs="+", type=int, metavar="N", help="code widths (default: 2 8 32)")
    add("--models", nargs="+", default=list(MODELS), choices=list(MODELS), help="default: all")
    add("--cv", type=int, default=3, metavar="N", help="folds (default: 3)")
    add("--out", type=Path, metavar="FOLDER", help="where to write comparison.csv and .png")
    add("--random-state", type=int, default=0, metavar="SEED", help="default: 0")
    return parser


def _check_options(options: argparse.Namespace) -> None:
    """Raise for what is wrong whatever the data, before any work is done."""
    if options.n_components and min(options.n_components) < 1:
        raise UnusableError(
            f"--n-components {min(options.n_components)}: a code has at least 1 number."
        )
    if options.cv < 2:
        raise UnusableError(f"--cv {options.cv}: at least 2 folds are needed to hold rows out.")
    if not 0 <= options.random_state < 2**32:
        raise UnusableError(
            f"--random-state {options.random_state}: must be between 0 and 2³² − 1."
        )
    if options.out is not None:
        try:
            options.out.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=options.out).close()
        except OSError as error:
            raise UnusableError(
                f"--out {options.out}: cannot be written to ({error.strerror}); "
                "name another folder."
            ) from error


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end the whole command, not only the fit that is running."""

    def interrupt(*_: Any) -> NoReturn:
        raise Interrupted

    try:
        before = signal.signal(signal.SIGINT, interrupt)
    except ValueError:  # not in the main thread, where no signal arrives
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
