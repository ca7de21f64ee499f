"""Scoring of a model's runs against its recording, as tidy tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.files import write_table
from neurorules.network.architecture import make_architecture
from neurorules.recordings.recording import open_recording
from neurorules.similarity.noise_floor import floor_distances, group_size, model_distances, neuron_splits
from neurorules.similarity.procrustes import procrustes_distance
from neurorules.tasks.task import Task, make_task
from neurorules.training.block import open_run
from neurorules.training.train import Scorer, checkpoint_parameters

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

MEASURES = {"procrustes": procrustes_distance}

# The splits of neurons are the same for every model of a recording, so that models are compared on equal terms.
SPLIT_SEED = 2025


class ModelActivity:
    """Activity of a run's checkpoints in the window that lines up with a recording, or in all of the test trials.

    Args:
        run: a run's Dataset.
        options: the model's `network` and `comparison` options.
        task: its task.
        recording: what it is compared with, or None for all steps.
    """

    def __init__(self, run: xr.Dataset, options: Mapping[str, Any], task: Task, recording: xr.Dataset | None) -> None:
        self.run = run
        # One network for all checkpoints; their parameters are copied into it.
        self.parameters = checkpoint_parameters(run, 0)
        # A checkpoint holds the weights as the network uses them, so that constraints have been applied.
        architecture = make_architecture(options["network"], [None], self.parameters.flat)
        self.scorer = Scorer(task, self.parameters, architecture, keep_activity=True)
        self.window: Any = slice(None)
        if recording is None:
            return
        n_trials, n_conditions = self.scorer.network.n_trials, recording.sizes["condition"]
        if n_trials != n_conditions:
            raise InputError(
                f"The task has {n_trials} test trials, the recording {n_conditions} conditions; they must be the same.",
                key="comparison.recording",
                value=recording.attrs["name"],
                remedy="Compare with a recording of the task's conditions, or change the task's conditions.",
            )
        self.window = task.window(recording["time"].values, options["comparison"])

    def at(self, checkpoint: int) -> np.ndarray:
        """(condition, time, unit) at a checkpoint given by its index."""
        self.parameters.flat.copy_(checkpoint_parameters(self.run, checkpoint).flat)
        return self.scorer.activity()[:, self.window]


def learning_table(runs: Mapping[int, xr.Dataset], labels: Mapping[str, Any]) -> pd.DataFrame:
    """One row per seed x checkpoint: update, accuracy on the test trials, and the task loss of that update's batch.

    The last checkpoint comes after the last update and has the loss of that one.
    """
    import pandas as pd

    tables = []
    for seed, run in runs.items():
        update = run["checkpoint"].values
        loss = run["task_loss"].values[np.minimum(update, run.sizes["update"] - 1)]
        columns = {"seed": seed, "update": update, "accuracy": run["accuracy"].values, "task_loss": loss}
        tables.append(pd.DataFrame({**labels, **columns}))
    return pd.concat(tables, ignore_index=True)


def distance_table(
    runs: Mapping[int, xr.Dataset],
    labels: Mapping[str, Any],
    options: Mapping[str, Any],
    task: Task,
    recording: xr.Dataset,
) -> pd.DataFrame:
    """One row per seed x checkpoint x measure.

    Args:
        runs: the model's runs by seed.
        labels: columns that say what the model is.
        options: its resolved options.
        task: its task.
        recording: what it is compared with.
    """
    import pandas as pd

    rates = recording["rates"].values
    rows = []
    for seed, run in runs.items():
        activity = ModelActivity(run, options, task, recording)
        for index, update in enumerate(run["checkpoint"].values):
            at_checkpoint = activity.at(index)
            for measure, distance in MEASURES.items():
                rows.append(
                    {
                        **labels,
                        "seed": seed,
                        "update": int(update),
                        "accuracy": float(run["accuracy"].values[index]),
                        "measure": measure,
                        "distance": distance(at_checkpoint, rates),
                    }
                )
    return pd.DataFrame(rows)


def noise_floor_table(
    runs: Mapping[int, xr.Dataset],
    labels: Mapping[str, Any],
    options: Mapping[str, Any],
    task: Task,
    recording: xr.Dataset,
) -> pd.DataFrame:
    """One row per quantity x seed x repeat; quantity in {floor, untrained, trained}.

    Arguments as of `distance_table`. `trained` is the last checkpoint, `untrained` the network at update 0; the
    floor has no seed and stands as seed -1.
    """
    import pandas as pd

    rates = recording["rates"].values
    n_neurons, repeats = rates.shape[-1], options["comparison"]["noise_floor_repeats"]
    size = group_size(n_neurons, options["network"]["units"])
    splits = neuron_splits(n_neurons, size, repeats, SPLIT_SEED)

    def rows(quantity: str, seed: int, accuracy: float, distances: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(
            {
                **labels,
                "quantity": quantity,
                "seed": seed,
                "accuracy": accuracy,
                "group_size": size,
                "repeat": np.arange(repeats),
                "distance": distances,
            }
        )

    tables = [rows("floor", -1, float("nan"), floor_distances(rates, splits))]
    for seed, run in runs.items():
        activity = ModelActivity(run, options, task, recording)
        for quantity, index in (("untrained", 0), ("trained", run.sizes["checkpoint"] - 1)):
            distances = model_distances(activity.at(index), rates, splits, SPLIT_SEED + 1)
            tables.append(rows(quantity, seed, float(run["accuracy"].values[index]), distances))
    return pd.concat(tables, ignore_index=True)


TABLES = {"distances": distance_table, "noise_floor": noise_floor_table}


def recording_labels(task: str, recording: xr.Dataset | None) -> dict[str, Any]:
    """Columns that say what a model was compared with, or took its trials from."""
    if recording is None:
        return {"recording": "no recording", "recording_title": task, "synthetic": 0}
    return {
        "recording": recording.attrs["name"],
        "recording_title": recording.attrs["title"],
        "synthetic": int(recording.attrs["synthetic"]),
    }


def score_model(
    kind: str,
    model: str,
    options: Mapping[str, Any],
    run_files: Mapping[int, str],
    recording_file: str | None,
    code: str,
    output: str,
) -> None:
    """Write one kind of table of one model.

    Args:
        kind: "learning" or a name of TABLES.
        model: "task/learning rule/setting".
        options: resolved options of the model, training and comparison.
        run_files: a run file for each seed.
        recording_file: the recording it is compared with, or None.
        code: hash of the code behind the table.
        output: CSV.
    """
    recording = None if recording_file is None else open_recording(recording_file)
    runs = {seed: open_run(file) for seed, file in run_files.items()}
    task_name, learning_rule, setting = model.split("/")
    labels = {
        **recording_labels(task_name, recording),
        "task": task_name,
        "learning_rule": learning_rule,
        "setting": setting,
        "training_code": next(iter(runs.values())).attrs["code"],
        "scoring_code": code,
    }
    if kind == "learning":
        table = learning_table(runs, labels)
    else:
        assert recording is not None, "distances to a recording need one"
        task = make_task(options["task_module"], options["task"], recording)
        table = TABLES[kind](runs, labels, options, task, recording)
    write_table(output, table)
