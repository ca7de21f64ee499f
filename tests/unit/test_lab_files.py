"""Files of other labs, each by a few lines of YAML: what comes in equals what scipy, h5py and numpy find there."""

from __future__ import annotations

import json
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr
import yaml
from scipy.io import loadmat

from neurorules.recordings.readers.trials import read

LINES = 15
YAML = Path(__file__).resolve().parents[1] / "config" / "lab-recordings.yaml"


@cache
def entries() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(YAML.read_text(encoding="utf-8"))
    return found


@pytest.fixture
def folder(real_data: Path) -> Path:
    """Files from labs; tests are skipped if they are missing."""
    found = real_data / "lab-files"
    if not found.is_dir():
        pytest.skip(f"no files of labs: {found} does not exist")
    return found


def recording(name: str, folder: Path, **changes: Any) -> xr.Dataset:
    entry = entries()[name]
    return read([folder / Path(entry["path"]).name], {**entry["options"], **changes})


def kept(found: xr.Dataset) -> int:
    (n,) = json.loads(found.attrs["kept_trials"]).values()
    return int(n)


def test_each_takes_few_lines() -> None:
    blocks = [block for block in YAML.read_text(encoding="utf-8").split("\n") if not block.startswith("# ")]
    starts = [i for i, line in enumerate(blocks) if line and not line.startswith(" ")]
    lengths = [b - a for a, b in zip(starts, [*starts[1:], len(blocks) - 1], strict=True)]
    assert len(lengths) == 5 and max(lengths) <= LINES


def test_counts_of_single_ms(folder: Path) -> None:
    """Without smoothing, mean rates over the window are counts over its length."""
    trials = loadmat(folder / "reach_spikecounts.mat", simplify_cells=True)["D"]
    names = np.array([trial["condition"] for trial in trials])
    counts = np.array([trial["data"].sum(axis=1, dtype=int) for trial in trials])  # trial, unit
    found = recording("reach-counts", folder, smooth_sd_ms=0)
    silent = counts.sum(axis=0) == 0
    assert dict(found.sizes) == {"condition": 7, "time": 40, "neuron": 61 - silent.sum(), "trial": 210 * 61}
    assert kept(found) == 210
    assert found["condition_name"].values.tolist() == sorted(set(names))
    expected = np.array([counts[names == name].mean(axis=0) for name in sorted(set(names))]) / 0.4
    np.testing.assert_allclose(found["rates"].mean("time"), expected[:, ~silent], rtol=1e-12)


def test_smoothing_moves_spikes_and_loses_few(folder: Path) -> None:
    found = recording("reach-counts", folder)
    bare = recording("reach-counts", folder, smooth_sd_ms=0)
    assert float(found["rates"].mean()) == pytest.approx(float(bare["rates"].mean()), rel=0.02)
    assert float(found["rates"].var("time").mean()) < float(bare["rates"].var("time").mean())


def test_trials_of_unequal_length(folder: Path) -> None:
    """The window is the first second; trials of 1018 ms and more have it."""
    trials = loadmat(folder / "reach_rawspikes.mat", simplify_cells=True)["D"]
    assert min(trial["data"].shape[1] for trial in trials) == 1018
    names = np.array([trial["condition"] for trial in trials])
    counts = np.array([trial["data"][:, :1000].sum(axis=1, dtype=int) for trial in trials])
    found = recording("reach-raw", folder, smooth_sd_ms=0)
    assert (kept(found), found.sizes["neuron"], found.sizes["condition"]) == (112, 61, 2)
    expected = np.array([counts[names == name].mean(axis=0) for name in ("reach1", "reach2")])
    np.testing.assert_allclose(found["rates"].mean("time"), expected, rtol=1e-12)
    longer = recording("reach-raw", folder, smooth_sd_ms=0, window_ms=[0, 1300], keep_single_trials=True)
    long = np.array([trial["data"].shape[1] >= 1300 for trial in trials])
    assert longer.sizes["trial"] == 61 * long.sum()


