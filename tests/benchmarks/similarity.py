"""Time the similarity measures, on one thread.

    python tests/benchmarks/similarity.py [--rounds 7] [--json FILE]

If netrep can be imported (github.com/ahwillia/netrep), the closed form of the Procrustes distance is timed against its
LinearMetric(alpha=1, center_columns=True), interleaved in one run, at the sizes of the two recordings (samples x units
against samples x neurons). The two must first agree to 1e-10. The script then times the noise floor of 1000 neuron
splits, and the scoring of 40 checkpoints by the usual measures and by those on request. Times are minima over rounds,
because other programs may be running.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from measured import Measured, write

from neurorules.similarity.measures.base.measure import MEASURES
from neurorules.similarity.noise_floor import floor_distances, neuron_splits
from neurorules.similarity.procrustes import procrustes_distance
from neurorules.study.schema.study_file import option_defaults

# Conditions, times, units, neurons.
SIZES = [(8, 121, 200, 141), (72, 15, 400, 762)]
LEAST_RATIO, MOST_FLOOR_S, MOST_SCORING_S, MOST_ON_REQUEST = 3.0, 5.0, 20.0, 10.0


def activities(n_conditions: int, n_times: int, n_units: int, n_neurons: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n_conditions, n_times, n_units))
    noise = rng.standard_normal((n_conditions, n_times, n_neurons))
    return x, x @ rng.standard_normal((n_units, n_neurons)) / np.sqrt(n_units) + 0.5 * noise


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def against_netrep(rounds: int) -> list[Measured]:
    try:
        from netrep.metrics import LinearMetric
    except ImportError:
        print("Skipped Procrustes distance against netrep: it cannot be imported. Put it on PYTHONPATH.")
        return []
    measured = []
    print("Procrustes distance against netrep\n samples  units  neurons   ours ms  netrep ms   ratio  difference")
    for size in SIZES:
        x, y = activities(*size)
        flat_x, flat_y = x.reshape(-1, size[2]), y.reshape(-1, size[3])

        def reference(x: np.ndarray = flat_x, y: np.ndarray = flat_y) -> float:
            return LinearMetric(alpha=1.0, center_columns=True).fit_score(x, y) / (np.pi / 2)

        difference = abs(procrustes_distance(x, y) - reference())
        assert difference < 1e-10, f"the two differ by {difference:.1e}"
        times = [(seconds(lambda x=x, y=y: procrustes_distance(x, y)), seconds(reference)) for _ in range(rounds)]
        ours, theirs = np.min(times, axis=0)
        verdict = "ok" if theirs >= LEAST_RATIO * ours else "TOO SLOW"
        print(
            f"{len(flat_x):>8} {size[2]:>6} {size[3]:>8} {ours * 1e3:>9.1f} {theirs * 1e3:>10.1f} "
            f"{theirs / ours:>7.1f} {difference:>11.0e}   {verdict} (at least {LEAST_RATIO:g})"
        )
        what = f"Procrustes distance, {len(flat_x)} x {size[2]} against {len(flat_x)} x {size[3]}"
        measured.append(Measured(what, theirs / ours, "times netrep", "more"))
    return measured


def noise_floor(rounds: int) -> list[Measured]:
    _, rates = activities(*SIZES[0])
    splits = neuron_splits(141, 70, 1000, seed=0)
    took = min(seconds(lambda: floor_distances(rates, splits)) for _ in range(rounds))
    verdict = "ok" if took < MOST_FLOOR_S else "TOO SLOW"
    print(f"\nNoise floor, 1000 splits of 141 neurons: {took:.2f} s   {verdict} (at most {MOST_FLOOR_S:g} s)")
    return [Measured("noise floor, 1000 splits of 141 neurons", took, "s")]


def scoring(rounds: int, n_checkpoints: int = 40) -> list[Measured]:
    x, y = activities(*SIZES[0])
    print(f"\nScoring {n_checkpoints} checkpoints, 968 x 200 against 968 x 141")
    usual = option_defaults()["comparison"]["measures"]
    totals = {"usual": 0.0, "on request": 0.0}
    for name in MEASURES.names():
        distance = MEASURES.load(name).distance
        took = n_checkpoints * min(seconds(lambda d=distance: d(x, y)) for _ in range(rounds))
        totals["usual" if name in usual else "on request"] += took
        print(f"  {name:20} {took:.2f} s")
    verdict = "ok" if totals["usual"] < MOST_SCORING_S else "TOO SLOW"
    print(f"  {'usual':20} {totals['usual']:.2f} s   {verdict} (at most {MOST_SCORING_S:g} s)")
    ratio = totals["on request"] / totals["usual"]
    verdict = "ok" if ratio < MOST_ON_REQUEST else "TOO SLOW"
    print(f"  {'on request':20} {ratio:.1f} times the usual   {verdict} (at most {MOST_ON_REQUEST:g} times)")
    sizes = f"{n_checkpoints} checkpoints, 968 x 200 against 968 x 141"
    measured = [
        Measured(f"every measure of {sizes}", totals["usual"], "s"),
        Measured(f"measures on request of {sizes}", ratio, "times the usual measures", "less"),
    ]
    x, y = activities(*SIZES[1])
    for name in MEASURES.names():
        took = seconds(lambda n=name: MEASURES.load(n).distance(x, y))
        print(f"  one checkpoint, 1080 x 400 against 1080 x 762, {name:16} {took:.2f} s")
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="repetitions (default 7)")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    options = parser.parse_args()
    rounds: int = options.rounds
    write(options.json, [*against_netrep(rounds), *noise_floor(min(rounds, 3)), *scoring(rounds)])


if __name__ == "__main__":
    main()
