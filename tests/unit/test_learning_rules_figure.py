"""The figure of learning rules: distances are read at equal accuracy."""

from __future__ import annotations

import pandas as pd
import pytest

from neurorules.figures import learning_rules

PLACE = {"recording": "m1", "recording_title": "M1", "synthetic": 0, "task": "reach", "setting": "base"}


def runs(learning_rule: str, seed: int, best: float, slope: float) -> list[dict]:
    """A network whose accuracy rises from 0 to `best`, and whose distance falls from 1 by `slope` x accuracy."""
    return [
        {**PLACE, "learning_rule": learning_rule, "seed": seed, "measure": "procrustes", "update": update}
        | {"accuracy": best * update / 10, "distance": 1.0 - slope * best * update / 10}
        for update in range(11)
    ]


def test_distances_are_read_where_all_networks_of_a_row_are_equally_accurate() -> None:
    """The worst network reaches about .5, so BPTT's distance is not the one at the end of its training, .8."""
    worst, better = runs("eprop", 0, 0.5, 0.4), runs("bptt", 0, 1.0, 0.2)
    gradients = pd.DataFrame([*worst, *better]).drop(columns=["distance", "measure"]).assign(alignment=1.0)
    # a task without a recording has no distance
    other = gradients.assign(recording="no recording", task="romo")
    found = learning_rules._with_distances(pd.concat([gradients, other]), pd.DataFrame([*worst, *better]))
    compared = found[found["task"] == "reach"]
    # A curve's best accuracy is an average over its last bin.
    (level,) = compared["matched_accuracy"].unique()
    assert level == pytest.approx(0.5, abs=0.05)
    expected = pytest.approx({"bptt": 1 - 0.2 * level, "eprop": 1 - 0.4 * level})
    assert compared.groupby("learning_rule")["distance"].mean().to_dict() == expected
    assert found[found["task"] == "romo"]["distance"].isna().all()
    assert len(found) == 2 * len(gradients)
