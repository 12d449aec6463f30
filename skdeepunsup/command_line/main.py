"""The entry point of ``python -m skdeepunsup``: its arguments, errors and exit status."""

import argparse
import io
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from .compare import compare
from .models import MODELS
from .reading import READERS, UnusableError

DESCRIPTION = f"""\
Compare PCA with deep models on the same folds of a table of numbers.

FILE ends in {", ".join(READERS)}; without one, the digits of scikit-learn are used. All models get
the same data, scaled to [0, 1]: each column by its lowest and highest value, images by the lowest
and highest value of all pixels. Errors are measured on held-out rows. With --out, the table and a
figure are also written to files.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, default=None
        Arguments; None takes those of the command line.

    Returns
    -------
    int
        Exit status: 0 for success, 2 for unusable arguments, data or output, 130 after Ctrl-C.
    """
    try:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # for ± and R² on ASCII terminals
        options = _parser().parse_args(argv)
        _check_options(options)
        compare(options)
        sys.stdout.flush()  # here, where the error of a full disk can still be reported
    except OSError as error:
        # Python flushes the output again at exit; redirect it to where that cannot fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # the reader, such as head, has closed the pipe
            return 0
        print(f"skdeepunsup: the output cannot be written: {error.strerror}.", file=sys.stderr)
        return 2
    except UnusableError as error:
        print(f"skdeepunsup: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("skdeepunsup: interrupted before the comparison was finished.", file=sys.stderr)
        return 130
    return 0


class _Parser(argparse.ArgumentParser):
    """A parser that reports an error in one line, without the usage."""

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
    """Raise for options that are wrong whatever the data, before any work is done."""
    if options.n_components and min(options.n_components) < 1:
        raise UnusableError(f"--n-components {min(options.n_components)}: must be at least 1.")
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
