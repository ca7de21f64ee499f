"""Analysis of variance: sums of squares, omega squared, F tests, intervals and jackknife."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from neurorules.statistics.factorial_design import HIGHER, NETWORK, REST, Design
from neurorules.statistics.variance_shares import Share, jackknife, seed_p, term_name, variance_shares

Values = NDArray[np.float64]


def by_name(shares: Sequence[Share]) -> dict[str, Share]:
    return {share.name: share for share in shares}


def crossed(levels: dict[str, int], n_seeds: int) -> tuple[dict[str, NDArray[Any]], NDArray[Any]]:
    """Levels of each value in a full factorial design, and its seeds."""
    grid = np.array(list(itertools.product(*(range(n) for n in levels.values()), range(n_seeds))))
    return {name: grid[:, k] for k, name in enumerate(levels)}, grid[:, -1]


def test_one_factor_is_the_classical_analysis() -> None:
    """Omega squared of one factor is Hays' formula, and F is scipy's."""
    rng = np.random.default_rng(0)
    groups = [rng.normal(mean, 1.0, 7) for mean in (0.0, 0.4, 1.5)]
    y, factor = np.concatenate(groups), np.repeat([0.5, 1.0, 1.5], 7)
    found = by_name(variance_shares(Design({"gain": factor}, np.tile(range(7), 3)), y))
    expected = stats.f_oneway(*groups)
    assert found["gain"].f == pytest.approx(expected.statistic)
    assert found["gain"].p == pytest.approx(expected.pvalue)
    within = sum(((group - group.mean()) ** 2).sum() for group in groups)
    total, error = ((y - y.mean()) ** 2).sum(), within / 18
    assert found["gain"].sum_of_squares == pytest.approx(total - within)
    assert found["gain"].share == pytest.approx((total - within - 2 * error) / (total + error))
    assert found["gain"].share + found[term_name(REST)].share == pytest.approx(1.0)


def test_a_hand_worked_design_of_two_factors() -> None:
    """Cells of two values at mean +-1: A has effects +-3, B +-1, their interaction +-2, and each cell variance 2.

    With N = 8 values, SS_A = 8 * 9, SS_B = 8 * 1, SS_AB = 8 * 4, SS_error = 8 with 4 degrees of freedom, MS_error = 2,
    SS_total = 120. So omega squared is (72 - 2) / 122, (8 - 2) / 122, (32 - 2) / 122, and F is 36, 4 and 16.
    """
    factors, seeds = crossed({"a": 2, "b": 2}, 2)
    a, b = 2 * factors["a"] - 1, 2 * factors["b"] - 1
    found = by_name(variance_shares(Design(factors, seeds), 10.0 + 3 * a + b + 2 * a * b + (2 * seeds - 1)))
    for name, square, f in (("a", 72, 36), ("b", 8, 4), ("a x b", 32, 16)):
        assert found[name].sum_of_squares == pytest.approx(square)
        assert found[name].freedom == 1
        assert found[name].f == pytest.approx(f)
        assert found[name].share == pytest.approx((square - 2) / 122)
        assert found[name].partial == pytest.approx((square - 2) / (square + 7 * 2))
        assert found[name].p == pytest.approx(stats.f.sf(f, 1, 4))
    assert found[term_name(REST)].share == pytest.approx(8 * 2 / 122)
    assert sum(share.share for share in found.values()) == pytest.approx(1.0)


def least_squares(y: Values, columns: list[Values]) -> float:
    """The residual sum of squares of a regression, by normal equations with a pseudo-inverse."""
    matrix = np.column_stack([np.ones(len(y)), *columns])
    fitted = matrix @ np.linalg.pinv(matrix.T @ matrix) @ (matrix.T @ y)
    return float(((y - fitted) ** 2).sum())


def test_unbalanced_sums_of_squares_are_of_type_two() -> None:
    """Each term against the model with all terms that do not contain it, by regression on contrast-coded columns."""
    rng = np.random.default_rng(1)
    factors, seeds = crossed({"a": 2, "b": 3, "c": 2}, 4)
    kept = rng.random(len(seeds)) < 0.7
    a, b, c = (levels[kept] for levels in factors.values())
    y = rng.normal(size=kept.sum()) + a * b - 0.5 * c
    contrasts = {
        "a": [2.0 * a - 1],
        "b": [(b == 0) - 1.0 * (b == 2), (b == 1) - 1.0 * (b == 2)],
        "c": [2.0 * c - 1],
    }
    columns = dict(contrasts)
    for first, second in itertools.combinations(contrasts, 2):
        columns[f"{first} x {second}"] = [p * q for p in contrasts[first] for q in contrasts[second]]
    found = by_name(variance_shares(Design({"a": a, "b": b, "c": c}, seeds[kept]), y))
    for name, own in columns.items():
        term = set(name.split(" x "))
        others = [column for other, of in columns.items() if not term <= set(other.split(" x ")) for column in of]
        expected = least_squares(y, others) - least_squares(y, [*others, *own])
        assert found[name].sum_of_squares == pytest.approx(expected), name
        assert found[name].freedom == len(own)
    two_way = [column for of in columns.values() for column in of]
    every_cell = [((a == i) & (b == j) & (c == k)) * 1.0 for i in (0, 1) for j in (0, 1, 2) for k in (0, 1)]
    higher = least_squares(y, two_way) - least_squares(y, every_cell)
    assert found[term_name(HIGHER)].sum_of_squares == pytest.approx(higher)
    assert found[term_name(REST)].sum_of_squares == pytest.approx(least_squares(y, every_cell))


def test_an_activation_that_only_leaky_units_vary() -> None:
    """Its term is its effect there, the architecture's is at equal activation, and they cannot interact."""
    architecture = np.repeat(["leaky", "leaky", "gru"], 6)
    activation = np.repeat(["relu", "tanh", "tanh"], 6)
    rng = np.random.default_rng(2)
    y = rng.normal(size=18) + 3.0 * (activation == "relu") + 1.0 * (architecture == "gru")
    design = Design({"architecture": architecture, "activation": activation}, np.tile(range(6), 3))
    assert design.lacking == [("architecture", "activation")]
    found = by_name(variance_shares(design, y))
    means = y.reshape(3, 6).mean(1)
    # The sum of squares between two groups of six with means m and m' is 3 (m - m')^2.
    assert found["activation"].sum_of_squares == pytest.approx(3 * (means[0] - means[1]) ** 2)
    assert found["architecture"].sum_of_squares == pytest.approx(3 * (means[1] - means[2]) ** 2)


