"""Distance to the recording as a function of the model step that is aligned with movement onset.

In the published analysis, this is not the step at which the targets move, and the distance depends on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from neurorules.tables.base.table_type import ScoredModel

SUBJECT = "model"
COSTLY = True
NEEDS_RECORDING = True
NEEDS = ("steps",)
COMPARISON_KEYS = ("alignment_stride_steps",)
REQUIRED_KEYS = ("onset_step",)


def table(model: ScoredModel, recording: xr.Dataset) -> pd.DataFrame:
    """One row per seed x stage x onset step: Procrustes distance; stage in {untrained, trained}.

    Onset steps are `alignment_stride_steps` apart, before and after the study's own onset step. They cover all steps at
    which the recording's times fit into the test trials.

    Raises:
        InputError: the task has no onset step.
    """
    import pandas as pd

    from neurorules.errors import InputError
    from neurorules.runs.run import checkpoint_index, stages_of
    from neurorules.similarity.procrustes import procrustes_distance
    from neurorules.tasks.base.task import compared_steps

    used = model.options.comparison.get("onset_step")
    if used is None:
        raise InputError(
            f"The task {model.labels['task']} has no movement onset to align with.",
            key="figures.alignment.tasks",
            value=model.labels["task"],
            remedy="Use this figure only for tasks with an onset_step in `comparison:`.",
        )
    window = compared_steps(model.task, recording, model.options.comparison)
    rates, stride = recording["rates"].values, model.options.comparison.alignment_stride_steps
    rows = []
    for seed, run in model.runs.items():
        activity = model.activity(seed, recording)
        for stage in stages_of(run):
            index = checkpoint_index(run, stage)
            all_steps = activity.all_steps_at(index)
            first, last = -window[0], all_steps.shape[1] - 1 - window[-1]
            for shift in np.arange(-(-first // stride), last // stride + 1) * stride:
                rows.append(
                    {
                        **model.labels,
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
