"""Checks of files, before anything runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from neurorules.errors import InputError
from neurorules.figures.base.figure import table_types_of
from neurorules.io.identity import canonical_json
from neurorules.options import Options
from neurorules.study.load import Study
from neurorules.study.model import Model
from neurorules.study.raw_files import find_raw_files
from neurorules.tables.base.table_type import CHECKED_BY, TABLE_TYPES
from neurorules.tasks.base.labels import join
from neurorules.tasks.base.task import Task, compared_steps, make_task

if TYPE_CHECKING:
    import xarray as xr


# Snakemake passes these paths unquoted to a shell and to its templates; a colon separates paths in PYTHONPATH.
NOT_IN_PATHS = re.compile(r"[^\w./+,@%=~-]")


def check_folders(*paths: str | Path) -> None:
    """Check that jobs can be started from the repository and with its Python.

    Args:
        paths: paths of the workflow and of the Python that runs it.

    Raises:
        InputError: a path contains a character that makes every job fail, without a log.
    """
    for path in paths:
        found = NOT_IN_PATHS.search(str(path))
        if found:
            raise InputError(
                f"This path contains {found[0]!r}, and Snakemake cannot start jobs from such a path.",
                file=path,
                remedy="Move the repository to a path with only letters, digits and . _ - / and set up .venv again "
                "there: make setup. `results` may be a link to any other folder.",
            )


def check_own_rates(study: Study) -> None:
    """Check, before anything runs, that the user's own rates match the tasks that are compared with them.

    Other recordings have a known format or take long to read. The first job that compares them checks them.

    Raises:
        InputError: a rates file is malformed, or its conditions or bins do not match the test trials.
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
                remedy="Remove the key, or use another reader.",
            )
        try:
            (file,) = find_raw_files(study, name)
        except InputError:
            if Path(study.paths.recording_file(name)).exists():
                continue  # made while the file existed; `check_finished_recordings` warns about it
            raise
        recording = read_recording(entry, [file])
        if recording.attrs["synthetic"]:
            raise InputError(
                "These rates are marked as synthetic.",
                file=file,
                key="synthetic",
                value=1,
                remedy="Use recorded rates.",
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
    """Check that the tables of the study's figures can be made from a recording.

    Raises:
        InputError: a table needs more than the recording has, such as time points for DSA delays or single trials.
    """
    of_models = {
        (table_type, model)
        for figure, models in study.selection.figures.items()
        for subject in ("model", "group")
        for table_type in table_types_of(figure, subject)
        for model in models
        if study.options.recording(model) == name
    }
    asked: list[tuple[str, Model | None]] = [*sorted(of_models)]
    asked += [
        (table_type, None)
        for figure in study.selection.figures
        if name in study.selection.figure_recordings(figure)
        for table_type in table_types_of(figure, "recording")
    ]
    seen = set()
    for table_type, model in asked:
        module = TABLE_TYPES.load(table_type)
        if not hasattr(module, "check"):
            continue
        of_model = {} if model is None else study.options.of(model)
        options = {group: of_model[group] for group in CHECKED_BY} if model else study.options.table_options(table_type)
        if (what := (table_type, canonical_json(options))) in seen:
            continue
        seen.add(what)
        try:
            module.check(recording, Options(options))
        except InputError as error:
            place, key = None, error.key
            if key is not None and "." in key:  # an option
                place, key = study.options.place(model, key) if model else (None, f"defaults.{key}")
            raise InputError(
                f"{error.problem} ({file}{'' if model is None else f' for {model}'})",
                file=place or file,
                key=key,
                value=error.value,
                remedy=error.remedy,
            ) from error


def _check_fit(study: Study, model: Model, recording: xr.Dataset, file: Path) -> None:
    comparison = study.options.of(model)["comparison"]
    try:
        task = task_of(study, model, recording)
        join(study.options.task_module(model.task), task, recording, comparison)
        compared_steps(task, recording, comparison)
    except InputError as error:
        of_study = (error.key or "").startswith(("task.", "comparison."))
        study_file, key = study.options.place(model, error.key or "") if of_study else (None, error.key)
        raise InputError(
            f"{error.problem} ({file} for {model})",
            file=study_file or file,
            key=key,
            value=error.value,
            remedy=f"{error.remedy} `make trials` shows the task's test trials.",
        ) from error


def task_of(study: Study, model: Model, recording: xr.Dataset | None) -> Task:
    """A model's task. It gets the recording if its trials are made from one."""
    needed = recording if study.options.needs_recording(model.task) else None
    return make_task(study.options.task_module(model.task), study.options.of(model)["task"], needed)
