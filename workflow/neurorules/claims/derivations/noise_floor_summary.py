"""The noise floor and the distances of trained and untrained networks, with tests (Table 3, Figure 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.claims.published import published_name
from neurorules.statistics.comparison import Comparison, compare, compare_with_value
from neurorules.tables.base.columns import PANEL_GROUP
from neurorules.tables.base.labels import is_imported

if TYPE_CHECKING:
    import pandas as pd

TABLES = ("noise_floor",)

# Groups that involve only the recording.
AVERAGE = "cross_condition_average"
OF_RECORDING = ("floor", AVERAGE)
UNTRAINED = "untrained"
# Suffixes of groups of networks with rearranged conditions.
REARRANGED = ("_shuffled", "_rotated")


def derive(tables: Mapping[str, pd.DataFrame], parameters: Mapping[str, Any]) -> pd.DataFrame:
    """See `noise_floor_statistics`; no parameters."""
    return noise_floor_statistics(noise_floor_groups(tables["noise_floor"]), {})


def noise_floor_groups(table: pd.DataFrame) -> pd.DataFrame:
    """The distances that make up each quantity.

    Args:
        table: concatenated tables of type noise_floor of several models.

    Returns:
        Rows with `group` in {floor, cross_condition_average, untrained, <learning rule>}, the last two also with
        _shuffled and _rotated. Rows about the recording are the same in every model of a recording, task and setting,
        and the untrained network is usually the same for all learning rules of a seed. Such duplicates are dropped. The
        untrained versions of networks trained elsewhere are left out, because their initialisation differs.
    """
    imported = table["learning_rule"].map(is_imported)
    table = table[~(imported & (table["stage"] == UNTRAINED))]
    network = table["stage"].where(table["stage"] != "trained", table["learning_rule"])
    of_network = table["quantity"].str.startswith("model")
    group = (network + table["quantity"].str.removeprefix("model")).where(of_network, table["quantity"])
    table = table.assign(group=group)
    return table.drop_duplicates([*PANEL_GROUP, "group", "seed", "repeat", "distance"])


def noise_floor_statistics(groups: pd.DataFrame, published: Mapping[str, Any]) -> pd.DataFrame:
    """One row per recording, task, setting and quantity.

    `mean` and `sd` are over all splits of all seeds, as in the paper's Table 3, and `n` is their number; `sd` is
    therefore an SD over splits. Tests with names ending in _seeds use seeds as replicates, after averaging over splits:
    one-sample t-tests against the floor and against the average over conditions (their means have no replicates),
    Welch's test against BPTT. There are no tests for networks with shuffled or rotated conditions. p_vs_floor_splits is
    Welch's test over splits, as published; it shrinks with the number of splits.

    Args:
        groups: see `noise_floor_groups`.
        published: section `table3` of published.yaml; without it, margins and published numbers are NaN.
    """
    import pandas as pd

    rows = []
    for (recording, task, setting), of_recording in groups.groupby(PANEL_GROUP, sort=True):
        printed = published.get(published_name(str(recording)), {})
        margin = printed.get("equivalence_margin", float("nan"))
        names = sorted(of_recording["group"].unique(), key=_order)
        values = {name: of_recording.loc[of_recording["group"] == name, "distance"].to_numpy() for name in names}
        seeds = {
            name: of_recording[of_recording["group"] == name].groupby("seed")["distance"].mean().to_numpy()
            for name in names
        }
        for name in names:
            rows.append(
                {
                    "recording": recording,
                    "quantity": name,
                    "mean": values[name].mean(),
                    "sd": values[name].std(ddof=1) if len(values[name]) > 1 else float("nan"),
                    "n": len(values[name]),
                    "published_mean": printed.get(name, {}).get("mean", float("nan")),
                    "published_sd": printed.get(name, {}).get("sd", float("nan")),
                    **_tests(name, values, seeds, margin),
                    "equivalence_margin": margin,
                    "n_seeds": 0 if name in OF_RECORDING else len(seeds[name]),
                    "sd_seeds": float("nan")
                    if name in OF_RECORDING or len(seeds[name]) < 2
                    else seeds[name].std(ddof=1),
                    "accuracy": of_recording.loc[of_recording["group"] == name, "accuracy"].mean(),
                    "group_size": int(of_recording["group_size"].iloc[0]),
                    "task": task,
                    "setting": setting,
                    "recording_title": of_recording["recording_title"].iloc[0],
                    "synthetic": int(of_recording["synthetic"].iloc[0]),
                }
            )
    return pd.DataFrame(rows)


def _tests(name: str, values: Mapping[str, Any], seeds: Mapping[str, Any], margin: float) -> dict[str, float]:
    nan = float("nan")
    nothing = Comparison(nan, nan, nan, nan, 0, 0)
    floor = average = bptt = nothing
    tested = name not in OF_RECORDING and not name.endswith(REARRANGED)
    if tested:
        floor = compare_with_value(seeds[name], values["floor"].mean(), margin)
        if AVERAGE in values:
            average = compare_with_value(seeds[name], values[AVERAGE].mean())
        if name != "bptt" and "bptt" in seeds:
            bptt = compare(seeds[name], seeds["bptt"], margin)
    return {
        "p_vs_floor_splits": compare(values[name], values["floor"]).p_different if tested else nan,
        "p_vs_floor_seeds": floor.p_different,
        "p_equivalent_to_floor_seeds": floor.p_equivalent,
        "difference_from_average": average.difference,
        "p_vs_average_seeds": average.p_different,
        "p_vs_bptt_seeds": bptt.p_different,
        "p_equivalent_to_bptt_seeds": bptt.p_equivalent,
        "difference_from_bptt": bptt.difference,
        "cohens_d_from_bptt": bptt.cohens_d,
    }


def network_of(group: str) -> str:
    """The learning rule of a group, or `untrained`, without the suffix for rearranged conditions."""
    for ending in REARRANGED:
        group = group.removesuffix(ending)
    return group


def _order(group: str) -> tuple[int, str, int]:
    name = network_of(group)
    return {"floor": 0, "bptt": 1, "eprop": 2, "untrained": 8, AVERAGE: 9}.get(name, 5), name, len(group) - len(name)