def test_learning_rules_of_one_network_are_a_split_plot() -> None:
    """Between networks, F is the analysis of the means over rules; within, that of the differences between rules."""
    rng = np.random.default_rng(3)
    factors, seeds = crossed({"gain": 3, "learning_rule": 2}, 5)
    gain, rule = factors["gain"], factors["learning_rule"]
    network = rng.normal(0.0, 2.0, (3, 5))
    y = network[gain, seeds] + 0.8 * gain + rng.normal(size=len(seeds)) + 0.3 * rule
    found = by_name(variance_shares(Design(factors, seeds, within=["learning_rule"]), y))
    table = y.reshape(3, 2, 5)
    between = stats.f_oneway(*table.mean(1))
    assert found["gain"].f == pytest.approx(between.statistic)
    assert found["gain"].p == pytest.approx(between.pvalue)
    differences = table[:, 1] - table[:, 0]
    assert found["gain x learning_rule"].f == pytest.approx(stats.f_oneway(*differences).statistic)
    # The mean difference against its variance within the gains: F(1, 12).
    pooled = differences.var(axis=1, ddof=1).mean()
    f = differences.mean() ** 2 / (pooled / 15)
    assert found["learning_rule"].f == pytest.approx(f)
    assert found["learning_rule"].p == pytest.approx(stats.f.sf(f, 1, 12))
    assert found["learning_rule"].error_freedom == pytest.approx(12)
    assert sum(share.share for share in found.values()) == pytest.approx(1.0)


def simulated(rng: np.random.Generator, n: int, lost: bool) -> tuple[Design, Values, dict[str, float]]:
    """n data sets with known shares: 0.3 gain, 0 units, 0.1 learning rule, 0.2 gain x units, 0.25 network, 0.15 rest.

    With `lost`, a sixth of the values are missing.
    """
    factors, seeds = crossed({"gain": 2, "units": 2, "learning_rule": 2}, 4)
    gain, units, rule = (2.0 * levels - 1 for levels in factors.values())
    effects = np.sqrt(0.3) * gain + np.sqrt(0.1) * rule + np.sqrt(0.2) * gain * units
    network = np.sqrt(0.25) * rng.normal(size=(n, 2, 2, 4))[:, factors["gain"], factors["units"], seeds]
    values = effects + network + np.sqrt(0.15) * rng.normal(size=(n, len(seeds)))
    kept = rng.random(len(seeds)) > 1 / 6 if lost else np.ones(len(seeds), bool)
    design = Design({name: of[kept] for name, of in factors.items()}, seeds[kept], ["learning_rule"])
    true = {
        "gain": 0.3,
        "units": 0.0,
        "learning_rule": 0.1,
        "gain x units": 0.2,
        term_name(NETWORK): 0.25,
        term_name(REST): 0.15,
    }
    return design, values[:, kept], true


