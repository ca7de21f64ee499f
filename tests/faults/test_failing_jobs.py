"""A job that fails, for want of memory, by its numbers or by a mistake in the code, costs nothing but itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from helpers.checkout import STUDY_FILE, Checkout, Outcome

from neurorules.cli.status import report
from neurorules.study.load import load_study

RUNS = "runs/hatsopoulos2007"
EPROP = f"results/tiny/{RUNS}/eprop/base/seed1.nc"


# ---- memory


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A control group of 500 MB of memory and no swap."""
    group = Path("/sys/fs/cgroup/memory") / f"neurorules-{os.getpid()}"
    if not os.access(group.parent, os.W_OK) or not (group.parent / "memory.limit_in_bytes").exists():
        pytest.skip("no control group of memory can be made here")
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no control group of memory can be made here: {error}")
    try:
        (group / "memory.limit_in_bytes").write_text(str(500 << 20))
        (group / "memory.swappiness").write_text("0")
        yield group
    finally:
        group.rmdir()


def test_a_job_that_the_kernel_kills_for_its_memory(finished: Checkout, checkout: Checkout, memory: Path) -> None:
    for run in checkout.results.glob(f"{RUNS}/eprop/base/*.nc"):
        run.unlink()
    # Python reads this file first. Memory is not given back, as by a leak: seed 1 has no room.
    (checkout.folder / "workflow/sitecustomize.py").write_text(
        "import os, sys\n"
        "if os.environ.get('HUNGRY') and sys.orig_argv[-1].endswith('.train.py'):\n"
        "    import numpy\n"
        "    hungry = numpy.ones(600_000_000, numpy.uint8)\n"
    )
    enter = "import os, sys; open(sys.argv[1], 'w').write(str(os.getpid())); os.execv(sys.argv[2], sys.argv[2:])"
    command = [sys.executable, "-c", enter, str(memory / "cgroup.procs"), *checkout.command("--cores", "1", EPROP)]
    done = subprocess.run(
        command,
        cwd=checkout.folder,
        env=checkout.environment(HUNGRY="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    print(done.stdout)
    Outcome(done.returncode, done.stdout).refuses("Error in rule train_seed0_1", "SIGKILL")
    checkout.finish(EPROP)
    assert checkout.hashes() == finished.hashes()


def test_a_job_that_is_refused_memory(finished: Checkout, checkout: Checkout) -> None:
    """As under `ulimit`, or on a system without memory overcommit."""
    checkout.configure("settings", "large", "network", "units", to=60_000)  # 14 GB of weights
    checkout.configure("figures", "fig1", "settings", to=["base", "large"])
    command = ["prlimit", f"--data={4 << 30}", "--", *checkout.command("--cores", "2")]
    done = subprocess.run(
        command,
        cwd=checkout.folder,
        env=checkout.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    print(done.stdout)
    Outcome(done.returncode, done.stdout).refuses("The job ran out of memory", "fewer --cores", "--set-resources")
    assert checkout.hashes() == finished.hashes()


# ---- numbers


def test_a_diverging_seed_is_left_out_of_what_shows_it_and_of_nothing_else(finished: Checkout, fresh: Checkout) -> None:
    # See test_kills: of these seeds the first one diverges and the second one does not.
    fresh.configure("settings", "exploding", "network", to={"activation": "relu", "gain": 12.0})
    fresh.configure("figures", "fig1", to={"settings": ["exploding"], "learning_rules": ["bptt"], "seeds": [5, 11]})
    outcome = fresh.run()
    outcome.refuses("1 of 2 seeds failed", "seed 5: Training diverged", "smaller learning rate")
    # all else is there
    found, expected = fresh.hashes(), finished.hashes()
    assert all(found[file] == expected[file] for file in expected if "fig1" not in file and "distances" not in file)
    assert not [file for file in found if "fig1" in file]
    assert not list(fresh.results.glob("similarity/*/bptt/exploding/**/*.csv"))
    # who takes it out of the figure has the other one, without training it again
    fresh.configure("figures", "fig1", "seeds", to=[11])
    outcome = fresh.finish()
    assert "seed 11: finished before, kept" in outcome.text
    table = pd.read_csv(fresh.results / "figures/fig1.csv")
    assert set(table["seed"]) == {11}
    assert table["distance"].notna().all()


# ---- code


def test_a_mistake_in_the_code_keeps_its_traceback(finished: Checkout, checkout: Checkout) -> None:
    code = checkout.folder / "workflow/neurorules/figures/fig5.py"
    whole = code.read_text()
    code.write_text(whole.replace("def make(", "def make(*_):\n    return 1 / 0\n\n\ndef other(", 1))
    assert code.read_text() != whole
    outcome = checkout.run("fig5", "table3", "fig1")
    print(outcome.text)
    assert outcome.code != 0
    log = "results/tiny/logs/figures/fig5.log"
    assert "ZeroDivisionError" in outcome.text and log in outcome.text
    assert "Traceback (most recent call last)" in (checkout.folder / log).read_text()
    study = load_study(checkout.folder / STUDY_FILE)
    assert report(study, checkout.folder).endswith(
        f"failed jobs: 1\n  {checkout.folder / log}\n    ZeroDivisionError: division by zero"
    )
    code.write_text(whole)
    checkout.finish()
    assert checkout.hashes() == finished.hashes()
    assert "failed" not in report(study, checkout.folder)
