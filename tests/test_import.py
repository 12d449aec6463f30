"""Importing the package is cheap and changes nothing; so is the first fit."""

import subprocess
import sys
from pathlib import Path

PROBE = """
import sys, random, warnings
import numpy as np, sklearn.callback, torch.optim  # what these change is theirs
theirs = set(sys.modules)
before = (
    torch.get_default_dtype(), torch.get_num_threads(), torch.initial_seed(),
    np.random.get_state()[1].tolist(), random.getstate(), list(warnings.filters), np.geterr(),
)
import skdeepunsup
after = (
    torch.get_default_dtype(), torch.get_num_threads(), torch.initial_seed(),
    np.random.get_state()[1].tolist(), random.getstate(), list(warnings.filters), np.geterr(),
)
assert before == after
optional = {"matplotlib", "pandas", "polars", "rich", "pyarrow", "scipy.signal"}
optional |= {"sklearn.cluster", "sklearn.manifold", "sklearn.neighbors", "sklearn.ensemble"}
assert not optional & (set(sys.modules) - theirs), set(sys.modules) & optional
"""


def test_importing_changes_no_global_setting_and_loads_nothing_optional():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROBE], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


FITS = """
import os, sys, warnings
import numpy as np
from sklearn.base import clone
from tests.estimators import FIRST_OF_EACH
warnings.simplefilter("ignore")
before = list(warnings.filters), dict(os.environ)
theirs = set(sys.modules)
for estimator in FIRST_OF_EACH:
    X = (np.random.default_rng(0).random((40, 6)) < 0.5).astype(float)
    clone(estimator).fit(X, np.arange(40) % 2)
    assert (list(warnings.filters), dict(os.environ)) == before, estimator
    compilers = {"torch._dynamo", "torch._inductor", "sympy"} & (set(sys.modules) - theirs)
    assert not compilers, (estimator, compilers)
"""


def test_the_first_fit_imports_no_compiler_and_changes_no_setting():
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", FITS], capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
