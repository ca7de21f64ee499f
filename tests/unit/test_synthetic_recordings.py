"""Synthetic recordings: the raw formats, realistic rates, the same bytes every time."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.io import loadmat

from neurorules.errors import InputError
from neurorules.io.netcdf import write_dataset
from neurorules.recordings.convert import read_recording
from neurorules.recordings.locate import find_raw
from neurorules.recordings.readers.base.reader import load_reader
from neurorules.recordings.recording import open_recording
from neurorules.recordings.synthetic.base.write import write_synthetic

SMALL = {"neurons": 6, "trials_per_condition": 4}
KINDS = [("mante2013", "raw"), ("hatsopoulos2007", "processed"), ("hatsopoulos2007", "dryad")]


@pytest.mark.parametrize(("recording", "source"), KINDS)
def test_read_as_the_real_ones_are(tmp_path: Path, recording: str, source: str) -> None:
    files = write_synthetic(recording, source, tmp_path / "raw", 0, SMALL)
    found = find_raw(recording, source, tmp_path / "raw", tmp_path / "downloads", {})
    assert found == files
    options = {"keep_trials": source != "processed"}
    entry = {"name": "made", "reader": recording, "source": source, "synthetic": True, "options": options}
    dataset = read_recording(entry, found)
    assert dataset.sizes["neuron"] == 6
    assert dataset.attrs["synthetic"] == 1
    assert dataset.attrs["title"].endswith("(synthetic)")
    assert 5 < float(dataset["rates"].mean()) < 30
    # on disk and back
    write_dataset(tmp_path / "recording.nc", dataset)
    np.testing.assert_array_equal(open_recording(tmp_path / "recording.nc")["rates"].values, dataset["rates"].values)


@pytest.mark.parametrize(("recording", "source"), KINDS)
def test_the_same_bytes_from_the_same_seed(tmp_path: Path, recording: str, source: str) -> None:
    def content(folder: str, seed: int) -> list[bytes]:
        return [file.read_bytes() for file in write_synthetic(recording, source, tmp_path / folder, seed, SMALL)]

    first = content("a", 0)
    assert content("b", 0) == first
    other = content("c", 1)
    assert all(one != two for one, two in zip(first, other, strict=True))


def test_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    files = [f for kind in KINDS for f in write_synthetic(*kind, tmp_path / "here", 3, SMALL)]
    time.sleep(1.1)  # timestamps in headers have a resolution of seconds
    code = (
        "import sys; from pathlib import Path; from neurorules.recordings.synthetic.base.write import write_synthetic\n"
        f"for kind in {KINDS!r}: write_synthetic(*kind, Path(sys.argv[1]), 3, {SMALL!r})"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "there")], check=True, env=_environment("7"))
    for file in files:
        other = tmp_path / "there" / file.relative_to(tmp_path / "here")
        assert other.read_bytes() == file.read_bytes(), file.name


def _environment(hash_seed: str) -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def test_unit_files_have_the_published_form(tmp_path: Path, real_data: Path) -> None:
    synthetic = write_synthetic("mante2013", "raw", tmp_path, 0, SMALL)[0]
    real = next((real_data / "mante2013" / "PFC data" / "PFC data 1").glob("ar090313_1_a3*.mat"))
    one, other = (loadmat(file)["unit"] for file in (synthetic, real))
    assert one.dtype == other.dtype
    assert one.shape == other.shape
    task, real_task = one["task_variable"][0, 0], other["task_variable"][0, 0]
    assert task.dtype == real_task.dtype
    for field in task.dtype.names:
        assert task[field][0, 0].dtype == real_task[field][0, 0].dtype, field
        assert task[field][0, 0].shape[1:] == real_task[field][0, 0].shape[1:], field
    assert one["response"][0, 0].dtype == other["response"][0, 0].dtype
    np.testing.assert_allclose(one["time"][0, 0], other["time"][0, 0], atol=1e-12)
    for struct in ("unitInfo", "stimInfo"):
        assert one[struct][0, 0].dtype == other[struct][0, 0].dtype


def test_unit_files_keep_the_identities_of_the_published_ones(tmp_path: Path) -> None:
    file = write_synthetic("mante2013", "raw", tmp_path, 0, SMALL)[0]
    task = loadmat(file, simplify_cells=True)["unit"]["task_variable"]
    task = {name: values.astype(float) for name, values in task.items()}
    mapping = np.sign(task["stim_col2dir"] * task["stim_col"])
    np.testing.assert_array_equal(np.abs(task["stim_col2dir"]), np.abs(task["stim_col"]))
    np.testing.assert_array_equal(np.abs(task["stim_dir2col"]), np.abs(task["stim_dir"]))
    np.testing.assert_array_equal(mapping, task["targ_dir"] * task["targ_col"])
    np.testing.assert_array_equal(mapping, np.sign(task["stim_dir2col"] * task["stim_dir"]))
    relevant = np.where(task["context"] == 1, task["stim_dir"], task["stim_col2dir"])
    np.testing.assert_array_equal(task["correct"], task["targ_dir"] == np.sign(relevant))
    np.testing.assert_array_equal(task["congruent"], np.sign(task["stim_dir"]) == np.sign(task["stim_col2dir"]))
    assert 0 < 1 - task["correct"].mean() < 0.3
    assert set(mapping) == {-1, 1}


def test_one_unit_is_incomplete(tmp_path: Path) -> None:
    files = write_synthetic("mante2013", "raw", tmp_path, 0, SMALL)
    assert len(files) == 7
    recording = load_reader("mante2013")(files, {})
    (left_out,) = json.loads(recording.attrs["left_out"])
    assert "no correct trial in 1 of 72 conditions" in left_out["reason"]


def test_a_neuron_does_not_depend_on_how_many_there_are(tmp_path: Path) -> None:
    few = write_synthetic("mante2013", "raw", tmp_path / "few", 0, SMALL)
    many = write_synthetic("mante2013", "raw", tmp_path / "many", 0, {**SMALL, "neurons": 8})
    assert [file.read_bytes() for file in few] == [file.read_bytes() for file in many[:7]]
    few = load_reader("hatsopoulos2007")(
        write_synthetic("hatsopoulos2007", "dryad", tmp_path, 0, SMALL), {"source": "dryad"}
    )
    more = write_synthetic("hatsopoulos2007", "dryad", tmp_path, 0, {**SMALL, "neurons": 8})
    many = load_reader("hatsopoulos2007")(more, {"source": "dryad"})
    np.testing.assert_array_equal(few["rates"].values, many["rates"].values[:, :, :6])


def test_the_other_monkey(tmp_path: Path) -> None:
    files = write_synthetic("mante2013", "raw", tmp_path, 0, {**SMALL, "monkey": "fe"})
    assert find_raw("mante2013", "raw", tmp_path, tmp_path, {"monkey": "fe"}) == files
    assert load_reader("mante2013")(files, {"monkey": "fe"}).attrs["monkey"] == "fe"


def test_activity_tells_the_conditions_apart(tmp_path: Path) -> None:
    files = write_synthetic("mante2013", "raw", tmp_path, 0, {"neurons": 12, "trials_per_condition": 8})
    recording = load_reader("mante2013")(files, {})
    late = recording["rates"].values[:, -5:].mean(axis=1)
    t = []
    for label in ("choice", "context"):
        side = recording[label].values > 0
        spread = np.sqrt(late[side].var(axis=0) / side.sum() + late[~side].var(axis=0) / (~side).sum())
        t.append(np.abs(late[side].mean(axis=0) - late[~side].mean(axis=0)) / spread)
    assert (t[0] > 3).mean() > 0.5
    assert (t[1] > 3).mean() > 0.2


def test_reaches_are_minimum_jerk_in_eight_directions(tmp_path: Path) -> None:
    (file,) = write_synthetic("hatsopoulos2007", "dryad", tmp_path, 0, SMALL)
    recording = load_reader("hatsopoulos2007")([file], {"source": "dryad"})
    angle = np.deg2rad(recording["angle_deg"].values)[:, None]
    s = np.clip(recording["time"].values / 500, 0, 1)
    way = 10 * s**3 - 15 * s**4 + 6 * s**5
    np.testing.assert_allclose(recording["hand_x"].values, np.cos(angle) * way / way[-1], atol=1e-5)
    np.testing.assert_allclose(recording["hand_y"].values, np.sin(angle) * way / way[-1], atol=1e-5)
    # joint angles give the hand's position: forward kinematics of the two links
    with h5py.File(file) as content:
        shoulder, elbow, x, y = (content[key][1] for key in ("th1", "th2", "x", "y"))
    np.testing.assert_allclose(0.17 * np.cos(shoulder) + 0.20 * np.cos(shoulder + elbow), x, atol=1e-12)
    np.testing.assert_allclose(0.17 * np.sin(shoulder) + 0.20 * np.sin(shoulder + elbow), 0.25 + y, atol=1e-12)


def test_both_sources_of_a_session_agree(tmp_path: Path) -> None:
    one, other = (
        load_reader("hatsopoulos2007")(write_synthetic("hatsopoulos2007", s, tmp_path, 0, SMALL), {"source": s})
        for s in ("processed", "dryad")
    )
    for name in ("rates", "shoulder_angle", "elbow_angle", "hand_x", "hand_y"):
        np.testing.assert_array_equal(one[name].values, other[name].values)


def test_the_dryad_file_says_what_it_is(tmp_path: Path) -> None:
    (file,) = write_synthetic("hatsopoulos2007", "dryad", tmp_path, 0, SMALL)
    head = file.read_bytes()[:128]
    assert head.startswith(b"MATLAB 7.3 MAT-file, synthetic")
    assert head[124:] == b"\x00\x02IM"
    with h5py.File(file) as content:
        assert content["spikes"].shape[0] == 1
        assert content["stmv_cell"].shape == (8, 1)
        for name in ("instr_cell", "go_cell", "endmv_cell"):
            assert content[name].shape == (8, 1)


@pytest.mark.parametrize(
    ("recording", "source", "options", "key"),
    [
        ("steinmetz", "raw", {}, "reader"),
        ("mante2013", "dryad", {}, "source"),
        ("mante2013", "raw", {"monkey": "x"}, "monkey"),
        ("mante2013", "raw", {"neurons": 0}, "neurons"),
        ("hatsopoulos2007", "dryad", {"neurons": 2.5}, "neurons"),
        ("hatsopoulos2007", "dryad", {"trials_per_condition": True}, "trials_per_condition"),
    ],
)
def test_what_cannot_be_made(tmp_path: Path, recording: str, source: str, options: dict[str, object], key: str) -> None:
    with pytest.raises(InputError) as caught:
        write_synthetic(recording, source, tmp_path, 0, options)
    assert caught.value.key == key
    assert list(tmp_path.iterdir()) == []
