"""Time a study from start to end, by kind of work: by default, the demo.

    python tests/benchmarks/demo.py [TARGET ...] [--cores 2] [--config config/demo.yaml] [--json FILE]

Runs Snakemake in a new folder, with nothing finished. A job's time runs from its start to its end, as recorded by
Snakemake. Imports are measured by Python's import timer in all jobs; they are part of the jobs' times. "Snakemake" is
the processor time of its main process, which runs alongside the jobs. "Idle" is the rest of the cores' time: starting
processes, and cores without a job at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from measured import Measured, write

ROOT = Path(__file__).parents[2]
KINDS = {
    "training": r"train|choose_learning_rate|import_network",
    "scoring": r"score",
    "recordings": r"recording|synthetic|download",
    "drawing": r"",  # every other rule is a figure or a table
}
IMPORTED = re.compile(rb"import time:\s+(\d+) \|")  # a module's own microseconds


def kind_of(rule: str) -> str:
    """The kind of work of a Snakemake rule: a key of `KINDS`."""
    return next(kind for kind, pattern in KINDS.items() if re.match(pattern, rule))


def jobs_of(folder: Path) -> dict[tuple[str, str], float]:
    """Seconds of every job in Snakemake's records in a folder, by rule and log. There is one record per output."""
    jobs: dict[tuple[str, str], float] = {}
    for file in (folder / ".snakemake" / "metadata").rglob("*"):
        if file.is_file():
            noted = json.loads(file.read_text())
            job = noted["rule"], " ".join(noted["log"])
            jobs[job] = max(jobs.get(job, 0.0), noted["endtime"] - noted["starttime"])
    return jobs


def processor_seconds(process: int) -> float:
    """Processor time of a running process, without its children."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(config: str, targets: list[str], cores: int, folder: Path) -> dict[str, float]:
    """Run a study in an empty folder; returns seconds by kind of work, and numbers of jobs.

    Raises:
        SystemExit: a job failed.
    """
    command = [sys.executable, "-m", "snakemake", *targets, "--snakefile", str(ROOT / "workflow" / "Snakefile")]
    command += ["--workflow-profile", str(ROOT / "profiles" / "default"), "--directory", str(folder)]
    command += ["--cores", str(cores), "--configfile", str(ROOT / config), "--quiet", "host", "reason"]
    log = folder / "log"
    begun, own = time.perf_counter(), 0.0
    with log.open("wb") as words:
        process = subprocess.Popen(
            command, stdout=words, stderr=words, cwd=ROOT, env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}
        )
        while process.poll() is None:
            own = max(own, processor_seconds(process.pid))
            time.sleep(0.2)
    wall = time.perf_counter() - begun
    if process.returncode:
        lines = [line for line in log.read_text(errors="replace").splitlines() if not line.startswith("import time:")]
        raise SystemExit("\n".join([*lines[-40:], "The study failed."]))
    seconds: Counter[str] = Counter()
    numbers: Counter[str] = Counter()
    for (rule, _), took in jobs_of(folder).items():
        seconds[kind_of(rule)] += took
        numbers[kind_of(rule)] += 1
    imports = sum(map(int, IMPORTED.findall(log.read_bytes()))) / 1e6
    return {
        "wall": wall,
        **{kind: seconds[kind] for kind in KINDS},
        "imports": imports,
        "snakemake": own,
        "idle": cores * wall - sum(seconds.values()) - own,
        **{f"{kind} jobs": numbers[kind] for kind in KINDS},
    }


def table(measured: dict[str, float], cores: int) -> str:
    """The measured seconds as lines of text."""
    lines = [f"{measured['wall']:.0f} s on {cores} cores: {cores * measured['wall']:.0f} core seconds"]
    for kind in KINDS:
        lines.append(f"  {kind:12} {measured[kind]:7.0f} s   {measured[f'{kind} jobs']:4.0f} jobs")
    lines.append(f"  {'Snakemake':12} {measured['snakemake']:7.0f} s")
    lines.append(f"  {'idle':12} {measured['idle']:7.0f} s")
    lines.append(f"Imports took {measured['imports']:.0f} s of this.")
    return "\n".join(lines)


def as_measured(measured: dict[str, float], cores: int) -> list[Measured]:
    """The same numbers for the stored table."""
    shown = [("start to end", "wall"), *((f"{kind}, all jobs", kind) for kind in KINDS)]
    shown += [("imports, in all jobs", "imports"), ("Snakemake itself", "snakemake"), ("idle", "idle")]
    return [
        *(Measured(f"{what}, {cores} cores" if key == "wall" else what, measured[key], "s") for what, key in shown),
        *(Measured(f"{kind} jobs", measured[f"{kind} jobs"], "jobs", "less") for kind in KINDS),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", help="figures, tables or files (default: the complete study)")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="cores (default: all)")
    parser.add_argument("--config", default="config/demo.yaml", help="study file (default: the demo)")
    parser.add_argument("--json", type=Path, help="also write the seconds to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(options.config, options.targets, options.cores, Path(folder))
    print(table(measured, options.cores))
    write(options.json, as_measured(measured, options.cores))


if __name__ == "__main__":
    main()
