"""Imputers, small enough to fit in no time; other applications are listed in their own folders."""

from skdeepunsup import GenerativeImputer
from tests.applications.models import DEEP_MACHINE, MACHINE, MASKED, VARIATIONAL

BRIEF = {"n_rounds": 1, "n_draws": 2, "n_steps": 4, "random_state": 0}

SMALL = [GenerativeImputer(MACHINE, **BRIEF)]

VARIANTS = [
    GenerativeImputer(MASKED, **BRIEF),
    GenerativeImputer(DEEP_MACHINE, **BRIEF),
    GenerativeImputer(VARIATIONAL, **BRIEF),
]
