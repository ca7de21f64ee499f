"""Distances between trained networks: of several models of one task, and of one over its seeds (Figure 3B)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from neurorules.tables.base.table_type import GroupMember

OF = "group"
NEEDS_RECORDING = False
OPTIONS = ()


def table(
    members: Mapping[str, GroupMember], labels: Mapping[str, Any], options: Mapping[str, Any], recording: Any
) -> pd.DataFrame:
    """One row per pair of networks x moment: Procrustes distance over all steps of all test trials.

    moment "last": both after training. "matched": each where it first reaches the accuracy that both of them
    reach, which is the lower one of their best accuracies.

    Raises:
        InputError: two models have test trials of different lengths or numbers.
    """
    import itertools

    import pandas as pd

    from neurorules.errors import InputError
    from neurorules.runs.evaluate import ModelActivity
    from neurorules.similarity.procrustes import procrustes_distance

    networks = [
        (model, seed, run, ModelActivity(run, member.options, member.task, None))
        for model, member in members.items()
        for seed, run in member.runs.items()
    ]
    seen: dict[tuple[int, int], np.ndarray] = {}

    def activity(number: int, checkpoint: int) -> np.ndarray:
        if (number, checkpoint) not in seen:
            seen[number, checkpoint] = networks[number][3].at(checkpoint)
        return seen[number, checkpoint]

    rows = []
    for a, b in itertools.combinations(range(len(networks)), 2):
        (model_a, seed_a, run_a, _), (model_b, seed_b, run_b, _) = networks[a], networks[b]
        common = min(run["accuracy"].values.max() for run in (run_a, run_b))
        for moment in ("last", "matched"):
            at = [
                len(run["accuracy"]) - 1 if moment == "last" else int(np.argmax(run["accuracy"].values >= common))
                for run in (run_a, run_b)
            ]
            x, y = activity(a, at[0]), activity(b, at[1])
            if x.shape[:2] != y.shape[:2]:
                raise InputError(
                    f"The test trials of {model_a} have {x.shape[0]} conditions of {x.shape[1]} steps, "
                    f"those of {model_b} {y.shape[0]} of {y.shape[1]}; they are compared one by one.",
                    key="settings",
                    value=[model_a.split("/")[2], model_b.split("/")[2]],
                    remedy="Compare settings of equal trials.",
                )
            rows.append(
                {
                    **labels,
                    **_side("a", model_a, seed_a, run_a, at[0]),
                    **_side("b", model_b, seed_b, run_b, at[1]),
                    "moment": moment,
                    "distance": procrustes_distance(x, y),
                }
            )
    return pd.DataFrame(rows)


def _side(name: str, model: str, seed: int, run: xr.Dataset, checkpoint: int) -> dict[str, Any]:
    _, learning_rule, setting = model.split("/")
    return {
        f"learning_rule_{name}": learning_rule,
        f"setting_{name}": setting,
        f"seed_{name}": seed,
        f"update_{name}": int(run["checkpoint"].values[checkpoint]),
        f"accuracy_{name}": float(run["accuracy"].values[checkpoint]),
    }
