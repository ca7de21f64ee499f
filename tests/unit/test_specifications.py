"""Claims decided for every analysis choice: the rows, the verdicts, and the meaning of robust."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest

from neurorules.claims.published import read_published
from neurorules.claims.specifications import LEVELS, has_specifications, margins_of, robustness, specifications
from neurorules.figures import multiverse

CLAIMS = read_published()["claims"]
COMPARABLE = next(claim for claim in CLAIMS if claim["id"] == "fig1-eprop-comparable")
UNIT = {"recording": "hatsopoulos2007", "task": "hatsopoulos2007", "setting": "base"}
SEEDS = range(8)


def network(seed: int, distance: float) -> list[tuple[float, float]]:
    """Accuracy and distance of a network that learns all of the task; seeds differ by 0.001 at most."""
    return [(a, distance + 0.001 * np.sin(seed) + 0.1 * (1 - a)) for a in (0.0, 0.3, 0.5, 0.7, 0.85, 0.95, 0.99)]


def table(difference: Any) -> pd.DataFrame:
    """Distances of BPTT and e-prop, which is farther by `difference(onset_step, measure, population)`."""
    rows = []
    for onset, measure, population in itertools.product((153, 185), ("procrustes", "cca"), ("all", "halves")):
        for learning_rule, seed in itertools.product(("bptt", "eprop"), SEEDS):
            more = difference(onset, measure, population) if learning_rule == "eprop" else 0.0
            for number, (accuracy, distance) in enumerate(network(seed + 100 * (learning_rule == "eprop"), 0.4 + more)):
                rows.append(
                    {
                        **UNIT,
                        "recording_title": "Reaches",
                        "synthetic": 0,
                        "learning_rule": learning_rule,
                        "seed": seed,
                        "update": 10**number,
                        "accuracy": accuracy,
                        "guessing_accuracy": 0.1,
                        "onset_step": onset,
                        "is_used": int(onset == 185),
                        "measure": measure,
                        "population": population,
                        "distance": distance,
                    }
                )
    return pd.DataFrame(rows)


def counted(robust: str, tested: int, agreeing: int) -> dict[str, Any]:
    return {"robust": robust, "specifications": tested, "specifications_agreeing": agreeing}


MARGINS = {"procrustes": 0.014, "cca": 0.009}


def test_a_row_for_every_combination_of_choices() -> None:
    found = specifications(COMPARABLE, UNIT, table(lambda *_: 0.0), MARGINS)
    assert len(found) == 2 * 2 * 2 * len(LEVELS)
    assert not found.duplicated(["onset_step", "measure", "population", "level"]).any()
    assert set(found["result"]) == {"holds"}
    (used,) = found[found["is_used"] == 1].to_dict("records")
    assert (used["onset_step"], used["measure"], used["population"]) == (185, "procrustes", "all")
    assert used["level"] == "as in the ledger"


def test_the_difference_is_that_of_the_networks() -> None:
    """Seeds add no more than .001 to a difference of .05; both groups' distances fall by .1 with accuracy."""
    found = specifications(COMPARABLE, UNIT, table(lambda *_: 0.05), MARGINS)
    np.testing.assert_allclose(found["difference"], 0.05, atol=0.002)
    assert set(found["result"]) == {"fails"}
    assert (found["ci95_low"] < found["ci90_low"]).all() and (found["ci90_high"] < found["ci95_high"]).all()


def test_robust_is_what_every_specification_says() -> None:
    alike = specifications(COMPARABLE, UNIT, table(lambda *_: 0.0), MARGINS)
    assert robustness(alike, "holds") == counted("robust", 32, 32)
    at_153 = specifications(COMPARABLE, UNIT, table(lambda onset, *_: 0.05 * (onset == 153)), MARGINS)
    assert robustness(at_153, "holds") == counted("not robust", 32, 16)
    by_cca = specifications(COMPARABLE, UNIT, table(lambda _, measure, __: 0.05 * (measure == "cca")), MARGINS)
    assert robustness(by_cca, "holds")["specifications_agreeing"] == 16
    assert robustness(by_cca, "fails")["specifications_agreeing"] == 16


