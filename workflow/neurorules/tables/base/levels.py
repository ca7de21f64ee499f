"""Accuracy levels at which a comparison of networks is informative, and the level at which a claim is tested.

A network that knows when to answer but guesses the answer may have a high normalized accuracy: .878 on the
context-dependent decision at 50 ms, with half of its choices wrong. Below this guessing level, accuracy only shows how
well a network knows when to answer. Its choices may be correct or guessed, see fraction_correct.

So a level must be well above the task's guessing level: a quarter of the way from guessing to perfect. With two
choices, a calibrated network is right in four of five trials there (H(p) = .75 ln 2 for p = .79). The level is also at
least .4, the lowest in the paper (Figure 6D). The fraction of correct trials must exceed guessing by the same share: on
the center-out reach, networks at accuracy .44 move in nearly the same way in most directions, so that hardly any
direction can be decoded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from neurorules.similarity.matched_accuracy import ROUNDING
from neurorules.tables.base.matched import Matched, matched, means_over, n_reached, same_networks

if TYPE_CHECKING:
    import pandas as pd

LEAST_ACCURACY = 0.4
LEAST_SHARE = 0.25  # of the way from guessing to perfect

# Levels that are read from the networks that reached them, ignoring the others.
FIXED_LEVELS = (0.9, 0.8)
# At least this many networks, and at least half, of each group must have reached them.
FEWEST_NETWORKS = 3
LEAST_REACHED = 0.5


def guessing_level(rows: pd.DataFrame) -> float:
    """The guessing accuracy of the tables' task (the highest, if there are several); NaN if not known."""
    return float(rows["guessing_accuracy"].max()) if "guessing_accuracy" in rows else math.nan


def share_of_way(share: float, guessing: float) -> float:
    """The accuracy at a given share of the way from guessing to perfect."""
    return guessing + share * (1.0 - guessing)


def least_level(rows: pd.DataFrame, parameters: Mapping[str, Any] | None = None) -> float:
    """The lowest accuracy at which networks count as having learnt, so that comparing them is informative.

    Args:
        rows: with the column guessing_accuracy, if known.
        parameters: a claim's parameters, which may require more: `least_accuracy`, or `least_share` of the way from
            guessing to perfect.
    """
    asked = parameters or {}
    least = max(LEAST_ACCURACY, float(asked.get("least_accuracy", 0.0)))
    share = max(LEAST_SHARE, float(asked.get("least_share", 0.0)))
    guessing = guessing_level(rows)
    # Without a guessing level, shares are measured from 0, and only least_share counts.
    if math.isnan(guessing):
        return max(least, float(asked.get("least_share", 0.0)))
    return max(least, share_of_way(share, guessing))


def clear_of_guessing(found: Matched, groups: Sequence[pd.DataFrame]) -> bool:
    """Whether the fraction of correct trials at a level is well above guessing; true if it is not known.

    Args:
        found: see `matched`.
        groups: with the column guessing_fraction_correct, if known.
    """
    known = [group["guessing_fraction_correct"].max() for group in groups if "guessing_fraction_correct" in group]
    if not known or math.isnan(found.fraction_correct):
        return True
    return not found.fraction_correct < share_of_way(LEAST_SHARE, float(max(known)))


def level_text(level: float) -> str:
    """An accuracy with up to three digits, without trailing zeros: 0.4, 0.908."""
    return f"{level:.3f}".rstrip("0").rstrip(".")


def too_few(found: Matched) -> str:
    """Why a level that not every network reached is not informative, or "" if enough networks reached it.

    Args:
        found: see `matched`.
    """
    counts = list(zip(found.n_reached, found.n_networks, strict=True))
    if all(n == of for n, of in counts):
        return ""
    enough = all(n >= FEWEST_NETWORKS and n >= LEAST_REACHED * of for n, of in counts)
    need = f"at least {FEWEST_NETWORKS} of each, and half of them, are needed"
    return "" if enough else f"{reached_text(found)} networks reached {level_text(found.level)}; {need}"


def reached_text(found: Matched) -> str:
    """How many networks of each group are used: "4 of 4 and 3 of 4"."""
    return " and ".join(f"{n} of {of}" for n, of in zip(found.n_reached, found.n_networks, strict=True))


def deciding(groups: Sequence[pd.DataFrame], parameters: Mapping[str, Any], value: str = "distance") -> Matched | str:
    """The level at which a claim about groups of networks is tested, and the networks' values there.

    It is the highest accuracy that all networks reached. If a network failed and this is not well above guessing, it is
    the first of `FIXED_LEVELS`, or else the least level itself, that enough networks of each group reached.

    Args:
        groups: see `matched`.
        parameters: the claim's parameters, see `least_level`. With `level`, the claim is tested only there: at an
            accuracy, or with means over the "range" from the least level to the level described above.
        value: the column to read.

    Returns:
        The values, or the reason why the claim cannot be tested.
    """
    least = max(least_level(group, parameters) for group in groups)
    common, wanted = matched(groups, value), parameters.get("level")
    found, one = common, wanted if isinstance(wanted, float) else None
    if one or common is None or common.level < least - ROUNDING or not clear_of_guessing(common, groups):
        of_study = (one,) if one else (*FIXED_LEVELS, least)
        fixed = [level for level in of_study if level >= least - ROUNDING]
        read = (matched(groups, value, level) for level in fixed)
        found = next((at for at in read if at and not too_few(at) and clear_of_guessing(at, groups)), None)
    if found is None:
        return _not_reached(groups, common, max(least, one or 0.0))
    if wanted == "range":
        reached = [of[of["seed"].isin(seeds)] for of, seeds in zip(groups, found.seeds, strict=True)]
        low = min(max(found.lowest, least), found.level)
        found = replace(found, at_level=means_over(reached, low, found.level, value))
    if same := same_networks(found):
        return f"seeds {', '.join(map(str, same))}: two groups have one and the same network"
    return found


def _not_reached(groups: Sequence[pd.DataFrame], common: Matched | None, least: float) -> str:
    words = ["no accuracy that all networks passed through"]
    if common is not None:
        words = [f"highest common accuracy {common.level:.3f}"]
        if not math.isnan(common.fraction_correct):
            words[0] += f", where {common.fraction_correct:.0%} of trials are correct"
    guessing = max((guessing_level(group) for group in groups), key=lambda level: (not math.isnan(level), level))
    words += [] if math.isnan(guessing) else [f"guessing gives {guessing:.3f}"]
    words.append(f"{n_reached(groups, least)} reached {level_text(least)}")
    return f"no overlap in accuracies above {level_text(least)} ({'; '.join(words)})"


def doubts(common: Matched | None, rows: pd.DataFrame) -> str:
    """Caveats of a comparison at matched accuracy, in parentheses; "" if there are none.

    Args:
        common: see `matched`.
        rows: with the column guessing_accuracy, if known.
    """
    if common is None:
        return ""
    least = least_level(rows)
    words = [f"below {level_text(least)}: not all have learnt"] if common.level < least - ROUNDING else []
    if same := same_networks(common):
        words.append(f"one and the same network: seeds {', '.join(map(str, same))}")
    return f" ({'; '.join(words)})" if words else ""
