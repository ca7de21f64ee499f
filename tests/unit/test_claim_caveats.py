"""What limits a row of the ledger, the tests of claims that compare networks with networks, and the forest plot."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from neurorules.claims.caveats import caveats, confounded
from neurorules.claims.ledger import ledger
from neurorules.claims.published import read_published
from neurorules.claims.tests.base.claim_test import CLAIM_TESTS
from neurorules.claims.verdicts import NOT_REPRODUCED, NOT_TESTABLE, REPRODUCED
from neurorules.figures import claims_forest
from neurorules.statistics.jackknife import pair_pseudo_values

CLAIMS = {claim["id"]: claim for claim in read_published()["claims"]}
NAN = float("nan")


def decide(test: str, rows: pd.DataFrame, margin: float = NAN, **parameters: Any) -> Any:
    return CLAIM_TESTS.load(test).decide(rows, parameters, margin)


def curve(distance: Any, rule: str = "bptt", seed: int = 0, **labels: Any) -> pd.DataFrame:
    """One network over eleven checkpoints that rises to accuracy 0.9; distance as a function of accuracy."""
    accuracy = np.linspace(0.0, 0.9, 11)
    columns = {"update": 2 ** np.arange(11), "accuracy": accuracy, "distance": distance(accuracy)}
    named = {"recording": "hatsopoulos2007", "recording_title": "Hatsopoulos 2007", "synthetic": 0, "setting": "base"}
    named |= {"task": "hatsopoulos2007", "measure": "procrustes", "learning_rule": rule, "seed": seed}
    return pd.DataFrame({**named, **columns, **labels})


# ---- the jackknife of a mean over pairs


def test_pseudo_values_are_those_of_leaving_one_out() -> None:
    rng = np.random.default_rng(0)
    values = rng.random((6, 6))
    values = values + values.T

    def mean(of: np.ndarray) -> float:
        return float(np.mean([of[i, j] for i, j in itertools.combinations(range(len(of)), 2)]))

    expected = [6 * mean(values) - 5 * mean(np.delete(np.delete(values, i, axis=0), i, axis=1)) for i in range(6)]
    np.testing.assert_allclose(pair_pseudo_values(values), expected, rtol=0, atol=1e-12)
    assert pair_pseudo_values(values).mean() == pytest.approx(mean(values))


def test_too_few_replicates_for_a_jackknife() -> None:
    with pytest.raises(ValueError, match="2 replicates"):
        pair_pseudo_values(np.ones((2, 2)))


# ---- networks of two rules told apart


def clouds(n_seeds: int, shift: float, rng: np.random.Generator, units: int = 30) -> pd.DataFrame:
    """Networks as points; those of a seed begin at one point, those of e-prop are moved by `shift`, all by noise."""
    start = rng.standard_normal((n_seeds, units))
    points = {("bptt", s): start[s] + rng.standard_normal(units) for s in range(n_seeds)}
    points |= {("eprop", s): start[s] + rng.standard_normal(units) + shift for s in range(n_seeds)}
    rows = [
        {
            **{"learning_rule_a": a[0], "seed_a": a[1], "setting_a": "base", "accuracy_a": 0.8},
            **{"learning_rule_b": b[0], "seed_b": b[1], "setting_b": "base", "accuracy_b": 0.8},
            **{"stage": "trained", "distance": float(np.linalg.norm(points[a] - points[b]))},
        }
        for a, b in itertools.combinations(points, 2)
    ]
    return pd.DataFrame(rows)


APART = {"learning_rules": ["bptt", "eprop"], "setting": "base", "stage": "trained"}


def test_rules_that_differ_are_told_apart() -> None:
    evidence = decide("rules_told_apart", clouds(5, 2.0, np.random.default_rng(1)), **APART)
    assert evidence.result == "holds" and evidence.comparison.first.n == 5
    # Means over pairs, by hand: of one rule, and of two rules with different seeds.
    rows = clouds(5, 2.0, np.random.default_rng(1))
    same_rule = rows["learning_rule_a"] == rows["learning_rule_b"]
    across = ~same_rule & (rows["seed_a"] != rows["seed_b"])
    assert evidence.comparison.first.mean == pytest.approx(rows.loc[same_rule, "distance"].mean())
    assert evidence.comparison.second.mean == pytest.approx(rows.loc[across, "distance"].mean())


def test_one_rule_by_two_names_is_told_apart_in_less_than_a_twentieth_of_studies() -> None:
    """Networks of one seed lie close whatever their rule; this must not count for or against. Without a difference the
    jackknife overstates the spread (the statistic is degenerate there): the test errs on the side of caution."""
    rng = np.random.default_rng(2)
    results = [decide("rules_told_apart", clouds(5, 0.0, rng, 10), **APART).result for _ in range(100)]
    # Three standard errors of 100 studies at .05 are .065.
    assert np.mean([result == "holds" for result in results]) < 0.05 + 0.065


def test_two_seeds_tell_nothing_apart() -> None:
    evidence = decide("rules_told_apart", clouds(2, 2.0, np.random.default_rng(1)), **APART)
    assert evidence.result == "" and "2 seeds have networks of both bptt and eprop; 3 are needed" in evidence.why


# ---- distance falls with accuracy


def test_slope_of_distance_against_accuracy() -> None:
    slopes = [-0.2, -0.3, -0.25]
    rows = pd.concat([curve(lambda a, s=s: 0.6 + s * a, seed=i) for i, s in enumerate(slopes)])
    evidence = decide("falls_with_accuracy", rows)
    assert evidence.result == "holds" and evidence.comparison.first.mean == pytest.approx(-0.25)
    assert evidence.p_claimed == pytest.approx(stats.ttest_1samp(slopes, 0, alternative="less").pvalue)
    # Checkpoints with constant accuracy have no weight: distances are read at even steps of accuracy.
    dense = pd.concat([rows, *(rows[rows["update"] == 10].assign(update=11 + k) for k in range(50))])
    assert decide("falls_with_accuracy", dense).comparison.first.mean == pytest.approx(-0.25)


def test_the_slope_begins_at_guessing() -> None:
    """Distance falls until a network knows when to answer, at .5, and rises from there."""
    rows = pd.concat([curve(lambda a, i=i: np.abs(a - 0.5) + 0.01 * i * a, seed=i) for i in range(3)])
    assert decide("falls_with_accuracy", rows.assign(guessing_accuracy=0.5)).result == "fails"


def test_networks_that_have_not_learnt_have_no_slope() -> None:
    rows = pd.concat([curve(lambda a: 0.6 - 0.1 * a, seed=i).assign(accuracy=0.01) for i in range(3)])
    assert "without 3 of 3 networks" in decide("falls_with_accuracy", rows).why


# ---- every combination


def grid(distances: dict[tuple[int, int], float]) -> pd.DataFrame:
    """E-prop's networks are farther than BPTT's by a given difference at each combination of delays and rank."""
    shifts = (-0.002, 0.0, 0.003, 0.001)
    return pd.concat(
        curve(
            lambda a, d=(0.5 + difference * (rule == "eprop") + shifts[(s + (rule == "eprop")) % 4]): d - 0 * a, rule, s
        ).assign(n_delays=delays, rank=rank)
        for (delays, rank), difference in distances.items()
        for rule in ("bptt", "eprop")
        for s in range(4)
    )


def test_comparable_at_every_combination() -> None:
    parameters = {
        "over": ["n_delays", "rank"],
        "first": {"learning_rule": "eprop"},
        "second": {"learning_rule": "bptt"},
    }
    same = {(delays, rank): 0.001 for delays in (5, 10) for rank in (10, 20)}
    evidence = decide("equivalent_at_every", grid(same), 0.02, **parameters)
    assert evidence.result == "holds" and evidence.why.endswith("holds at 4 of 4 combinations")
    one_apart = decide("equivalent_at_every", grid({**same, (10, 20): 0.08}), 0.02, **parameters)
    assert one_apart.result == "fails" and one_apart.why.startswith("worst at n_delays 10, rank 20")
    assert one_apart.comparison.difference == pytest.approx(0.08)


# ---- in pairs


def test_before_and_after_are_paired() -> None:
    before, after = [0.9, 0.5, 0.7], [0.8, 0.3, 0.65]
    rows = pd.DataFrame({"seed": [0, 1, 2] * 2, "stage": ["untrained"] * 3 + ["trained"] * 3, "value": before + after})
    evidence = decide("lower_in_pairs", rows, value="value", first={"stage": "trained"}, second={"stage": "untrained"})
    assert evidence.comparison.p_lower == pytest.approx(stats.ttest_rel(after, before, alternative="less").pvalue)


# ---- caveats


def exponents(values: dict[tuple[str, float, str], list[float]]) -> pd.DataFrame:
    rows = [
        {
            **{"recording": "no recording", "recording_title": "romo", "synthetic": 0, "task": "romo", "flossed": 0},
            **{"learning_rule": "eprop", "setting": setting, "gain": gain, "stage": stage, "seed": seed, "index": 1},
            "exponent": value,
        }
        for (setting, gain, stage), of_seeds in values.items()
        for seed, value in enumerate(of_seeds)
    ]
    return pd.DataFrame(rows)


def test_exponents_without_recurrent_weights_are_arithmetic() -> None:
    """With W_h = 0 the Jacobian is (1 - 1/2) I for every network: 2 ln(1/2) per time constant of two steps."""
    leak = 2 * np.log(0.5)
    table = exponents(
        {
            ("gain-0", 0.0, "untrained"): [leak] * 3,
            ("gain-0", 0.0, "trained"): [-0.1, -0.2, 0.1],
            ("gain-0.2", 0.2, "untrained"): [-1.0, -1.1, -0.9],
            ("gain-0.2", 0.2, "trained"): [-0.1, -0.2, 0.1],
        }
    )
    rows = ledger([CLAIMS["companion-fig3-training-brings-exponent-to-0"]], {"companion_fig3": {"lyapunov": table}})
    rows = rows.set_index("setting")
    assert rows.loc["gain-0.2", "verdict"] == REPRODUCED
    assert rows.loc["gain-0", "verdict"] == NOT_TESTABLE and rows.loc["gain-0", "result"] == "holds"
    assert rows.loc["gain-0", "why"].startswith("arithmetic, not evidence")
    assert np.isnan(rows.loc["gain-0", "p_claimed"])  # and is not among the corrected p-values


def test_a_theorem_can_be_refuted() -> None:
    limits = caveats(CLAIMS["proposition-converges"], {}, pd.DataFrame({"flow": ["eprop_constant"]}))
    assert limits.no_evidence("holds") and not limits.no_evidence("fails") and not limits.no_evidence("")


def test_learning_rates_of_their_own_are_named() -> None:
    table = pd.concat(
        [curve(lambda a, s=s: 0.5 - 0.1 * a + 0.01 * s, rule, s) for rule in ("bptt", "eprop") for s in (0, 1)]
    )
    own = table.assign(learning_rate=np.where(table["learning_rule"] == "eprop", 3e-4, 1e-3))
    claim = CLAIMS["fig1-eprop-comparable"]
    assert confounded(own, claim) == (
        "confounded: in setting base, learning rules have different learning rates (BPTT 0.001, e-prop 0.0003)"
    )
    assert confounded(table.assign(learning_rate=1e-3), claim) == ""
    # One learning rule at two rates is not a comparison of learning rules, and a third one is not part of it.
    assert confounded(own[own["learning_rule"] == "eprop"], CLAIMS["fig3a-learning-rate-3e-4"]) == ""
    third = own.assign(learning_rule=own["learning_rule"].replace("eprop", "truncated_bptt"))
    assert confounded(third, claim) == ""
    row = ledger([claim], {"fig1": {"distances": own}}).iloc[0]
    assert "confounded" in row["note"]


def test_what_the_paper_says_in_words_alone_is_marked() -> None:
    claim = CLAIMS["text-units-doubled"]
    assert caveats(claim, {"recording": "mante2013-dt15"}).inferred
    assert not caveats(claim, {"recording": "hatsopoulos2007"}).inferred
    assert caveats(CLAIMS["companion-text-batch-doubled"], {"recording": "no recording", "task": "romo"}).inferred


def test_the_paper_contradicts_eprop_at_the_floor() -> None:
    numbers = read_published()["table3"]["hatsopoulos2007"]
    above = numbers["eprop"]["mean"] - numbers["floor"]["mean"]
    share = above / (numbers["untrained"]["mean"] - numbers["floor"]["mean"])
    note = CLAIMS["table3-eprop-reaches-floor"]["note"]
    assert f"{above:.3f}".removeprefix("0") in note and f"{share:.0%}" in note


# ---- forest


def context() -> dict[str, Any]:
    return {"published": read_published(), "models": [], "left_out": [], "figure": {}}


@pytest.mark.parametrize("synthetic", [0, 1])
def test_forest_draws_what_was_tested_and_counts_the_rest(synthetic: int) -> None:
    table = pd.concat(
        [
            curve(lambda a, d=d: d - 0.1 * a, rule, s)
            for rule in ("bptt", "eprop")
            for s, d in enumerate((0.5, 0.51, 0.49))
        ]
    )
    table = table.assign(synthetic=synthetic, distance=table["distance"] + 0.2 * (table["learning_rule"] == "eprop"))
    products = claims_forest.make({"fig1": {"distances": table}}, context())
    drawn = products["csv"][products["csv"]["axis"] != ""]
    assert set(drawn["id"]) == {
        *("fig1-eprop-comparable", "fig1-bptt-slightly-closer", "text-similarity-rises-with-performance")
    }
    assert set(drawn["axis"]) == {"distance (0 to 1)", "distance, per unit of accuracy"}
    first = drawn.set_index("id").loc["fig1-eprop-comparable"]
    assert first["verdict"] == (NOT_TESTABLE if synthetic else NOT_REPRODUCED)
    # Table 3: .442 - .395.
    assert first["published_difference"] == pytest.approx(0.047)
    figure = products["figure"]
    words = figure.get_supxlabel().replace("\n", " ")
    rest = products["csv"][products["csv"]["axis"] == ""]
    assert f"Not drawn: {len(rest)} rows of {rest['id'].nunique()} claims" in words
    faces = {line.get_markerfacecolor() for panel in figure.axes for line in panel.lines if line.get_marker() == "X"}
    assert faces == ({"white"} if synthetic else {"#d55e00"})


def test_a_forest_without_anything_tested_says_so() -> None:
    products = claims_forest.make({}, context())
    assert (products["csv"]["axis"] == "").all()
    (panel,) = products["figure"].axes
    assert "No claim is testable" in panel.texts[0].get_text().replace("\n", " ")


def test_every_claim_has_a_unit_of_its_difference() -> None:
    axes = {name: claims_forest.axis_of(claim) for name, claim in CLAIMS.items()}
    assert axes["fig1-eprop-comparable"] == "distance (0 to 1)" and axes["fig8b-dsa-comparable"] == "DSA distance"
    assert axes["companion-fig1-loss-falls-with-gain"] == "mean task loss, per unit of gain"
    assert axes["text-eprop-needs-more-updates"] == "updates"
