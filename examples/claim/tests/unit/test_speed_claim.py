"""The claim about speeds, on tables with a known ground truth."""

from __future__ import annotations

import itertools
from pathlib import Path

import pandas as pd
import pytest
import yaml

from neurorules.claims.ledger import ledger

PUBLISHED = yaml.safe_load((Path(__file__).parents[2] / "resources" / "published.yaml").read_text())
(CLAIM,) = [claim for claim in PUBLISHED["claims"] if claim["id"] == "speed-eprop-comparable"]
MARGIN = CLAIM["margin"]["default"]


def networks(farther: float, spread: float, synthetic: int = 0) -> pd.DataFrame:
    """Four seeds per learning rule, which reach accuracy 0.9. E-prop's distances are larger, by Procrustes by far."""
    labels = {"recording": "lab2025", "recording_title": "Lab 2025", "synthetic": synthetic, "task": "evidence"}
    rows = []
    for rule, measure, seed in itertools.product(("bptt", "eprop"), ("procrustes", "speed"), range(4)):
        more = {"bptt": 0.0, "eprop": farther if measure == "speed" else 0.3}[rule]
        for update, accuracy in ((0, 0.0), (100, 0.9)):
            of_network = {**labels, "learning_rule": rule, "setting": "base", "seed": seed, "measure": measure}
            rows.append({**of_network, "update": update, "accuracy": accuracy, "distance": 0.4 + spread * seed + more})
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("farther", "spread", "verdict"),
    [(1e-4, 0.001, "reproduced"), (3 * MARGIN, 0.001, "not reproduced"), (1e-4, 0.1, "undecided")],
)
def test_it_is_decided_by_its_margin(farther: float, spread: float, verdict: str) -> None:
    (row,) = ledger([CLAIM], {CLAIM["figure"]: {CLAIM["table"]: networks(farther, spread)}}).to_dict("records")
    assert (row["verdict"], row["measure"], row["n_first"], row["margin"]) == (verdict, "speed", 4, MARGIN)
    assert row["difference"] == pytest.approx(farther)  # e-prop - BPTT, by the claim's measure


def test_synthetic_recordings_decide_nothing() -> None:
    (row,) = ledger([CLAIM], {CLAIM["figure"]: {CLAIM["table"]: networks(1e-4, 0.001, synthetic=1)}}).to_dict("records")
    assert (row["result"], row["verdict"]) == ("holds", "not testable here")
