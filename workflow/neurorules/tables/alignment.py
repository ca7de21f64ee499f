"""Distance to the recording against the model step that is taken as movement onset.

The published analysis puts the recorded movement onset at a step that is not the one at which the targets move, and the
distance depends on it.
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

    Onset steps are `alignment_stride_steps` apart, both ways from the one that the study compares with, as far as the
    recording's times fit into the test trials.

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
            f"The task {model.labels['task']} has no movement onset to align.",
            key="figures.alignment.tasks",
            value=model.labels["task"],
            remedy="Show this figure for tasks whose `comparison:` has an onset_step.",
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
