"""examples/read_results.py runs on a finished study, and its distance by hand equals the one in the table."""

from __future__ import annotations

import subprocess
import sys

from helpers.checkout import REPOSITORY, STUDY_FILE, Checkout


def test_the_script_of_the_documentation_runs(finished: Checkout) -> None:
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "examples" / "read_results.py"), STUDY_FILE],
        cwd=finished.folder,
        env=finished.environment(PYTHONPATH=str(finished.folder / "workflow")),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "the last row equals the distance by hand: True" in done.stdout
    assert "study tiny in results/tiny: 2 models" in done.stdout
    for name in ("fig1", "fig5", "table3"):
        assert f"/{name}.csv: " in done.stdout
