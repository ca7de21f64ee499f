"""`neurorules trials`: describe the test trials of a task.

They define the conditions, labels and bins that a recording needs.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.cli.base import Model, Study, did_you_mean, open_study, run_cli
from neurorules.errors import InputError
from neurorules.io.atomic import whole_file
from neurorules.recordings.recording import open_recording
from neurorules.study.preflight import task_of
from neurorules.tasks.base.labels import join, labels_of
from neurorules.tasks.base.recorded_labels import in_words
from neurorules.tasks.base.task import compared_steps

if TYPE_CHECKING:
    from numpy.typing import NDArray


MOST_PIECES = 8  # a trial with more stretches is described as changing from step to step


def describe(study: Study, task: str) -> str:
    """A description of a task's test trials in the setting `base`.

    Raises:
        InputError: the study has no such task, the recording that its trials are made from does not exist, or the
            conditions or bins of its recording do not match.
    """
    return describe_and_save(study, task, None)


def describe_and_save(study: Study, task: str, output: str | Path | None) -> str:
    """A description of a task's test trials, which are also written to the NumPy file `output` if it is given.

    The file has the arrays `inputs` (step, trial, input), `targets` (step, trial, output) or (step, trial) for choices,
    `scored` (step, trial), `label_<name>` (trial,) for each label and, if the recording exists, `compared_steps`.

    Raises:
        InputError: as `describe`, or the file cannot be written.
    """
    if task not in study.config["tasks"]:
        raise InputError("Unknown task.", key="tasks", value=task, remedy=did_you_mean(task, study.config["tasks"]))
    model = Model(task, "bptt", "base")
    options, name = study.options.of(model), study.options.recording(model)
    recording = None
    if name is not None and Path(study.paths.recording_file(name)).exists():
        recording = open_recording(study.paths.recording_file(name))
    elif name is None and study.options.needs_recording(task):
        raise InputError(
            f"The trials of {task} are made from a recording, but the study specifies none.",
            key=f"tasks.{task}.comparison.recording",
            remedy="Specify it in the study file, as docs/recording-nwb.md does.",
        )
    elif study.options.needs_recording(task):
        raise InputError(
            f"The trials of {task} are made from a recording that does not exist yet.",
            file=study.paths.recording_file(str(name)),
            remedy="Make it first: run snakemake with this file as the target and the study's --configfile.",
        )
    made = task_of(study, model, recording)
    trials = made.test()
    step = f" of {options['task']['dt_ms']:g} ms" if "dt_ms" in options["task"] else ""
    lines = [
        f"{task}: {len(trials.condition)} test trials, {trials.n_steps} steps{step}, {made.n_inputs} inputs, "
        f"{made.n_outputs} outputs"
    ]
    labels = labels_of(study.options.task_module(task), made)
    arrays = {"inputs": trials.inputs, "targets": trials.targets, "scored": trials.scored}
    arrays |= {f"label_{label}": np.asarray(values) for label, values in labels.items()}
    if recording is not None:
        join(study.options.task_module(task), made, recording, options["comparison"])
        steps, time_ms = compared_steps(made, recording, options["comparison"]), recording["time"].values
        arrays["compared_steps"] = np.asarray(steps)
        lines.append(
            f"steps {steps[0]}-{steps[-1]} are compared with {name}'s bins, {time_ms[0]:g} to {time_ms[-1]:g} ms"
        )
    elif name is not None:
        lines.append(f"compared with {name}, not made yet; to make it: snakemake {study.paths.recording_file(name)}")
    for k in range(len(trials.condition)):
        target = trials.targets[:, k].reshape(trials.n_steps, -1)
        lines += [
            f"condition {k}{f': {in_words(labels, k)}' if labels else ''}",
            f"  inputs   {_pieces(trials.inputs[:, k])}",
            f"  targets  {_pieces(target)}",
            f"  scored   {_pieces(trials.scored[:, k, None])}",
        ]
    if output is not None:
        with whole_file(output) as partial, open(partial, "wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        lines.append(f"{output}: {', '.join(f'{name} {array.shape}' for name, array in arrays.items())}")
    return "\n".join(lines)


def _pieces(values: NDArray[Any]) -> str:
    """Values (step, channel) as stretches of steps with constant values."""
    stretches = [(tuple(row), len(list(same))) for row, same in itertools.groupby(values.tolist())]
    if len(stretches) > MOST_PIECES:
        return f"change from step to step, from {_row(values[0])} to {_row(values[-1])}"
    start, pieces = 0, []
    for row, length in stretches:
        pieces.append(f"{start}-{start + length - 1}: {_row(row)}" if length > 1 else f"{start}: {_row(row)}")
        start += length
    return " | ".join(pieces)


def _row(values: Sequence[float] | NDArray[Any]) -> str:
    return " ".join(f"{float(value) + 0.0:.3g}" for value in values)  # not -0


def run(arguments: argparse.Namespace) -> int:
    """Print the test trials of the given tasks, or of all tasks of a study, and return the exit code."""

    def words() -> str:
        study = open_study(arguments.study)
        tasks = arguments.tasks or sorted({model.task for model in study.selection.seeds})
        if arguments.output is not None and len(tasks) != 1:
            raise InputError(
                "--output takes the trials of one task.",
                key="TASK",
                value=tasks,
                remedy=f"Add one of: {', '.join(tasks)}.",
            )
        return "\n".join(describe_and_save(study, task, arguments.output) for task in tasks)

    return run_cli(words)
