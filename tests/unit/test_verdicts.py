"""What accompanies each verdict: power, the verdict of the published numbers, the primary claim, corrected p-values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers.simulated_verdicts import (
    MARGIN,
    distances,
    rates_of_the_rules,
    rates_through_the_ledger,
    results_by_scipy,
    results_of_the_rules,
)
from scipy import stats

from neurorules.claims.ledger import NOT_REPRODUCED, NOT_TESTABLE, REPRODUCED, ledger
from neurorules.claims.multiplicity import corrected
from neurorules.claims.primary import PrimaryClaim
from neurorules.claims.printed import Printed, printed_numbers
from neurorules.claims.published import published_sd_of, read_published
from neurorules.figures import claims as claims_figure
from neurorules.statistics.comparison import compare_summaries

PUBLISHED = read_published()
CLAIMS = {claim["id"]: claim for claim in PUBLISHED["claims"]}
GAINS = ["gain-0", "gain-0.5", "base", "gain-1.5"]


def networks(values: dict[str, list[float]], **labels: Any) -> pd.DataFrame:
    """By learning rule, the distance of each seed's network; all learn to accuracy .95."""
    rows = []
    for rule, of_seeds in values.items():
        for seed, distance in enumerate(of_seeds):
            for update, accuracy in ((0, 0.0), (100, 0.95)):
                of = {"recording": "hatsopoulos2007", "recording_title": "Hatsopoulos 2007", "synthetic": 0}
                of |= {"task": "hatsopoulos2007", "setting": "base", "learning_rule": rule, "measure": "procrustes"}
                rows.append(
                    {**of, "seed": seed, "update": update, "accuracy": accuracy, "distance": distance, **labels}
                )
    return pd.DataFrame(rows)


def decided(claim: str, table: pd.DataFrame, primary: PrimaryClaim | None = None) -> dict[str, Any]:
    tables = {CLAIMS[claim]["figure"]: {CLAIMS[claim]["table"]: table}}
    (row,) = ledger([CLAIMS[claim]], tables, PUBLISHED, primary).to_dict("records")
    return {str(name): value for name, value in row.items()}


# A mean of .4 and an SD of .01 over four seeds: +-1 and +-2 have the sample SD sqrt(10 / 3).
FOUR = [0.4 + 0.01 * step / math.sqrt(10 / 3) for step in (-2, -1, 1, 2)]


def shifted(difference: float) -> list[float]:
    return [value + difference for value in FOUR][::-1]


# ---- power


def test_power_at_the_studys_own_seeds_and_sds() -> None:
    """At a margin of 1.4 SDs, four seeds per group: simulated with scipy's tests."""
    row = decided("fig1-eprop-comparable", networks({"bptt": FOUR, "eprop": shifted(0.003)}))
    assert row["sd_first"] == pytest.approx(0.01) and row["margin"] == MARGIN
    rng, studies = np.random.default_rng(2), 20_000
    for difference, power in ((0.0, row["power_no_difference"]), (MARGIN, row["power_at_margin"])):
        first = rng.normal(difference, 0.01, (studies, 4))
        second = rng.normal(0.0, 0.01, (studies, 4))
        above, below = (
            stats.ttest_ind(first + shift, second, axis=1, equal_var=False, alternative=side).pvalue
            for shift, side in ((MARGIN, "greater"), (-MARGIN, "less"))
        )
        share = np.mean(np.maximum(above, below) < 0.05)
        assert power == pytest.approx(share, abs=3.5 * math.sqrt(share / studies))
    # Normal theory: 2 (1.645 + 1.282)^2 / 1.4^2 is 8.7, and a t-test of so few needs a little more.
    assert 9 <= row["seeds_for_80"] <= 11
    assert row["seeds_for_80_low"] < row["seeds_for_80"] < row["seeds_for_80_high"]


def test_a_direction_is_held_against_the_published_effect() -> None:
    """Table 1, BPTT: gain 1 is .063 below gain 0."""
    table = pd.concat([networks({"bptt": FOUR}), networks({"bptt": shifted(0.02)}, setting="gain-0")])
    row = decided("table1-gain-1-below-gain-0", table)
    assert row["printed_difference"] == pytest.approx(0.398 - 0.461)
    assert row["power_published_effect"] > 0.999 and row["seeds_for_80"] == 2
    assert math.isnan(row["power_no_difference"]) and 0.015 < row["detectable_difference"] < 0.025


