"""Molecules of rdkit and strings of selfies: bonds of atoms, and symbols under limits of these.

The packages are handed over, since they are optional.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

TABLE = RLock()
"""Guards the valence table of selfies, which is global."""


def bonds_of(molecule: Any) -> Iterator[tuple[str, int]]:
    """Yield the kind of each atom, in selfies' notation ("Si", "N+1"), and its number of bonds."""
    for atom in molecule.GetAtoms():
        charge = atom.GetFormalCharge()
        yield atom.GetSymbol() + (f"{charge:+d}" if charge else ""), atom.GetTotalValence()


@contextmanager
def valences(selfies: Any, bonds: dict[str, int]) -> Iterator[None]:
    """A context in which selfies limits the bonds of some kinds of atoms, others as by default.

    The table of selfies is global: one thread at a time changes it, and restores it at the end.
    """
    with TABLE:
        before = selfies.get_semantic_constraints()
        selfies.set_semantic_constraints(selfies.get_preset_constraints("default") | bonds)
        try:
            yield
        finally:
            selfies.set_semantic_constraints(before)


def symbols_of(string: str, selfies: Any) -> list[str]:
    """Split SELFIES into symbols; raise if selfies cannot read it."""
    symbols = list(selfies.split_selfies(string))
    if "".join(symbols) != string:
        raise ValueError("it has text that is not a symbol in brackets")
    selfies.decoder(string)
    return symbols
