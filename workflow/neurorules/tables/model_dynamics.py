"""Dynamical similarity (DSA) between trained networks: of several models of one task, and of one over its seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import pandas as pd
    import torch

    from neurorules.options import Options
    from neurorules.similarity.dsa import DelayDynamics
    from neurorules.tables.base.table_type import ScoredModel

SUBJECT = "group"
NEEDS_RECORDING = False
NEEDS = ("steps",)
COMPARISON_KEYS = ("dsa_n_delays", "dsa_ranks")

# The angular score takes a thousand times as long, and its descent may stop short of the minimum.
SCORE = "wasserstein"


class _Maps:
    """The maps of one system, made once: every pair of networks asks for them, and making them takes longest."""

    def __init__(self, dynamics: DelayDynamics, ranks: Sequence[int]) -> None:
        self._maps = {rank: dynamics.matrix(rank) for rank in ranks}

    def matrix(self, rank: int) -> torch.Tensor:
        return self._maps[rank].clone()


def table(members: Sequence[ScoredModel], labels: Mapping[str, Any], options: Options, recording: Any) -> pd.DataFrame:
    """One row per pair of trained networks: their DSA score, the mean over the grid of delays and ranks.

    Over all steps of all test trials, as Procrustes distances between networks are. Delays for which trials are too
    short are left out.

    Raises:
        InputError: trials are too short for any of the delays.
    """
    import itertools

    import pandas as pd

    from neurorules.errors import InputError
    from neurorules.runs.run import TRAINED, checkpoint_index
    from neurorules.similarity.dsa import DelayDynamics, check_delays, dynamics_distances
    from neurorules.tables.base.labels import side

    sides, systems = [], []
    for member in members:
        for seed, run in member.runs.items():
            checkpoint = checkpoint_index(run, TRAINED)
            activity = member.activity(seed, None).at(checkpoint)
            check_delays(activity.shape[0], activity.shape[1], min(options.dsa_n_delays))
            of_delays: dict[int, DelayDynamics] = {}
            for n_delays in options.dsa_n_delays:
                with suppress(InputError):
                    of_delays[n_delays] = cast(
                        "DelayDynamics", _Maps(DelayDynamics(activity, n_delays), options.dsa_ranks)
                    )
            systems.append(of_delays)
            sides.append((member.labels, seed, {"accuracy": float(run["accuracy"].values[checkpoint])}))
    rows = []
    for a, b in itertools.combinations(range(len(sides)), 2):
        (labels_a, seed_a, values_a), (labels_b, seed_b, values_b) = sides[a], sides[b]
        scores = [
            dynamics_distances(systems[a][n_delays], systems[b][n_delays], rank, [SCORE])[SCORE]
            for n_delays in systems[a].keys() & systems[b].keys()
            for rank in options.dsa_ranks
        ]
        rows.append(
            {
                **labels,
                **side("a", labels_a, seed_a, **values_a),
                **side("b", labels_b, seed_b, **values_b),
                "stage": TRAINED,
                "score": SCORE,
                "distance": sum(scores) / len(scores),
            }
        )
    return pd.DataFrame(rows)
