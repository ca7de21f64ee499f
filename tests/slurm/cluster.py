"""A Slurm cluster for the tests: how to query it and how to break it."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from helpers.checkout import Checkout, Outcome, Running


class Cluster:
    """A Slurm that was started in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.conf = str(folder / "slurm.conf")
        self.started: list[Running] = []

    # ---- using

    def start(self, checkout: Checkout, *arguments: str, **variables: str) -> Running:
        """Start `snakemake --profile slurm` as a user does, except for options of this cluster."""
        running = Running(
            checkout,
            checkout.command(
                "--profile=slurm",
                "--slurm-status-command=squeue",  # there is no accounting here
                "--slurm-init-seconds-before-status-checks=7",  # jobs take seconds
                *arguments,
            ),
            variables,
        )
        self.started.append(running)
        return running

    def jobs(self, outcome: Outcome) -> list[dict[str, str]]:
        """What Slurm recorded of each job that this Snakemake submitted and that ended: JobId, JobState, Tres ..."""
        (run_id,) = re.findall(r"SLURM run ID: (\S+)", outcome.text)
        lines = (self.folder / "jobs").read_text().splitlines()
        records = [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in lines]
        return [record for record in records if record["Name"] == run_id]

    def queue(self, *fields: str) -> list[list[str]]:
        """The fields of each job that waits or runs, by the names of `squeue --Format`."""
        said = self._command("squeue", "--noheader", "--Format", ",".join(f"{field}:80" for field in fields))
        return [line.split() for line in said.splitlines()]

    def cancel(self, job: str) -> None:
        self._command("scancel", job)

    # ---- breaking

    def training_process(self, job: str) -> psutil.Process:
        """The process of this job that trains."""
        (found,) = [
            process
            for process in self._work()
            if process.environ().get("SLURM_JOB_ID") == job  # of one that is just ending nothing is read
            and re.match("python", process.name())
            and process.cmdline()[-1].endswith("train.py")
        ]
        return found

    def tidy(self) -> None:
        """Leave nothing to the next test, whatever became of this one."""
        for running in self.started:
            if running.process.poll() is None:
                running.kill()
        self.started.clear()
        if not alive(self._slurmd()):
            self.restore()
        self._command("scancel", f"--user={os.getuid()}")
        wait(lambda: not self.queue("JobID"))

    def lose_slurmd(self) -> None:
        """Kill slurmd; jobs on the node continue."""
        kill([psutil.Process(self._slurmd())])

    def lose_node(self) -> None:
        """Kill slurmd and everything on the node at once, as in a power cut."""
        work = self._work()
        above = {parent for process in work for parent in process.parents() if parent.name() == "slurmstepd"}
        kill([psutil.Process(self._slurmd()), *above, *work])

    def restore(self) -> None:
        """Start slurmd again."""
        self._command("slurmd")

    def _slurmd(self) -> int:
        return int((self.folder / "slurmd.pid").read_text())

    def _work(self) -> list[psutil.Process]:
        """Processes of jobs."""
        found = []
        for process in psutil.process_iter():
            try:
                environment = process.environ()
            except (psutil.Error, OSError):  # ended just now, or another user's
                continue
            if environment.get("SLURM_CONF") == self.conf and "SLURM_JOB_ID" in environment:
                found.append(process)
        return found

    @staticmethod
    def _command(*command: str) -> str:
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout


def alive(process: int) -> bool:
    """Whether there is such a process; one that ended and that its parent did not ask about is none."""
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait(reached: Callable[[], bool], timeout_s: float = 30) -> None:
    end = time.monotonic() + timeout_s
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.1)


def kill(processes: list[psutil.Process]) -> None:
    """SIGKILL, and wait for the end."""
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:  # it ended with one before it
            continue
    wait(lambda: not any(alive(process.pid) for process in processes))
