"""Power of the t-tests and Holm's correction, against published tables, closed forms and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from neurorules.statistics.comparison import Summary, compare, compare_paired, compare_summaries, compare_with_value
from neurorules.statistics.multiple import holm
from neurorules.statistics.power import (
    Design,
    detectable_difference,
    power_equivalence,
    power_lower,
    replicates_for,
    sd_interval,
)


def two(sd: float, n: int) -> Design:
    return Design(sd, n, sd, n)


@pytest.mark.parametrize(("n", "power"), [(4, 0.036), (10, 0.385), (18, 0.804)])
def test_a_margin_of_one_sd_needs_eighteen_seeds(n: int, power: float) -> None:
    """Two one-sided Welch tests of 200,000 simulated studies without a difference agree to three standard errors."""
    design, rng, studies = two(1.0, n), np.random.default_rng(0), 200_000
    variances = rng.chisquare(n - 1, (2, studies)) / (n - 1) / n
    error, difference = np.sqrt(variances.sum(0)), rng.normal(0, design.error, studies)
    freedom = variances.sum(0) ** 2 / ((variances**2).sum(0) / (n - 1))
    simulated = np.mean(np.abs(difference) + stats.t.ppf(0.95, freedom) * error < 1.0)
    assert power_equivalence(design, 1.0) == pytest.approx(simulated, abs=3 * math.sqrt(simulated / studies))
    assert power_equivalence(design, 1.0) == pytest.approx(power, abs=0.001)


def test_seeds_for_a_margin_of_one_sd() -> None:
    assert replicates_for(lambda design: power_equivalence(design, 1.0), two(1.0, 4)) == 18


@pytest.mark.parametrize(
    ("design", "margin", "difference"),
    [
        (Design(1.0, 4, 2.0, 10), 2.0, 0.5),
        (Design(0.5, 3, 1.0, 2), 2.0, -0.5),
        (Design(1.0, 20, 3.0, 5), 2.0, 1.0),
    ],
    ids=["4 and 10", "3 and 2", "20 and 5"],
)
def test_unequal_groups_as_simulated(design: Design, margin: float, difference: float) -> None:
    """2000 simulated studies of each, by the test of scipy, which is the one of `compare`."""
    rng, studies = np.random.default_rng(1), 2000
    first = rng.normal(difference, design.sd, (studies, design.n))
    second = rng.normal(0.0, design.sd_second, (studies, design.n_second))
    above, below, lower = (
        stats.ttest_ind(first + shift, second, axis=1, equal_var=False, alternative=side).pvalue
        for shift, side in ((margin, "greater"), (-margin, "less"), (0.0, "less"))
    )
    for found, power in (
        (np.maximum(above, below) < 0.05, power_equivalence(design, margin, difference)),
        (lower < 0.05, power_lower(design, difference)),
    ):
        assert power == pytest.approx(found.mean(), abs=3.5 * math.sqrt(max(power, 0.01) / studies))
    same = compare(first[0], second[0], margin)
    assert same.p_equivalent == pytest.approx(max(above[0], below[0])) and same.p_lower == pytest.approx(lower[0])


def test_published_sample_sizes() -> None:
    """Cohen's and G*Power's: d .5 and .8 two-sided (64, 26), d .5 one-sided (51), one sample of d .5 two-sided (34)."""
    assert replicates_for(lambda design: power_lower(design, -0.5, 0.025), two(1.0, 4)) == 64
    assert replicates_for(lambda design: power_lower(design, -0.8, 0.025), two(1.0, 4)) == 26
    assert replicates_for(lambda design: power_lower(design, -0.5), two(1.0, 4)) == 51
    assert replicates_for(lambda design: power_lower(design, -0.5, 0.025), Design(1.0, 4)) == 34


def test_published_sample_size_of_an_equivalence_trial() -> None:
    """PowerTOST, parallel groups, CV .4, ratio .95 within .8 to 1.25: 130 subjects, power .8035 (Student's test)."""
    sd, margin, difference = math.sqrt(math.log(1 + 0.4**2)), math.log(1.25), math.log(0.95)
    assert power_equivalence(two(sd, 65), margin, difference) == pytest.approx(0.8035, abs=2e-4)
    assert replicates_for(lambda design: power_equivalence(design, margin, difference), two(sd, 65)) == 65


@pytest.mark.parametrize("n", [2, 5, 40])
def test_one_sample_is_the_noncentral_t(n: int) -> None:
    power = stats.nct.sf(stats.t.ppf(0.95, n - 1), n - 1, 0.7 * math.sqrt(n))
    assert power_lower(Design(1.0, n), -0.7) == pytest.approx(power, abs=1e-7)


@pytest.mark.parametrize(("n", "margin", "difference"), [(3, 1.5, 0.0), (8, 1.0, 0.4), (30, 0.5, 0.5)])
def test_one_sample_equivalence_is_owens_integral(n: int, margin: float, difference: float) -> None:
    t, error = stats.t.ppf(0.95, n - 1), 1 / math.sqrt(n)

    def integrand(sd: float) -> float:
        half = margin - t * sd * error
        inside = stats.norm.cdf((half - difference) / error) - stats.norm.cdf((-half - difference) / error)
        return float(inside * stats.chi.pdf(sd, n - 1, scale=1 / math.sqrt(n - 1)))

    power, _ = integrate.quad(integrand, 0, margin / (t * error), limit=200)
    assert power_equivalence(Design(1.0, n), margin, difference) == pytest.approx(power, abs=1e-7)


@pytest.mark.parametrize("n", [4, 10, 20, 200])
def test_the_size_at_the_margin_is_at_most_alpha(n: int) -> None:
    for sd in (0.1, 1.0, 5.0):
        assert power_equivalence(two(sd, n), 1.0, 1.0) <= 0.05 + 1e-6
    # With many replicates the two tests become one: the size is alpha.
    assert power_equivalence(two(0.1, 200), 1.0, 1.0) == pytest.approx(0.05, abs=1e-4)


def test_many_replicates_are_the_normal_closed_form() -> None:
    """2 Phi(margin / error - 1.645) - 1, and Phi(difference / error - 1.645)."""
    design = two(1.0, 5000)  # the standard error is .02
    closed = 2 * stats.norm.cdf(0.05 / 0.02 - stats.norm.ppf(0.95)) - 1
    assert power_equivalence(design, 0.05) == pytest.approx(closed, abs=1e-3)
    assert power_lower(design, -0.05) == pytest.approx(stats.norm.cdf(2.5 - stats.norm.ppf(0.95)), abs=1e-3)


def test_what_is_detected_is_detected_with_80_percent() -> None:
    design = Design(0.01, 4, 0.02, 6)
    assert power_lower(design, -detectable_difference(design)) == pytest.approx(0.8, abs=1e-4)


def test_no_number_is_enough_for_a_difference_at_the_margin() -> None:
    assert math.isnan(replicates_for(lambda design: power_equivalence(design, 1.0, 1.0), two(1.0, 4)))


def test_interval_of_an_sd_by_the_chi_squared_table() -> None:
    """With 3 degrees of freedom the 2.5% and 97.5% points are .2158 and 9.3484."""
    low, high = sd_interval(2.0, 3)
    assert (low, high) == pytest.approx((2 * math.sqrt(3 / 9.3484), 2 * math.sqrt(3 / 0.2158)), rel=1e-4)


def test_designs_of_tests() -> None:
    values = np.array([1.0, 2.0, 4.0])
    assert Design.of(compare(values, 2 * values)) == Design(*(np.std(values, ddof=1), 3, np.std(2 * values, ddof=1), 3))
    assert Design.of(compare_with_value(values, 5.0)) == Design(np.std(values, ddof=1), 3)
    paired = Design.of(compare_paired(values, values**2))  # differences 0, -2, -12
    assert paired is not None and (paired.sd, paired.n, paired.n_second) == (pytest.approx(math.sqrt(124 / 3)), 3, 0)
    assert Design.of(compare(values[:1], values)) is None
    fixed_first = compare_summaries(Summary(1.0, float("nan"), 1), Summary.of(values))
    assert Design.of(fixed_first) is None  # nothing was tested


def test_holm_by_hand() -> None:
    """.01 x 3; .03 x 2; then .04 x 1, which cannot fall below .06."""
    assert holm(np.array([0.01, 0.04, 0.03])) == pytest.approx([0.03, 0.06, 0.06])
    assert holm(np.array([0.6, 0.7])) == pytest.approx([1.0, 1.0])


def test_what_has_no_p_value_does_not_count() -> None:
    corrected = holm(np.array([np.nan, 0.01, 0.04]))
    assert np.isnan(corrected[0]) and corrected[1:] == pytest.approx([0.02, 0.04])
    assert np.isnan(holm(np.array([np.nan]))).all() and holm(np.array([])).size == 0
