"""Distances between networks at equal accuracies, and to the recording (Figure 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from neurorules.tables.base.table_type import GroupMember

OF = "group"
NEEDS_RECORDING = True
OPTIONS = ("snapshot_accuracies", "snapshot_trials")

# The random trials are the same for every network.
TRIALS_SEED = 2025


def table(
    members: Mapping[str, GroupMember], labels: Mapping[str, Any], options: Mapping[str, Any], recording: xr.Dataset
) -> pd.DataFrame:
    """One row per level x pair, the recording among the networks as learning rule and setting "data", seed -1.

    A level is an accuracy on `snapshot_trials` random trials: the best that e-prop comes to, mean over its seeds ("best
    e-prop"), and those of the config ("80%"). Each network is taken at the checkpoint that comes closest to it.
    Procrustes distances in the window that lines up with the recording.
    """
    import itertools

    import pandas as pd

    from neurorules.runs.evaluate import ModelActivity, OnTrials, accuracies
    from neurorules.similarity.procrustes import procrustes_distance

    networks, reached = [], []
    for model, member in members.items():
        trials = member.task.batch(np.random.default_rng(TRIALS_SEED), options["snapshot_trials"])
        task = OnTrials(member.task, trials)
        for seed, run in member.runs.items():
            networks.append((model, seed, ModelActivity(run, member.options, member.task, recording)))
            reached.append(accuracies(run, member.options, task))
    eprop = [values.max() for (model, _, _), values in zip(networks, reached, strict=True) if "/eprop/" in model]
    levels = {"best e-prop": float(np.mean(eprop))} if eprop else {}
    levels |= {f"{level:.0%}": level for level in options["snapshot_accuracies"]}

    rows = []
    for name, level in levels.items():
        at = [int(np.argmin(np.abs(values - level))) for values in reached]
        sides = [
            _side(model, seed, values[checkpoint])
            for (model, seed, _), values, checkpoint in zip(networks, reached, at, strict=True)
        ]
        activity = [network.at(checkpoint) for (_, _, network), checkpoint in zip(networks, at, strict=True)]
        sides.append(_side("/data/data", -1, float("nan")))
        activity.append(recording["rates"].values)
        for a, b in itertools.combinations(range(len(sides)), 2):
            rows.append(
                {
                    **labels,
                    "level": name,
                    "level_accuracy": level,
                    **{f"{key}_a": value for key, value in sides[a].items()},
                    **{f"{key}_b": value for key, value in sides[b].items()},
                    "distance": procrustes_distance(activity[a], activity[b]),
                }
            )
    return pd.DataFrame(rows)


def _side(model: str, seed: int, accuracy: float) -> dict[str, Any]:
    _, learning_rule, setting = model.split("/")
    return {"learning_rule": learning_rule, "setting": setting, "seed": seed, "accuracy": float(accuracy)}
