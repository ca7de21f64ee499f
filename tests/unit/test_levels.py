"""Levels of accuracy at which networks are compared: clear of guessing, and not set by one network that failed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.signal import lfilter

from neurorules.claims.ledger import NOT_TESTABLE
from neurorules.claims.tests import equivalent_at_accuracy, lower_at_accuracy, models_closer_than_data
from neurorules.claims.tests.base.claim_test import FAILS, HOLDS
from neurorules.tables.base.levels import deciding, doubts, least_level, share_of_way, too_few
from neurorules.tables.base.matched import Matched, count_reached, matched
from neurorules.training.checkpoints import checkpoint_updates

MANTE = 1 - 6 / 34 * math.log(2)
PAIR = {"first": {"learning_rule": "eprop"}, "second": {"learning_rule": "bptt"}}


def networks(best: list[float], start: float = 0.5, rule: str = "bptt", seed: int = 0, **more: Any) -> pd.DataFrame:
    """Networks that learn steadily in log update, to `best`; distance = start + .001 seed - .1 accuracy."""
    update = np.rint(np.expm1(np.linspace(0, np.log(1001), 30))).astype(int)
    share = np.log1p(update) / np.log(1001)
    tables = []
    for number, of_seed in enumerate(best):
        accuracy = of_seed * share
        columns = {"update": update, "accuracy": accuracy, "distance": start + 0.001 * number - 0.1 * accuracy}
        tables.append(pd.DataFrame({"learning_rule": rule, "seed": seed + number, **columns, **more}))
    return pd.concat(tables, ignore_index=True)


def two(bptt: list[float], eprop: list[float], **more: Any) -> list[pd.DataFrame]:
    """E-prop's networks have their own seeds, and the same distances at equal accuracy to within .0003."""
    return [networks(eprop, 0.5003, "eprop", **more), networks(bptt, 0.5, **more)]


def guessing_in(groups: list[pd.DataFrame], guessing: float, correct: float = 0.6) -> list[pd.DataFrame]:
    return [group.assign(guessing_accuracy=guessing, fraction_correct=correct) for group in groups]


def verdict(groups: list[pd.DataFrame], margin: float = 0.02, **parameters: Any) -> Any:
    return equivalent_at_accuracy.decide(pd.concat(groups), PAIR | parameters, margin)


# ---- what counts


@pytest.mark.parametrize(
    ("guessing", "parameters", "least"),
    [
        (math.nan, {}, 0.4),
        (0.0, {}, 0.4),
        (0.15, {}, 0.4),  # reaches: a quarter of the way is .36
        (1 / 3, {}, 0.5),  # romo
        (MANTE, {}, MANTE + 0.25 * (1 - MANTE)),
        (MANTE, {"least_accuracy": 0.9}, MANTE + 0.25 * (1 - MANTE)),
        (MANTE, {"least_share": 0.9}, MANTE + 0.9 * (1 - MANTE)),
        (0.0, {"least_share": 0.9}, 0.9),
        (0.0, {"least_accuracy": 0.9}, 0.9),
        (math.nan, {"least_share": 0.9}, 0.9),
    ],
)
def test_the_least_level(guessing: float, parameters: dict[str, float], least: float) -> None:
    rows = pd.DataFrame({"guessing_accuracy": [guessing]})
    assert least_level(rows, parameters) == pytest.approx(least)
    assert least_level(pd.DataFrame({"accuracy": [1.0]})) == 0.4


def test_a_calibrated_network_has_four_choices_of_five_right_at_the_least_level() -> None:
    """With two choices, cross-entropy H(p) of a network that is as sure as it is right; H(1/2) is guessing."""
    p = 0.7855
    entropy = -(p * math.log(p) + (1 - p) * math.log(1 - p))
    asked = 6 / 34
    assert share_of_way(0.25, MANTE) == pytest.approx(1 - asked * entropy, abs=1e-4)


def test_networks_that_guess_are_not_compared() -> None:
    """Mante's task, all at .89: a tenth of the way. Without the guessing level it was called learnt."""
    groups = two([0.89] * 4, [0.89] * 4)
    assert verdict(groups).result == HOLDS
    evidence = verdict(guessing_in(groups, MANTE, 0.62))
    assert evidence.result == ""
    assert evidence.why == (
        "no overlap in accuracies above 0.908 (highest common accuracy 0.890, where 62% of trials are correct; "
        "guessing gives 0.878; 0 of 4 and 0 of 4 networks reached 0.908)"
    )
    assert verdict(guessing_in(two([0.95] * 4, [0.95] * 4), MANTE)).result == HOLDS


def test_near_perfect_is_a_share_of_the_way() -> None:
    groups = guessing_in(two([0.95] * 4, [0.95] * 4), MANTE)
    assert lower_at_accuracy.decide(pd.concat(groups), PAIR | {"least_share": 0.9}, math.nan).result == ""
    groups = guessing_in(two([0.99] * 4, [0.99] * 4), MANTE)
    assert lower_at_accuracy.decide(pd.concat(groups), PAIR | {"least_share": 0.9}, math.nan).result != ""