def test_nested_structs_without_a_time_axis(folder: Path) -> None:
    clouds = loadmat(folder / "bci_20120305.mat", simplify_cells=True)["beforeLearning"]["clouds"]
    expected = np.array([cloud.mean(axis=1) for cloud in clouds["spikes"]]) / 0.045  # angle, unit
    found = recording("bci", folder)
    assert found["angle"].values.tolist() == clouds["angles"].tolist() == [0, 45, 90, 135, 180, 225, 270, 315]
    assert (kept(found), found.sizes["time"], found.sizes["neuron"]) == (8 * 69, 1, 86)
    np.testing.assert_allclose(found["rates"][:, 0], expected, rtol=1e-12)


def test_a_continuous_session_cut_at_changes_of_the_target(folder: Path) -> None:
    file = loadmat(folder / "centerout_stream.mat")
    target, counts = file["Tte"].ravel().astype(int), file["Yte"].astype(float)
    edges = np.r_[0, np.flatnonzero(np.diff(target)) + 1, len(target)]
    runs = [(a, b) for a, b in pairwise(edges) if b - a >= 31]
    found = recording("center-out", folder, keep_single_trials=True)
    assert (found.sizes["neuron"], found.sizes["condition"], found.sizes["time"]) == (71, 4, 31)
    assert kept(found) == len(edges) - 1 == 56
    assert found.sizes["trial"] == 71 * len(runs)  # the first run has 20 bins, less than the window
    for c in range(4):
        mine = [(a, b) for a, b in runs if target[a] == c]
        expected = np.mean([counts[a : a + 31] for a, _ in mine], axis=0) / 0.180
        np.testing.assert_allclose(found["rates"][c], expected, rtol=1e-12)
        # at the start of a bin, the signal is between the middles of two bins
        hand = np.mean([file["Xte"][a : a + 31] for a, _ in mine], axis=0)
        np.testing.assert_allclose(found["hand_velocity_x"][c, 1:], (hand[1:, 0] + hand[:-1, 0]) / 2, rtol=1e-9)


def test_an_array_of_conditions_and_trials_with_nan(folder: Path) -> None:
    with h5py.File(folder / "pfc_memory_zscored.mat") as file:
        rates = file["firingRates"][()]  # trial, time, task, target, unit
    found = recording("memory", folder)
    expected = np.nanmean(rates, axis=0).transpose(2, 1, 0, 3)  # target, task, time, unit
    n_trials = (~np.isnan(rates).all(axis=(1, 4))).sum()
    assert dict(found.sizes)["neuron"] == 319 and kept(found) == n_trials == 2194
    assert found["target"].values.tolist() == np.repeat([1, 2, 3, 4, 5, 6], 2).tolist()
    assert found["task"].values.tolist() == ["look", "no-look"] * 6
    z_scores = found["rates"] + found["baseline"]
    np.testing.assert_allclose(z_scores, expected[:, ::-1].reshape(12, 20, 319), atol=1e-12)
    assert found["rates"].attrs["units"] == "z-score" and float(z_scores.min()) < 0 <= float(found["rates"].min())


def test_the_memory_task_fits_the_recording(folder: Path) -> None:
    """The study's own options: twelve conditions by label, and the 20 bins around the end of the target, step 12."""
    from neurorules.study.load import load_study
    from neurorules.study.model import Model
    from neurorules.study.yaml_source import REPOSITORY
    from neurorules.tasks.base.labels import join
    from neurorules.tasks.base.task import compared_steps, make_task

    study = load_study(REPOSITORY / "config" / "memory.yaml")
    options = study.options.of(Model("memory", "eprop", "delay-0.5"))
    entry = study.config["recordings"]["park2025"]
    found = read([folder / "pfc_memory_zscored.mat"], entry["options"]).assign_attrs(name="park2025")
    task = make_task("memory", options["task"], None)
    assert compared_steps(task, found, options["comparison"]).tolist() == list(range(2, 22))
    joined = join("memory", task, found, options["comparison"])
    assert (joined.n_trials, joined.n_conditions) == (12, 12)
    assert joined.conditions.tolist() == list(range(12))  # directions in order, each with look before no-look
