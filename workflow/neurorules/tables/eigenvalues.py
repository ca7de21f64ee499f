"""Eigenvalues of the recurrent weights before and after training (Figure 8A)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurorules.network.requirement import Requirement

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from neurorules.tables.base.table_type import ScoredModel

SUBJECT = "model"
NEEDS_RECORDING = False
NEEDS = ("weights",)
COMPARISON_KEYS = ()
REQUIRES = (
    Requirement(
        "architecture",
        {"enum": ["leaky", "leaky_learned_tau"]},
        "Gated units have a recurrent matrix for each gate, and no one spectrum of recurrent weights.",
    ),
)


def table(model: ScoredModel, recording: xr.Dataset | None) -> pd.DataFrame:
    """One row per seed x stage x eigenvalue; stage in {untrained, trained}."""
    import pandas as pd

    from neurorules.dynamics.eigenspectra import eigenvalues
    from neurorules.runs.run import checkpoint_index, stages_of

    tables = []
    for seed, run in model.runs.items():
        for stage in stages_of(run):
            index = checkpoint_index(run, stage)
            values = eigenvalues(run["recurrent"].values[index])
            columns = {
                "seed": seed,
                "update": int(run["checkpoint"].values[index]),
                "stage": stage,
                "index": np.arange(len(values)),
                "real": values.real,
                "imaginary": values.imag,
            }
            tables.append(pd.DataFrame({**model.labels, **columns}))
    return pd.concat(tables, ignore_index=True)