# ---- one network that failed


def test_a_fixed_level_is_read_from_the_networks_that_reached_it() -> None:
    groups = two([0.95, 0.96, 0.97, 0.98], [0.95, 0.44, 0.96, 0.97])
    common, fixed = matched(groups), matched(groups, level=0.9)
    assert common is not None and common.level == pytest.approx(0.44) and common.n_reached == [4, 4]
    assert fixed is not None and fixed.level == 0.9 and fixed.n_reached == [3, 4] and fixed.n_networks == [4, 4]
    assert fixed.seeds[0].tolist() == [0, 2, 3]
    assert fixed.at_level[0] == pytest.approx([0.5003 - 0.09, 0.5023 - 0.09, 0.5033 - 0.09])
    assert too_few(fixed) == "" and count_reached(groups[0], 0.9) == (3, 4)
    assert matched(groups, level=0.99) is None


def test_common_decides_unless_it_is_too_low() -> None:
    groups = two([0.95, 0.96, 0.97, 0.98], [0.95, 0.44, 0.96, 0.97])
    numbers = verdict(groups).numbers
    assert numbers["matched_accuracy"] == pytest.approx(0.44) and numbers["n_reached"] == "4 of 4 and 4 of 4"
    groups = two([0.95, 0.96, 0.97, 0.98], [0.95, 0.3, 0.96, 0.97])
    evidence = verdict(groups)
    assert evidence.result == HOLDS
    assert evidence.numbers["matched_accuracy"] == 0.9 and evidence.numbers["n_reached"] == "3 of 4 and 4 of 4"
    # .85 is below .9, so that .8 is read; and .7 below both, so that the least level is.
    for reached, level in ((0.85, 0.8), (0.7, 0.4)):
        found = deciding(two([reached] * 4, [reached, 0.3, reached, reached]), {})
        assert isinstance(found, Matched) and found.level == level


@pytest.mark.parametrize(
    ("eprop", "enough"),
    [([0.95] * 3 + [0.2] * 3, True), ([0.95] * 3 + [0.2] * 4, False), ([0.95] * 2 + [0.2], False)],
)
def test_three_networks_and_half_of_them_must_have_reached_a_level(eprop: list[float], enough: bool) -> None:
    groups = two([0.95] * 4, eprop)
    found = matched(groups, level=0.9)
    assert found is not None and (too_few(found) == "") == enough
    evidence = verdict(groups)
    assert (evidence.result != "") == enough
    if not enough:
        n = sum(of_seed > 0.9 for of_seed in eprop)
        assert f"{n} of {len(eprop)} and 4 of 4" in too_few(found)
        assert f"{n} of {len(eprop)} and 4 of 4 networks reached 0.4" in evidence.why


def test_two_networks_that_all_reached_a_level_are_enough_to_be_read() -> None:
    found = matched(two([0.95] * 2, [0.95] * 2), level=0.9)
    assert found is not None and too_few(found) == ""


def test_a_network_that_starts_above_a_level_is_not_read_there() -> None:
    high = networks([0.95] * 4)
    high.loc[high["seed"] == 1, "accuracy"] = 0.92
    found = matched([networks([0.95] * 4, 0.5003, "eprop"), high], level=0.9)
    assert found is not None and found.n_reached == [4, 3]


def test_a_network_whose_activity_overflowed_is_read_up_to_there() -> None:
    groups = two([0.95] * 4, [0.95] * 4)
    groups[0].loc[(groups[0]["seed"] == 2) & (groups[0]["accuracy"] > 0.5), ["accuracy", "distance"]] = np.nan
    found = matched(groups, level=0.9)
    assert found is not None and found.n_reached == [3, 4] and np.isfinite(found.at_level[0]).all()


def test_a_network_that_lost_what_it_learnt_has_not_reached_it() -> None:
    """.9 in one of the last of 30 checkpoints, and .2 from there on."""
    group = networks([0.95] * 4)
    late = (group["seed"] == 0) & (group["update"] > 100)
    group.loc[late, "accuracy"] = 0.2
    assert count_reached(group, 0.6) == (3, 4)


def test_untrained_networks_of_two_rules_are_one() -> None:
    """E-prop does not get beyond where both start, .5; its later checkpoints differ, and do not count as learnt."""
    bptt, eprop = networks([1.0] * 4), networks([1.0] * 4, rule="eprop")
    bptt["accuracy"] = 0.5 + bptt["accuracy"] / 2
    eprop["accuracy"] = 0.5
    evidence = verdict([eprop, bptt])
    assert evidence.result == "" and "the same network" in evidence.why


def test_doubts_name_the_guessing_level() -> None:
    groups = guessing_in(two([0.89] * 4, [0.89] * 4), MANTE)
    assert doubts(matched(groups), groups[0]) == " (below 0.908: not all have learnt)"


# ---- Figure 6


