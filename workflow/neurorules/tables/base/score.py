"""From runs on disk to tidy tables: what the scoring jobs call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurorules.io.tables import write_table
from neurorules.options import Options
from neurorules.recordings.recording import open_recording
from neurorules.runs.run import open_run
from neurorules.tables.base.score_recording import recording_labels
from neurorules.tables.base.table_type import GroupMember, load_kind
from neurorules.tasks.base.task import make_task


def score_model(
    kind: str,
    model: str,
    options: Mapping[str, Any],
    run_files: Mapping[int, str],
    recording_file: str | None,
    code: str,
    output: str,
) -> None:
    """Write one kind of table of one model.

    Args:
        kind: a module of this folder with OF = "model".
        model: "task/learning rule/setting".
        options: resolved options of the model, training and comparison.
        run_files: a run file for each seed.
        recording_file: the recording it is compared with, or None.
        code: hash of the code behind the table.
        output: CSV.
    """
    recording = None if recording_file is None else open_recording(recording_file)
    runs = {seed: open_run(file) for seed, file in run_files.items()}
    task_name, learning_rule, setting = model.split("/")
    labels = {
        **recording_labels(task_name, recording),
        "task": task_name,
        "learning_rule": learning_rule,
        "setting": setting,
        "training_code": next(iter(runs.values())).attrs["code"],
        "scoring_code": code,
    }
    resolved = Options(options)
    task = make_task(resolved.task_module, resolved.task, recording)
    write_table(output, load_kind(kind).table(runs, labels, resolved, task, recording))


def score_group(
    kind: str,
    models: Mapping[str, Mapping[str, Any]],
    run_files: Mapping[str, Mapping[int, str]],
    recording_file: str | None,
    options: Mapping[str, Any],
    code: str,
    output: str,
) -> None:
    """Write one kind of table of several models of one task.

    Args:
        kind: a module of this folder with OF = "group".
        models: resolved options by "task/learning rule/setting".
        run_files: their run files by seed.
        recording_file: what they are compared with, or take their trials from, or None.
        options: `comparison` options of the kind.
        code: hash of the code behind the table.
        output: CSV.
    """
    recording = None if recording_file is None else open_recording(recording_file)
    members = {
        model: GroupMember(
            resolved,
            make_task(resolved.task_module, resolved.task, recording),
            {seed: open_run(file) for seed, file in run_files[model].items()},
        )
        for model, resolved in Options(models).items()
    }
    codes = {run.attrs["code"] for member in members.values() for run in member.runs.values()}
    task_name = next(iter(models)).split("/")[0]
    labels = {
        **recording_labels(task_name, recording),
        "task": task_name,
        "training_code": " ".join(sorted(codes)),
        "scoring_code": code,
    }
    write_table(output, load_kind(kind).table(members, labels, Options(options), recording))
