"""How well a learning rule's updates of the recurrent weights agree with BPTT's, over training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from neurorules.tables.base.table_type import ScoredModel

SUBJECT = "model"
NEEDS_RECORDING = False
NEEDS = ("weights", "history", "study")
COMPARISON_KEYS = ()

# Number of checkpoints, from the first to the last of a run, and of batches at each.
CHECKPOINTS, BATCHES = 5, 8


def table(model: ScoredModel, recording: xr.Dataset | None) -> pd.DataFrame:
    """One row per seed x checkpoint: alignment with BPTT's gradient at that network, and its accuracy.

    Checkpoints are evenly spaced among those of the run, and include the first and the last. The trials of the batches
    depend only on the task and the seed.
    """
    import pandas as pd

    from neurorules.training.gradient_alignment import gradient_alignment

    rows = []
    for seed, run in model.runs.items():
        n = run.sizes["checkpoint"]
        for checkpoint in np.unique(np.linspace(0, n - 1, CHECKPOINTS).round().astype(int)).tolist():
            alignment, of_mean = gradient_alignment(run, checkpoint, model.options, model.task, seed, BATCHES)
            rows.append(
                {
                    **model.labels,
                    "seed": seed,
                    "update": int(run["checkpoint"].values[checkpoint]),
                    "accuracy": float(run["accuracy"].values[checkpoint]),
                    "alignment": alignment,
                    "alignment_of_mean": of_mean,
                    "batches": BATCHES,
                }
            )
    return pd.DataFrame(rows)