def test_without_a_published_effect_no_number_of_seeds_is_made_up() -> None:
    table = networks({"bptt": FOUR, "node_perturbation": shifted(0.02)})
    row = decided("fig9-node-perturbation-farther-than-bptt", table)
    assert row["verdict"] == REPRODUCED and row["detectable_difference"] > 0
    assert math.isnan(row["seeds_for_80"]) and math.isnan(row["power_published_effect"])


# ---- the published numbers' own verdict


def printed(claim: str, **unit: str) -> Printed:
    found = printed_numbers(CLAIMS[claim], {"setting": "base", **unit}, PUBLISHED)
    assert found is not None
    return found


def equivalence_p(first: dict[str, float], second: dict[str, float], margin: float) -> float:
    """The larger of two one-sided Welch tests by scipy, from printed means and SDs that divide by n, with 4 seeds."""
    sd = [group["sd"] * math.sqrt(4 / 3) for group in (first, second)]
    p = [
        stats.ttest_ind_from_stats(
            first["mean"] + shift, sd[0], 4, second["mean"], sd[1], 4, equal_var=False, alternative=side
        ).pvalue
        for shift, side in ((margin, "greater"), (-margin, "less"))
    ]
    return float(max(p))


@pytest.mark.parametrize("gain", GAINS)
def test_tables_own_numbers_by_scipy(gain: str) -> None:
    found = printed("table1-eprop-comparable-at-each-gain", recording="sussillo2015", setting=gain)
    table1 = PUBLISHED["table1"]
    assert found.first.n == 4 and found.margin == 0.0125
    assert found.evidence.p_claimed == pytest.approx(equivalence_p(table1["eprop"][gain], table1["bptt"][gain], 0.0125))


def test_no_printed_number_passes_with_its_own_sd_as_the_margin() -> None:
    """0 of 6: Table 1's four gains, Table 2's two measures; p .12 to .90."""
    p = []
    for claim, gains in (
        ("table1-eprop-comparable-at-each-gain", GAINS),
        ("table2-cca-comparable", ["base"]),
        ("table2-cka-comparable", ["base"]),
    ):
        for gain in gains:
            found = printed(claim, recording="sussillo2015", setting=gain)
            sd = published_sd_of(CLAIMS[claim], "sussillo2015", gain)
            margin = found.margin if math.isnan(sd) else sd
            p.append(compare_summaries(found.first, found.second, margin).p_equivalent)
    assert min(p) == pytest.approx(0.12, abs=0.005) and max(p) == pytest.approx(0.90, abs=0.005)


def test_sds_over_splits_give_no_verdict_over_seeds() -> None:
    found = printed("fig1-eprop-comparable", recording="hatsopoulos2007")
    assert found.evidence.result == "" and "splits" in found.evidence.why and math.isnan(found.power)
    assert found.difference == pytest.approx(0.442 - 0.395)
    row = decided("fig1-eprop-comparable", networks({"bptt": FOUR, "eprop": shifted(0.003)}))
    assert row["printed_verdict"] == "" and "splits" in row["printed_why"] and row["printed_where"].endswith("Figure 5")


def test_another_recordings_numbers_say_whose_they_are() -> None:
    found = printed("table1-eprop-comparable-at-each-gain", recording="mante2013-dt15")
    assert found.recording == "sussillo2015" and found.where == "paper, Table 1"
    assert printed_numbers(CLAIMS["table1-eprop-comparable-at-each-gain"], {"setting": "gain-2"}, PUBLISHED) is None


def test_every_path_to_printed_numbers_leads_somewhere() -> None:
    assert set(PUBLISHED["published_numbers"]) <= set(CLAIMS)
    for claim, entries in PUBLISHED["published_numbers"].items():
        for recording in (name for entry in entries for name in entry["recordings"]):
            for rule in ("bptt", "eprop"):
                assert printed(claim, recording=recording, learning_rule=rule).recording == recording


# ---- margins


