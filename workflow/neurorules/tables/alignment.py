"""Distance to the recording against the model step that is taken as movement onset.

The published analysis puts the recorded movement onset at a step that is not the one at which the targets move, and the
distance depends on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from neurorules.options import Options
    from neurorules.tasks.base.task import Task

SUBJECT = "model"
NEEDS_RECORDING = True
COMPARISON_KEYS = ("alignment_stride_steps",)


def table(
    runs: Mapping[int, xr.Dataset],
    labels: Mapping[str, Any],
    options: Options,
    task: Task,
    recording: xr.Dataset,
) -> pd.DataFrame:
    """One row per seed x stage x onset step: Procrustes distance; stage in {untrained, trained}.

    Onset steps are `alignment_stride_steps` apart, both ways from the one that the study compares with, as far as the
    recording's times fit into the test trials.

    Raises:
        InputError: the task has no onset step.
    """
    import pandas as pd

    from neurorules.errors import InputError
    from neurorules.runs.evaluate import ModelActivity
    from neurorules.runs.run import STAGES, checkpoint_index
    from neurorules.similarity.procrustes import procrustes_distance
    from neurorules.tasks.base.task import compared_steps

    used = options.comparison.get("onset_step")
    if used is None:
        raise InputError(
            f"The task {labels['task']} has no movement onset to align.",
            key="figures.alignment.tasks",
            value=labels["task"],
            remedy="Show this figure for tasks whose `comparison:` has an onset_step.",
        )
    window = compared_steps(task, recording, options.comparison)
    rates, stride = recording["rates"].values, options.comparison.alignment_stride_steps
    rows = []
    for seed, run in runs.items():
        activity = ModelActivity(run, options, task, recording)
        for stage in STAGES:
            index = checkpoint_index(run, stage)
            all_steps = activity.all_steps_at(index)
            first, last = -window[0], all_steps.shape[1] - 1 - window[-1]
            for shift in np.arange(-(-first // stride), last // stride + 1) * stride:
                rows.append(
                    {
                        **labels,
                        "seed": seed,
                        "stage": stage,
                        "onset_step": int(used + shift),
                        "is_used": int(shift == 0),
                        "accuracy": float(run["accuracy"].values[index]),
                        "measure": "procrustes",
                        "distance": procrustes_distance(all_steps[:, window + shift], rates),
                    }
                )
    return pd.DataFrame(rows)
