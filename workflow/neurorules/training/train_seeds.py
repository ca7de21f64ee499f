"""A block of seeds of one model: one after another on a CPU, side by side on a GPU; one that fails does not cost the
others."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurorules.errors import InputError
from neurorules.io.identity import canonical_json, sha256_of
from neurorules.io.netcdf import netcdf_attributes, open_dataset, write_dataset
from neurorules.provenance.versions import versions
from neurorules.recordings.recording import open_recording
from neurorules.runs.run import open_run
from neurorules.tasks.base.task import make_task
from neurorules.training.learning_rate import with_learning_rate
from neurorules.training.progress import Progress
from neurorules.training.train import train

if TYPE_CHECKING:
    pass


def train_block(
    model: Mapping[str, Any],
    outputs: Mapping[int, str],
    recording_file: str | None,
    learning_rate_file: str | None,
    code: str,
) -> None:
    """Train every seed and write one file each.

    The workflow engine removes the outputs of a job that fails, all of them. So a finished seed is kept in a hidden
    folder beside the outputs until the whole block is done; a later try that is made of the same finds it there.

    Args:
        model: resolved options of the model, see `Study.training`.
        outputs: a run file for each seed of this block.
        recording_file: what the task takes its trials from, or None.
        learning_rate_file: the learning rate that was chosen for the model, where its own is "best", or None.
        code: hash of the code behind the runs.

    Raises:
        InputError: one or more seeds failed; the others are kept.
    """
    recording = None if recording_file is None else open_recording(recording_file)
    task = make_task(model["task_module"], model["task"], recording)
    trained, chosen = with_learning_rate(model, learning_rate_file)
    made_by = {
        "model": canonical_json(dict(model)),
        "learning_rate": trained["training"]["learning_rate"],
        "learning_rate_choice": None if chosen is None else canonical_json(chosen),
        "code": code,
        "versions": canonical_json(versions()),
        "recording": None if recording is None else recording.attrs["name"],
        "recording_sha256": None if recording_file is None else sha256_of(recording_file),
    }
    folder = Path(next(iter(outputs.values()))).parent
    files, identities = {}, {}
    for seed in outputs:
        identities[seed] = {**made_by, "seed": seed}
        digest = hashlib.sha256(canonical_json(identities[seed]).encode()).hexdigest()[:16]
        files[seed] = folder / ".finished" / f"seed{seed}-{digest}.nc"
    # The folder is named after the setting, which the options do not know.
    name = f"{model['task_name']}/{model['learning_rule']}/{folder.name} seed"
    missing = []
    for seed, file in files.items():
        if _is_run(outputs[seed], identities[seed]):  # by a job that outlived its Snakemake
            file.parent.mkdir(exist_ok=True)
            os.replace(outputs[seed], file)
        if _is_finished(file):
            print(f"{name} {seed}: finished before, kept", file=sys.stderr)
        else:
            missing.append(seed)
    failures = []
    together = len(missing) if model["training"]["device"] != "cpu" else 1
    for start in range(0, len(missing), max(1, together)):
        seeds = missing[start : start + together]
        progress = Progress(f"{name} {', '.join(map(str, seeds))}", model["training"]["updates"])
        try:
            runs = train(trained, seeds, task, progress)
        except InputError as error:
            runs = dict.fromkeys(seeds, error)
        for seed, run in runs.items():
            try:
                if isinstance(run, InputError):
                    raise run
                run.attrs = netcdf_attributes(identities[seed])
                write_dataset(files[seed], run)
            except InputError as error:
                failures.append(f"seed {seed}: {error}")
    if failures:
        raise InputError(
            "\n".join([f"{len(failures)} of {len(outputs)} seeds failed; the finished ones are kept.", *failures]),
            file=folder,
        )
    for seed, output in outputs.items():
        os.replace(files[seed], output)
    for leftover in folder.glob(".finished/*"):
        if leftover.name.lstrip(".").split("-")[0] in {f"seed{seed}" for seed in outputs}:
            leftover.unlink()  # of an older config or code
    with contextlib.suppress(OSError):  # another block of this model may keep seeds there
        (folder / ".finished").rmdir()


def _is_finished(file: Path) -> bool:
    if not file.exists():
        return False
    try:
        open_dataset(file, "a run")
    except InputError:
        file.unlink()
        return False
    return True


def _is_run(output: str, identity: Mapping[str, Any]) -> bool:
    """Whether there is a run of this identity."""
    try:
        return dict(open_run(output).attrs) == netcdf_attributes(identity)
    except InputError:
        return False
