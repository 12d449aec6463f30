"""Fits that are killed at random moments and run again, or interrupted."""

import os
import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
def test_nothing_is_lost_at_a_kill_and_nothing_is_in_between_at_ctrl_c():
    command = ["survival", "--kills", "30", "--interrupts", "25", "--repetitions", "0"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *command], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"SIGKILL \| +30 \| +\{'kept': 30\}", done.stdout)
    assert re.search(r"SIGTERM \| +7 \| +\{'kept': 7\}", done.stdout)
