"""Import of a network that was trained elsewhere: its run file, from its files and its entry in a study.

A run made from weights has all that other runs have (runs/run.py), and a history without updates. A run made from
activity alone has

    activity(checkpoint, condition, step, unit)   in the order of the test trials; all of their steps, or one step for
                                                  each bin of the recording (attribute `steps`)
    accuracy(checkpoint), checkpoint              as in every run

The attribute `network_files` of either lists the name, bytes and SHA-256 of each file that it was made from.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import DamagedResult, InputError
from neurorules.imported.activity import in_order_of, read_activity
from neurorules.imported.weights import read_weights
from neurorules.io.identity import canonical_json, sha256_of
from neurorules.io.netcdf import netcdf_attributes, open_dataset, write_dataset
from neurorules.io.stale import check_made_from
from neurorules.network.parameters import Sizes
from neurorules.options import Options
from neurorules.recordings.catalogue import NETWORKS, PUBLISHED
from neurorules.recordings.recording import open_recording
from neurorules.recordings.verify import fingerprint, verify_published
from neurorules.runs.evaluate import accuracies
from neurorules.runs.run import Checkpoint, RunOrigin, make_run, open_run
from neurorules.tasks.base.labels import joined_recording
from neurorules.tasks.base.task import compared_steps, make_task

if TYPE_CHECKING:
    import xarray as xr

    from neurorules.tasks.base.task import Task

# Type of data in a network's files.
WEIGHTS, ACTIVITY = "weights", "activity"
FORMS = (WEIGHTS, ACTIVITY)

# Which steps the activity has: all steps of the test trials, or those that line up with the recording's bins.
ALL_STEPS, WINDOW = "all", "window"


@dataclass(frozen=True)
class ImportOrigin(RunOrigin):
    """Origin of a run that was trained elsewhere: that of every run, and the network's files."""

    files: tuple[str, ...] = ()

    def attributes(self) -> dict[str, Any]:
        """Attributes of the run file, in order."""
        return {**super().attributes(), "network_files": canonical_json(list(self.files))}


def import_network(
    model: Mapping[str, Any],
    seed: int,
    files: Sequence[Path],
    recording_file: str | None,
    code: str,
    output: str,
    asked_recording: Mapping[str, Any] | None = None,
) -> None:
    """Write the run file of one network.

    Args:
        model: resolved options of the model, see `StudyOptions.training`; `imported` is the study's entry.
        seed: index of the network in its entry, from 0.
        files: one file for each of the entry's `updates`.
        recording_file: the recording from which the task takes its trials, or whose labels the activity has; or None.
        code: hash of the code behind the run.
        output: the run file.
        asked_recording: attributes that the recording must have.

    Raises:
        StaleResult: the recording does not match the study.
        InputError: a file is missing, damaged or of another type, or does not fit the task.
    """
    options = Options(model)
    recording = None if recording_file is None else open_recording(recording_file, asked_recording)
    task = make_task(options.task_module, options.task, recording)
    entry, where = options.imported.as_dict(), f"networks.{options.learning_rule}"
    if entry["catalogue"] is not None:
        for file in files:
            verify_published(file, entry["catalogue"], PUBLISHED, catalogue=NETWORKS)
    read = _run_of_weights if entry["form"] == WEIGHTS else _run_of_activity
    run = read(options, task, recording, entry, files, where)
    rate = options.training.learning_rate
    origin = ImportOrigin(
        model=options,
        seed=seed,
        learning_rate=float("nan") if rate is None else rate,
        learning_rate_choice=None,
        code=code,
        recording=None if recording is None else recording.attrs["name"],
        recording_sha256=None if recording_file is None else sha256_of(recording_file),
        files=tuple(fingerprint(file) for file in files),
    )
    run.attrs = {**run.attrs, **netcdf_attributes(origin.attributes())}
    write_dataset(output, run)
    last = float(run["accuracy"].values[-1])
    print(
        f"{options.learning_rule}, network {seed}: {run.sizes['unit']} units, {run.sizes['checkpoint']} checkpoints, "
        f"final accuracy {last:.3f}",
        file=sys.stderr,
    )


def _run_of_weights(
    options: Options,
    task: Task,
    recording: xr.Dataset | None,
    entry: Mapping[str, Any],
    files: Sequence[Path],
    where: str,
) -> xr.Dataset:
    sizes = Sizes(task.n_inputs, options.network.units, task.n_outputs)
    flat = {
        update: read_weights(file, entry["weights"], entry["transpose"], sizes, where)
        for update, file in zip(entry["updates"], files, strict=True)
    }
    history = np.empty((3, 0))
    unknown = make_run(sizes, {update: Checkpoint(one, np.nan) for update, one in flat.items()}, history)
    found = accuracies(unknown, options, task, task.test())
    known = zip(sorted(flat), found, strict=True)
    return make_run(sizes, {update: Checkpoint(flat[update], value) for update, value in known}, history)


def _run_of_activity(
    options: Options,
    task: Task,
    recording: xr.Dataset | None,
    entry: Mapping[str, Any],
    files: Sequence[Path],
    where: str,
) -> xr.Dataset:
    import xarray as xr

    assert recording is not None  # guaranteed by a check of the study: labels are the recording's
    window = compared_steps(task, recording, options.comparison)
    ordered = joined_recording(options.task_module, task, recording, options.comparison)
    n_steps = task.test().n_steps if entry["steps"] == ALL_STEPS else len(window)
    activity = []
    for file in files:
        values, labels = read_activity(file, entry, where)
        values = values[in_order_of(ordered, labels, file, where)]
        if values.shape[1:] != (n_steps, options.network.units):
            raise InputError(
                f"The activity has {values.shape[1]} steps and {values.shape[2]} units.",
                file=file,
                key=f"{where}.activity",
                remedy=f"{n_steps} steps and {options.network.units} units are expected. The task's test trials have "
                f"{task.test().n_steps} steps, of which {len(window)} line up with the recording's bins: set "
                f"{where}.steps to those that the file has, and {where}.network.units to its number of units.",
            )
        activity.append(values)
    accuracy = entry.get("accuracy") or [float("nan")] * len(files)
    return xr.Dataset(
        {
            "activity": (("checkpoint", "condition", "step", "unit"), np.stack(activity)),
            "accuracy": ("checkpoint", np.array(accuracy, np.float64)),
        },
        coords={"checkpoint": np.array(entry["updates"], np.int64)},
        attrs={"steps": entry["steps"]},
    )


def open_network(path: str | Path, options: Mapping[str, Any], asked: Mapping[str, Any] | None = None) -> xr.Dataset:
    """Read a run file of any origin.

    Args:
        path: the file.
        options: resolved options of its model.
        asked: attributes that it must have; None to accept any.

    Raises:
        The errors of `open_run`.
    """
    if options.get("imported", {}).get("form") != ACTIVITY:
        return open_run(path, asked)
    run = open_dataset(path, "a run")
    if "activity" not in run or "accuracy" not in run:
        raise DamagedResult(
            "The file is not a complete run.",
            file=path,
            key="activity",
            remedy="Delete this file and run the same snakemake command again, which imports the network again.",
        )
    check_made_from("run", path, run.attrs, asked or {})
    return run
