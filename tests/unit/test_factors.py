"""The analysis of variance of distances: responses of networks, the figure, and what the ledger tests."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from neurorules.claims.derivations import variance_shares as derivation
from neurorules.claims.ledger import ledger
from neurorules.claims.published import read_published
from neurorules.errors import InputError
from neurorules.figures import factors as figure
from neurorules.tables.base.responses import responses

ARCHITECTURES = (("leaky", "relu"), ("leaky", "tanh"), ("gru", "tanh"))
FACTORS = ["architecture", "activation", "gain", "learning_rule", "units"]
SYNTHETIC = {"recording": "reach", "recording_title": "Reaches", "synthetic": 0, "task": "reach"}


def network(best: float, distance: float, **of: Any) -> list[dict[str, Any]]:
    """A run from accuracy 0 to `best`. Its distance falls linearly with it, to `distance` at 1 and 0.1 more at 0."""
    setting = "-".join(str(of[name]) for name in FACTORS if name != "learning_rule")
    return [
        {
            **SYNTHETIC,
            **of,
            "setting": setting,
            "update": update,
            "accuracy": a,
            "measure": "procrustes",
            "distance": distance + 0.1 * (1.0 - a),
        }
        for update, a in zip((0, 10, 100, 1000), np.linspace(0.0, best, 4), strict=True)
    ]


def study(
    best: Any = lambda **_: 0.95, distance: Any = lambda **_: 0.5, seeds: int = 4, noise: float = 0.01
) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = []
    for (architecture, activation), gain, rule, seed in itertools.product(
        ARCHITECTURES, (0.5, 1.5), ("bptt", "eprop"), range(seeds)
    ):
        of = {"architecture": architecture, "activation": activation, "gain": gain, "learning_rule": rule, "units": 64}
        rows += network(best(seed=seed, **of), distance(**of) + noise * rng.normal(), seed=seed, **of)
    return pd.DataFrame(rows)


def context(**figure_options: Any) -> dict[str, Any]:
    return {"figure": {"factors": FACTORS, **figure_options}, "models": [{"setting": "base"}], "left_out": []}


def test_networks_are_read_at_the_highest_accuracy_that_all_reach() -> None:
    found = responses(study(best=lambda seed, **_: 0.9 + 0.02 * seed, noise=0.0), FACTORS)
    matched = found[found["response"] == "matched"]
    assert len(matched) == 3 * 2 * 2 * 4
    np.testing.assert_allclose(matched["level_accuracy"], 0.9)
    np.testing.assert_allclose(matched["value"], 0.5 + 0.1 * (1 - 0.9))
    trained = found[found["response"] == "trained"].set_index("seed")["value"]
    np.testing.assert_allclose(trained[3], 0.5 + 0.1 * (1 - 0.96))
    accuracy = found[found["response"] == "accuracy"].set_index("seed")["value"]
    np.testing.assert_allclose(accuracy[2], 0.94)


def test_networks_that_do_not_learn_are_left_out_with_their_cell() -> None:
    """Three of four GRUs with e-prop and gain 0.5 fail: the level is then .9, and the fourth does not count either."""

    def best(seed: int, architecture: str, gain: float, learning_rule: str, **_: Any) -> float:
        return 0.05 if (architecture, gain, learning_rule) == ("gru", 0.5, "eprop") and seed else 0.95

    table = study(best)
    found = responses(table, FACTORS)
    matched = found[found["response"] == "matched"]
    np.testing.assert_allclose(matched["level_accuracy"], 0.9)
    lost = matched[matched["value"].isna()]
    assert set(zip(lost["architecture"], lost["gain"], lost["learning_rule"], strict=True)) == {("gru", 0.5, "eprop")}
    assert len(lost) == 4 and found.loc[found["response"] == "accuracy", "value"].notna().all()
    products = figure.make({"distances": table}, context())
    rows = products["csv"][products["csv"]["response"] == "matched"]
    assert set(rows["networks"]) == {44} and set(rows["networks_left_out"]) == {4}
    words = products["figure"].get_supxlabel().replace("\n", " ")
    assert "gru, tanh, gain 0.5, e-prop, units 64 (0 of 4)" in words
    assert "Not estimable in this design: architecture × activation" in words
    assert "The same in all networks: units" in words
    assert "gru, tanh, gain 0.5" in products["md"]


def test_shares_of_the_figure() -> None:
    """Gain moves distances by +-0.05, nothing else does, and noise has SD 0.01: the share is 25 / 26."""
    table = study(distance=lambda gain, **_: 0.5 + 0.1 * (gain - 1.0), seeds=30)
    csv = figure.make({"distances": table}, context())["csv"]
    of_term = csv[csv["response"] == "matched"].set_index("term")
    assert abs(of_term.loc["gain", "share"] - 25 / 26) < 0.01
    assert of_term.loc["gain", "interval_low"] < 25 / 26 < of_term.loc["gain", "interval_high"]
    others = of_term.drop(index=["gain", "rest", "initial network"])
    assert (others["share"].abs() < 0.01).all() and (others["p"].dropna() > 0.001).all()
    assert of_term.loc["architecture", "freedom"] == 1 and "architecture x activation" not in of_term.index


def test_models_that_the_factors_do_not_tell_apart_are_refused() -> None:
    table = study()
    twice = pd.concat([table, table[table["gain"] == 0.5].assign(setting="the same again")])
    with pytest.raises(InputError, match="same levels") as caught:
        responses(twice, FACTORS)
    assert "the same again" in caught.value.remedy
    with pytest.raises(InputError, match="Missing key"):
        figure.make({"distances": table}, {**context(), "figure": {}})


def claim(name: str) -> dict[str, Any]:
    return next(of for of in read_published()["claims"] if of["id"] == name)


def test_claims_are_decided_over_seeds() -> None:
    """The paired t-test of pseudo-values; with two seeds there are none."""
    gain = claim("ours-gain-matters-more-than-the-learning-rule")
    little = claim("ours-learning-rule-explains-little")
    table = study(distance=lambda gain, **_: 0.5 + 0.1 * (gain - 1.0), seeds=5)
    rows = ledger([gain, little], {"factors": {"distances": table}})
    assert list(rows["verdict"]) == ["reproduced", "reproduced"]
    derived = derivation.derive({"distances": table}, gain["derivation"])
    pseudo = {term: of.sort_values("seed")["share"].to_numpy() for term, of in derived.groupby("term")}
    expected = stats.ttest_rel(pseudo["learning_rule"], pseudo["gain"], alternative="less").pvalue
    assert rows["p_claimed"].iloc[0] == pytest.approx(expected)
    assert rows["n_first"].iloc[0] == 5
    reversed_effect = study(distance=lambda learning_rule, **_: 0.5 + 0.1 * (learning_rule == "eprop"), seeds=5)
    rows = ledger([gain, little], {"factors": {"distances": reversed_effect}})
    assert list(rows["verdict"]) == ["not reproduced", "not reproduced"]
    few = ledger([gain], {"factors": {"distances": study(seeds=2)}})
    assert list(few["verdict"]) == ["not testable here"]
