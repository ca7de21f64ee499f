"""The Sussillo 2015 reader and its private source: values known by hand, what can be wrong, the synthetic stand-in."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.io import loadmat, savemat

from neurorules.errors import InputError
from neurorules.io.netcdf import write_dataset
from neurorules.recordings.convert import convert, read_recording
from neurorules.recordings.locate import find_raw
from neurorules.recordings.readers.sussillo2015 import read
from neurorules.recordings.recording import open_recording
from neurorules.recordings.synthetic.base.write import write_synthetic

RATES, EMG, PLAN, GO = "neuralforRNN_Sussillo2015", "EMGforRNN_Sussillo2015", "planinputforRNN", "goEnvelope"
FILES = sorted(f"{name}.mat" for name in (RATES, EMG, PLAN, GO))


ENTRY = {"name": "maze", "reader": "sussillo2015", "source": "private", "synthetic": False, "options": {}}


def session(n_neurons: int = 3, n_conditions: int = 27) -> dict[str, np.ndarray]:
    """Arrays in the files' axis order whose entries encode their own indices."""
    neuron, muscle, channel = (np.arange(n)[:, None, None] for n in (n_neurons, 7, 15))
    stored, emg_bin = (np.arange(n)[:, None] for n in (196, 66))
    condition = np.arange(n_conditions)
    return {
        RATES: 1000 * neuron + stored + 0.01 * condition,
        EMG: 1000 * muscle + emg_bin + 0.01 * condition,
        # at bin 100: -1 .. -15 * 27; larger later on
        PLAN: -(channel + 1) * (condition + 1) * stored / 100,
        GO: np.arange(36.0),
    }


def save(folder: Path, arrays: dict[str, Any]) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for name, array in arrays.items():
        savemat(folder / f"{name}.mat", {name: array})
    return [folder / file for file in FILES]


@pytest.fixture
def raw(tmp_path: Path) -> list[Path]:
    return save(tmp_path / "mount", session())


def test_entries_land_where_they_should(raw: list[Path]) -> None:
    recording = read(raw, {"source": "private"})
    assert recording["rates"].dims == ("condition", "time", "neuron")
    assert recording["rates"].shape == (27, 186, 3)
    np.testing.assert_array_equal(recording["time"].values, np.arange(-1450, 401, 10))
    assert recording["condition"].values.tolist() == list(range(27))
    assert recording["neuron"].values.tolist() == ["unit001", "unit002", "unit003"]
    # the files begin at -1550 ms: bin 10 is -1450 ms, bin 155 movement onset, bin 195 400 ms
    for time_ms, stored in [(-1450, 10), (0, 155), (400, 195)]:
        at = recording["rates"].sel(time=time_ms)
        assert float(at.sel(condition=5, neuron="unit003")) == pytest.approx(2000 + stored + 0.05)
        assert float(at.sel(condition=26, neuron="unit001")) == pytest.approx(stored + 0.26)

    assert recording["emg"].dims == ("condition", "emg_time", "muscle")
    assert recording["emg"].shape == (27, 66, 7)
    np.testing.assert_array_equal(recording["emg_time"].values, np.arange(-250, 401, 10))
    assert float(recording["emg"].sel(emg_time=0)[5, 6]) == pytest.approx(6025.05)

    assert recording["plan_input"].dims == ("condition", "plan_input_channel")
    expected = -np.outer(np.arange(1, 28), np.arange(1, 16)) / (27 * 15)
    np.testing.assert_allclose(recording["plan_input"].values, expected, rtol=1e-15)

    assert recording["go_envelope"].dims == ("envelope_step",)
    assert recording["go_envelope"].values.tolist() == list(range(4, 31))


def test_what_it_says_of_itself(raw: list[Path]) -> None:
    about = read_recording(ENTRY, raw).attrs
    assert about["source"] == "private: private mount"
    assert "doi:10.1038/nn.4042" in about["citation"]
    assert (about["synthetic"], about["bin_width_ms"], about["aligned_to"]) == (0, 10, "movement onset")
    assert about["left_out"] == "[]"


def test_the_files_may_come_in_any_order(raw: list[Path]) -> None:
    assert read([raw[2], raw[0], raw[3], raw[1]], {}).identical(read(raw, {}))


def test_reading_leaves_the_mount_alone(raw: list[Path]) -> None:
    before = {path: path.read_bytes() for path in raw}
    read(raw, {})
    assert {path: path.read_bytes() for path in raw[0].parent.iterdir()} == before