def test_numerators_are_unbiased_also_if_networks_are_missing() -> None:
    """SS_T - df_T var(e) - z_T var(u) estimates the effects' sum of squares, and both variances are unbiased.

    Each mean over 4000 data sets must be within 4.5 standard errors of the truth (error probability below 1e-4 in all).
    """
    rng = np.random.default_rng(4)
    for lost in (False, True):
        design, values, _ = simulated(rng, 4000, lost)
        found = design.estimate(values)
        noiseless = design.estimate(simulated_effects(design))
        for variance, true in ((found.network, 0.25), (found.rest, 0.15)):
            assert abs(variance.mean() - true) < 4.5 * variance.std() / np.sqrt(4000)
        for term in design.spaces:
            estimated = found.shares[term] * found.total
            expected = float(noiseless.squares[term])
            assert abs(estimated.mean() - expected) < 4.5 * estimated.std() / np.sqrt(4000), term
        total = float(((simulated_effects(design) - simulated_effects(design).mean()) ** 2).sum()) + design.n * 0.4
        # The total's expectation is exact with all values present; the effects' mean is then 0.
        if not lost:
            assert abs(found.total.mean() - total) < 4.5 * found.total.std() / np.sqrt(4000)


def simulated_effects(design: Design) -> Values:
    gain, units, rule = (2.0 * design.codes[name] - 1 for name in ("gain", "units", "learning_rule"))
    effects: Values = np.sqrt(0.3) * gain + np.sqrt(0.1) * rule + np.sqrt(0.2) * gain * units
    return effects


def test_intervals_cover_the_true_shares() -> None:
    """Nominal 95%, with four seeds in eight cells. 300 data sets.

    At a true coverage of 92%, fewer than 264 of 300 has probability 0.007 (binomial); at 84%, 0.97.
    """
    rng = np.random.default_rng(5)
    design, values, true = simulated(rng, 300, lost=False)
    covered = dict.fromkeys(true, 0)
    for y in values:
        for share in variance_shares(design, y, draws=400):
            if share.name in true:
                covered[share.name] += share.low <= true[share.name] <= share.high
    assert min(covered.values()) >= 264, covered


def test_intervals_of_many_levels_without_an_effect_cover_0() -> None:
    """Noise in the means of ten levels is not an effect: 200 data sets, and fewer than 180 has probability 0.003."""
    factors, seeds = crossed({"gain": 10}, 4)
    rng, covered = np.random.default_rng(9), 0
    for y in rng.normal(size=(200, len(seeds))):
        share = by_name(variance_shares(Design(factors, seeds), y, draws=200))["gain"]
        covered += share.low <= 0.0 <= share.high
    assert covered >= 180, covered


def test_the_f_test_keeps_its_level() -> None:
    """Units have no effect here: p < .05 in at most 5% of data sets (1000 of them; 73 has probability 0.001)."""
    rng = np.random.default_rng(6)
    design, values, _ = simulated(rng, 1000, lost=True)
    rejected = sum(by_name(variance_shares(design, y, draws=2))["units"].p < 0.05 for y in values)
    assert 28 <= rejected <= 73


def test_a_shared_effect_of_the_seed_is_noticed() -> None:
    """Its p-value is uniform without such an effect, and small with one."""
    rng = np.random.default_rng(7)
    design, values, _ = simulated(rng, 1000, lost=False)
    p = np.array([seed_p(design, y) for y in values])
    assert stats.kstest(p, "uniform").pvalue > 0.001
    seeds = np.tile(range(4), 8)
    assert seed_p(design, values[0] + 2.0 * seeds) < 0.001


def test_jackknife_of_a_mean_like_share() -> None:
    """Its mean is close to the estimate, and its t interval covers the true share with shared effects of seeds too.

    400 data sets of six seeds: at a coverage of 95%, fewer than 364 has probability 0.0003.
    """
    rng = np.random.default_rng(8)
    factors, seeds = crossed({"gain": 2, "learning_rule": 2}, 6)
    gain = 2.0 * factors["gain"] - 1
    inside = 0
    for _ in range(400):
        shared = rng.normal(0.0, np.sqrt(0.3), 6)[seeds]
        y = np.sqrt(0.5) * gain + shared + rng.normal(0.0, np.sqrt(0.2), len(seeds))
        pseudo = np.array([of["gain"] for of in jackknife(y, factors, seeds, ["learning_rule"]).values()])
        low, high = stats.t.interval(0.95, 5, pseudo.mean(), pseudo.std(ddof=1) / np.sqrt(6))
        inside += low <= 0.5 <= high
    assert inside >= 364, inside


def test_what_cannot_be_estimated() -> None:
    factors, seeds = crossed({"gain": 2, "units": 2}, 1)
    shares = variance_shares(Design(factors, seeds), np.arange(4.0))
    assert all(np.isnan(share.share) and np.isnan(share.low) and np.isnan(share.p) for share in shares)
    with pytest.raises(ValueError, match="two levels"):
        Design({"gain": [1.0, 1.0]}, [0, 1])
    assert jackknife([1.0, 2.0, 3.0, 4.0], {"gain": [0, 0, 1, 1]}, [0, 1, 0, 1]) == {}
    assert Design({"gain": [0, 0, 1, 1], "units": [5] * 4}, [0, 1, 0, 1]).constant == ["units"]
