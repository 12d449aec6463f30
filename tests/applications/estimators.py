"""Imputers, small enough to fit in no time; other applications are listed in their own folders."""

from skdeepunsup import GenerativeImputer
from tests.applications.models import DEEP_MACHINE, MACHINE, MASKED, VARIATIONAL

BRIEF = {"n_draws": 2, "n_steps": 4, "random_state": 0}

SMALL = [GenerativeImputer(MACHINE, n_rounds=1, **BRIEF)]

VARIANTS = [
    GenerativeImputer(MASKED, **BRIEF),
    GenerativeImputer(DEEP_MACHINE, n_rounds=1, **BRIEF),
    GenerativeImputer(VARIATIONAL, n_rounds=1, **BRIEF),
]