def test_levels_of_networks_that_guess_are_not_testable() -> None:
    rows = []
    sides = [("bptt", "base", 0), ("eprop", "base", 1), ("data", "data", -1)]
    for a, b in ((0, 1), (0, 2), (1, 2)):
        row: dict[str, Any] = {"level_accuracy": 0.8, "distance": 0.3, "guessing_accuracy": MANTE}
        for name, side in (("a", sides[a]), ("b", sides[b])):
            keys = ("learning_rule", "setting", "seed")
            row |= {f"{key}_{name}": value for key, value in zip(keys, side, strict=True)}
            is_data = side[0] == "data"
            row |= {f"accuracy_{name}": math.nan if is_data else 0.81}
            row |= {f"fraction_correct_{name}": math.nan if is_data else (0.5, 0.6)[side[2]]}
        rows.append(row)
    evidence = models_closer_than_data.decide(pd.DataFrame(rows), {}, math.nan)
    assert (evidence.result or NOT_TESTABLE) == NOT_TESTABLE
    assert evidence.why == (
        "the level is accuracy 0.800: networks below 0.908 have not learnt (guessing gives 0.878; 55% of trials are "
        "correct at this level; 2 of 2 networks are at this level)"
    )


# ---- reading at more checkpoints


def noisy(rule: str, sd: float, count: int, seeds: int = 10) -> pd.DataFrame:
    """Networks whose accuracy fluctuates by `sd`, read at `count` checkpoints; alike at equal (true) accuracy.

    Every network's true accuracy comes to .95, its distance falls from .5 by .2 with it.
    """
    update = np.arange(1001)
    kept = checkpoint_updates(1000, "quadratic", count)
    true = 0.95 / (1 + np.exp(-(np.log1p(update) - np.log(60)) / 0.5))
    tables = []
    for seed in range(seeds):
        rng = np.random.default_rng([seed, int(rule == "eprop")])
        noise = lfilter([np.sqrt(0.75)], [1.0, -0.5], rng.standard_normal(len(update)))
        accuracy = true + sd * np.minimum(1, 2 * true) * noise
        distance = 0.5 - 0.2 * true + 0.004 * rng.standard_normal() + 0.002 * rng.standard_normal(len(update))
        columns = {"update": update[kept], "accuracy": accuracy[kept], "distance": distance[kept]}
        tables.append(pd.DataFrame({"learning_rule": rule, "seed": seed, **columns}))
    return pd.concat(tables, ignore_index=True)


def where_first_reached(group: pd.DataFrame, level: float) -> np.ndarray:
    values = []
    for _, run in group.groupby("seed"):
        best = np.maximum.accumulate(run["accuracy"].to_numpy())
        new = np.concatenate([[True], best[1:] > best[:-1]])
        values.append(np.interp(level, best[new], run["distance"].to_numpy()[new]))
    return np.array(values)


def test_more_checkpoints_do_not_change_a_verdict() -> None:
    """E-prop's accuracy is noisier (SD .08 against .01), the networks are alike. Equivalent within .01."""
    from neurorules.claims.tests.base.claim_test import decide_equivalence
    from neurorules.statistics.comparison import compare

    margin, level = 0.01, 0.8
    now, before, differences = [], [], []
    for count in (40, 115, 400):
        groups = [noisy("eprop", 0.08, count), noisy("bptt", 0.01, count)]
        now.append(verdict(groups, margin).result)
        found = matched(groups, level=level)
        assert found is not None and found.n_reached == [10, 10]
        differences.append(found.at_level[0].mean() - found.at_level[1].mean())
        first = [where_first_reached(group, level) for group in groups]
        before.append(decide_equivalence(compare(*first, margin), margin).result)
    assert now == [HOLDS] * 3 and max(map(abs, differences)) < 0.006
    assert before[-1] == FAILS and before[0] != FAILS


def test_a_level_at_which_few_trials_are_right_is_not_clear_of_guessing() -> None:
    """At the highest common accuracy, .5, a tenth of the trials are right, at .9 all; one network of four fails."""

    def rows(rule: str, best: dict[int, float]) -> pd.DataFrame:
        parts = []
        for seed, top in best.items():
            accuracy = np.linspace(0.0, top, 12)
            parts.append(
                pd.DataFrame(
                    {
                        "learning_rule": rule,
                        "seed": seed,
                        "update": 2 ** np.arange(12),
                        "accuracy": accuracy,
                        "distance": 0.5 + 0.01 * (rule == "eprop") - 0.1 * accuracy,
                        "fraction_correct": np.where(accuracy > 0.7, 1.0, 0.1),
                        "guessing_accuracy": 0.03,
                        "guessing_fraction_correct": 0.125,
                    }
                )
            )
        return pd.concat(parts)

    groups = [rows("bptt", dict.fromkeys(range(4), 0.98)), rows("eprop", {0: 0.5, 1: 0.97, 2: 0.97, 3: 0.97})]
    found = deciding(groups, {})
    assert found.level == 0.9 and found.n_reached == [4, 3]
    assert deciding([group.assign(fraction_correct=1.0) for group in groups], {}).level == pytest.approx(0.5)