def test_another_session_may_differ_in_neurons_and_conditions(tmp_path: Path) -> None:
    recording = read(save(tmp_path / "a", session(n_neurons=1, n_conditions=4)), {})
    assert recording["rates"].shape == (4, 186, 1)
    np.testing.assert_allclose(recording["plan_input"][3], -4 * np.arange(1, 16) / 60)


@pytest.mark.parametrize("envelope", [np.arange(36.0)[:, None], np.arange(36.0)[None, :], np.arange(36, dtype="u1")])
def test_storage_does_not_matter(tmp_path: Path, raw: list[Path], envelope: np.ndarray) -> None:
    arrays = session()
    arrays[GO] = envelope
    arrays[PLAN] = arrays[PLAN][None]  # a leading axis of one
    assert read(save(tmp_path / "other", arrays), {}).identical(read(raw, {}))


def test_what_is_not_used_may_be_anything(tmp_path: Path, raw: list[Path]) -> None:
    arrays = session()
    arrays[RATES][:, :10] = np.nan
    arrays[PLAN][:, :100] = np.nan
    arrays[GO][:4] = np.nan
    assert read(save(tmp_path / "other", arrays), {}).identical(read(raw, {}))


def _at(index: tuple[int, ...], value: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(array: np.ndarray) -> np.ndarray:
        array[index] = value
        return array

    return change


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        (RATES, lambda a: a[:, :-1], r"\(3, 195, 27\)"),
        (RATES, lambda a: a[0], r"\(196, 27\)"),
        (RATES, lambda a: a[:0], r"\(0, 196, 27\)"),
        (RATES, lambda a: a.transpose(2, 1, 0)[:, 1:], r"\(27, 195, 3\)"),
        (EMG, lambda a: a[:6], r"\(6, 66, 27\)"),
        (EMG, lambda a: a[:, :65], r"\(7, 65, 27\)"),
        (PLAN, lambda a: a[:14], r"\(14, 196, 27\)"),
        (PLAN, lambda a: a[:, 1:], r"\(15, 195, 27\)"),
        (GO, lambda a: a[1:], r"\(35,\)"),
        (EMG, lambda a: a[..., :26], "26 conditions.*has 27"),
        (PLAN, lambda a: a[..., :26], "26 conditions.*has 27"),
        (RATES, _at((1, 10, 3), np.nan), "not finite"),
        (RATES, _at((1, 195, 3), np.inf), "not finite"),
        (RATES, _at((1, 10, 3), -0.5), "negative"),
        (EMG, _at((0, 0, 0), np.nan), "not finite"),
        (PLAN, _at((14, 100, 26), np.nan), "not finite"),
        (PLAN, lambda a: 0 * a, "zero in all conditions"),
        (GO, _at((4,), np.nan), "not finite"),
        (GO, lambda a: a + 1j, "not contain real numbers"),
        (EMG, lambda a: "seven muscles", "not contain real numbers"),
        (PLAN, lambda a: {"steady": a}, "not contain real numbers"),
    ],
)
def test_a_wrong_array_is_named(tmp_path: Path, name: str, change: Callable[[Any], Any], says: str) -> None:
    arrays: dict[str, Any] = session()
    arrays[name] = change(arrays[name])
    with pytest.raises(InputError, match=says) as caught:
        read(save(tmp_path / "mount", arrays), {})
    assert caught.value.file == str(tmp_path / "mount" / f"{name}.mat")
    assert caught.value.key == name
    assert caught.value.remedy


def test_the_value_is_named(tmp_path: Path) -> None:
    arrays = session()
    arrays[RATES][1, 10, 3] = -0.5
    with pytest.raises(InputError) as caught:
        read(save(tmp_path / "mount", arrays), {})
    assert caught.value.value == -0.5


def test_a_missing_variable_is_named_with_those_there_are(raw: list[Path]) -> None:
    savemat(raw[0], {"EMG": np.zeros(3), "muscles": 7})
    with pytest.raises(InputError, match="EMG, muscles") as caught:
        read(raw, {})
    assert (caught.value.file, caught.value.key) == (str(raw[0]), EMG)


def test_two_files_under_each_others_names(raw: list[Path]) -> None:
    content = [path.read_bytes() for path in raw[:2]]
    raw[0].write_bytes(content[1])
    raw[1].write_bytes(content[0])
    with pytest.raises(InputError, match="with the file's name"):
        read(raw, {})


