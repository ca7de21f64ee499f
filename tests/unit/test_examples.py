"""The studies of examples/ read the files that they describe, and their tasks fit the recordings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr
from helpers import nwb_files
from scipy.io import savemat

from neurorules.imported.activity import in_order_of, read_activity
from neurorules.imported.weights import read_weights
from neurorules.network.parameters import Sizes
from neurorules.recordings.convert import read_recording
from neurorules.study.load import load_study
from neurorules.study.yaml_source import REPOSITORY
from neurorules.tasks.base.labels import joined_recording
from neurorules.tasks.base.task import compared_steps, make_task

STUDIES = REPOSITORY / "examples" / "studies"
ANGLES = np.array([0, 90, 180, 270])
TRIALS = 6  # of each angle


def spike_times(rng: np.random.Generator, starts: np.ndarray, angles: np.ndarray, prefers: float) -> np.ndarray:
    """A unit that fires at up to 60 spikes/s, the more the closer a trial's angle is to what it prefers; s."""
    rates = 30 * (1 + np.cos(np.deg2rad(angles - prefers)))
    return np.concatenate(
        [start + np.sort(rng.uniform(0, 2, rng.poisson(2 * rate))) for start, rate in zip(starts, rates, strict=True)]
    )


def nwb_session(folder: Path) -> list[Path]:
    rng = np.random.default_rng(0)
    nwb = nwb_files.new_file("ours")
    angles = np.tile(ANGLES, TRIALS)
    start = np.arange(len(angles)) * 2.0
    columns = {"start_time": start, "stop_time": start + 2, "target_dir": angles, "success": np.arange(len(angles)) > 2}
    nwb_files.add_trials(nwb, {**columns, "move_onset_time": start + 1})
    group = nwb.create_electrode_group("array", "96 channels", "M1", nwb.create_device("array"))
    nwb.add_electrode(x=0.0, y=0.0, z=0.0, imp=1.0, location="M1", filtering="none", group=group)
    times = [spike_times(rng, start, angles, prefers) for prefers in (0, 90, 180, 270)]
    nwb_files.add_units(nwb, times, {"quality": ["good"] * 3 + ["bad"]}, electrodes=[[0]] * 4)
    clock = np.arange(0, 2.0 * len(angles), 0.005)
    within = clock % 2 - 1
    speed = np.exp(-((within - 0.2) ** 2) / 0.02)
    of_clock = np.deg2rad(angles[np.minimum((clock // 2).astype(int), len(angles) - 1)])
    nwb_files.add_behaviour(nwb, "hand_vel", speed[:, None] * np.stack([np.cos(of_clock), np.sin(of_clock)], -1), clock)
    return [nwb_files.write(nwb, folder / "session.nwb")]


def mat_file(folder: Path) -> list[Path]:
    rng = np.random.default_rng(0)
    angles = np.tile(ANGLES, TRIALS)
    trials = np.empty(len(angles), dtype=[("data", object), ("angle", object)])
    for i, angle in enumerate(angles):
        rates = 0.03 * (1 + np.cos(np.deg2rad(angle - ANGLES)))  # spikes per bin of 1 ms
        trials[i] = (rng.poisson(rates[:, None], (4, 450)).astype(np.uint8), float(angle))
    savemat(folder / "reaches.mat", {"D": trials})
    return [folder / "reaches.mat"]


def tables(folder: Path) -> list[Path]:
    rng = np.random.default_rng(0)
    angles = np.tile(ANGLES, TRIALS)
    start = np.arange(len(angles)) * 2.0
    times = [1000 * spike_times(rng, start, angles, prefers) for prefers in (0, 90, 180)]
    units = np.repeat([0, 1, 2], [len(of_unit) for of_unit in times])
    files = [folder / "monday_spikes.csv", folder / "monday_trials.csv"]
    pd.DataFrame({"unit": units, "time": np.concatenate(times)}).to_csv(files[0], index=False)
    of_trials = {"start_time": start, "stop_time": start + 2, "target_dir": angles, "move_onset": start + 1}
    pd.DataFrame(of_trials).to_csv(files[1], index=False)
    return files


@pytest.mark.parametrize(
    ("study", "write", "neurons", "bins"),
    [("nwb", nwb_session, 3, 70), ("trials-mat", mat_file, 4, 40), ("trials-tables", tables, 3, 70)],
)
def test_a_study_of_ones_own_recording(
    tmp_path: Path, study: str, write: Callable[[Path], list[Path]], neurons: int, bins: int
) -> None:
    made = load_study(STUDIES / f"{study}.yaml")
    (name,) = made.selection.used_recordings
    recording = read_recording(made.selection.recording_entry(name), write(tmp_path))
    assert dict(recording["rates"].sizes) == {"condition": 4, "time": bins, "neuron": neurons}
    # A unit fires most at its preferred angle: the file was read in the order of the angles.
    assert recording["rates"].mean("time").values.argmax(0).tolist() == list(range(neurons))
    for model in made.selection.trained:
        options = made.options.of(model)
        task = make_task(made.options.task_module(model.task), options["task"], recording)
        joined = joined_recording(made.options.task_module(model.task), task, recording, options["comparison"])
        steps = compared_steps(task, joined, options["comparison"])
        assert task.test().inputs.shape[1] == 4 and len(steps) == bins
        assert steps[0] >= 0 and steps[-1] < len(task.test().inputs)


def test_a_study_of_ones_own_weights(tmp_path: Path) -> None:
    """It uses PyTorch's names for the arrays of such a module, and adds up biases."""
    entry = load_study(STUDIES / "network-weights.yaml").config["networks"]["ours"]
    sizes = Sizes(inputs=3, units=entry["network"]["units"], outputs=2)
    module = torch.nn.ModuleDict({"rnn": torch.nn.RNNCell(3, sizes.units), "out": torch.nn.Linear(sizes.units, 2)})
    for file in entry["files"]:
        for update in entry["updates"]:
            torch.save(module.state_dict(), tmp_path / file.format(update=update))
    flat = read_weights(tmp_path / "reach_b_2000.pt", entry["weights"], [], sizes, "networks.ours")
    saved = {name: value.numpy() for name, value in module.state_dict().items()}
    expected = {
        "recurrent": saved["rnn.weight_hh"],
        "input": saved["rnn.weight_ih"],
        "bias": saved["rnn.bias_ih"] + saved["rnn.bias_hh"],
        "readout": saved["out.weight"],
        "readout_bias": saved["out.bias"],
    }
    whole = [expected.get(name, np.zeros(shape)).ravel() for name, shape in sizes.shapes().items()]
    np.testing.assert_allclose(flat, np.concatenate(whole), rtol=0, atol=1e-6)
    assert len(list(tmp_path.iterdir())) == 10


def test_a_study_of_ones_own_activity(tmp_path: Path) -> None:
    """Conditions in any order are matched with those of the recording."""
    entry = load_study(STUDIES / "network-activity.yaml").config["networks"]["lstm"]
    np.save(tmp_path / "lstm.npy", np.arange(8.0)[:, None, None] * np.ones((8, 121, entry["network"]["units"])))
    values, labels = read_activity(tmp_path / "lstm.npy", entry, "networks.lstm")
    recording = xr.Dataset(coords={"angle_deg": ("condition", np.arange(0, 360, 45))}, attrs={"name": "reach"})
    order = in_order_of(recording, labels, tmp_path / "lstm.npy", "networks.lstm")
    angles = [entry["labels"]["angle_deg"][int(number)] for number in values[order, 0, 0]]
    assert angles == list(range(0, 360, 45))


def test_the_study_of_an_environment_fits_it() -> None:
    made = load_study(STUDIES / "neurogym.yaml")
    (options,) = {str(model.task): made.options.of(model)["task"] for model in made.selection.trained}.values()
    trials = make_task("neurogym", options, None).test()
    assert trials.inputs.shape[:2] == (options["steps"], options["test_trials"])
