"""Tests between groups against scipy's own, and Table 3's numbers against hand-made distances."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats

from neurorules.claims.derivations.noise_floor_summary import noise_floor_groups, noise_floor_statistics
from neurorules.statistics.comparison import (
    Summary,
    compare,
    compare_paired,
    compare_summaries,
    compare_summary_with_value,
    compare_with_value,
    effect_size_interval,
    rounding_range,
    small_sample_factor,
)


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


def test_one_sided_tests_equal_scipy(groups) -> None:
    first, second = groups
    for equal in (False, True):
        result = compare(first, second, equal_variances=equal)
        for p, alternative in ((result.p_lower, "less"), (result.p_higher, "greater")):
            expected = stats.ttest_ind(first, second, equal_var=equal, alternative=alternative).pvalue
            assert p == pytest.approx(expected)
    result = compare_with_value(first, 0.38)
    assert result.p_lower == pytest.approx(stats.ttest_1samp(first, 0.38, alternative="less").pvalue)


def test_confidence_intervals_equal_scipy(groups) -> None:
    first, second = groups
    for equal in (False, True):
        result = compare(first, second, equal_variances=equal)
        peer = stats.ttest_ind(first, second, equal_var=equal)
        assert result.ci95 == pytest.approx(tuple(peer.confidence_interval(0.95)))
        assert result.ci90 == pytest.approx(tuple(peer.confidence_interval(0.90)))
    low, high = stats.ttest_1samp(first, 0.38).confidence_interval(0.95)
    assert compare_with_value(first, 0.38).ci95 == pytest.approx((low - 0.38, high - 0.38))


def test_paired_equals_scipy(groups) -> None:
    first, second = groups[0], groups[1][:5]
    result = compare_paired(first, second)
    assert result.p_different == pytest.approx(stats.ttest_rel(first, second).pvalue)
    assert (result.first.mean, result.second.mean) == pytest.approx((first.mean(), second.mean()))
    assert (result.n_first, result.n_second) == (5, 5)


def test_summaries_equal_scipy_and_the_replicates_themselves(groups) -> None:
    first, second = (Summary.of(group) for group in groups)
    for equal in (False, True):
        peer = stats.ttest_ind_from_stats(
            first.mean, first.sd, first.n, second.mean, second.sd, second.n, equal_var=equal
        )
        result = compare_summaries(first, second, 0.02, equal)
        assert result.p_different == pytest.approx(peer.pvalue)
        assert result == compare(*groups, 0.02, equal)
    assert compare_summary_with_value(first, 0.38, 0.02) == compare_with_value(groups[0], 0.38, 0.02)


def test_equivalence_is_a_90_percent_interval_within_the_margin(groups) -> None:
    for margin in (0.005, 0.02, 0.05, 0.1):
        result = compare(*groups, margin)
        within = -margin < result.ci90[0] and result.ci90[1] < margin
        assert within == (result.p_equivalent < 0.05)


def test_effect_size_interval_is_where_t_becomes_improbable() -> None:
    """By the definition of the interval: at its ends, the observation has a probability of 2.5% on that side."""
    d, n = 0.8, 10
    scale, freedom = np.sqrt(n / 2), 2 * n - 2
    low, high = effect_size_interval(d, scale, freedom)
    assert stats.nct.sf(d * scale, freedom, low * scale) == pytest.approx(0.025)
    assert stats.nct.cdf(d * scale, freedom, high * scale) == pytest.approx(0.025)
    # In large samples d is normal around its true value with variance 2 / n + d^2 / (4 n) (Hedges and Olkin 1985).
    n = 4000
    error = np.sqrt(2 / n + d**2 / (4 * n))
    low, high = effect_size_interval(d, np.sqrt(n / 2), 2 * n - 2)
    assert (low, high) == pytest.approx((d - 1.96 * error, d + 1.96 * error), abs=1e-3)


@pytest.mark.parametrize("freedom", [2, 3, 6, 20, 100, 101, 998])
@pytest.mark.parametrize("t", [0.0, 0.5, 5.0, 49.4, 300.0])
def test_effect_size_interval_of_any_effect(t: float, freedom: int) -> None:
    """By integration over s^2 ~ chi^2 / freedom: T <= t where a standard normal is below t s - noncentrality."""
    low, high = effect_size_interval(t, 1.0, freedom)
    s = np.sqrt(stats.chi2.ppf((np.arange(20_000) + 0.5) / 20_000, freedom) / freedom)
    assert stats.norm.cdf(t * s - low).mean() == pytest.approx(0.975, abs=3e-3)
    assert stats.norm.cdf(t * s - high).mean() == pytest.approx(0.025, abs=3e-3)
    assert effect_size_interval(-t, 1.0, freedom) == pytest.approx((-high, -low))


def test_hedges_correction() -> None:
    """Gamma(m / 2) / (sqrt(m / 2) Gamma((m - 1) / 2)) by hand, Gamma(1 / 2) being sqrt(pi)."""
    assert small_sample_factor(2) == pytest.approx(1 / np.sqrt(np.pi))
    assert small_sample_factor(3) == pytest.approx(np.sqrt(np.pi / 6))
    assert small_sample_factor(4) == pytest.approx(np.sqrt(2 / np.pi))
    assert small_sample_factor(6) == pytest.approx(8 / (3 * np.sqrt(3 * np.pi)))
    result = compare(np.array([1.0, 2.0, 3.0]), np.array([3.0, 4.0, 5.0]))
    assert result.hedges_g == pytest.approx(-2 * small_sample_factor(4))
    assert result.g_ci95[0] < result.hedges_g < result.g_ci95[1]


def test_no_spread_gives_no_p() -> None:
    """Equal replicates, whose SD is a rounding error and not 0."""
    result = compare(np.full(3, 0.1), np.full(3, 0.3), 0.05)
    assert result.difference == pytest.approx(-0.2)
    assert np.isnan([result.p_different, result.p_equivalent, result.p_lower]).all()


PUBLISHED = yaml.safe_load((Path(__file__).parents[2] / "resources" / "published.yaml").read_text())


def published_p() -> list[tuple[str, dict, dict, float]]:
    """Every p-value that Tables 1 and 2 print, with the numbers that it compares."""
    table1, table2 = PUBLISHED["table1"], PUBLISHED["table2"]
    cases = [
        (f"{rule} base {gain}", table1[rule]["base"], table1[rule][gain], p)
        for rule, printed in table1["p_base_vs"].items()
        for gain, p in printed.items()
    ]
    cases += [
        (f"rules {gain}", table1["eprop"][gain], table1["bptt"][gain], p)
        for gain, p in table1["p_eprop_vs_bptt"].items()
    ]
    return cases + [(name, table2[name]["eprop"], table2[name]["bptt"], table2[name]["p"]) for name in ("cca", "cka")]


def within_rounding(first: dict, second: dict, p: float, population_sd: bool) -> bool:
    low, high = rounding_range(
        Summary(first["mean"], first["sd"], 4), Summary(second["mean"], second["sd"], 4), 0.0005, population_sd
    )
    return bool(low <= p <= high)


@pytest.mark.parametrize(("name", "first", "second", "p"), published_p(), ids=[case[0] for case in published_p()])
def test_published_p_follows_from_published_numbers(name: str, first: dict, second: dict, p: float) -> None:
    """Student's test of four seeds, for printed SDs that divide by n."""
    assert within_rounding(first, second, p, population_sd=True)


