"""The training job: a block of seeds of one model, one after another on a CPU, side by side on a GPU."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurorules.errors import InputError
from neurorules.io.identity import sha256_of
from neurorules.options import Options
from neurorules.recordings.recording import open_recording
from neurorules.runs.kept import hand_out, is_kept, keep, kept_file
from neurorules.runs.run import RunOrigin, is_run_of, write_run
from neurorules.tasks.base.task import make_task
from neurorules.training.learning_rate import with_learning_rate
from neurorules.training.progress import Progress
from neurorules.training.train import train

if TYPE_CHECKING:
    from neurorules.tasks.base.task import Task


def train_seeds(
    model: Mapping[str, Any],
    outputs: Mapping[int, str],
    recording_file: str | None,
    learning_rate_file: str | None,
    code: str,
    asked_recording: Mapping[str, Any] | None = None,
    asked_choice: Mapping[str, Any] | None = None,
) -> None:
    """Train every seed and write one run file each. A seed that fails does not cost the others.

    The workflow engine removes all outputs of a job that fails, and of one that it did not see to its end. So a
    finished seed is kept in a hidden folder, see `runs/kept.py`, and the next try finds it there if it was made from
    the same.

    Args:
        model: resolved options of the model, see `Study.training`.
        outputs: the run file of each seed.
        recording_file: the recording that the task takes its trials from, or None.
        learning_rate_file: the learning rate chosen for the model if its own is "best", else None.
        code: hash of the code behind the runs.
        asked_recording: attributes that the recording has to have.
        asked_choice: what the learning rate has to be chosen by: its keys `model` and `code`.

    Raises:
        StaleResult: the recording or the choice was made otherwise.
        InputError: one or more seeds failed; the others are kept.
    """
    options = Options(model)
    recording = None if recording_file is None else open_recording(recording_file, asked_recording)
    task = make_task(options.task_module, options.task, recording)
    trained_options, choice = with_learning_rate(options, learning_rate_file, asked_choice)
    recording_sha256 = None if recording_file is None else sha256_of(recording_file)
    origins = {
        seed: RunOrigin(
            model=options,
            seed=seed,
            learning_rate=trained_options.training.learning_rate,
            learning_rate_choice=choice,
            code=code,
            recording=None if recording is None else recording.attrs["name"],
            recording_sha256=recording_sha256,
        )
        for seed in outputs
    }
    folder = Path(next(iter(outputs.values()))).parent
    kept = {seed: kept_file(output, origins[seed]) for seed, output in outputs.items()}
    # The folder is named after the setting, which the options do not know.
    name = f"{options.task_name}/{options.learning_rule}/{folder.name} seed"
    missing = []
    for seed, file in kept.items():
        if is_run_of(outputs[seed], origins[seed]):  # made by a job that outlived its Snakemake
            keep(outputs[seed], file)
        if is_kept(file):
            print(f"{name} {seed}: finished before, kept", file=sys.stderr)
        else:
            missing.append(seed)
    failures = _train_missing(trained_options, missing, task, kept, origins, name)
    if failures:
        raise InputError(
            "\n".join([f"{len(failures)} of {len(outputs)} seeds failed; the finished ones are kept.", *failures]),
            file=folder,
        )
    for seed, output in outputs.items():
        hand_out(kept[seed], output)


def _train_missing(
    options: Options,
    missing: list[int],
    task: Task,
    files: Mapping[int, Path],
    origins: Mapping[int, RunOrigin],
    name: str,
) -> list[str]:
    """Train the missing seeds and write their files. Returns what to say of those that failed."""
    failures = []
    n_together = len(missing) if options.training.device != "cpu" else 1
    for start in range(0, len(missing), max(1, n_together)):
        seeds = missing[start : start + n_together]
        progress = Progress(f"{name} {', '.join(map(str, seeds))}", options.training.updates)
        try:
            runs = train(options, seeds, task, progress)
        except InputError as error:
            runs = dict.fromkeys(seeds, error)
        for seed, run in runs.items():
            try:
                if isinstance(run, InputError):
                    raise run
                write_run(files[seed], run, origins[seed])
            except InputError as error:
                failures.append(f"seed {seed}: {error}")
    return failures
