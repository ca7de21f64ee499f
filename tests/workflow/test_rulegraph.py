"""The picture of the workflow in the documentation is that of the workflow."""

from __future__ import annotations

import subprocess
import sys

from helpers.checkout import REPOSITORY


def test_the_picture_is_up_to_date() -> None:
    command = [sys.executable, "docs/rulegraph.py", "--check"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
