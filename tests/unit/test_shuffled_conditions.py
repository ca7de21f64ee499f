"""The order of conditions in a raw file does not change a byte of any table. Figures are drawn from tables only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import yaml

from neurorules.recordings.convert import convert
from neurorules.study.load import Study
from neurorules.study.model import Model
from neurorules.study.yaml_source import BASE_CONFIG, merge
from neurorules.tables.base.score import score_group, score_model, score_recording
from neurorules.training.train_models import ModelRuns, train_models

ENTRY = {"name": "our-lab", "reader": "own_rates", "source": "netcdf", "synthetic": False, "options": {}}
LABELS = {"choice": {"label": "side", "values": {"left": 1, "right": 2}}}
CONFIG: dict[str, Any] = {
    "use_recordings": ["our-lab"],
    "use_figures": ["fig1"],
    "recordings": {"our-lab": {"reader": "own_rates", "source": "netcdf", "path": "/data"}},
    "tasks": {
        "2af": {
            "network": {"units": 6},
            "training": {"updates": 3, "n_checkpoints": 2, "batch_size": 4, "learning_rate": 1e-2},
            "comparison": {
                "recording": "our-lab",
                "labels": LABELS,
                "measures": ["procrustes", "cross_validated"],
                "snapshot_accuracies": [0.5],
                "snapshot_trials": 4,
                "neuron_resamples": 3,
                "noise_floor_repeats": 3,
            },
        }
    },
    "figures": {"fig1": {"tasks": ["2af"], "settings": ["base"], "extra_models": []}},
}
STUDY = Study(merge(yaml.safe_load(BASE_CONFIG.read_text()), CONFIG))
MODEL = Model("2af", "bptt", "base")
ORDERS = {"straight": np.arange(8), "shuffled": np.random.default_rng(7).permutation(8), "reversed": np.arange(8)[::-1]}


def lab_file(folder: Path, order: np.ndarray, relabel: bool = True) -> Path:
    """Rates of 8 conditions, written in this order, with two trials of each of 9 neurons in each."""
    rng = np.random.default_rng(1)
    rates = rng.gamma(2.0, 5.0, (8, 22, 9))
    side, coherence = np.repeat(["left", "right"], 4), np.tile([6.4, 12.8, 25.6, 51.2], 2)
    neuron, condition = (of.reshape(-1) for of in np.indices((9, 8)))
    trials = [rates[condition, :, neuron] * rng.uniform(0.5, 1.5, (72, 22)) for _ in range(4)]
    named = order if relabel else np.arange(8)
    data = xr.Dataset(
        {
            "rates": (("condition", "time", "neuron"), rates[order], {"units": "Hz"}),
            "trial_rates": (("trial", "time"), np.concatenate(trials)),
            "trial_neuron": ("trial", np.tile(neuron, 4)),
            "trial_condition": ("trial", np.argsort(order)[np.tile(condition, 4)]),
            "side": ("condition", side[named]),
            "coherence_percent": ("condition", coherence[named]),
        },
        coords={"time": ("time", 100.0 * np.arange(22), {"units": "ms"})},
        attrs={"title": "Our lab"},
    )
    folder.mkdir()
    data.to_netcdf(folder / "rates.nc")
    return folder / "rates.nc"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("runs") / "base" / "seed0.nc"
    file.parent.mkdir()
    train_models([ModelRuns(STUDY.options.training(MODEL), {0: str(file)}, "0")], None)
    return str(file)


def tables(folder: Path, run: str) -> dict[str, bytes]:
    """Tables about a model, about a group and about the recording, by their type."""
    recording = str(folder / "recording.nc")
    convert(ENTRY, [folder / "rates.nc"], "0", recording)
    options = {**STUDY.options.training(MODEL), "comparison": STUDY.options.of(MODEL)["comparison"]}
    found = {}
    for name in ("distances", "resampled_distances", "noise_floor", "snapshots", "baselines", "trial_averaging"):
        output = folder / f"{name}.csv"
        if name == "snapshots":
            of_group = options["comparison"]
            score_group(name, {str(MODEL): options}, {str(MODEL): {0: run}}, recording, of_group, "0", str(output))
        elif name in ("baselines", "trial_averaging"):
            asked = {**options["comparison"], "trial_averaging_counts": [1, 2], "trial_averaging_repeats": 2}
            score_recording(name, recording, asked, "0", str(output))
        else:
            score_model(name, str(MODEL), options, {0: run}, recording, "0", str(output))
        found[name] = output.read_bytes()
    return found


def test_the_order_in_a_file_changes_no_byte(run: str, tmp_path: Path) -> None:
    found = {}
    for name, order in ORDERS.items():
        lab_file(tmp_path / name, order)
        found[name] = tables(tmp_path / name, run)
    assert found["shuffled"] == found["straight"] == found["reversed"]
    # rates with other conditions' labels are a different recording
    lab_file(tmp_path / "mislabelled", ORDERS["shuffled"], relabel=False)
    other = tables(tmp_path / "mislabelled", run)
    assert other["distances"] != found["straight"]["distances"]