@pytest.mark.parametrize("compressed", [True, False])
def test_files_cut_off(tmp_path: Path, compressed: bool) -> None:
    raw = save(tmp_path / "mount", session())
    for path, name in zip(raw, [path.stem for path in raw], strict=True):
        savemat(path, {name: session()[name]}, do_compression=compressed)
        whole = path.read_bytes()
        for length in (0, 1, 100, 127, 128, 140, 180, len(whole) // 2, len(whole) - 20):
            path.write_bytes(whole[:length])
            with pytest.raises(InputError) as caught:
                read(raw, {})
            assert (caught.value.file, caught.value.key) == (str(path), name)
        path.write_bytes(whole)
    read(raw, {})


def test_files_of_another_kind(raw: list[Path]) -> None:
    raw[1].write_text("goEnvelope, by mail\n" * 100)
    with pytest.raises(InputError, match="damaged, or not a MATLAB file") as caught:
        read(raw, {})
    assert caught.value.file == str(raw[1])
    with h5py.File(raw[1], "w", userblock_size=512) as file:
        file["goEnvelope"] = np.arange(36.0)
    with open(raw[1], "r+b") as handle:
        handle.write(b"MATLAB 7.3 MAT-file".ljust(116) + bytes(8) + b"\x00\x02IM")
    with pytest.raises(InputError, match=r"MATLAB 7\.3") as caught:
        read(raw, {})
    assert "version 7 or earlier" in (caught.value.remedy or "")


def test_a_file_that_is_not_there(raw: list[Path]) -> None:
    raw[1].unlink()
    with pytest.raises(InputError, match="cannot be read") as caught:
        read(raw, {})
    assert (caught.value.file, caught.value.key) == (str(raw[1]), "recordings.sussillo2015.path")


def test_not_the_four_files(raw: list[Path]) -> None:
    other = raw[0].with_name("xyhandpositionforRNN.mat")
    for files in ([], raw[:3], [*raw, other], [*raw[:3], other], [*raw, raw[0]]):
        with pytest.raises(InputError, match="four files") as caught:
            read(files, {})
        assert caught.value.key == "raw"
        assert all(file in (caught.value.remedy or "") for file in FILES)


# the private source --------------------------------------------------------------------------------------------------


def test_private_files_are_found_in_their_folder(raw: list[Path], tmp_path: Path) -> None:
    assert find_raw("sussillo2015", "private", raw[0].parent, tmp_path / "downloads") == sorted(
        raw, key=lambda path: [EMG, RATES, PLAN, GO].index(path.stem)
    )


def test_missing_private_files_are_named(raw: list[Path], tmp_path: Path) -> None:
    folder, downloads = raw[0].parent, tmp_path / "downloads"
    downloads.mkdir()
    for name in (PLAN, GO):  # files in the download folder are ignored
        (folder / f"{name}.mat").rename(downloads / f"{name}.mat")
    with pytest.raises(InputError) as caught:
        find_raw("sussillo2015", "private", folder, downloads)
    assert f"{PLAN}.mat" in caught.value.problem and f"{GO}.mat" in caught.value.problem
    assert EMG not in caught.value.problem and RATES not in caught.value.problem
    assert (caught.value.file, caught.value.key) == (str(folder), "recordings.sussillo2015.path")
    assert caught.value.value == str(folder)
    assert "ask its authors" in (caught.value.remedy or "")


@pytest.mark.parametrize("folder", [None, "nowhere", "file"])
def test_a_private_folder_that_is_not_there(tmp_path: Path, folder: str | None) -> None:
    (tmp_path / "file").touch()
    path = None if folder is None else tmp_path / folder
    with pytest.raises(InputError, match="folder") as caught:
        find_raw("sussillo2015", "private", path, tmp_path)
    assert caught.value.key == "recordings.sussillo2015.path"
    assert caught.value.value == (None if path is None else str(path))
    assert "ask its authors" in (caught.value.remedy or "")


def test_from_the_mount_to_netcdf(raw: list[Path], tmp_path: Path) -> None:
    entry = {**ENTRY, "path": str(raw[0].parent)}
    convert(entry, raw, "code", str(tmp_path / "maze.nc"))
    recording = open_recording(tmp_path / "maze.nc")
    for name, values in read(raw, {}).data_vars.items():
        np.testing.assert_array_equal(recording[name].values, values.values)
    with pytest.raises(InputError, match="synthetic"):
        convert({**entry, "synthetic": True}, [raw[0].parent], "code", str(tmp_path / "other.nc"))


# the synthetic stand-in ----------------------------------------------------------------------------------------------

SMALL = {"neurons": 6, "trials_per_condition": 4}


def make(folder: Path, seed: int = 0, **options: Any) -> list[Path]:
    return write_synthetic("sussillo2015", "private", folder, seed, {**SMALL, **options})


def test_synthetic_files_have_the_form_of_the_private_ones(tmp_path: Path) -> None:
    files = make(tmp_path)
    assert sorted(file.name for file in files) == FILES
    shapes = {RATES: (6, 196, 27), EMG: (7, 66, 27), PLAN: (15, 196, 27), GO: (36, 1)}
    for file in files:
        loaded = loadmat(file)
        assert loaded[file.stem].shape == shapes[file.stem]
        assert loaded["__header__"].startswith(b"MATLAB 5.0 MAT-file, synthetic")
    envelope = loadmat(tmp_path / "goEnvelope.mat")[GO].ravel()
    assert envelope[4 + 13] == envelope.max() == 1
    assert envelope[:4].max() < 0.01 and envelope[-5:].max() < 0.01


def test_synthetic_files_are_read_as_the_private_ones(tmp_path: Path) -> None:
    files = make(tmp_path / "raw")
    assert find_raw("sussillo2015", "private", tmp_path / "raw", tmp_path / "downloads", {}) == files
    dataset = read_recording({**ENTRY, "synthetic": True}, files)
    assert dict(dataset.sizes) | {"condition": 27, "time": 186, "neuron": 6, "muscle": 7} == dict(dataset.sizes)
    assert dataset.attrs["synthetic"] == 1
    assert dataset.attrs["title"].endswith("(synthetic)")
    assert 5 < float(dataset["rates"].mean()) < 30
    write_dataset(tmp_path / "recording.nc", dataset)
    np.testing.assert_array_equal(open_recording(tmp_path / "recording.nc")["rates"].values, dataset["rates"].values)


def test_one_synthetic_file_makes_the_recording_synthetic(tmp_path: Path, raw: list[Path]) -> None:
    raw[1].write_bytes(next(file for file in make(tmp_path / "made") if file.name == raw[1].name).read_bytes())
    assert read(raw, {}).attrs["synthetic"] == 1


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first = {file.name: file.read_bytes() for file in make(tmp_path / "here", 3)}
    time.sleep(1.1)  # timestamps in headers have a resolution of seconds
    code = (
        "import sys; from pathlib import Path; from neurorules.recordings.synthetic.base.write import write_synthetic\n"
        f"write_synthetic('sussillo2015', 'private', Path(sys.argv[1]), 3, {SMALL!r})"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "there")], check=True, env=environment)
    assert {file.name: file.read_bytes() for file in (tmp_path / "there").iterdir()} == first
    for file in make(tmp_path / "other", 4):
        assert file.read_bytes() != first[file.name]


