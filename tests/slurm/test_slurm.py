"""On a real Slurm: the same bytes as without it, from few jobs, whatever is killed or too small."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
from pathlib import Path

import psutil
from helpers.checkout import Checkout, Running
from slurm.cluster import Cluster, alive

MODELS = "results/tiny/runs/hatsopoulos2007"
RUNS = [f"{MODELS}/{rule}/base/seed{seed}.nc" for rule in ("bptt", "eprop") for seed in (0, 1)]
PATIENCE_S = 300  # each job starts Python three times, which takes a minute on a busy machine


def test_the_study_has_the_same_bytes_from_few_jobs(cluster: Cluster, finished: Checkout, fresh: Checkout) -> None:
    outcome = cluster.start(fresh).end()
    assert outcome.code == 0, outcome.text
    assert fresh.hashes() == finished.hashes()
    assert fresh.planned() == set()
    # four runs: by `seeds_per_job: 2` one job for each of two models
    assert len(submitted(outcome.text, "train")) == 2
    # beside them the raw files, the recording, its description, three tables of each model (distances, also to
    # resampled neurons, and noise floor), three figures
    assert len(submitted(outcome.text, "")) == len(cluster.jobs(outcome)) == 2 + 1 + 1 + 1 + 2 * 3 + 3
    assert {job["JobState"] for job in cluster.jobs(outcome)} == {"COMPLETED"}


def test_a_job_over_its_memory_comes_back_with_more(cluster: Cluster, finished: Checkout, checkout: Checkout) -> None:
    """Figure 5 asks for 1000 MB, takes about 1400, and asks for 2000 then."""
    (checkout.results / "figures/fig5.csv").unlink()
    # Python reads this file first; unlike a changed script, it does not redraw figures and is not recorded in them.
    (checkout.folder / "workflow/sitecustomize.py").write_text(
        "import sys\n"
        "if sys.orig_argv[-1].endswith('.figure.py'):\n"
        "    import time, numpy\n"
        "    hungry = numpy.ones(900_000_000, numpy.uint8)\n"
        "    time.sleep(4)  # Slurm looks every second\n"
    )
    outcome = cluster.start(checkout, "fig5").end()
    assert outcome.code == 0, outcome.text
    first, second = cluster.jobs(outcome)
    assert "mem=1000M" in first["Tres"] and first["JobState"] not in ("COMPLETED", "TIMEOUT")
    assert "mem=2000M" in second["Tres"] and second["JobState"] == "COMPLETED"
    assert checkout.hashes() == finished.hashes()


def test_a_lost_node_loses_nothing(cluster: Cluster, finished: Checkout, checkout: Checkout, tmp_path: Path) -> None:
    forget_runs(checkout, "eprop")
    running = cluster.start(checkout, *RUNS)
    (between_seeds,) = stop_between_seeds(cluster, checkout, running, "eprop")

    # only slurmd ends: the job is not affected
    cluster.lose_slurmd()
    assert alive(between_seeds.process.pid)
    cluster.restore()
    running.until(lambda: cluster.queue("State") == [["RUNNING"]], PATIENCE_S)
    # everything on the node ends: Slurm puts the job back into the queue and starts it again when there is a node
    cluster.lose_node()
    assert not alive(between_seeds.process.pid)
    running.until(lambda: cluster.queue("State") == [["PENDING"]], PATIENCE_S)
    between_seeds.finished_seed_is_there()
    cluster.restore()
    outcome = running.end()
    assert outcome.code == 0, outcome.text

    between_seeds.finished_seed_was_kept()
    assert checkout.hashes() == finished.hashes()
    assert len(submitted(outcome.text, "")) == 1
    # the study goes on as if nothing had been
    assert checkout.planned() == set()


def test_a_killed_job_comes_back(cluster: Cluster, finished: Checkout, checkout: Checkout) -> None:
    forget_runs(checkout, "bptt", "eprop")
    running = cluster.start(checkout, *RUNS)
    cancelled, killed = stop_between_seeds(cluster, checkout, running, "bptt", "eprop")
    cluster.cancel(cancelled.job)
    killed.process.kill()
    outcome = running.end()
    assert outcome.code == 0, outcome.text
    for between_seeds in (cancelled, killed):
        between_seeds.finished_seed_was_kept()
    assert sorted(job["JobState"] for job in cluster.jobs(outcome)) == ["CANCELLED", "COMPLETED", "COMPLETED", "FAILED"]
    assert checkout.hashes() == finished.hashes()


def test_slurm_that_says_nothing_for_a_while_is_asked_again(
    cluster: Cluster, finished: Checkout, checkout: Checkout, tmp_path: Path
) -> None:
    """More often than the plugin's default: it would forget its jobs, and Snakemake would wait forever."""
    (checkout.results / "figures/fig1.csv").unlink()
    failures, real = tmp_path / "failures", shutil.which("squeue")
    squeue = tmp_path / "bin" / "squeue"
    squeue.parent.mkdir()
    squeue.write_text(
        f"""#!/bin/sh
case "$*" in
    *--name*)
        echo failed >> {failures}
        if [ "$(wc -l < {failures})" -le 7 ]; then
            echo "slurm_load_jobs error: Unable to contact slurm controller (connect failure)" >&2
            exit 1
        fi ;;
esac
exec {real} "$@"
"""
    )
    squeue.chmod(0o755)
    outcome = cluster.start(checkout, "fig1", PATH=f"{squeue.parent}:{os.environ['PATH']}").end()
    assert outcome.code == 0, outcome.text
    assert len(failures.read_text().splitlines()) > 7
    assert checkout.hashes() == finished.hashes()


