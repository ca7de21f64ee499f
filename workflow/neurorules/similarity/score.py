"""Scoring of a model's runs against its recording, as tidy tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.files import write_table
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
    """Activity of a run's checkpoints in the window that lines up with a recording.

    Args:
        run: a run's Dataset.
        options: the model's `network` and `comparison` options.
        task: its task.
        recording: what it is compared with.
    """

    def __init__(self, run: xr.Dataset, options: Mapping[str, Any], task: Task, recording: xr.Dataset) -> None:
        self.run = run
        # One network for all checkpoints; their parameters are copied into it.
        self.parameters = checkpoint_parameters(run, 0)
        self.scorer = Scorer(task, self.parameters, options["network"])
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


def model_labels(model: Sequence[str], recording: xr.Dataset) -> dict[str, str]:
    """Columns that say what a model is and what it was compared with."""
    task, learning_rule, setting = model
    return {
        "recording": recording.attrs["name"],
        "recording_title": recording.attrs["title"],
        "synthetic": int(recording.attrs["synthetic"]),
        "task": task,
        "learning_rule": learning_rule,
        "setting": setting,
    }


def score_model(
    kind: str,
    model: str,
    options: Mapping[str, Any],
    run_files: Mapping[int, str],
    recording_file: str,
    code: str,
    output: str,
) -> None:
    """Write one kind of table of one model.

    Args:
        kind: a name of TABLES.
        model: "task/learning rule/setting".
        options: resolved options of the model, training and comparison.
        run_files: a run file for each seed.
        recording_file: the recording it is compared with.
        code: hash of the code behind the table.
        output: CSV.
    """
    recording = open_recording(recording_file)
    task = make_task(options["task_module"], options["task"], recording)
    runs = {seed: open_run(file) for seed, file in run_files.items()}
    made_by = {"training_code": next(iter(runs.values())).attrs["code"], "scoring_code": code}
    labels = {**model_labels(model.split("/"), recording), **made_by}
    write_table(output, TABLES[kind](runs, labels, options, task, recording))
