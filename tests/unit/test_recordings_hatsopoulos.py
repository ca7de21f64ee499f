"""The Hatsopoulos 2007 reader: a session known analytically, the published averages, and errors."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from neurorules.errors import InputError
from neurorules.recordings.convert import read_recording
from neurorules.recordings.readers.hatsopoulos2007 import read

PROCESSED = "data_output_aligntomovementonset_minT-800_maxT400_FRsmoothSD25ms.npy"
TIME = np.arange(-800, 401, 10)
SIGMA_S = 0.025
DRYAD = {"source": "dryad"}
ENTRY = {"name": "m1", "reader": "hatsopoulos2007", "source": "processed", "synthetic": False, "options": {}}


class Cell(list):  # type: ignore[type-arg]
    """A MATLAB cell array of one row."""


def write_matlab73(path: Path, variables: dict[str, Any]) -> Path:
    """A MATLAB 7.3 file: matrices transposed, cells as references, empties as their dimensions."""
    with h5py.File(path, "w", userblock_size=512) as file:
        numbers = itertools.count()

        def put(name: str, value: Any) -> h5py.Dataset:
            if isinstance(value, Cell) and len(value):
                children = [put(f"#refs#/{next(numbers)}", item).ref for item in value]
                data = np.array(children, dtype=h5py.ref_dtype).reshape(-1, 1)
                item = file.create_dataset(name, data=data, dtype=h5py.ref_dtype)
                item.attrs["MATLAB_class"] = np.bytes_("cell")
            elif len(value) == 0:
                item = file.create_dataset(name, data=np.array([0, 0], dtype=np.uint64))
                item.attrs["MATLAB_class"] = np.bytes_("cell" if isinstance(value, Cell) else "double")
                item.attrs["MATLAB_empty"] = np.uint8(1)
            else:
                item = file.create_dataset(name, data=np.asarray(value, dtype=float).T)
                item.attrs["MATLAB_class"] = np.bytes_("double")
            return item

        for name, value in variables.items():
            put(name, value)
    with open(path, "r+b") as handle:
        handle.write(b"MATLAB 7.3 MAT-file".ljust(116) + bytes(8) + b"\x00\x02IM")
    return path


def column(values: Any) -> np.ndarray:
    return np.asarray(values, dtype=float).reshape(-1, 1)


def session() -> dict[str, Any]:
    """Two trials to even targets, three to odd ones, movement onsets 4 s apart; everything known in closed form."""
    n_trials = [2, 3] * 4
    target = np.repeat(np.arange(8), n_trials)
    onset = 10.0 + 4.0 * np.arange(len(target))
    angle = np.deg2rad(45 * target)
    t = np.arange(0, 100, 0.002)
    x, y = np.full_like(t, 7.0), np.zeros_like(t)
    for event, a in zip(onset, angle, strict=True):
        # straight out in 400 ms at constant speed, back in 400 ms from 2 s on
        way = np.clip((t - event) / 0.4, 0, 1) - np.clip((t - event - 2) / 0.4, 0, 1)
        x += 0.1 * way * np.cos(a)
        y += 0.1 * way * np.sin(a)
    return {
        "spikes": Cell(
            [
                [],  # a channel without units
                Cell([column(onset)]),  # one spike at each movement onset
                Cell([[], column(onset[target == 3][1] + np.array([0.1]))]),  # one at 100 ms in 1 of 3 trials, target 3
                Cell([]),
                column(np.arange(0, 100, 0.001) + 0.00025),  # one in each ms of the session
                column(np.concatenate([onset - 0.8, onset + 0.4, onset - 0.85])),  # at the window's edges, and before
            ]
        ),
        "stmv_cell": Cell([column(onset[target == c]) for c in range(8)]),
        "x": np.stack([t, x], axis=1),
        "y": np.stack([t, y], axis=1),
        "th1": np.stack([t, 5.0 + 3.0 * t], axis=1),  # drifts steadily
        "th2": np.stack([t, -2.0 * t], axis=1),
    }


def gaussian(t_ms: np.ndarray) -> np.ndarray:
    """Rate (spikes/s) of one spike at 0, smoothed."""
    return np.exp(-0.5 * (t_ms / 1000 / SIGMA_S) ** 2) / (np.sqrt(2 * np.pi) * SIGMA_S)


@pytest.fixture
def dryad(tmp_path: Path) -> Path:
    return write_matlab73(tmp_path / "session.mat", session())


def test_spikes_known_by_hand(dryad: Path) -> None:
    recording = read([dryad], DRYAD)
    assert dict(recording.sizes) == {"condition": 8, "time": 121, "neuron": 4}
    assert recording["neuron"].values.tolist() == ["ch002u1", "ch003u2", "ch005u1", "ch006u1"]
    np.testing.assert_array_equal(recording["time"].values, TIME)
    assert recording["angle_deg"].values.tolist() == [0, 45, 90, 135, 180, 225, 270, 315]
    rates = recording["rates"].values

    # the kernel is cut at 4 SD and keeps its sum: 1/erf(4/sqrt 2) = 1 + 6.3e-5 of the height, no tail
    for condition in range(8):
        np.testing.assert_allclose(rates[condition, :, 0], gaussian(TIME), rtol=1e-4, atol=6e-3)
    assert rates[0, 80, 0] == pytest.approx(15.9577, rel=1e-4)  # 1/(sqrt(2 pi) 25 ms)

    np.testing.assert_allclose(rates[3, :, 1], gaussian(TIME - 100) / 3, rtol=1e-4, atol=6e-3)
    assert np.delete(rates[:, :, 1], 3, axis=0).max() == 0

    # 1000 spikes/s throughout: the window's edges lose nothing
    np.testing.assert_allclose(rates[:, :, 2], 1000, rtol=1e-9)

    edges = gaussian(TIME + 800) + gaussian(TIME - 400) + gaussian(TIME + 850)
    np.testing.assert_allclose(rates[5, :, 3], edges, rtol=1e-4, atol=6e-3)
    assert recording.attrs["synthetic"] == 0
    assert json.loads(recording.attrs["trials_left_out"]) == []


def test_kinematics_known_by_hand(dryad: Path) -> None:
    recording = read([dryad], DRYAD)
    way = np.clip(TIME / 400, 0, 1)
    angle = np.deg2rad(45 * np.arange(8))[:, None]
    np.testing.assert_allclose(recording["hand_x"].values, np.cos(angle) * way, atol=1e-9)
    np.testing.assert_allclose(recording["hand_y"].values, np.sin(angle) * way, atol=1e-9)
    rise = np.tile((TIME + 800) / 1200, (8, 1))
    np.testing.assert_allclose(recording["shoulder_angle"].values, rise, atol=1e-9)
    np.testing.assert_allclose(recording["elbow_angle"].values, -rise, atol=1e-9)


def test_single_trials(dryad: Path) -> None:
    recording = read([dryad], {**DRYAD, "keep_trials": True})
    assert recording["trial_rates"].shape == (4 * 20, 121)
    neuron, condition = recording["trial_neuron"].values, recording["trial_condition"].values
    own = recording["trial_rates"].values[(neuron == 1) & (condition == 3)]
    heights = sorted(own[:, 90].tolist())  # at 100 ms
    assert heights[:2] == [0, 0]
    assert heights[2] == pytest.approx(15.9577, rel=1e-4)
    for n in range(4):
        for c in range(8):
            np.testing.assert_allclose(
                recording["trial_rates"].values[(neuron == n) & (condition == c)].mean(axis=0),
                recording["rates"].values[c, :, n],
                rtol=1e-5,
                atol=1e-5,
            )


def test_the_order_of_spikes_does_not_matter(tmp_path: Path, dryad: Path) -> None:
    content = session()
    content["spikes"] = Cell(
        Cell([u[::-1] for u in channel]) if isinstance(channel, Cell) else channel for channel in content["spikes"]
    )
    assert read([write_matlab73(tmp_path / "other.mat", content)], DRYAD).identical(read([dryad], DRYAD))


def test_trials_beyond_the_kinematics_are_left_out_and_counted(tmp_path: Path, dryad: Path) -> None:
    content = session()
    content["stmv_cell"][2] = np.concatenate([content["stmv_cell"][2], column([0.5, 99.8, np.nan])])
    recording = read([write_matlab73(tmp_path / "other.mat", content)], DRYAD)
    assert json.loads(recording.attrs["trials_left_out"]) == [{"angle_deg": 90, "trials": 3}]
    np.testing.assert_array_equal(recording["rates"].values, read([dryad], DRYAD)["rates"].values)


def _drop(key: str) -> Callable[[dict[str, Any]], None]:
    return lambda content: content.__delitem__(key)


def _set(key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda content: content.__setitem__(key, value)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        *[(_drop(key), key) for key in ("spikes", "stmv_cell", "x", "y", "th1", "th2")],
        (_set("spikes", np.ones((3, 1))), "spikes"),
        (_set("spikes", Cell([[], Cell([])])), "spikes"),
        (_set("spikes", Cell([column([10.0, np.nan])])), "spikes"),
        (_set("spikes", Cell([Cell([Cell([column([1.0])])])])), "spikes"),
        (lambda content: content["stmv_cell"].pop(), "stmv_cell"),
        (lambda content: content["stmv_cell"].__setitem__(4, []), "stmv_cell"),
        (_set("th1", np.ones((5, 3))), "th1"),
        (_set("th2", np.array([[0.0, 1.0], [0.0, 2.0], [100.0, 2.0]])), "th2"),
        (_set("y", np.array([[0.0, 1.0], [100.0, 1.0]])), "y"),
    ],
)
def test_a_wrong_variable_is_named(tmp_path: Path, change: Callable[[dict[str, Any]], None], key: str) -> None:
    content = session()
    change(content)
    path = write_matlab73(tmp_path / "session.mat", content)
    with pytest.raises(InputError) as caught:
        read([path], DRYAD)
    assert caught.value.key == key
    assert caught.value.file == str(path)


def test_files_cut_off_or_of_another_kind(tmp_path: Path, dryad: Path) -> None:
    whole = dryad.read_bytes()
    for length in (0, 100, 512, 600, len(whole) // 2, len(whole) - 1000):
        dryad.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"session\.mat"):
            read([dryad], DRYAD)
    savemat(tmp_path / "v5.mat", {"spikes": np.arange(3)})
    with pytest.raises(InputError, match=r"v5\.mat"):
        read([tmp_path / "v5.mat"], DRYAD)
    with pytest.raises(InputError, match=r"nowhere\.mat"):
        read([tmp_path / "nowhere.mat"], DRYAD)


def test_options_that_do_not_fit_the_file(tmp_path: Path, dryad: Path) -> None:
    npy = tmp_path / "a.npy"
    for raw, options, key in [
        ([dryad], {"source": "other"}, "source"),
        ([dryad], {}, "source"),
        ([dryad], {"source": "processed"}, "source"),
        ([npy], {"source": "dryad"}, "source"),
        ([npy], {"source": "processed", "keep_trials": True}, "keep_trials"),
        ([], {}, "raw"),
        ([npy, npy], {}, "raw"),
    ]:
        with pytest.raises(InputError) as caught:
            read(raw, options)
        assert caught.value.key == key


def processed() -> dict[str, Any]:
    content: dict[str, Any] = {"firing_rate": np.arange(3 * 121 * 8, dtype=float).reshape(3, 121, 8)}
    for k, key in enumerate(("shoulderangle", "elbowangle", "xhandposition", "yhandposition")):
        content[key] = k + np.arange(8 * 121, dtype=float).reshape(8, 121)
    return content


def save_processed(folder: Path, content: dict[str, Any]) -> Path:
    path = folder / PROCESSED
    np.save(path, np.array(content, dtype=object), allow_pickle=True)
    return path


def test_processed_entries_land_where_they_should(tmp_path: Path) -> None:
    recording = read([save_processed(tmp_path, processed())], {"source": "processed"})
    assert recording["neuron"].values.tolist() == ["unit001", "unit002", "unit003"]
    # (neuron 2, time 5, target 7) of a C-ordered (3, 121, 8) arange
    assert recording["rates"].values[7, 5, 2] == 2 * 121 * 8 + 5 * 8 + 7
    for k, name in enumerate(("shoulder_angle", "elbow_angle", "hand_x", "hand_y")):
        assert recording[name].values[7, 5] == k + 7 * 121 + 5
    assert recording["time"].values[[0, 80, 120]].tolist() == [-800, 0, 400]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("firing_rate", None),
        ("firing_rate", np.zeros((3, 100, 8))),
        ("firing_rate", np.zeros((3, 121))),
        ("firing_rate", np.full((3, 121, 8), "x")),
        ("elbowangle", [1.0]),
        ("xhandposition", np.zeros((121, 8))),
    ],
)
def test_a_wrong_processed_entry_is_named(tmp_path: Path, key: str, value: Any) -> None:
    path = save_processed(tmp_path, {**processed(), key: value})
    with pytest.raises(InputError) as caught:
        read([path], {})
    assert caught.value.key == key
    with pytest.raises(InputError, match="key"):
        read([save_processed(tmp_path, {k: v for k, v in processed().items() if k != key})], {})


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_rates_have_to_be_rates(tmp_path: Path, value: float) -> None:
    content = processed()
    content["firing_rate"][1, 2, 3] = value
    with pytest.raises(InputError) as caught:
        read_recording({**ENTRY, "synthetic": True}, [save_processed(tmp_path, content)])
    assert (caught.value.key, caught.value.file) == ("rates", str(tmp_path / PROCESSED))


def test_kinematics_have_to_be_numbers(tmp_path: Path) -> None:
    content = processed()
    content["yhandposition"][3, 4] = np.nan
    with pytest.raises(InputError) as caught:
        read_recording({**ENTRY, "synthetic": True}, [save_processed(tmp_path, content)])
    assert caught.value.key == "hand_y"


def test_the_published_averages(real_data: Path) -> None:
    path = real_data / "hatsopoulos2007" / PROCESSED
    recording = read_recording(ENTRY, [path])
    assert dict(recording.sizes) == {"condition": 8, "time": 121, "neuron": 141}
    trusted = np.load(path, allow_pickle=True).item()
    np.testing.assert_array_equal(recording["rates"].values[3, :, 100], trusted["firing_rate"][100, :, 3])
    np.testing.assert_array_equal(recording["hand_y"].values, trusted["yhandposition"])
    assert recording.attrs["synthetic"] == 0

    # the hand ends at the labelled target
    end = np.rad2deg(np.arctan2(recording["hand_y"].values[:, -1], recording["hand_x"].values[:, -1]))
    assert np.abs((end - recording["angle_deg"].values + 180) % 360 - 180).max() < 5

    # netrep 0.0.2, LinearMetric(alpha=1, center_columns=True), neurons 0:70 against 70:140 of this file
    samples = recording["rates"].values.reshape(-1, 141)
    samples = samples - samples.mean(axis=0)
    one, other = samples[:, :70], samples[:, 70:140]
    overlap = np.linalg.svd(one.T @ other, compute_uv=False).sum()
    angle = np.arccos(overlap / np.linalg.norm(one) / np.linalg.norm(other))
    assert angle == pytest.approx(0.6151626342788948, abs=1e-9)


def test_an_altered_copy_is_refused(real_data: Path, tmp_path: Path) -> None:
    content = bytearray((real_data / "hatsopoulos2007" / PROCESSED).read_bytes())
    content[500_000] ^= 1  # one bit of one rate
    path = tmp_path / PROCESSED
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match="altered or replaced"):
        read_recording(ENTRY, [path])
