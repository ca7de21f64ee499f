"""Checks before anything runs that read files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from neurorules.errors import InputError
from neurorules.study.load import Study
from neurorules.study.model import Model
from neurorules.study.raw_files import find_raw_files
from neurorules.tasks.base.task import Task, compared_steps, make_task

if TYPE_CHECKING:
    import xarray as xr


def check_own_rates(study: Study) -> None:
    """Check, before anything runs, that the user's own rates fit the tasks that are compared with them.

    Other recordings have a known form or take long to read: the first job that compares checks these.

    Raises:
        InputError: a file of rates is malformed, or has other conditions or bins than the test trials.
    """
    for name in study.selection.used_recordings:
        entry = study.selection.recording_entry(name)
        if entry["reader"] != "own_rates":
            continue
        from neurorules.recordings.convert import read_recording

        if entry["synthetic"]:
            raise InputError(
                "This reader has no synthetic files.",
                key=f"recordings.{name}.synthetic",
                value=True,
                remedy="Remove the key, or name another reader.",
            )
        try:
            (file,) = find_raw_files(study, name)
        except InputError:
            if Path(study.paths.recording_file(name)).exists():
                continue  # made while the file was there; `check_finished_recordings` says so
            raise
        recording = read_recording(entry, [file])
        if recording.attrs["synthetic"]:
            raise InputError(
                "These rates say of themselves that they are synthetic.",
                file=file,
                key="synthetic",
                value=1,
                remedy="Compare with recorded rates.",
            )
        seen = []
        for model in study.selection.seeds:
            options = study.options.of(model)
            what = model.task, options["task"], options["comparison"]
            if study.options.recording(model) == name and what not in seen:
                seen.append(what)
                _check_fit(study, model, recording, file)


def _check_fit(study: Study, model: Model, recording: xr.Dataset, file: Path) -> None:
    try:
        compared_steps(task_of(study, model, recording), recording, study.options.of(model)["comparison"])
    except InputError as error:
        of_study = (error.key or "").startswith(("task.", "comparison."))
        study_file, key = study.options.place(model, error.key or "") if of_study else (None, error.key)
        raise InputError(
            f"{error.problem} ({file} for {model})",
            file=study_file or file,
            key=key,
            value=error.value,
            remedy=f"{error.remedy} `make trials` shows what the task tests.",
        ) from error


def task_of(study: Study, model: Model, recording: xr.Dataset | None) -> Task:
    """A model's task, which gets the recording where its trials are made from one."""
    needed = recording if study.options.needs_recording(model.task) else None
    return make_task(study.options.task_module(model.task), study.options.of(model)["task"], needed)
