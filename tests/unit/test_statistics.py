"""Tests between groups against scipy's own, and Table 3's numbers against hand-made distances."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from neurorules.statistics.comparison import compare, compare_with_value
from neurorules.statistics.noise_floor import noise_floor_groups, noise_floor_statistics


@pytest.fixture
def groups() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    return rng.normal(0.40, 0.02, 5), rng.normal(0.41, 0.03, 7)


def test_welch_equals_scipy(groups) -> None:
    first, second = groups
    assert compare(first, second).p_different == pytest.approx(stats.ttest_ind(first, second, equal_var=False).pvalue)


def test_equivalence_is_two_one_sided_tests(groups) -> None:
    first, second = groups
    margin = 0.05
    above = stats.ttest_ind(first + margin, second, equal_var=False, alternative="greater").pvalue
    below = stats.ttest_ind(first - margin, second, equal_var=False, alternative="less").pvalue
    assert compare(first, second, margin).p_equivalent == pytest.approx(max(above, below))


def test_one_sample_equals_scipy(groups) -> None:
    first, _ = groups
    result = compare_with_value(first, 0.38, 0.05)
    assert result.p_different == pytest.approx(stats.ttest_1samp(first, 0.38).pvalue)
    above = stats.ttest_1samp(first, 0.38 - 0.05, alternative="greater").pvalue
    below = stats.ttest_1samp(first, 0.38 + 0.05, alternative="less").pvalue
    assert result.p_equivalent == pytest.approx(max(above, below))


def test_effect_size_by_hand() -> None:
    result = compare(np.array([1.0, 2.0, 3.0]), np.array([3.0, 4.0, 5.0]))
    assert result.difference == -2.0
    assert result.cohens_d == pytest.approx(-2.0)  # both variances 1


def test_too_few_replicates_give_no_p() -> None:
    result = compare(np.array([1.0]), np.array([2.0, 3.0]), 1.0)
    assert result.difference == -1.5
    assert np.isnan([result.p_different, result.p_equivalent, result.cohens_d]).all()


def noise_floor_table() -> pd.DataFrame:
    """Two learning rules, two seeds, two splits; the floor and the untrained network stand in both models."""
    rows = []
    for learning_rule, shift in (("bptt", 0.0), ("eprop", 0.1)):
        common = {
            "recording": "hatsopoulos2007",
            "recording_title": "Hatsopoulos 2007",
            "synthetic": 0,
            "task": "hatsopoulos2007",
            "learning_rule": learning_rule,
            "setting": "published-code",
            "group_size": 70,
            "accuracy": 0.9,
        }
        for repeat, floor in enumerate((0.39, 0.41)):
            rows.append({**common, "quantity": "floor", "seed": -1, "repeat": repeat, "distance": floor})
            for seed in (0, 1):
                trained = 0.40 + shift + 0.02 * seed + 0.01 * repeat
                rows.append({**common, "quantity": "trained", "seed": seed, "repeat": repeat, "distance": trained})
                rows.append({**common, "quantity": "untrained", "seed": seed, "repeat": repeat, "distance": 0.6})
    return pd.DataFrame(rows)


def test_table3_counts_every_distance_once() -> None:
    published = {"hatsopoulos2007": {"bptt": {"mean": 0.395, "sd": 0.02}, "equivalence_margin": 0.02}}
    table = noise_floor_statistics(noise_floor_groups(noise_floor_table()), published).set_index("quantity")
    assert list(table.index) == ["floor", "bptt", "eprop", "untrained"]
    assert table["n"].to_dict() == {"floor": 2, "bptt": 4, "eprop": 4, "untrained": 4}
    assert table["mean"].to_dict() == pytest.approx({"floor": 0.40, "bptt": 0.415, "eprop": 0.515, "untrained": 0.6})
    assert table.loc["bptt", "sd"] == pytest.approx(np.std([0.40, 0.41, 0.42, 0.43], ddof=1))
    assert table.loc["bptt", "sd_seeds"] == pytest.approx(np.std([0.405, 0.425], ddof=1))
    assert table.loc["bptt", "published_mean"] == 0.395 and np.isnan(table.loc["floor", "published_mean"])
    seeds = stats.ttest_ind([0.505, 0.525], [0.405, 0.425], equal_var=False).pvalue
    assert table.loc["eprop", "p_vs_bptt_seeds"] == pytest.approx(seeds)
    assert table.loc["bptt", "p_vs_floor_seeds"] == pytest.approx(stats.ttest_1samp([0.405, 0.425], 0.40).pvalue)