def test_verdicts_at_the_published_sd_stand_beside() -> None:
    """A difference of .0155, 90% interval -+ 1.94 x .0021: within .020 and its double, beyond its half, around .014."""
    narrow = [0.4 + 0.3 * (value - 0.4) for value in FOUR]
    row = decided("fig1-eprop-comparable", networks({"bptt": narrow, "eprop": [x + 0.0155 for x in narrow]}))
    assert row["verdict"] == "undecided" and "not clearly by more than the margin" in row["why"]
    assert row["verdict_half_published_sd"] == row["verdict_half_margin"] == NOT_REPRODUCED
    assert (
        row["verdict_published_sd"] == row["verdict_double_published_sd"] == row["verdict_double_margin"] == REPRODUCED
    )
    assert row["margin_published_sd"] == 0.020


def test_a_difference_surely_beyond_the_margin() -> None:
    row = decided("fig1-eprop-comparable", networks({"bptt": FOUR, "eprop": shifted(0.05)}))
    assert row["ci90_low"] > row["margin"] and row["p_beyond"] < 0.05 and row["verdict"] == NOT_REPRODUCED


# ---- primary claim and Holm


def rows_with(p: list[float], verdicts: list[str], primary: int = -1, synthetic: tuple[int, ...] = ()) -> pd.DataFrame:
    n = len(p)
    against = [1 - value for value in p]
    return pd.DataFrame(
        {
            "p_claimed": p,
            "p_against": against,
            "verdict": verdicts,
            "primary": [int(i == primary) for i in range(n)],
            "synthetic": [int(i in synthetic) for i in range(n)],
        }
    )


def test_holm_leaves_out_the_primary_claim_and_what_no_p_value_decides() -> None:
    """.02 x 2 and .04 x 1 of the two others; the primary's .04 stands uncorrected; no p-value, no change."""
    p = [0.04, 0.02, 0.04, math.nan]
    rows = corrected(rows_with(p, [REPRODUCED] * 4, primary=0))
    assert rows["p_claimed_holm"].tolist() == pytest.approx([math.nan, 0.04, 0.04, math.nan], nan_ok=True)
    assert rows["holm_rows"].tolist() == [0, 2, 2, 0] and set(rows["verdict_holm"]) == {REPRODUCED}
    without = corrected(rows_with(p[1:], [REPRODUCED] * 3))
    assert without["verdict_holm"].tolist() == [REPRODUCED] * 3
    three = corrected(rows_with(p, [REPRODUCED] * 4))  # .02 x 3 is .06, and no later one is below it
    assert three["verdict_holm"].tolist() == ["undecided", "undecided", "undecided", REPRODUCED]


def test_holm_for_and_against_are_two_families() -> None:
    """Against: 1 - .99 = .01 x 2, below .05; the other, .6, is 1."""
    rows = corrected(rows_with([0.99, 0.4], [NOT_REPRODUCED, "undecided"]))
    assert rows["p_against_holm"].tolist() == pytest.approx([0.02, 0.6])
    assert rows["verdict_holm"].tolist() == [NOT_REPRODUCED, "undecided"]


def test_synthetic_recordings_are_corrected_among_themselves() -> None:
    rows = corrected(rows_with([0.04, 0.001, 0.04], [REPRODUCED, NOT_TESTABLE, NOT_TESTABLE], synthetic=(1, 2)))
    assert rows["holm_rows"].tolist() == [1, 2, 2]
    assert rows["verdict_holm"].tolist() == [REPRODUCED, NOT_TESTABLE, NOT_TESTABLE]


def test_one_row_is_primary() -> None:
    table = pd.concat(
        [
            networks({"bptt": FOUR, "eprop": shifted(0.003)}, recording=recording, setting=setting)
            for recording in ("hatsopoulos2007", "mante2013")
            for setting in ("base", "noiseless")
        ]
    )
    primary = PrimaryClaim.of({"primary": {"setting": "base"}}, ["mante2013", "hatsopoulos2007"])
    assert primary == PrimaryClaim("fig1-eprop-comparable", "mante2013", "base")
    rows = ledger([CLAIMS["fig1-eprop-comparable"]], {"fig1": {"distances": table}}, PUBLISHED, primary)
    assert rows.loc[rows["primary"] == 1, ["recording", "setting"]].to_numpy().tolist() == [["mante2013", "base"]]
    assert rows["holm_rows"].tolist().count(3) == 3