def test_a_synthetic_neuron_does_not_depend_on_how_many_there_are(tmp_path: Path) -> None:
    few, many = (read(make(tmp_path / str(n), neurons=n), {}) for n in (3, 5))
    np.testing.assert_array_equal(few["rates"].values, many["rates"].values[:, :, :3])
    for name in ("emg", "plan_input", "go_envelope"):
        np.testing.assert_array_equal(few[name].values, many[name].values)


def test_synthetic_activity_is_preparatory_and_then_of_the_movement(tmp_path: Path) -> None:
    recording = read(make(tmp_path, neurons=30, trials_per_condition=50), {})

    def spread(time_ms: int) -> float:
        """Over conditions, beside the spread that Poisson counts alone have, which is as large as the mean."""
        at = recording["rates"].sel(time=slice(time_ms - 50, time_ms + 50))
        return float((at.var("condition") / at.mean("condition")).mean())

    assert spread(-600) > 3 * spread(-1400)
    assert spread(80) > 3 * spread(-1400)
    # before the plan, all conditions are one
    emg = recording["emg"].values
    assert emg.min() >= 0 and emg[:, 0].max() < 0.01 < 0.3 < emg.max()
    flat = emg.reshape(27, -1)
    distance = np.linalg.norm(flat[:, None] - flat, axis=-1)
    assert distance[~np.eye(27, dtype=bool)].min() > 0.1
    # smooth: no step between bins of 10 ms as large as a fifth of the largest value
    assert np.abs(np.diff(emg, axis=1)).max() < 0.2 * emg.max()


@pytest.mark.parametrize(
    ("source", "options", "key"),
    [
        ("raw", {}, "source"),
        ("private", {"neurons": 0}, "neurons"),
        ("private", {"trials_per_condition": 1.5}, "trials_per_condition"),
    ],
)
def test_what_cannot_be_made(tmp_path: Path, source: str, options: dict[str, Any], key: str) -> None:
    with pytest.raises(InputError) as caught:
        write_synthetic("sussillo2015", source, tmp_path, 0, options)
    assert caught.value.key == key
    assert list(tmp_path.iterdir()) == []
