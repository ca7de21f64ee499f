"""Peak memory of training jobs at the papers' sizes, each in its own process.

    python tests/benchmarks/memory.py

Trains every model of the full study for a few updates, as a job does, and prints the peak resident memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

JOB = """
import json, resource, sys
from neurorules.io.threads import one_thread
from neurorules.training.train_models import ModelRuns, train_models
one_thread()
model, recording, output = json.loads(sys.argv[1])
train_models([ModelRuns(model, {0: output}, "benchmark")], recording)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def main() -> None:
    from neurorules.recordings.convert import convert
    from neurorules.recordings.synthetic.base.write import write_synthetic
    from neurorules.study.load import load_study
    from neurorules.study.model import Model

    study = load_study()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        entry = {**study.selection.recording_entry("hatsopoulos2007"), "synthetic": True}
        write_synthetic("hatsopoulos2007", entry["source"], folder, 0, {"neurons": 20})
        recording = str(folder / "recording.nc")
        convert(entry, [folder], "benchmark", recording)
        for model in sorted(study.selection.seeds):
            options = study.options.training(model)
            options["training"]["updates"] = 5
            if options["training"]["learning_rate"] == "best":
                options["training"]["learning_rate"] = 1e-3
            output = str(folder / str(model) / "seed0.nc")
            Path(output).parent.mkdir(parents=True)
            needed = recording if study.options.training_recording(model) else None
            arguments = [sys.executable, "-c", JOB, json.dumps([options, needed, output])]
            peak = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout
            print(f"{Model.__str__(model):45} {float(peak):7.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
