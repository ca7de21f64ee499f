"""Time and memory to read a 200 MB session in NWB: at most 60 s and 2 GB.

    python tests/benchmarks/nwb.py [--megabytes 200] [--folder /tmp]

Writes a session with pynwb (units at 10 spikes/s, a trial every 4 s, hand velocity at 1 kHz) and reads it as the
workflow does, in a child process. Prints its size, the seconds, and the child's peak memory; the exit code is 1 above
the limits.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "workflow")]

from helpers import nwb_files  # noqa: E402

from neurorules.recordings.convert import read_recording  # noqa: E402

SECONDS, BYTES = 60.0, 2e9
UNITS, RATE_HZ, TRIAL_S = 300, 10.0, 4.0
OPTIONS = {
    "condition": ["direction"],
    "keep_trials": {"success": True},
    "align": "go",
    "window_ms": [-250, 450],
    "bin_ms": 10,
    "smooth_sd_ms": 25,
    "min_trials": 5,
    "units": {"min_rate_hz": 0.5, "min_reliability": -1},
    "behaviour": {"hand_velocity": "processing/behavior/hand_vel"},
}


def write_session(path: Path, megabytes: float) -> None:
    """Write a session of about this size: spike times take 8 bytes each, hand velocity 24 bytes per ms."""
    rng = np.random.default_rng(0)
    until = megabytes * 1e6 / (8 * UNITS * RATE_HZ + 24 * 1000)
    start = np.arange(0, until - TRIAL_S, TRIAL_S)
    made = nwb_files.new_file("large")
    nwb_files.add_trials(
        made,
        {
            "start_time": start,
            "stop_time": start + 3,
            "go": start + 1.5,
            "direction": np.arange(len(start)) % 8 * 45.0,
            "success": rng.random(len(start)) < 0.9,
        },
    )
    nwb_files.add_units(made, [nwb_files.poisson(rng, RATE_HZ, until) for _ in range(UNITS)])
    t = np.arange(0, until, 0.001)
    nwb_files.add_behaviour(made, "hand_vel", np.stack([np.sin(t), np.cos(t)], axis=1), t)
    nwb_files.write(made, path)


def main() -> int:
    """Write, read, and say what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=200)
    parser.add_argument("--folder", default=None)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder) / "large.nwb"
        write_session(path, arguments.megabytes)
        size = path.stat().st_size
        entry = {"name": "large", "reader": "nwb", "source": "files", "synthetic": False, "options": OPTIONS}
        begun = time.perf_counter()
        recording = read_recording(entry, [path])
        seconds = time.perf_counter() - begun
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    print(
        f"{size / 1e6:.0f} MB, {recording.sizes['neuron']} neurons, {recording.sizes['trial']} single trials: "
        f"{seconds:.1f} s, {child / 1e9:.2f} GB in the reading process"
    )
    return int(seconds > SECONDS or child > BYTES)


if __name__ == "__main__":
    sys.exit(main())
