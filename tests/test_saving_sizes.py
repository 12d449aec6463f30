"""Files that ask for more memory than their size allows are refused before it is taken."""

import tracemalloc

import pytest

from skdeepunsup import BernoulliRBM, BoltzmannMachine, save
from skdeepunsup._archive import packed, read, write
from skdeepunsup.saving import KIND
from tests.test_saving_hostile import X, edited, forged, refused

MANY = {
    "lists": f'"x":[{"[]," * 10**6}0],"content":"3"',
    "dicts": f'"x":[{"{}," * 10**6}0],"content":"3"',
    "lists in a text": f'"content":"[{"[]," * 10**6}0]"',
}


def peak_of_refusing(path):
    tracemalloc.start()
    try:
        refused(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", MANY)
def test_a_tree_of_many_small_values_is_refused(name, tmp_path):
    """A list of three bytes would take sixty-four."""
    path = tmp_path / "model"
    save(BernoulliRBM(3, n_iter=1, random_state=0).fit(X), path)
    forged(path, edited(lambda s: s.replace('"content":"3"', MANY[name], 1)))
    assert peak_of_refusing(path) < 3 * path.stat().st_size + 2**24


def test_a_lateral_machine_of_many_units_is_refused_before_its_mask_is_made(tmp_path):
    path = tmp_path / "model"
    save(BoltzmannMachine(3, n_iter=1, n_chains=5, random_state=0).fit(X), path)
    forged(path, edited(lambda s: s.replace('"content":"3"', '"content":"30000"')))
    assert peak_of_refusing(path) < 2**24


def test_a_header_of_many_small_values_is_refused(tmp_path):
    path = tmp_path / "model"
    save(BernoulliRBM(3, n_iter=1, random_state=0).fit(X), path)
    state = read(path, KIND)
    write(path, packed(state | {"given": [[]] * 10**6}, KIND))
    assert peak_of_refusing(path) < 3 * path.stat().st_size + 2**24
