"""A copy of this checkout, to run Snakemake in as a user does: the working tree itself is never touched."""

from __future__ import annotations

import compileall
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from helpers.forked import snakemake

REPOSITORY = Path(__file__).resolve().parents[2]
STUDY_FILE = "tests/config/tiny.yaml"
RESULTS = "results/tiny"

PARTS = ("Snakefile", "config", "envs", "profiles", "resources", "slurm", "tests/config", "workflow")

# Not promised to be the same bytes: times, and words of tools.
UNPROMISED = ("logs", "benchmarks")


class Checkout:
    """A checkout with the study `tiny`; paths of results are given relative to results/tiny."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.results = folder / RESULTS

    @classmethod
    def new(cls, folder: Path) -> Checkout:
        """The files of this repository that a study needs: no results, no raw files, no environment."""
        for name in PARTS:
            if (REPOSITORY / name).is_dir():
                shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("raw", "__pycache__"))
            elif (REPOSITORY / name).exists():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(REPOSITORY / name, folder / name)
        compileall.compile_dir(folder / "workflow", quiet=1)  # once, and not in every copy of this checkout
        return cls(folder)

    def copy(self, folder: Path) -> Checkout:
        """Another checkout in the same state, times of files included."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Checkout(folder)

    # ---- running

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "snakemake", "--configfile", STUDY_FILE, *arguments]

    def environment(self, **variables: str) -> dict[str, str]:
        """The caller's environment without variables that would point to another checkout or profile."""
        kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "SNAKEMAKE_PROFILE")}
        return {**kept, **variables}

    def run(self, *arguments: str, cores: int = 2, **variables: str) -> Outcome:
        """Run snakemake to its end; environment variables by name."""
        words = ("--configfile", STUDY_FILE, "--cores", str(cores), *arguments)
        done = snakemake(words, self.folder, self.environment(**variables))
        return Outcome(done.code, done.output + done.error)

    def finish(self, *arguments: str, cores: int = 2, **variables: str) -> Outcome:
        """Run snakemake, which must succeed."""
        outcome = self.run(*arguments, cores=cores, **variables)
        assert outcome.code == 0, outcome.text
        return outcome

    def start(self, *arguments: str, cores: int = 2, **variables: str) -> Running:
        """Start snakemake in its own process group; environment variables by name."""
        return Running(self, self.command("--cores", str(cores), *arguments), variables)

    def planned(self, *arguments: str) -> set[str]:
        """What Snakemake would make now, in a dry run: paths relative to results/tiny."""
        return {file for file, plan in self._summary(*arguments).items() if plan != "no update"}

    def outputs(self) -> set[str]:
        """Everything that the study's jobs make."""
        return set(self._summary())

    def _summary(self, *arguments: str) -> dict[str, str]:
        done = snakemake(("--configfile", STUDY_FILE, "--summary", *arguments), self.folder, self.environment())
        assert done.code == 0, done.error
        header, *rows = [line.split("\t") for line in done.output.splitlines()]
        file, plan = header.index("output_file"), header.index("plan")
        return {str(Path(row[file]).relative_to(RESULTS)): row[plan] for row in rows}

    def dry_run(self, *arguments: str) -> Outcome:
        """A dry run, to its end."""
        return self.run("-n", *arguments)

    # ---- changing

    def configure(self, *keys: str, to: Any) -> None:
        """Set a value of the study file."""
        path = self.folder / STUDY_FILE
        config = yaml.safe_load(path.read_text())
        node = config
        for key in keys[:-1]:
            node = node.setdefault(key, {})
        node[keys[-1]] = to
        path.write_text(yaml.safe_dump(config))

    def change_code(self, *files: str) -> None:
        """Add a statement to Python files."""
        for name in files:
            with open(self.folder / name, "a") as file:
                file.write("\nADDED_BY_A_TEST = True\n")

    # ---- looking

    def result(self, pattern: str) -> Path:
        """The one result of this pattern."""
        (found,) = self.results.glob(pattern)
        return found

    def hashes(self) -> dict[str, str]:
        """SHA-256 of every result whose bytes are promised, hidden files but Snakemake's own included."""
        return {
            str(path.relative_to(self.results)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.results.rglob("*"))
            if path.is_file()
            and path.relative_to(self.results).parts[0] not in UNPROMISED
            and path.name != ".snakemake_timestamp"
        }


class Outcome:
    """The exit code and the complete output of a Snakemake run."""

    def __init__(self, code: int, text: str) -> None:
        self.code, self.text = code, text

    def refuses(self, *words: str) -> None:
        """Assert that it failed, printed all of `words`, and showed no Python traceback."""
        assert self.code != 0, self.text
        missing = [word for word in words if word not in self.text]
        assert not missing, f"not said: {missing}\n{self.text}"
        assert "Traceback (most recent call last)" not in self.text, self.text


class Running:
    """A Snakemake that is running."""

    def __init__(self, checkout: Checkout, command: list[str], variables: Mapping[str, str]) -> None:
        self.checkout = checkout
        self.said = checkout.folder / ".said"
        with open(self.said, "w") as output:
            self.process = subprocess.Popen(
                command,
                cwd=checkout.folder,
                env=checkout.environment(**variables),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def until(self, reached: Callable[[], Any], timeout_s: float = 120) -> Any:
        """Wait until `reached` gives something true, which is returned."""
        end = time.monotonic() + timeout_s
        while True:
            value = reached()
            if value:
                return value
            assert self.process.poll() is None, f"it ended before that:\n{self.said.read_text()}"
            assert time.monotonic() < end, f"it did not come to that:\n{self.said.read_text()}"
            time.sleep(0.003)

    def made(self) -> set[str]:
        """Outputs of jobs that Snakemake has taken note of as finished, relative to results/tiny."""
        said = self.said.read_text()
        outputs: set[str] = set()
        for job in re.findall(r"^Finished jobid: (\d+) ", said, re.MULTILINE):
            found = re.search(rf"^    output: (.*)\n(?:    .*\n)*?    jobid: {job}\n", said, re.MULTILINE)
            if found:
                outputs.update(str(Path(file).relative_to(RESULTS)) for file in found[1].split(", "))
        return outputs

    def kill(self) -> None:
        """SIGKILL of the whole process group, as in a power cut: nothing is cleaned up."""
        import psutil

        processes = psutil.Process(self.process.pid).children(recursive=True)
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        _, alive = psutil.wait_procs(processes, timeout=10)
        assert not alive, f"not of its process group: {alive}"

    def descendants(self, word: str) -> list[Any]:
        """Its descendant processes whose command line contains `word`."""
        import psutil

        found = []
        for process in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if any(word in part for part in process.cmdline()):
                    found.append(process)
            except psutil.NoSuchProcess:
                continue
        return found

    def end(self) -> Outcome:
        """Wait for its end."""
        code = self.process.wait(timeout=300)
        return Outcome(code, self.said.read_text())


def below(paths: Iterable[str], *folders: str) -> set[str]:
    """The paths under one of the folders."""
    return {path for path in paths if any(path.startswith(f"{folder}/") for folder in folders)}