def text_of(tables: dict[str, dict[str, pd.DataFrame]], entry: dict[str, Any]) -> str:
    context = {"figure": entry, "study_recordings": ["hatsopoulos2007"], "published": PUBLISHED}
    text: str = claims_figure.make(tables, context)["md"]
    return text


def test_the_primary_claim_stands_first_with_its_seeds() -> None:
    table = networks({"bptt": FOUR, "eprop": shifted(0.003)})
    text = text_of({"fig1": {"distances": table}}, {})
    first = text[: text.index("## All claims")]
    assert "**E-prop networks are as close to the recording as BPTT networks at equal accuracy.**" in first
    assert "hatsopoulos2007, base" in first and "undecided (too uncertain)" in first
    assert "Seeds needed: 10 per group for 80% power at the SDs found here (there are 4)" in first
    # Other p-values: BPTT is a little closer; distance falls with accuracy, by either learning rule.
    assert "over 3 rows" in text and "primary: undecided" in text


def test_a_primary_claim_that_cannot_be_tested_says_why() -> None:
    entry = {"primary": {"claim": "fig7a-comparable-without-noise", "setting": "noiseless"}}
    first = text_of({}, entry).split("## All claims")[0]
    assert "hatsopoulos2007, noiseless: **not testable here (figure fig7 is not part of this study)**" in first
    assert "Seeds needed" not in first
    other = networks({"bptt": FOUR, "eprop": shifted(0.003)}, recording="mante2013")
    first = text_of({"fig1": {"distances": other}}, {}).split("## All claims")[0]
    assert "fig1-eprop-comparable: not testable here (it has no row for hatsopoulos2007, base)" in first


def test_claims_without_their_figure_are_counted_not_listed() -> None:
    table = networks({"bptt": FOUR, "eprop": shifted(0.003)})
    text = text_of({"fig1": {"distances": table}}, {}).split("## All claims")[1]
    paper, companion = text.split("### The companion")[0], text.split("### The companion")[1].split("### Ours")[0]
    listed = [line for line in text.splitlines() if line.startswith("| ")]
    missing = [claim for claim in PUBLISHED["claims"] if claim["figure"] != "fig1"]
    assert len(missing) > 40 and not [claim["id"] for claim in missing if any(claim["claim"] in row for row in listed)]
    of_fig7 = sum(claim["figure"] == "fig7" for claim in missing)
    assert f"`fig7` ({of_fig7})" in paper
    assert "| claim |" in paper and "| claim |" not in companion and "`companion_fig1` (" in companion
    assert f"; {len(missing)} of them need figures that this study does not show." in text


# ---- simulated tables of known truth


@pytest.mark.parametrize(("sd", "n"), [(0.008, 4), (0.008, 20), (0.012, 10)])
def test_a_difference_of_the_margin_is_rarely_called_reproduced(sd: float, n: int) -> None:
    """At most 5%: of 5000 studies, 99.9% of the time no more than 299."""
    share = rates_of_the_rules(MARGIN, sd, n, 5000, np.random.default_rng(3))["equivalent"][0]
    assert share <= stats.binom.ppf(0.999, 5000, 0.05) / 5000
    # Nor is it because the test decides nothing.
    assert rates_of_the_rules(0.0, sd, n, 5000, np.random.default_rng(5))["equivalent"][0] > 0.35


def test_those_rates_are_those_of_the_claim_tests() -> None:
    bptt, eprop = distances(MARGIN, 0.01, 4, 40, np.random.default_rng(6))
    by_scipy, by_rules = results_by_scipy(bptt, eprop), results_of_the_rules(bptt, eprop)
    for claim, results in by_scipy.items():
        assert results.tolist() == by_rules[claim].tolist() and len(set(results)) > 1


def test_rates_through_the_whole_ledger() -> None:
    """Twice the margin, 10 seeds, SD .008: never reproduced; at no difference nearly always (power .965)."""
    rng = np.random.default_rng(4)
    far = rates_through_the_ledger(2 * MARGIN, 0.008, 10, 5, rng)
    assert far["equivalent"][0] == 0.0 and far["lower"][0] == 1.0
    none = rates_through_the_ledger(0.0, 0.008, 10, 5, rng)
    assert none["equivalent"][0] >= 0.6 and none["lower"][0] <= 0.4
