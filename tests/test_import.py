"""Importing the package is cheap and changes nothing."""

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
optional = {"matplotlib", "pandas", "polars", "rich", "pyarrow"}
assert not optional & (set(sys.modules) - theirs), set(sys.modules) & optional
"""


def test_importing_changes_no_global_setting_and_loads_nothing_optional():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROBE], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