def test_beyond_the_margin_on_the_other_side_is_no_agreement() -> None:
    """E-prop is farther by Procrustes and closer by CCA: half of the specifications."""
    two_sided = table(lambda _, measure, __: -0.05 if measure == "cca" else 0.05)
    found = specifications(COMPARABLE, UNIT, two_sided, MARGINS)
    assert set(found["result"]) == {"fails"}
    assert robustness(found, "fails") == counted("not robust", 32, 16)


def test_a_verdict_without_specifications_is_neither_robust_nor_not() -> None:
    unit = {**UNIT, "setting": "sparse"}
    found = specifications(COMPARABLE, unit, table(lambda *_: 0.0), MARGINS)
    assert found.empty
    assert robustness(found, "holds") == counted("", 0, 0)


def test_a_level_that_no_network_reached_is_not_counted() -> None:
    below = table(lambda *_: 0.0)
    below = below[below["accuracy"] < 0.86]
    found = specifications(COMPARABLE, UNIT, below, MARGINS)
    assert set(found.loc[found["level"] == "0.9", "result"]) == {""}
    assert all("0.9" in why for why in found.loc[found["level"] == "0.9", "why"])
    assert robustness(found, "holds") == counted("robust", 24, 24)


def test_a_claim_about_one_measure_is_decided_by_it_alone() -> None:
    by_cca = next(claim for claim in CLAIMS if claim["id"] == "table2-cca-comparable")
    found = specifications(by_cca, UNIT, table(lambda *_: 0.0), MARGINS)
    assert set(found["measure"]) == {"cca"} and len(found) == 16


def test_margins_are_those_of_the_measure() -> None:
    margins = margins_of(CLAIMS, COMPARABLE, "hatsopoulos2007")
    of_measure = {m: c for c in CLAIMS for m in ("cca", "cka") if c["id"] == f"table2-{m}-comparable"}
    assert margins["procrustes"] == COMPARABLE["margin"]["hatsopoulos2007"]
    assert {m: margins[m] for m in of_measure} == {m: c["margin"]["default"] for m, c in of_measure.items()}


def test_claims_about_anything_else_have_no_specifications() -> None:
    assert has_specifications(COMPARABLE)
    assert not any(has_specifications(claim) for claim in CLAIMS if claim.get("table") != "distances")


@pytest.mark.parametrize("difference, rows", [(0.0, 32), (0.05, 32)])
def test_the_figure_has_the_specifications(difference: float, rows: int) -> None:
    context = {"published": {"claims": CLAIMS}, "models": [{"setting": "base"}], "left_out": []}
    products = multiverse.make({"specifications": table(lambda *_: difference)}, context)
    csv = products["csv"]
    assert len(csv) == rows and set(csv["learning_rule"]) == {"eprop"}
    np.testing.assert_allclose(csv["difference_in_margins"], csv["difference"] / csv["margin"])
    above, below = products["figure"].axes
    assert above.get_title().startswith("Reaches\n")
    assert above.get_xlim() == below.get_xlim() == (-1, rows)
    assert set(csv["margin_source"]) == {"ledger"}


def test_the_figure_draws_measures_without_a_published_margin() -> None:
    """In units of the SD of BPTT's networks at the end, over the onset that is used; the ledger leaves them out."""
    both = table(lambda *_: 0.0)
    both["measure"] = both["measure"].replace({"cca": "rsa"})
    context = {"published": {"claims": CLAIMS}, "models": [{"setting": "base"}], "left_out": []}
    products = multiverse.make({"specifications": both}, context)
    own = products["csv"][products["csv"]["measure"] == "rsa"]
    assert len(own) == 16 and set(own["margin_source"]) == {"SD of BPTT"}
    np.testing.assert_allclose(own["margin"], np.std(0.001 * np.sin(SEEDS), ddof=1))
    assert "RSA: the ledger has no margin" in products["figure"].get_supxlabel().replace("\n", " ")
    of_ledger = specifications(COMPARABLE, UNIT, both, margins_of(CLAIMS, COMPARABLE, "hatsopoulos2007"))
    assert set(of_ledger["measure"]) == {"procrustes"}
