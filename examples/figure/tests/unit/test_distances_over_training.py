"""The figure of distances over training, drawn from a table with known values."""

from __future__ import annotations

from typing import Any

import pandas as pd

from neurorules.figures.distances_over_training import make

DISTANCES = {"procrustes": {0: [0.5, 0.25], 1: [0.75, 0.5]}, "speed": {0: [1.0, 0.5], 1: [1.0, 0.75]}}  # seeds 0, 1
CONTEXT: dict[str, Any] = {
    "models": [{"task": "hatsopoulos2007", "learning_rule": "eprop", "setting": "base"}],
    "left_out": [],
}


def table() -> pd.DataFrame:
    labels = {
        "recording": "hatsopoulos2007",
        "recording_title": "Hatsopoulos 2007",
        "synthetic": 1,
        "task": "hatsopoulos2007",
        "learning_rule": "eprop",
        "setting": "base",
    }
    return pd.DataFrame(
        [
            {**labels, "seed": seed, "update": update, "measure": measure, "distance": distance}
            for measure, of_seeds in DISTANCES.items()
            for seed, distances in of_seeds.items()
            for update, distance in zip((0, 100), distances, strict=True)
        ]
    )


def test_each_measure_has_a_panel_with_its_seeds_and_their_mean() -> None:
    products = make({"distances": table()}, CONTEXT)
    panels = products["figure"].axes
    assert [panel.get_ylabel().split()[0] for panel in panels] == ["Procrustes", "Speed"]
    drawn = [[list(line.get_ydata()) for line in panel.lines] for panel in panels]
    assert drawn == [[[0.5, 0.25], [0.75, 0.5], [0.625, 0.375]], [[1.0, 0.5], [1.0, 0.75], [1.0, 0.625]]]
    assert all(list(line.get_xdata()) == [0, 100] for panel in panels for line in panel.lines)
    pd.testing.assert_frame_equal(products["csv"], table())


def test_it_says_how_many_seeds_and_that_data_are_synthetic() -> None:
    figure = make({"distances": table()}, CONTEXT)["figure"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["e-prop (n = 2)"]
    assert "SYNTHETIC" in figure.get_supxlabel()
