"""Differences in mean distance between learning rules, with intervals over neurons and seeds (Table 3, Figure 1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.statistics.bootstrap import CrossedInterval, crossed_interval
from neurorules.tables.base.columns import PANEL_GROUP

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

TABLES = ("resampled_distances",)

# The learning rule with which the others are compared.
REFERENCE = "bptt"


def derive(tables: Mapping[str, pd.DataFrame], parameters: Mapping[str, Any]) -> pd.DataFrame:
    """See `interval_table`; no parameters."""
    return interval_table(tables["resampled_distances"])


def neuron_seed_interval(
    table: pd.DataFrame, first: str, second: str, stage: str = "trained", accuracy: float | None = None
) -> CrossedInterval | None:
    """Interval over neurons and seeds for two learning rules' difference in mean distance, first minus second.

    Args:
        table: concatenated tables of type resampled_distances of one recording, task and setting.
        first, second: the learning rules.
        stage: untrained, trained or matched.
        accuracy: for stage matched; networks that do not reach it are left out.

    Returns:
        None if a learning rule has no network at that stage.
    """
    chosen = table[table["stage"] == stage]
    if accuracy is not None:
        chosen = chosen[(chosen["accuracy"] - accuracy).abs() < 1e-9]
    groups = [chosen[chosen["learning_rule"] == rule] for rule in (first, second)]
    if any(group.empty for group in groups):
        return None
    return crossed_interval(_by_seed(groups[0]), _by_seed(groups[1]), int(chosen["neurons"].iloc[0]))


# Also used for an empty table: with BPTT alone there is no difference.
COLUMNS = (
    *(*PANEL_GROUP, "learning_rule", "stage", "accuracy"),
    *("difference_from_bptt", "low_neurons_seeds", "high_neurons_seeds", "sd_neurons", "se_seeds"),
    *("n_seeds", "n_seeds_bptt", "neurons", "neuron_resamples", "trials_resampled", "recording_title", "synthetic"),
)


def interval_table(table: pd.DataFrame) -> pd.DataFrame:
    """One row per recording, task, setting, stage, accuracy and learning rule other than BPTT, compared with BPTT.

    Args:
        table: tables of type resampled_distances.
    """
    import pandas as pd

    rows = []
    for key, of_panel in table.groupby(PANEL_GROUP, sort=True):
        matched = sorted(of_panel.loc[of_panel["stage"] == "matched", "accuracy"].unique(), reverse=True)
        for stage, accuracy in [("trained", None), *(("matched", float(level)) for level in matched)]:
            for rule in sorted(set(of_panel["learning_rule"]) - {REFERENCE}):
                found = neuron_seed_interval(of_panel, rule, REFERENCE, stage, accuracy)
                if found is None:
                    continue
                rows.append(
                    {
                        **dict(zip(PANEL_GROUP, key, strict=True)),
                        "learning_rule": rule,
                        "stage": stage,
                        "accuracy": float("nan") if accuracy is None else accuracy,
                        "difference_from_bptt": found.difference,
                        "low_neurons_seeds": found.low,
                        "high_neurons_seeds": found.high,
                        "sd_neurons": found.sd_neurons,
                        "se_seeds": found.sd_seeds,
                        "n_seeds": found.n_first,
                        "n_seeds_bptt": found.n_second,
                        "neurons": found.n_neurons,
                        "neuron_resamples": found.n_resamples,
                        "trials_resampled": int(of_panel["trials_resampled"].iloc[0]),
                        "recording_title": of_panel["recording_title"].iloc[0],
                        "synthetic": int(of_panel["synthetic"].iloc[0]),
                    }
                )
    return pd.DataFrame(rows, columns=COLUMNS)


def over_words(intervals: pd.DataFrame) -> str:
    """The quantities that the intervals of an `interval_table` are over, in words."""
    with_trials = intervals["trials_resampled"] == 1
    if not with_trials.any():
        return "neurons and seeds"
    if with_trials.all():
        return "neurons, trials and seeds"
    return f"neurons, trials ({', '.join(intervals.loc[with_trials, 'recording_title'].unique())}) and seeds"


def _by_seed(table: pd.DataFrame) -> NDArray[Any]:
    """Distances (seed, 1 + resample), starting with the recorded neurons themselves."""
    import numpy as np

    wide = table.pivot(index="seed", columns="repeat", values="distance").sort_index(axis=1)
    return np.asarray(wide.to_numpy(), np.float64)
