"""Distances between networks: how alike two models are, with and without a recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neurorules.errors import InputError
from neurorules.files import write_table
from neurorules.recordings.recording import open_recording
from neurorules.similarity.procrustes import procrustes_distance
from neurorules.similarity.score import ModelActivity, recording_labels
from neurorules.tasks.task import make_task
from neurorules.training.block import open_run


def score_pair(
    pair: Sequence[str],
    options: Sequence[Mapping[str, Any]],
    run_files: Sequence[Mapping[int, str]],
    recording_file: str | None,
    code: str,
    output: str,
) -> None:
    """Write the Procrustes distances between the trained networks of two models of one task.

    One row per seed of the one x seed of the other, over all steps of all test trials. Of a model with itself each pair
    of different seeds once: how far networks are apart that differ in their seed alone.

    Args:
        pair: "task/learning rule/setting", twice.
        options: resolved options of the two models.
        run_files: their run files by seed.
        recording_file: what the task takes its trials from, or None.
        code: hash of the code behind the table.
        output: CSV.

    Raises:
        InputError: the two models have test trials of different lengths or numbers.
    """
    import pandas as pd

    recording = None if recording_file is None else open_recording(recording_file)
    activity: list[dict[int, np.ndarray]] = []
    codes: list[str] = []
    for model, files in zip(options, run_files, strict=True):
        task = make_task(model["task_module"], model["task"], recording)
        runs = {seed: open_run(file) for seed, file in files.items()}
        codes += [run.attrs["code"] for run in runs.values()]
        # A model that is paired with itself is run once.
        if activity and files == run_files[0]:
            activity.append(activity[0])
            continue
        activity.append(
            {seed: ModelActivity(run, model, task, None).at(run.sizes["checkpoint"] - 1) for seed, run in runs.items()}
        )
    names = [model.split("/") for model in pair]
    same = pair[0] == pair[1]
    labels = {
        **recording_labels(names[0][0], recording),
        "task": names[0][0],
        "learning_rule_a": names[0][1],
        "setting_a": names[0][2],
        "learning_rule_b": names[1][1],
        "setting_b": names[1][2],
        "training_code": " ".join(sorted(set(codes))),
        "scoring_code": code,
    }
    rows = []
    for seed_a, a in activity[0].items():
        for seed_b, b in activity[1].items():
            if same and seed_b <= seed_a:
                continue
            if a.shape[:2] != b.shape[:2]:
                raise InputError(
                    f"The test trials of {pair[0]} have {a.shape[0]} conditions of {a.shape[1]} steps, "
                    f"those of {pair[1]} {b.shape[0]} of {b.shape[1]}; they are compared one by one.",
                    key="settings",
                    value=[names[0][2], names[1][2]],
                    remedy="Compare settings of equal trials.",
                )
            rows.append({**labels, "seed_a": seed_a, "seed_b": seed_b, "distance": procrustes_distance(a, b)})
    columns = [*labels, "seed_a", "seed_b", "distance"]
    write_table(output, pd.DataFrame(rows, columns=columns).astype({"distance": np.float64}))
