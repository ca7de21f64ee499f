"""Make tidy tables from run files and recordings: called by the scoring jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurorules.errors import InputError
from neurorules.io.tables import write_table
from neurorules.options import Options
from neurorules.recordings.recording import open_recording
from neurorules.runs.kept import confirm
from neurorules.tables.base.labels import model_labels, recording_labels
from neurorules.tables.base.opened import Opened
from neurorules.tables.base.table_type import TABLE_TYPES, ScoredModel
from neurorules.tasks.base.labels import joined_recording
from neurorules.tasks.base.task import make_task

# What a table must be made from: required attributes of its runs and recording (`Identities` in study/identity.py), and
# the identity that its rows pass on to figures. NOTHING requires nothing, for files that no study made.
NOTHING: Mapping[str, Any] = {"runs": {}, "recording": None, "table": ""}


def score_model(
    table_type: str,
    model: str,
    options: Mapping[str, Any],
    run_files: Mapping[int, str],
    recording_file: str | None,
    code: str,
    output: str,
    asked: Mapping[str, Any] = NOTHING,
    opened: Opened | None = None,
) -> None:
    """Write one table about one model.

    Args:
        table_type: a module in the parent folder with SUBJECT = "model".
        model: "task/learning rule/setting".
        options: the model's resolved options, training and comparison.
        run_files: a run file for each seed.
        recording_file: the recording that the model is compared with, or None.
        code: hash of the code that makes the table.
        output: CSV file to write.
        asked: what the table must be made from, see `NOTHING`.
        opened: files that the job has opened for other tables.

    Raises:
        StaleResult: a run or the recording is outdated.
    """
    options, opened = Options(options), opened or Opened()
    recording = opened.recording(recording_file, asked["recording"])
    task = make_task(options.task_module, options.task, recording)
    if recording is not None and TABLE_TYPES.load(table_type).NEEDS_RECORDING:
        recording = joined_recording(options.task_module, task, recording, options.comparison)
    runs = opened.runs(run_files, options, asked["runs"])
    names = model_labels(model, options, runs)
    labels = {
        **recording_labels(names["task"], recording),
        **names,
        "training_code": next(iter(runs.values())).attrs["code"],
        "scoring_code": code,
        "made_from": asked["table"],
    }
    scored = ScoredModel(labels, options, task, runs, opened.tested(run_files))
    write_table(output, TABLE_TYPES.load(table_type).table(scored, recording))
    confirm(run_files.values())


def score_group(
    table_type: str,
    models: Mapping[str, Mapping[str, Any]],
    run_files: Mapping[str, Mapping[int, str]],
    recording_file: str | None,
    options: Mapping[str, Any],
    code: str,
    output: str,
    asked: Mapping[str, Any] = NOTHING,
) -> None:
    """Write one table about several models of one task.

    Args:
        table_type: a module in the parent folder with SUBJECT = "group".
        models: resolved options by "task/learning rule/setting".
        run_files: their run files by seed.
        recording_file: the recording that they are compared with or take their trials from, or None.
        options: the table type's `comparison` options.
        code: hash of the code that makes the table.
        output: CSV file to write.
        asked: what the table must be made from, see `NOTHING`; runs are keyed by model.

    Raises:
        StaleResult: a run or the recording is outdated.
    """
    recording = None if recording_file is None else open_recording(recording_file, asked["recording"])
    is_compared = TABLE_TYPES.load(table_type).NEEDS_RECORDING
    joined, members = recording, list[ScoredModel]()
    for model, values in models.items():
        resolved = Options(values)
        runs = Opened().runs(run_files[model], resolved, asked["runs"].get(model, {}))
        task = make_task(resolved.task_module, resolved.task, recording)
        if recording is not None and is_compared:
            own = joined_recording(resolved.task_module, task, recording, resolved.comparison)
            if members and joined is not None and not joined.equals(own):
                raise _other_conditions(model)
            joined = own
        members.append(ScoredModel(model_labels(model, resolved, runs), resolved, task, runs))
    codes = {run.attrs["code"] for member in members for run in member.runs.values()}
    task_name = members[0].labels["task"]
    labels = {
        **recording_labels(task_name, joined),
        "task": task_name,
        "training_code": " ".join(sorted(codes)),
        "scoring_code": code,
        "made_from": asked["table"],
    }
    write_table(output, TABLE_TYPES.load(table_type).table(members, labels, Options(options), joined))
    confirm(file for files in run_files.values() for file in files.values())


def _other_conditions(model: str) -> InputError:
    return InputError(
        "The conditions of this model differ from those of the table's other models.",
        key="comparison.conditions",
        value=model,
        remedy="Use the same test trials in all settings that a figure shows together.",
    )


def score_recording(
    table_type: str,
    recording_file: str,
    options: Mapping[str, Any],
    code: str,
    output: str,
    asked: Mapping[str, Any] = NOTHING,
) -> None:
    """Write one table about a recording alone.

    Args:
        table_type: a module in the parent folder with SUBJECT = "recording".
        recording_file: the recording.
        options: `comparison` options.
        code: hash of the code that makes the table.
        output: CSV file to write.
        asked: what the table must be made from, see `NOTHING`.

    Raises:
        StaleResult: the recording is outdated.
    """
    recording = open_recording(recording_file, asked["recording"])
    labels = {
        **recording_labels("", recording),
        "training_code": "",
        "scoring_code": code,
        "made_from": asked["table"],
    }
    write_table(output, TABLE_TYPES.load(table_type).table(recording, labels, Options(options)))
