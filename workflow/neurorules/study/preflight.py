"""Checks before anything runs that read files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from neurorules.errors import InputError
from neurorules.figures.base.figure import table_types_of
from neurorules.options import Options
from neurorules.recordings.locate import DOWNLOADS, expand_folder, find_raw
from neurorules.study.load import Study
from neurorules.study.model import Model
from neurorules.tables.base.table_type import load_table_type
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
        folder = expand_folder(entry["path"], f"recordings.{name}.path")
        try:
            (file,) = find_raw(entry["reader"], entry["source"], folder, DOWNLOADS, name=name)
        except InputError:
            if Path(study.paths.recording_file(name)).exists():
                continue  # made while the file was there; this is all that can be checked without it
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
        _check_tables(study, name, recording, file)
        seen = []
        for model in study.selection.seeds:
            options = study.options.of(model)
            what = model.task, options["task"], options["comparison"]
            if study.options.recording(model) == name and what not in seen:
                seen.append(what)
                _check_fit(study, model, recording, file)


def _check_tables(study: Study, name: str, recording: xr.Dataset, file: Path) -> None:
    """Ask the table types of the study's figures whether they can be made of a recording."""
    of_models = {
        (table_type, model)
        for figure, models in study.selection.figures.items()
        for table_type in table_types_of(figure, "model")
        for model in models
        if study.options.recording(model) == name
    }
    asked = [(table_type, study.options.of(model)) for table_type, model in sorted(of_models)]
    asked += [
        (table_type, study.options.table_options(table_type))
        for figure in study.selection.figures
        if name in study.selection.figure_recordings(figure)
        for table_type in table_types_of(figure, "recording")
    ]
    for table_type, options in asked:
        module = load_table_type(table_type)
        if not hasattr(module, "check"):
            continue
        try:
            module.check(recording, Options(options))
        except InputError as error:
            raise InputError(error.problem, file=file, key=error.key, value=error.value, remedy=error.remedy) from error


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
