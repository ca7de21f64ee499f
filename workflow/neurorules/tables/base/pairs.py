"""Tables of pairs of networks: turned so that one learning rule is side a, and what makes a pair worth comparing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


# Two activities that are equal up to rounding, arccos of 1 less 1e-15, are those of one network: of one seed before its
# first update, say, which learning rules share.
SAME_NETWORK = 1e-6

# How far from a level of accuracy a checkpoint may be: half the step between the paper's levels (80%, 60%, 40%). A
# network that is farther off is closer to another level, or never came near one.
LEVEL_TOLERANCE = 0.1

DATA = "data"


def of_different_networks(pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs whose sides are two networks, not one and the same (column distance)."""
    return pairs[_different(pairs)]


def _different(pairs: pd.DataFrame) -> pd.Series:
    return ~(pairs["distance"] < SAME_NETWORK)


def comparable(pairs: pd.DataFrame, least: float) -> tuple[pd.DataFrame, str]:
    """The pairs of table type model_distances that say something, and how many do not and why.

    A network says nothing about its distance to itself. At stage "matched", networks that have not learnt up to an
    accuracy say nothing about learning rules.

    Args:
        pairs: columns stage, distance, accuracy_a, accuracy_b.
        least: the accuracy, see `least_level`.
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
    """The pairs of table type snapshots whose networks are within `LEVEL_TOLERANCE` of the level's accuracy.

    Args:
        pairs: columns level_accuracy, and learning_rule and accuracy of both sides; the recording is at every level.
    """
    for side in ("a", "b"):
        # A little more, so that .7 is at the level .8 whatever floats make of the difference.
        near = (pairs[f"accuracy_{side}"] - pairs["level_accuracy"]).abs() <= LEVEL_TOLERANCE + 1e-9
        pairs = pairs[near | (pairs[f"learning_rule_{side}"] == DATA)]
    return pairs


def networks_in(pairs: pd.DataFrame) -> dict[tuple[str, str, int], float]:
    """Accuracy by (learning rule, setting, seed) of the networks that are a side of some pair; not the recording."""
    networks: dict[tuple[str, str, int], float] = {}
    for side in ("a", "b"):
        columns = [f"{name}_{side}" for name in ("learning_rule", "setting", "seed", "accuracy")]
        networks |= {tuple(key): accuracy for *key, accuracy in pairs[columns].itertuples(index=False, name=None)}
    return {key: accuracy for key, accuracy in networks.items() if key[0] != DATA}


def fractions_correct(pairs: pd.DataFrame) -> NDArray[Any]:
    """(network,) fraction correct of the networks that are a side of some pair; none where it is not known."""
    if "fraction_correct_a" not in pairs:
        return np.array([])
    both = both_ways(pairs)
    columns = ["learning_rule_a", "setting_a", "seed_a", "fraction_correct_a"]
    of_networks = both.loc[both["learning_rule_a"] != DATA, columns].drop_duplicates()
    fractions: NDArray[Any] = of_networks["fraction_correct_a"].dropna().to_numpy()
    return fractions


def both_ways(pairs: pd.DataFrame) -> pd.DataFrame:
    """Every pair twice: as it stands, and with its sides (columns that end in _a and _b) the other way round."""
    import pandas as pd

    sides = {"_a": "_b", "_b": "_a"}
    swapped = pairs.rename(columns={c: c[:-2] + sides[c[-2:]] for c in pairs.columns if c[-2:] in sides})
    return pd.concat([pairs, swapped[pairs.columns]], ignore_index=True)


def pairs_between(pairs: pd.DataFrame, learning_rule: str, other: str) -> pd.DataFrame:
    """The pairs of a network of one learning rule with one of another, the former as side a.

    With the same learning rule twice, each pair stands there both ways round, so that grouping by side a gives every
    network all of its partners.
    """
    both = both_ways(pairs)
    return both[(both["learning_rule_a"] == learning_rule) & (both["learning_rule_b"] == other)]


def seed_means(pairs: pd.DataFrame) -> pd.DataFrame:
    """Per network of side a, the mean distance over its partners: networks, not pairs, are the replicates.

    Args:
        pairs: see `pairs_between`, with a column learning_rate_a.

    Returns:
        Columns learning_rate_a, stage, seed_a, accuracy_a, distance.
    """
    of_network = pairs.groupby(["learning_rate_a", "stage", "seed_a"], as_index=False)
    return of_network[["accuracy_a", "distance"]].mean()


def fixed_setting(pairs: pd.DataFrame) -> str:
    """The setting of a learning rule, side b, that others are compared with: base, else the first by name."""
    settings = sorted(pairs["setting_b"].unique())
    return "base" if "base" in settings else settings[0]
