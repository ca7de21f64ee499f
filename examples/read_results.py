"""Read the results of a study from Python: a run, its network, its recording, its tables. Cells begin with `# %%`.

Run it cell by cell in a notebook or an editor, from the repository folder (`import os; os.chdir(...)`), with workflow/
in PYTHONPATH or `sys.path`. Or run it as a script on a finished study:

    PYTHONPATH=workflow .venv/bin/python examples/read_results.py config/demo.yaml
"""

# %% A study, from its file: models (task / learning rule / setting), their seeds, and paths
import json
import sys
from pathlib import Path

import pandas as pd
import xarray as xr

from neurorules.study.load import load_study

study = load_study(sys.argv[-1] if sys.argv[-1].endswith(".yaml") else "config/demo.yaml")
print(
    f"study {study.name} in {study.paths.results}: {len(study.selection.trained)} models, "
    f"figures {', '.join(study.selection.figures)}"
)
finished = [
    m
    for m in study.selection.trained
    if study.options.recording(m) and Path(study.paths.run_file(m, study.selection.seeds[m][0])).exists()
]
if not finished:
    sys.exit(f"No run of {study.name} that is compared with a recording is finished: see docs/reproduce.md.")
model = next((m for m in finished if m.learning_rule == "eprop"), finished[0])
seed = study.selection.seeds[model][0]
print("here:", model, "seed", seed)

# %% One run: parameters and accuracy by checkpoint, losses by update
run = xr.open_dataset(study.paths.run_file(model, seed))
print(run["accuracy"].to_series().tail(3))
print("mean loss of the last ten updates:", float(run["task_loss"][-10:].mean()))
recurrent = run["recurrent"].values  # W_h, (checkpoint, unit, source unit)
print("SD of the recurrent weights before and after training:", recurrent[0].std(), recurrent[-1].std())

# %% What it was made from: options, code hash, versions, checksum of the recording
made_of = json.loads(run.attrs["model"])
print(made_of["learning_rule"], "gain", made_of["network"]["gain"], "learning rate", run.attrs["learning_rate"])
print("code", run.attrs["code"][:12], "recording", run.attrs["recording"], run.attrs["recording_sha256"][:12])

# %% The recording, as every reader gives it: spikes/s by condition, time and neuron
from neurorules.recordings.recording import open_recording

recording = open_recording(study.paths.recording_file(study.options.recording(model)))
rates = recording["rates"].values
print(dict(recording["rates"].sizes), recording.attrs["title"], "synthetic" if recording.attrs["synthetic"] else "real")

# %% The network's activity after training, (condition, time, unit), in the window that lines up with the recording
from neurorules.runs.evaluate import ModelActivity
from neurorules.tasks.base.task import make_task

options = {**study.options.of(model), "task_module": study.options.task_module(model.task)}
task = make_task(options["task_module"], options["task"], recording)
network = ModelActivity(run, options, task, recording)
activity = network.at(-1)
print("activity", activity.shape, "silent units:", int((activity.max((0, 1)) == 0).sum()))
print("whole test trials:", network.all_steps_at(-1).shape)

# %% A distance by hand, between any two activities and with any measure
from neurorules.similarity.measures.base.measure import MEASURES

procrustes = MEASURES.load("procrustes").distance
by_hand = procrustes(activity, rates)
half = rates.shape[-1] // 2
print("network to recording:", by_hand)
print("half of the neurons to the other half:", procrustes(rates[..., :half], rates[..., half : 2 * half]))

# %% The same distance from the study's tidy tables, which have one row per seed, checkpoint and measure
files = [study.paths.table_file("distances", model, part) for part in study.selection.seed_subsets["distances"][model]]
table = pd.concat(map(pd.read_csv, files))
of_run = table[(table["seed"] == seed) & (table["measure"] == "procrustes")]
print(of_run[["update", "accuracy", "distance"]].tail(3).to_string(index=False))
# Networks run in float32, whose last digits depend on the number of threads; the workflow's jobs have one.
print("the last row equals the distance by hand:", abs(of_run["distance"].iloc[-1] - by_hand) < 1e-6)

# %% Every figure and table has a CSV with the numbers that it shows
for name in study.selection.figures:
    for file in study.paths.figure_files(name):
        if file.endswith(".csv"):
            print(f"{file}: {len(pd.read_csv(file))} rows")
