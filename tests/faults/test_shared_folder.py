"""Two Snakemakes in one folder, a folder that nothing can be written to, and jobs that outlive their Snakemake."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from helpers.checkout import Checkout

RUNS = "runs/hatsopoulos2007"
TARGET = f"results/tiny/{RUNS}/eprop/base/seed1.nc"


def seed_between(checkout: Checkout) -> list[Path]:
    """The first seed of the block, finished while the second one trains."""
    return list(checkout.results.glob(f"{RUNS}/eprop/base/.finished/seed0*.nc"))


@pytest.fixture
def untrained(checkout: Checkout) -> Checkout:
    """The finished study without the runs of e-prop."""
    for run in checkout.results.glob(f"{RUNS}/eprop/base/*.nc"):
        run.unlink()
    return checkout


@pytest.fixture
def suspended() -> Iterator[list[psutil.Process]]:
    """Suspended processes; none is left behind."""
    processes: list[psutil.Process] = []
    yield processes
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def test_a_second_snakemake_is_refused_and_disturbs_nothing(
    finished: Checkout, untrained: Checkout, suspended: list[psutil.Process]
) -> None:
    first = untrained.start(TARGET)
    for process in first.until(lambda: first.descendants("train.py")):
        process.suspend()
        suspended.append(process)
    untrained.run(TARGET).refuses("Directory cannot be locked", "no other Snakemake process", "--unlock")
    for process in suspended:
        process.resume()
    assert first.end().code == 0
    assert untrained.hashes() == finished.hashes()
    assert untrained.planned() == set()


def test_a_job_that_outlives_its_snakemake(
    finished: Checkout, untrained: Checkout, suspended: list[psutil.Process]
) -> None:
    """Only Snakemake is killed, as by a kernel that is short of memory: its job continues."""
    running = untrained.start(TARGET)
    (seed,) = running.until(lambda: seed_between(untrained))
    for process in running.descendants("train.py"):
        process.suspend()
        suspended.append(process)
    finished_before = seed.stat().st_ino
    running.process.kill()
    running.process.wait()
    untrained.run(TARGET).refuses("Directory cannot be locked", "--unlock")
    untrained.finish("--unlock")
    # the same job again: it would write the file that the first one is still writing
    second = untrained.start(TARGET)
    second.until(lambda: "still runs for an earlier Snakemake; waiting for it to end" in second.said.read_text())
    for process in suspended:
        process.resume()
    outcome = second.end()
    assert outcome.code == 0, outcome.text
    for k in (0, 1):
        assert f"seed {k}: finished before, kept" in outcome.text
    assert untrained.result(f"{RUNS}/eprop/base/seed0.nc").stat().st_ino == finished_before
    assert untrained.hashes() == finished.hashes()
    assert untrained.planned() == set()


def test_runs_outlive_a_snakemake_that_ended_before_their_job(finished: Checkout, untrained: Checkout) -> None:
    """The job ends while no Snakemake looks. The next one removes outputs that it did not see finished."""
    running = untrained.start(TARGET)
    running.until(lambda: seed_between(untrained))
    processes = running.descendants("train.py")
    running.process.kill()
    running.process.wait()
    psutil.wait_procs(processes, timeout=120)
    made = {k: untrained.result(f"{RUNS}/eprop/base/seed{k}.nc").stat().st_ino for k in (0, 1)}
    untrained.finish("--unlock")
    outcome = untrained.finish(TARGET)
    assert [f"seed {k}: finished before, kept" in outcome.text for k in (0, 1)] == [True, True]
    assert {k: untrained.result(f"{RUNS}/eprop/base/seed{k}.nc").stat().st_ino for k in (0, 1)} == made
    untrained.finish("--forcerun", "score")  # which confirms them
    assert untrained.hashes() == finished.hashes()


@pytest.fixture
def read_only(checkout: Checkout) -> Iterator[Checkout]:
    """A finished study with one changed option, on a read-only file system."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a folder read-only, and for root permissions are no obstacle")
    folder = str(checkout.folder / "results")
    done = subprocess.run(["mount", "--bind", folder, folder], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"no folder can be mounted here: {done.stderr.strip()}")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield checkout
    finally:
        subprocess.run(["umount", folder], check=True)


def test_results_that_cannot_be_written_to(finished: Checkout, read_only: Checkout) -> None:
    read_only.configure("figures", "fig1", "seeds", to=[0])
    read_only.run("fig1").refuses("Write-protected output files for rule fig1", "results/tiny/figures/fig1.pdf")
    read_only.configure("study", to="another")
    read_only.run("fig1").refuses("Read-only file system", "results/another")
    read_only.configure("study", to="tiny")
    assert read_only.hashes() == finished.hashes()
    subprocess.run(["mount", "-o", "remount,bind,rw", str(read_only.folder / "results")], check=True)
    read_only.finish("fig1")
    before, after = finished.hashes(), read_only.hashes()
    changed = {file for file in before if after[file] != before[file]}
    assert changed == {f"figures/fig1.{ending}" for ending in ("csv", "pdf", "png")}
