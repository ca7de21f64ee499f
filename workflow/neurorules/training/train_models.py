"""The training job: runs of one or several models, one after another on a CPU, in parallel on a GPU."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurorules.errors import InputError
from neurorules.io.identity import canonical_json, sha256_of
from neurorules.options import Options
from neurorules.recordings.recording import open_recording
from neurorules.runs.kept import hand_out, is_kept, keep, kept_file
from neurorules.runs.run import RunOrigin, is_run_of, write_run
from neurorules.tasks.base.task import make_task
from neurorules.training.learning_rate import with_learning_rate
from neurorules.training.progress import Progress
from neurorules.training.train import Network, train_stack

if TYPE_CHECKING:
    import xarray as xr

    from neurorules.tasks.base.task import Task


@dataclass(frozen=True)
class ModelRuns:
    """The runs of one model that a job has to make.

    Attributes:
        model: the model's resolved options, see `Study.training`.
        outputs: the run file of each seed.
        code: hash of the code that makes the runs.
        learning_rate_file: file with the chosen learning rate if the model's is "best", otherwise None.
        asked_choice: how the learning rate must have been chosen: values of its keys `model` and `code`.
    """

    model: Mapping[str, Any]
    outputs: Mapping[int, str]
    code: str
    learning_rate_file: str | None = None
    asked_choice: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class _Run:
    """One run of a job: its network, origin and output file, and where it is kept until all runs are finished."""

    network: Network  # its learning rate is a number
    origin: RunOrigin
    output: str
    kept: Path
    name: str


def train_models(
    models: Sequence[ModelRuns], recording_file: str | None, asked_recording: Mapping[str, Any] | None = None
) -> None:
    """Train all runs of the models and write one file each. If a run fails, the others are kept.

    Snakemake removes all outputs of a job that fails, or whose end it did not see. So finished runs are kept in a
    hidden folder, see `runs/kept.py`, and reused by the next attempt if their origin is the same. Existing runs with
    the same origin are left as they are, so that a job of several models does not retrain those that did not change.

    Args:
        models: what to train; on a GPU, all with the same shape (`shape.shape`).
        recording_file: the recording that the tasks take their trials from, or None.
        asked_recording: attributes that the recording must have.

    Raises:
        StaleResult: the recording or a chosen learning rate is outdated.
        InputError: one or more runs failed; the others are kept.
    """
    recording = None if recording_file is None else open_recording(recording_file, asked_recording)
    recording_sha256 = None if recording_file is None else sha256_of(recording_file)
    runs: list[_Run] = []
    failures: list[tuple[str, InputError]] = []
    for of_model in models:
        try:
            runs += _runs_of(of_model, None if recording is None else recording.attrs["name"], recording_sha256)
        except InputError as error:  # the learning rate of this model is missing; train the others
            if len(models) == 1:
                raise
            failures += [(f"{_name(of_model)} seed {seed}", error) for seed in of_model.outputs]
    missing = [run for run in runs if not _is_finished(run)]
    tasks: dict[str, Task] = {}
    for stack in _stacks(missing):
        model = stack[0].network.model
        key = canonical_json([model.task_module, model.task.as_dict()])
        if key not in tasks:
            tasks[key] = make_task(model.task_module, model.task, recording)
        failures += _train(stack, tasks[key])
    if failures:
        raise _failed(failures, models)
    for run in runs:
        hand_out(run.kept, run.output)


def _name(of_model: ModelRuns) -> str:
    """Task, learning rule and setting. The setting is the folder's name, as the options do not include it."""
    setting = Path(next(iter(of_model.outputs.values()))).parent.name
    return f"{of_model.model['task_name']}/{of_model.model['learning_rule']}/{setting}"


def _runs_of(of_model: ModelRuns, recording: str | None, recording_sha256: str | None) -> list[_Run]:
    options = Options(of_model.model)
    trained, choice = with_learning_rate(options, of_model.learning_rate_file, of_model.asked_choice)
    runs = []
    for seed, output in of_model.outputs.items():
        origin = RunOrigin(
            model=options,
            seed=seed,
            learning_rate=trained.training.learning_rate,
            learning_rate_choice=choice,
            code=of_model.code,
            recording=recording,
            recording_sha256=recording_sha256,
        )
        name = f"{_name(of_model)} seed {seed}"
        runs.append(_Run(Network(trained, seed), origin, output, kept_file(output, origin), name))
    return runs


def _is_finished(run: _Run) -> bool:
    """Whether a run needs no training. If so, it has its second name."""
    # already made: by a job that outlived its Snakemake, or for a model that did not change
    if is_run_of(run.output, run.origin):
        keep(run.output, run.kept)
    if not is_kept(run.kept):
        return False
    print(f"{run.name}: finished before, kept", file=sys.stderr)
    return True


def _stacks(runs: Sequence[_Run]) -> list[list[_Run]]:
    """Groups of runs to train together: all of them on a GPU, single runs on a CPU."""
    if not runs or runs[0].network.model.training.device == "cpu":
        return [[run] for run in runs]
    return [list(runs)]


def _train(stack: Sequence[_Run], task: Task) -> list[tuple[str, InputError]]:
    """Train runs together and keep them. Returns those that failed, with their errors."""
    failures = []
    name = stack[0].name if len(stack) == 1 else f"{stack[0].name} and {len(stack) - 1} more side by side"
    for run, trained in zip(stack, train_in_memory([run.network for run in stack], task, name), strict=True):
        try:
            if isinstance(trained, InputError):
                raise trained
            write_run(run.kept, trained, run.origin)
        except InputError as error:
            failures.append((run.name, error))
    return failures


def train_in_memory(networks: Sequence[Network], task: Task, name: str) -> list[xr.Dataset | InputError]:
    """Train networks together, see `train_stack`, or in halves if they do not fit into GPU memory.

    Args:
        networks: networks of the same shape.
        task: the networks' task.
        name: name of the first network, for progress lines.
    """
    try:
        return train_stack(networks, task, Progress(name, networks[0].model.training.updates))
    except InputError as error:
        return [error for _ in networks]
    except RuntimeError as error:
        if type(error).__name__ != "OutOfMemoryError" or len(networks) == 1:
            raise
    half = len(networks) // 2
    print(f"{name}: too large for the GPU's memory, so trained in two halves", file=sys.stderr)
    return [*train_in_memory(networks[:half], task, name), *train_in_memory(networks[half:], task, name)]


def _failed(failures: Sequence[tuple[str, InputError]], models: Sequence[ModelRuns]) -> InputError:
    """The error for failed runs. With a single model, its name is omitted."""
    count = sum(len(of_model.outputs) for of_model in models)
    if len(models) > 1:
        first = f"{len(failures)} of {count} runs failed; the finished ones are kept."
        return InputError("\n".join([first, *(f"{name}: {error}" for name, error in failures)]))
    first = f"{len(failures)} of {count} seeds failed; the finished ones are kept."
    lines = [f"seed {name.rpartition(' ')[2]}: {error}" for name, error in failures]
    return InputError("\n".join([first, *lines]), file=Path(next(iter(models[0].outputs.values()))).parent)