def test_training_on_a_gpu_asks_for_one_and_ctrl_c_leaves_no_job(cluster: Cluster, checkout: Checkout) -> None:
    checkout.configure("defaults", "training", "device", to="cuda")
    running = cluster.start(checkout, "--set-resources=train_seed0_1:slurm_partition=gpu", "--", RUNS[0])
    ((partition, gpus),) = running.until(lambda: cluster.queue("Partition", "tres-per-job"), PATIENCE_S)
    assert (partition, gpus) == ("gpu", "gres:gpu:1")
    running.process.send_signal(signal.SIGINT)
    assert running.end().code != 0
    assert cluster.queue("JobID") == []


# ---- helpers


def submitted(said: str, rule: str) -> list[str]:
    """Slurm's ids of the jobs of rules whose name begins so, in the words of Snakemake."""
    return re.findall(rf"has been submitted with SLURM jobid (\d+) \(log: \S*/rule_{rule}", said)


def forget_runs(checkout: Checkout, *learning_rules: str) -> None:
    for rule in learning_rules:
        for run in (checkout.folder / MODELS / rule).glob("base/seed*.nc"):
            run.unlink()


class BetweenSeeds:
    """A training job whose first seed is finished and whose second seed is suspended."""

    def __init__(self, job: str, process: psutil.Process, finished_seed: Path) -> None:
        self.job, self.process = job, process
        self.process.suspend()
        assert list(finished_seed.parent.iterdir()) == [finished_seed]
        self.finished_seed = finished_seed
        self.inode = finished_seed.stat().st_ino

    def finished_seed_is_there(self) -> None:
        assert self.finished_seed.stat().st_ino == self.inode

    def finished_seed_was_kept(self) -> None:
        """The run is the very file that was finished before."""
        run = self.finished_seed.parent.parent / f"{self.finished_seed.name.split('-')[0]}.nc"
        assert run.stat().st_ino == self.inode, f"{run} was trained again"


def stop_between_seeds(
    cluster: Cluster, checkout: Checkout, running: Running, *learning_rules: str
) -> list[BetweenSeeds]:
    """Stop each of these trainings, whichever comes first; the process is found before its first seed is finished."""
    processes: dict[str, tuple[str, psutil.Process]] = {}
    stopped: dict[str, BetweenSeeds] = {}

    def stop() -> bool:
        said = running.said.read_text()
        for rule in learning_rules:
            if rule not in processes:
                for job in re.findall(rf"SLURM jobid (\d+) \(log: \S*/rule_train\S*_{rule}_", said):
                    with contextlib.suppress(ValueError, IndexError, psutil.Error):  # it has not begun to train
                        processes[rule] = job, cluster.training_process(job)
            elif rule not in stopped:
                for seed in (checkout.folder / MODELS / rule).glob("base/.finished/seed*.nc"):
                    stopped[rule] = BetweenSeeds(*processes[rule], seed)
        return len(stopped) == len(learning_rules)

    running.until(stop, PATIENCE_S)
    return [stopped[rule] for rule in learning_rules]
