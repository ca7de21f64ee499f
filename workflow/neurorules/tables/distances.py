"""Distances to the recording over training, by every measure in the config, and with conditions reordered."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from neurorules.options import Options
    from neurorules.tables.base.table_type import ScoredModel

SUBJECT = "model"
NEEDS_RECORDING = True
COMPARISON_KEYS = ("measures", "condition_shuffles")


def check(recording: xr.Dataset, options: Options) -> None:
    """Reject a recording that a measure cannot be computed for.

    Raises:
        InputError: raised by a measure.
    """
    from neurorules.similarity.measures.base.measure import check_measures

    check_measures(options.comparison.measures, recording["rates"].values, options.comparison)


def table(model: ScoredModel, recording: xr.Dataset) -> pd.DataFrame:
    """One row per seed x checkpoint x measure, with the network's participation ratio at that checkpoint.

    The first and the last checkpoint also have distances with the network's conditions reordered: the mean over random
    permutations in which no condition keeps its place and, for reaches, rotated by 180 degrees. Other rows have NaN.
    """
    import pandas as pd

    from neurorules.similarity.baselines import ratio_of_scatter
    from neurorules.similarity.conditions import derangements, mean_distance, opposite_conditions
    from neurorules.similarity.measures.base.measure import load_between
    from neurorules.similarity.samples import Samples
    from neurorules.tasks.base.guessing import guessing

    guess = guessing(model.task).columns()
    comparison = model.options.comparison
    measures = {name: load_between(name, comparison) for name in comparison.measures}
    rates = Samples(recording["rates"].values)
    shuffled = derangements(recording.sizes["condition"], comparison.condition_shuffles)
    opposite = opposite_conditions(recording)
    rotated = shuffled[:0] if opposite is None else opposite[None]
    rows = []
    for seed, run in model.runs.items():
        activity = model.activity(seed, recording)
        for index, update in enumerate(run["checkpoint"].values):
            at_checkpoint = Samples(activity.at(index))
            at_end = index in (0, run.sizes["checkpoint"] - 1)
            others = {
                f"distance_{name}": [at_checkpoint.reordered(order) for order in orders[: None if at_end else 0]]
                for name, orders in (("shuffled", shuffled), ("rotated", rotated))
            }
            of_checkpoint = {
                "seed": seed,
                "update": int(update),
                "accuracy": float(run["accuracy"].values[index]),
                "fraction_correct": activity.fraction_correct(index),
                **guess,
                "participation_ratio": ratio_of_scatter(at_checkpoint.scatter),
            }
            for measure, distance in measures.items():
                rows.append(
                    {
                        **model.labels,
                        **of_checkpoint,
                        "measure": measure,
                        "distance": distance(at_checkpoint, rates),
                        **{name: mean_distance(distance, of_orders, rates) for name, of_orders in others.items()},
                    }
                )
    return pd.DataFrame(rows)
