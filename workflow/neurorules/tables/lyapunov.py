"""Lyapunov exponents before and after training (companion paper, Figure 3)."""

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
NEEDS_RECORDING = False
COMPARISON_KEYS = ("lyapunov_exponents", "lyapunov_passes")


def table(
    runs: Mapping[int, xr.Dataset],
    labels: Mapping[str, Any],
    options: Options,
    task: Task,
    recording: xr.Dataset | None,
) -> pd.DataFrame:
    """One row per seed x stage x exponent; stage in {untrained, trained}; exponents per time constant, 1 the largest.

    The trials that drive a network depend only on its task and seed. They are the same for all models of a seed, at
    both stages.
    """
    import pandas as pd

    from neurorules.dynamics.lyapunov import lyapunov_exponents
    from neurorules.runs.run import STAGES, checkpoint_index
    from neurorules.training.streams import stream_seed

    comparison, tau_steps = options.comparison, options.network["tau_steps"]
    tables = []
    for seed, run in runs.items():
        for stage in STAGES:
            checkpoint = checkpoint_index(run, stage)
            values = lyapunov_exponents(
                run,
                checkpoint,
                options.network,
                task,
                stream_seed(str(labels["task"]), seed, "Lyapunov exponents"),
                comparison.lyapunov_exponents,
                comparison.lyapunov_passes,
            )
            columns = {
                "seed": seed,
                "stage": stage,
                "update": int(run["checkpoint"].values[checkpoint]),
                "index": np.arange(1, len(values) + 1),
                "exponent": tau_steps * values,
                "tau_steps": tau_steps,
            }
            tables.append(pd.DataFrame({**labels, **columns}))
    return pd.concat(tables, ignore_index=True)
