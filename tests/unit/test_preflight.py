"""A user's rates that scoring jobs would refuse are refused before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from helpers.studies import refused, study

from neurorules.errors import InputError
from neurorules.study.preflight import check_own_rates

MODELS = {"tasks": ["gng"], "learning_rules": ["bptt"], "settings": ["base"], "extra_models": []}
TASK = {
    "env": "PerceptualDecisionMaking-v0",
    "dt_ms": 100,
    "steps": 20,
    "test_trials": 1,
    "timing": {"fixation": 100, "stimulus": 1800, "decision": 100},
}


def rates(folder: Path, conditions: int = 1, bins: int = 20) -> str:
    """A file of rates in bins of 100 ms."""
    values = np.random.default_rng(0).gamma(2.0, 5.0, (conditions, bins, 8))
    xr.Dataset(
        {"rates": (("condition", "time", "neuron"), values, {"units": "spikes/s"})},
        coords={"time": ("time", np.arange(bins) * 100.0, {"units": "ms"})},
        attrs={"title": "Our lab", "source": "ours", "bin_width_ms": 100.0, "aligned_to": "stimulus"},
    ).to_netcdf(folder / "rates.nc")
    return str(folder)


def planned(path: str, figure: str, entry: dict[str, Any], **comparison: Any) -> None:
    check_own_rates(
        study(
            {
                "use_recordings": ["our-lab"],
                "use_figures": [figure],
                "seeds": [0],
                "recordings": {"our-lab": {"reader": "own_rates", "source": "netcdf", "path": path}},
                "tasks": {
                    "gng": {"module": "neurogym", "task": TASK, "comparison": {"recording": "our-lab", **comparison}}
                },
                "figures": {figure: entry},
            }
        )
    )


def test_one_condition_and_a_cross_validated_measure(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs at least two conditions; there is 1") as caught:
        planned(rates(tmp_path), "fig1", MODELS, measures=["procrustes", "cross_validated"])
    assert caught.value.key is not None and caught.value.key.endswith("comparison.measures")
    with pytest.raises(InputError, match="needs at least two conditions; there is 1") as caught:
        planned(rates(tmp_path), "fig1", MODELS, measures=["procrustes"])  # of networks, but not of the average
    assert caught.value.key == "defaults.comparison.measures"
    planned(rates(tmp_path), "fig5", {**MODELS, "learning_rules": ["bptt", "eprop"]})


def test_more_delays_than_bins(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="30 delays are too many for 1 conditions with 20 times"):
        planned(rates(tmp_path), "fig8", MODELS, dsa_n_delays=[30], measures=["procrustes"])


def test_a_table_of_single_trials_that_the_file_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="our-lab has no single trials"):
        planned(rates(tmp_path), "table4", {"recordings": ["our-lab"]})


def test_what_the_config_alone_says() -> None:
    entry = {"reader": "hatsopoulos2007", "source": "processed", "synthetic": True}
    over = {"use_recordings": ["hatsopoulos2007"], "recordings": {"hatsopoulos2007": entry}}
    error = refused({**over, "use_figures": ["table4"], "figures": {"table4": {"recordings": ["hatsopoulos2007"]}}})
    assert error.key == "recordings.hatsopoulos2007.options.keep_trials"
    own = {"our-lab": {"reader": "own_rates", "source": "netcdf", "path": "/data"}}
    error = refused(
        {
            "use_recordings": ["our-lab"],
            "use_figures": ["alignment"],
            "recordings": own,
            "tasks": {"gng": {"module": "neurogym", "task": TASK, "comparison": {"recording": "our-lab"}}},
            "figures": {"alignment": MODELS},
        }
    )
    assert error.key == "tasks.gng.comparison.onset_step"
