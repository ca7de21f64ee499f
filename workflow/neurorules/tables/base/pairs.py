"""Tables of pairs of networks: orient them so that a learning rule is side a, and select informative pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


# Activities that are equal up to rounding (the arccos of 1 - 1e-15) come from the same network, such as the untrained
# network of a seed, which learning rules share.
SAME_NETWORK = 1e-6

# How far a checkpoint's accuracy may be from a level: half the step between the paper's levels (80%, 60%, 40%). A
# network that is farther away is closer to another level, or never came near one.
LEVEL_TOLERANCE = 0.1

DATA = "data"


def of_different_networks(pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs of two different networks (column distance)."""
    return pairs[_different(pairs)]


def _different(pairs: pd.DataFrame) -> pd.Series:
    return ~(pairs["distance"] < SAME_NETWORK)


def comparable(pairs: pd.DataFrame, least: float) -> tuple[pd.DataFrame, str]:
    """The informative pairs in a table of type model_distances, and a note on how many are excluded and why.

    A network's distance to itself is not informative. At stage "matched", networks below a certain accuracy say nothing
    about learning rules.

    Args:
        pairs: columns stage, distance, accuracy_a, accuracy_b.
        least: this accuracy, see `least_level`.
    """
    from neurorules.tables.base.levels import level_text

    different = _different(pairs)
    learnt = ~pairs["stage"].str.startswith("matched") | (
        (pairs["accuracy_a"] >= least) & (pairs["accuracy_b"] >= least)
    )
    kept = pairs[different & learnt]
    counts = {
        "a network with itself": (~different).sum(),
        f"below accuracy {level_text(least)}": (different & ~learnt).sum(),
    }
    why = ", ".join(f"{count} {words}" for words, count in counts.items() if count)
    return kept, f"without {len(pairs) - len(kept)} of {len(pairs)} pairs ({why})" if why else ""


def at_their_level(pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs in a table of type snapshots whose networks are within `LEVEL_TOLERANCE` of the level's accuracy.

    Args:
        pairs: columns level_accuracy, and learning_rule and accuracy of both sides; the recording is at every level.
    """
    for side in ("a", "b"):
        # Slightly more, so that .7 counts as level .8 despite floating-point rounding.
        near = (pairs[f"accuracy_{side}"] - pairs["level_accuracy"]).abs() <= LEVEL_TOLERANCE + 1e-9
        pairs = pairs[near | (pairs[f"learning_rule_{side}"] == DATA)]
    return pairs


def networks_in(pairs: pd.DataFrame) -> dict[tuple[str, str, int], float]:
    """Accuracies of all networks in the pairs, by (learning rule, setting, seed), without the recording."""
    networks: dict[tuple[str, str, int], float] = {}
    for side in ("a", "b"):
        columns = [f"{name}_{side}" for name in ("learning_rule", "setting", "seed", "accuracy")]
        networks |= {tuple(key): accuracy for *key, accuracy in pairs[columns].itertuples(index=False, name=None)}
    return {key: accuracy for key, accuracy in networks.items() if key[0] != DATA}


def fractions_correct(pairs: pd.DataFrame) -> NDArray[Any]:
    """(network,) fraction correct of all networks in the pairs; empty if it is not known."""
    if "fraction_correct_a" not in pairs:
        return np.array([])
    both = both_ways(pairs)
    columns = ["learning_rule_a", "setting_a", "seed_a", "fraction_correct_a"]
    of_networks = both.loc[both["learning_rule_a"] != DATA, columns].drop_duplicates()
    fractions: NDArray[Any] = of_networks["fraction_correct_a"].dropna().to_numpy()
    return fractions


def both_ways(pairs: pd.DataFrame) -> pd.DataFrame:
    """Every pair twice: as it is, and with its sides (columns that end in _a and _b) swapped."""
    import pandas as pd

    sides = {"_a": "_b", "_b": "_a"}
    swapped = pairs.rename(columns={c: c[:-2] + sides[c[-2:]] for c in pairs.columns if c[-2:] in sides})
    return pd.concat([pairs, swapped[pairs.columns]], ignore_index=True)


def pairs_between(pairs: pd.DataFrame, learning_rule: str, other: str) -> pd.DataFrame:
    """The pairs of networks with the given two learning rules, the first as side a.

    If both learning rules are the same, each pair appears in both orders, so that grouping by side a gives every
    network all its partners.
    """
    both = both_ways(pairs)
    return both[(both["learning_rule_a"] == learning_rule) & (both["learning_rule_b"] == other)]


def seed_means(pairs: pd.DataFrame) -> pd.DataFrame:
    """The mean distance of each side-a network over its partners: networks, not pairs, are the replicates.

    Args:
        pairs: see `pairs_between`, with a column learning_rate_a.

    Returns:
        Columns learning_rate_a, stage, seed_a, accuracy_a, distance.
    """
    of_network = pairs.groupby(["learning_rate_a", "stage", "seed_a"], as_index=False)
    return of_network[["accuracy_a", "distance"]].mean()


def fixed_setting(pairs: pd.DataFrame) -> str:
    """The side-b setting that others are compared with: base, or else the first in alphabetical order."""
    settings = sorted(pairs["setting_b"].unique())
    return "base" if "base" in settings else settings[0]
