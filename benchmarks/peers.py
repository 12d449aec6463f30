"""Speed beside other packages at the same work, with a figure of what each result is worth.

The packages are no dependencies of this one. Install those that you want to compare with; a table
names those that are missing:

    pip install skorch pythae pyod learnergy librosa scikit-surprise cornac

Digits are MNIST; sound, ratings, interactions and missing entries need the folder that
``SKDEEPUNSUP_DATA`` names, and are left out, by name, where it is not set.
"""

import argparse
from collections.abc import Callable

from . import data, peers_networks, peers_others
from .contest import Contest, print_contest

FAMILIES: dict[str, Callable[[], list[Contest]]] = {
    "networks": peers_networks.contests,
    "sound": peers_others.sound,
    "ratings": peers_others.ratings,
    "interactions": peers_others.interactions,
    "imputing": peers_others.entries,
}
NEED_A_FOLDER = {"sound", "ratings", "interactions", "imputing"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks peers``."""
    parser.add_argument("--repetitions", type=int, default=3, help="timed rounds (default 3)")
    parser.add_argument("--only", nargs="+", choices=FAMILIES, default=list(FAMILIES))


def run(arguments: argparse.Namespace) -> None:
    """Print a table for each contest."""
    for name in arguments.only:
        if name in NEED_A_FOLDER and not data.is_set():
            print(f"{name}: left out, since {data.VARIABLE} is not set")
            continue
        for contest in FAMILIES[name]():
            print_contest(contest, arguments.repetitions)
