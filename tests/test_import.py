"""Importing the package is cheap and changes nothing; so is the first fit."""

import subprocess
import sys

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
import sys
import numpy as np, skdeepunsup as s
X = np.random.default_rng(0).random((40, 6))
theirs = set(sys.modules)
s.Autoencoder(2, max_iter=1, random_state=0).fit(X)
s.VariationalAutoencoder(2, max_iter=1, random_state=0).fit(X)
s.GAN(2, max_iter=1, encoder_max_iter=1, random_state=0).fit(X)
s.GaussianRBM(2, n_iter=1, random_state=0).fit(X)
compilers = {"torch._dynamo", "torch._inductor", "sympy"} & (set(sys.modules) - theirs)
assert not compilers, compilers
"""


def test_the_first_fit_imports_no_compiler():
    done = subprocess.run([sys.executable, "-c", FITS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
