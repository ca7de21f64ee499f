"""Distances between networks at equal accuracy, and to the recording (Figure 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.options import Options
    from neurorules.runs.evaluate import ModelActivity
    from neurorules.tables.base.table_type import ScoredModel

SUBJECT = "group"
NEEDS_RECORDING = True
NEEDS = ("weights",)
COMPARISON_KEYS = ("snapshot_accuracies", "snapshot_trials")

# All networks use the same random trials.
TRIALS_SEED = 2025

# Labels of the recording when it is one side of a pair.
DATA_LABELS = {
    "learning_rule": "data",
    "setting": "data",
    "gain": float("nan"),
    "learning_rate": float("nan"),
    "flossed": 0,
}


def table(
    members: Sequence[ScoredModel], labels: Mapping[str, Any], options: Options, recording: xr.Dataset
) -> pd.DataFrame:
    """One row per level x pair. The recording counts as a network with learning rule and setting "data", seed -1.

    A level is an accuracy on `snapshot_trials` random trials: e-prop's best accuracy, averaged over seeds ("best
    e-prop"), and the levels in the config ("80%"). Each network is taken at the checkpoint closest to where it first
    reached the level, see `checkpoint_at`. Procrustes distances are over the window aligned with the recording. The
    fraction correct and the guessing levels are for the noise-free test trials.
    """
    import itertools

    import pandas as pd

    from neurorules.runs.evaluate import accuracies
    from neurorules.similarity.matched_accuracy import checkpoint_at, course
    from neurorules.similarity.procrustes import procrustes_distance
    from neurorules.tables.base.labels import side
    from neurorules.tasks.base.guessing import guessing

    guess = guessing(members[0].task).columns()
    networks, reached = [], []
    for member in members:
        trials = member.task.batch(np.random.default_rng(TRIALS_SEED), options.snapshot_trials)
        for seed, run in member.runs.items():
            networks.append((member, seed, member.activity(seed, recording)))
            reached.append(accuracies(run, member.options, member.task, trials))
    eprop = [
        course(_updates(network), values, values).best
        for (member, _, network), values in zip(networks, reached, strict=True)
        if member.labels["learning_rule"] == "eprop"
    ]
    levels = {"best e-prop": float(np.mean(eprop))} if eprop else {}
    levels |= {f"{level:.0%}": level for level in options.snapshot_accuracies}

    rows = []
    for name, level in levels.items():
        sides: list[tuple[Mapping[str, Any], int, dict[str, float]]] = []
        activity = []
        for (member, seed, network), values in zip(networks, reached, strict=True):
            checkpoint = checkpoint_at(_updates(network), values, level)
            activity.append(network.at(checkpoint))
            correct = network.fraction_correct(checkpoint)
            sides.append((member.labels, seed, {"accuracy": float(values[checkpoint]), "fraction_correct": correct}))
        sides.append((DATA_LABELS, -1, dict.fromkeys(("accuracy", "fraction_correct"), float("nan"))))
        activity.append(recording["rates"].values)
        for a, b in itertools.combinations(range(len(sides)), 2):
            (labels_a, seed_a, reached_a), (labels_b, seed_b, reached_b) = sides[a], sides[b]
            rows.append(
                {
                    **labels,
                    "level": name,
                    "level_accuracy": level,
                    **guess,
                    **side("a", labels_a, seed_a, **reached_a),
                    **side("b", labels_b, seed_b, **reached_b),
                    "distance": procrustes_distance(activity[a], activity[b]),
                }
            )
    return pd.DataFrame(rows)


def _updates(network: ModelActivity) -> NDArray[Any]:
    updates: NDArray[Any] = network.run["checkpoint"].values
    return updates
