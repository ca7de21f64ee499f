"""Dynamical similarity (DSA) between trained networks: models of the same task, and the seeds of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from neurorules.options import Options
    from neurorules.tables.base.table_type import ScoredModel

SUBJECT = "group"
NEEDS_RECORDING = False
NEEDS = ("steps",)
COMPARISON_KEYS = ("dsa_n_delays", "dsa_ranks")

# The angular score takes far longer, and its optimisation may stop short of the minimum.
SCORE = "wasserstein"


def table(members: Sequence[ScoredModel], labels: Mapping[str, Any], options: Options, recording: Any) -> pd.DataFrame:
    """One row per pair of trained networks: their DSA score, the mean over the grid of delays and ranks.

    Like Procrustes distances between networks, it uses all steps of all test trials. Numbers of delays that are too
    large for the trials are left out.

    Raises:
        InputError: trials are too short even for the smallest number of delays.
    """
    import itertools

    import pandas as pd

    from neurorules.errors import InputError
    from neurorules.runs.run import TRAINED, checkpoint_index
    from neurorules.similarity.dsa import DelayDynamics, check_delays, wasserstein
    from neurorules.tables.base.labels import side

    sides, systems = [], []
    for member in members:
        for seed, run in member.runs.items():
            checkpoint = checkpoint_index(run, TRAINED)
            activity = member.activity(seed, None).at(checkpoint)
            check_delays(activity.shape[0], activity.shape[1], min(options.dsa_n_delays))
            of_delays: dict[int, dict[int, NDArray[Any]]] = {}
            for n_delays in options.dsa_n_delays:
                with suppress(InputError):
                    dynamics = DelayDynamics(activity, n_delays)
                    of_delays[n_delays] = {rank: dynamics.eigenvalues(rank) for rank in options.dsa_ranks}
            systems.append(of_delays)
            sides.append((member.labels, seed, {"accuracy": float(run["accuracy"].values[checkpoint])}))
    rows = []
    for a, b in itertools.combinations(range(len(sides)), 2):
        (labels_a, seed_a, values_a), (labels_b, seed_b, values_b) = sides[a], sides[b]
        scores = [
            wasserstein(systems[a][n_delays][rank], systems[b][n_delays][rank])
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