def test_published_sds_do_not_divide_by_n_minus_1() -> None:
    cases = published_p()
    assert len(cases) == 10
    outside = {name for name, first, second, p in cases if not within_rounding(first, second, p, population_sd=False)}
    assert outside == {"bptt base gain-0", "eprop base gain-0", "eprop base gain-0.5", "rules gain-0.5"}


def test_published_p_from_rounded_numbers_by_hand() -> None:
    """Table 1, BPTT, gain 1 against 0: .398 +- .007, .461 +- .006, four seeds, printed p 2.07e-5.

    With SDs that divide by n: t = .063 / sqrt((.007^2 + .006^2) / 3) = 11.84, 6 degrees of freedom.
    """
    first, second = (Summary.printed(mean, sd, 4, True) for mean, sd in ((0.398, 0.007), (0.461, 0.006)))
    p = compare_summaries(first, second, equal_variances=True).p_different
    assert p == pytest.approx(2 * stats.t.sf(0.063 / np.sqrt((0.007**2 + 0.006**2) / 3), 6))
    assert p == pytest.approx(2.07e-5, rel=0.1)


def noise_floor_table() -> pd.DataFrame:
    """Two learning rules, two seeds, two splits; the floor and the untrained network are in both models."""
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
            rows.append({**common, "quantity": "floor", "stage": "", "seed": -1, "repeat": repeat, "distance": floor})
            for seed in (0, 1):
                trained = 0.40 + shift + 0.02 * seed + 0.01 * repeat
                of_seed = {**common, "quantity": "model", "seed": seed, "repeat": repeat}
                rows.append({**of_seed, "stage": "trained", "distance": trained})
                rows.append({**of_seed, "stage": "untrained", "distance": 0.6})
    return pd.DataFrame(rows)


def test_networks_in_another_order_are_groups_without_tests() -> None:
    table = noise_floor_table()
    shuffled = table[table["quantity"] == "model"].assign(quantity="model_shuffled", distance=0.7)
    average = table[table["quantity"] == "floor"].assign(quantity="cross_condition_average", distance=0.55)
    summed = noise_floor_statistics(noise_floor_groups(pd.concat([table, shuffled, average])), {}).set_index("quantity")
    assert list(summed.index) == [
        *("floor", "bptt", "bptt_shuffled", "eprop", "eprop_shuffled", "untrained", "untrained_shuffled"),
        "cross_condition_average",
    ]
    assert summed.loc["eprop_shuffled", "mean"] == pytest.approx(0.7)
    assert summed.loc[["eprop_shuffled", "cross_condition_average"], "p_vs_bptt_seeds"].isna().all()
    # Seeds' means are 0.405 and 0.425.
    assert summed.loc["bptt", "difference_from_average"] == pytest.approx(0.415 - 0.55)
    one_sample = stats.ttest_1samp([0.405, 0.425], 0.55).pvalue
    assert summed.loc["bptt", "p_vs_average_seeds"] == pytest.approx(one_sample)
    assert summed.loc["cross_condition_average", "n_seeds"] == 0


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
