"""Speed of fits and answers beside scikit-learn, plain loops and matrix products, on any device.

Each table names contestants at the same work, their wall and CPU time, and how many times as fast
the package is: medians of rounds in which all take turns. On the CPU, ratios are those of CPU time.
``--threads 2`` instead compares each fit and answer of the package on one thread and on two;
``--device cuda`` runs all on that device, where ratios are those of wall time. The fixed costs and
sparse rows are measured on the CPU alone. ``python -m benchmarks peers`` has other packages.
"""

import argparse
import sys
from itertools import chain

import torch

from skdeepunsup._products import chosen_kernels

from . import speed_answers, speed_fits, speed_fixed
from .processor import accelerators
from .races import print_races, print_threads


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks speed``."""
    parser.add_argument("--repetitions", type=int, default=7, help="timed rounds (default 7)")
    parser.add_argument("--device", default="cpu", help="such as cuda (default cpu)")
    parser.add_argument(
        "--threads", type=int, default=1, help="compare so many with one (default 1: do not)"
    )


def run(arguments: argparse.Namespace) -> None:
    """Print the tables."""
    device = checked_device(arguments.device)
    tables = chain(speed_fits.tables(device), speed_answers.tables(device))
    if arguments.threads > 1:
        for table in tables:
            print_threads(table, arguments.threads, arguments.repetitions)
        return
    clock = "cpu" if device == "cpu" else "wall"
    for table in tables:
        print_races(table, arguments.repetitions, clock)
    print("products: only the matrix products of the textbook update, by torch.mm.")
    if device == "cpu":
        print(
            "fast products: the same by the kernel that the package takes for each (oneDNN's\n"
            "for large ones where a processor has AVX-512 and that is faster). With it, and with\n"
            "the data and the chains of an RBM stacked into one product, a fit can be faster than\n"
            "its products by torch.mm."
        )
        for table in speed_fixed.tables():
            print_races(table, arguments.repetitions, clock)
        speed_fixed.print_sparse_memory()
        speed_fixed.print_imports()
        speed_fixed.print_pickle()
        print_kernels()


def checked_device(name: str) -> str:
    """The device's name; exit if torch cannot compute there."""
    try:
        torch.ones(1, device=name).sum().item()
    except (RuntimeError, AssertionError) as error:
        why = str(error).splitlines()[0].rstrip(".")
        found = ", ".join(accelerators()) or "no accelerator"
        sys.exit(
            f"--device {name}: torch {torch.__version__} finds {found} here "
            f"(built for CUDA {torch.version.cuda or 'no'}): {why}. "
            "Run it where that device is, or with --device cpu."
        )
    return name


def print_kernels() -> None:
    """Print the kernel of the products that were large enough to be measured."""
    measured = chosen_kernels()
    print("kernels, measured for products up to n × d × h:" if measured else "kernel: torch's own")
    for shapes, kernel in measured.items():
        print(f"{shapes}: {kernel}")
