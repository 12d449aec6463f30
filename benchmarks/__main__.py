"""``python -m benchmarks [name] [options]``."""

import argparse

from . import __doc__ as package_doc
from . import (
    clustering,
    codes,
    compression,
    deep_autoencoder,
    defaults,
    density,
    digits,
    disentanglement,
    faces,
    family,
    fine_tuning,
    images,
    implicit,
    imputing,
    large_files,
    likelihood,
    memory,
    modes,
    molecules,
    outliers,
    peers,
    players,
    recommending,
    rules,
    samples,
    segmentation,
    speech,
    speed,
    survival,
    variational,
)
from .processor import described
from .timing import limit_threads

AT_ONCE = {"speed": speed, "family": family, "players": players, "memory": memory, "digits": digits}
"""Benchmarks that run when no name is given."""
LONG = {
    "peers": peers,
    "defaults": defaults,
    "likelihood": likelihood,
    "density": density,
    "rules": rules,
    "faces": faces,
    "recommending": recommending,
    "implicit": implicit,
    "fine_tuning": fine_tuning,
    "clustering": clustering,
    "outliers": outliers,
    "imputing": imputing,
    "images": images,
    "segmentation": segmentation,
    "compression": compression,
    "molecules": molecules,
    "deep_autoencoder": deep_autoencoder,
    "variational": variational,
    "codes": codes,
    "disentanglement": disentanglement,
    "modes": modes,
    "samples": samples,
    "speech": speech,
    "survival": survival,
    "large_files": large_files,
}
"""Benchmarks that take minutes, or need data that scikit-learn does not contain."""
BENCHMARKS = AT_ONCE | LONG


def main() -> None:
    """Run the benchmark that the command line names, or all the short ones."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=str(package_doc))
    named = parser.add_subparsers(dest="name", metavar=f"{{{','.join(BENCHMARKS)}}}")
    parsers = {}
    for name, module in BENCHMARKS.items():
        summary = str(module.__doc__).splitlines()[0]
        parsers[name] = named.add_parser(name, help=summary, description=summary)
        module.add_arguments(parsers[name])
    arguments = parser.parse_args()
    if arguments.name is not None:
        _begin(getattr(arguments, "n_threads", 1))
        BENCHMARKS[arguments.name].run(arguments)
        return
    _begin(1)
    for name in AT_ONCE:
        BENCHMARKS[name].run(parsers[name].parse_args([]))
    print(f"These take longer, or need other data: python -m benchmarks {{{','.join(LONG)}}}")


def _begin(n_threads: int) -> None:
    """Limit every library to ``n_threads``, and print the processor and the versions."""
    limit_threads(n_threads)
    print(described(n_threads), flush=True)


if __name__ == "__main__":
    main()
