"""Run the benchmarks and compare them with the stored table of ratios, to detect slowdowns.

    python tests/benchmarks/compare.py [BENCHMARK ...] [--write] [--quick] [--slower 0.2]

The benchmarks are `gradients`, `learning_rules`, `architectures`, `flossing`, `similarity` and `demo`; by default, all
of them run. Ratios to a reference in the same run can be compared between machines; seconds are shown but not compared.
The exit code is 1 if a ratio is worse than the stored one by more than `--slower`. `--write` stores the results;
`docs/benchmarks.py` makes a page from them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from measured import Measured, read

HERE = Path(__file__).parent
STORED = HERE / "stored.json"
BENCHMARKS = ("gradients", "learning_rules", "architectures", "flossing", "similarity", "demo")


def machine() -> str:
    """The processor, its cores, and how busy they are."""
    name = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            name = line.partition(":")[2].strip()
            break
    return f"{name}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start"


def run(benchmark: str, quick: bool) -> list[Measured]:
    """Run one benchmark, which prints its progress, and read its numbers.

    Args:
        benchmark: its name.
        quick: use fewer repetitions, if the benchmark has any.

    Raises:
        SystemExit: the benchmark failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "measured.json"
        few = ["--rounds", "5"] if quick and benchmark != "demo" else []
        if subprocess.run([sys.executable, HERE / f"{benchmark}.py", "--json", file, *few]).returncode:
            raise SystemExit(f"The benchmark {benchmark} failed.")
        return read(file)


def worse_by(now: Measured, stored: float) -> float:
    """How much worse a number is than the stored one, as a fraction of the latter; negative if it is better."""
    if now.better is None:
        return 0.0
    return now.value / stored - 1 if now.better == "less" else stored / now.value - 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmarks", nargs="*", default=BENCHMARKS, metavar="BENCHMARK", help="default: all of them")
    parser.add_argument("--write", action="store_true", help="store the numbers")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--slower", type=float, default=0.2, help="tolerated fraction (default 0.2)")
    options = parser.parse_args()
    if unknown := set(options.benchmarks) - set(BENCHMARKS):
        parser.error(f"unknown benchmark: {', '.join(sorted(unknown))}. Use {', '.join(BENCHMARKS)}.")
    stored = json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else {}
    slower = []
    for benchmark in options.benchmarks:
        on = machine()
        measured = run(benchmark, options.quick)
        before = {entry["what"]: entry["value"] for entry in stored.get(benchmark, {}).get("measured", [])}
        print(f"\n{benchmark}, on {on}\n{'':48} {'stored':>9} {'now':>9}")
        for one in measured:
            old = before.get(one.what)
            too_slow = old is not None and worse_by(one, old) > options.slower
            slower += [f"{benchmark}: {one.what}"] * too_slow
            was = f"{old:9.2f}" if old is not None else f"{'':9}"
            print(f"{one.what:48} {was} {one.value:9.2f}  {one.unit}{'   SLOWER' if too_slow else ''}")
        stored[benchmark] = {"machine": on, "measured": [asdict(one) for one in measured]}
    if options.write:
        STORED.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
        print(f"\nStored in {STORED}; run docs/benchmarks.py to write the page.")
    if slower:
        raise SystemExit("\nSlower than stored:\n" + "\n".join(slower))


if __name__ == "__main__":
    main()
