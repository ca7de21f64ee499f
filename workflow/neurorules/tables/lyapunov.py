"""Lyapunov exponents before and after training (companion paper, Figure 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from neurorules.tables.base.table_type import ScoredModel

SUBJECT = "model"
NEEDS_RECORDING = False
NEEDS = ("weights",)
COMPARISON_KEYS = ("lyapunov_exponents", "lyapunov_passes")


def table(model: ScoredModel, recording: xr.Dataset | None) -> pd.DataFrame:
    """One row per seed x stage x exponent; stage in {untrained, trained}; exponents per time constant, largest first.

    The trials that drive a network depend only on its task and seed, so they are the same for all models and both
    stages.
    """
    import pandas as pd

    from neurorules.dynamics.lyapunov import lyapunov_exponents
    from neurorules.runs.run import checkpoint_index, stages_of
    from neurorules.training.streams import stream_seed

    comparison, tau_steps = model.options.comparison, model.options.network["tau_steps"]
    tables = []
    for seed, run in model.runs.items():
        for stage in stages_of(run):
            checkpoint = checkpoint_index(run, stage)
            values = lyapunov_exponents(
                run,
                checkpoint,
                model.options.network,
                model.task,
                stream_seed(str(model.labels["task"]), seed, "Lyapunov exponents"),
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
            tables.append(pd.DataFrame({**model.labels, **columns}))
    return pd.concat(tables, ignore_index=True)
