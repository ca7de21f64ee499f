"""The Mante 2013 reader: counts known by hand, the real unit files, and errors in files."""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from neurorules.errors import InputError
from neurorules.recordings.convert import read_recording
from neurorules.recordings.readers.mante2013 import read

MOTION = [-0.5, -0.17, -0.06, 0.06, 0.17, 0.5]
COLOR = [-0.5, -0.2, -0.08, 0.08, 0.2, 0.5]
# by the definition of a correct trial, and sorted as tuples
CONDITIONS = sorted(
    (int(np.sign(m if context == 1 else c)), m, c, context) for m in MOTION for c in COLOR for context in (-1, 1)
)


def unit_struct(trials: list[tuple[int, float, float, int, int, dict[int, int]]], name: str) -> dict[str, Any]:
    """A unit from trials (choice, motion, color, context, correct, {1 ms bin: count})."""
    response = np.zeros((len(trials), 751), dtype=np.uint8)
    for row, trial in enumerate(trials):
        for position, count in trial[5].items():
            response[row, position] = count
    choice, motion, color, context, correct = (np.array([[t[k]] for t in trials]) for k in range(5))
    return {
        "response": response,
        "task_variable": {
            "stim_dir": motion,
            "stim_col": color,
            "targ_dir": choice.astype(np.int16),
            "targ_col": choice.astype(np.int16),
            "context": context.astype(np.int16),
            "correct": correct.astype(np.uint8),
            "stim_col2dir": color,
        },
        "time": np.arange(100, 851)[None, :] / 1000,
        "unitInfo": {"type": "s"},
        "name": name,
        "reference": "made by hand",
    }


def by_hand() -> list[tuple[int, float, float, int, int, dict[int, int]]]:
    """Condition i: i spikes in ms 60 of one trial, none in a second; and wrong choices full of spikes."""
    trials: list[Any] = []
    for i, (choice, m, c, context) in enumerate(CONDITIONS):
        trials.append((choice, m, c, context, 1, {60: i}))
        trials.append((choice, m, c, context, 1, {}))
        trials.append((-choice, m, c, context, 0, dict.fromkeys(range(751), 9)))
    return trials


def save_unit(folder: Path, name: str = "ar000001_1_a1", unit: dict[str, Any] | None = None) -> Path:
    path = folder / f"{name}_Vstim_100_850_ms.mat"
    savemat(path, {"unit": unit or unit_struct(by_hand(), name)}, do_compression=True)
    return path


def test_rates_known_by_hand(tmp_path: Path) -> None:
    recording = read([save_unit(tmp_path)], {})
    assert dict(recording.sizes) == {"condition": 72, "time": 15, "neuron": 1}
    expected = np.zeros((72, 15))
    # ms 60 is in the second bin of 50 ms; i spikes in one of two trials
    expected[:, 1] = np.arange(72) / 2 / 0.050
    np.testing.assert_allclose(recording["rates"].values[:, :, 0], expected, rtol=1e-14)
    # samples at 100 .. 149 ms, 150 .. 199 ms ...
    np.testing.assert_allclose(recording["time"].values, 124.5 + 50 * np.arange(15))
    assert recording["neuron"].values.tolist() == ["ar000001_1_a1"]
    assert recording.attrs["bin_width_ms"] == 50
    assert recording.attrs["synthetic"] == 0
    assert recording.attrs["aligned_to"] == "dots onset"


def test_bins_of_15_ms_drop_the_last_sample(tmp_path: Path) -> None:
    trials = by_hand()
    trials[0][5].update({0: 3, 749: 2, 750: 7})
    recording = read([save_unit(tmp_path, unit=unit_struct(trials, "u"))], {"dt_ms": 15})
    assert recording.sizes["time"] == 50
    np.testing.assert_allclose(recording["rates"].values[0, [0, 49], 0], [3 / 2 / 0.015, 2 / 2 / 0.015])
    np.testing.assert_allclose(recording["rates"].values[1, :, 0].sum(), 1 / 2 / 0.015)
    np.testing.assert_allclose(recording["time"].values[[0, 49]], [107.0, 842.0])


def test_small_integers_do_not_wrap(tmp_path: Path) -> None:
    trials = by_hand()
    trials[0][5].update({10: 200, 11: 200})  # 400 does not fit into the stored uint8
    recording = read([save_unit(tmp_path, unit=unit_struct(trials, "u"))], {})
    assert recording["rates"].values[0, 0, 0] == pytest.approx(400 / 2 / 0.050)


def test_doubles_read_like_small_integers(tmp_path: Path) -> None:
    compact = unit_struct(by_hand(), "u")
    double = unit_struct(by_hand(), "u")
    double["response"] = double["response"].astype(float)
    double["task_variable"] = {k: np.asarray(v, dtype=float) for k, v in double["task_variable"].items()}
    one = read([save_unit(tmp_path, "ar1", compact)], {"keep_trials": True})
    other = read([save_unit(tmp_path, "ar2", double)], {"keep_trials": True})
    assert one.identical(other)


def test_condition_labels(tmp_path: Path) -> None:
    recording = read([save_unit(tmp_path)], {})
    found = zip(
        *(recording[k].values.tolist() for k in ("choice", "motion_coherence", "color_coherence", "context")),
        strict=True,
    )
    assert list(found) == CONDITIONS
    assert recording["motion_rank"].values.tolist() == [MOTION.index(c[1]) + 1 for c in CONDITIONS]
    assert recording["color_rank"].values.tolist() == [COLOR.index(c[2]) + 1 for c in CONDITIONS]


def test_levels_differ_between_sessions(tmp_path: Path) -> None:
    other = [
        (t[0], {0.17: 0.13, -0.17: -0.13}.get(t[1], t[1]), *t[2:]) for t in by_hand()
    ]  # the same ranks, other coherences
    paths = [save_unit(tmp_path, "ar1"), save_unit(tmp_path, "ar2", unit_struct(other, "ar2"))]
    recording = read(paths, {})
    np.testing.assert_array_equal(recording["rates"].values[:, :, 0], recording["rates"].values[:, :, 1])
    assert sorted(set(recording["motion_coherence"].values.round(9))) == [-0.5, -0.15, -0.06, 0.06, 0.15, 0.5]


def test_single_trials(tmp_path: Path) -> None:
    paths = [save_unit(tmp_path, "ar1"), save_unit(tmp_path, "ar2")]
    recording = read(paths, {"keep_trials": True})
    assert recording["trial_rates"].shape == (2 * 144, 15)
    own = (recording["trial_neuron"].values == 1) & (recording["trial_condition"].values == 30)
    # 30 spikes in 50 ms in the one trial, none in the other; no wrong trial among them
    assert sorted(recording["trial_rates"].values[own, 1].tolist()) == [0.0, 600.0]
    assert recording["trial_rates"].values.max() == 71 / 0.050


def test_file_order_does_not_matter(tmp_path: Path) -> None:
    names = ["ar3", "ar1", "ar2"]
    paths = []
    for k, name in enumerate(names):
        trials = by_hand()
        trials[0][5].update({700: k + 1})
        # neurons go by their own names, whatever the files are called
        paths.append(save_unit(tmp_path, f"ar_file{9 - k}", unit_struct(trials, name)))
    first = read(paths, {"keep_trials": True})
    assert first["neuron"].values.tolist() == ["ar1", "ar2", "ar3"]
    np.testing.assert_allclose(first["rates"].values[0, 14], [20.0, 30.0, 10.0])
    random.Random(0).shuffle(paths)
    assert read(paths[::-1], {"keep_trials": True}).identical(first)


def test_an_incomplete_unit_is_left_out_with_its_reason(tmp_path: Path) -> None:
    lacking = [trial for trial in by_hand() if trial[:5] != (*CONDITIONS[3], 1)]
    paths = [save_unit(tmp_path, "ar1"), save_unit(tmp_path, "ar2", unit_struct(lacking, "ar2"))]
    recording = read(paths, {})
    assert recording["neuron"].values.tolist() == ["ar1"]
    (left_out,) = json.loads(recording.attrs["left_out"])
    assert left_out["neuron"] == "ar2"
    assert CONDITIONS[3] == (-1, -0.5, -0.2, 1)
    assert "choice -1, motion rank 1, color rank 2, context +1" in left_out["reason"]


def test_units_with_other_levels_or_odd_trials_are_left_out(tmp_path: Path) -> None:
    coarse = [trial for trial in by_hand() if abs(trial[1]) != 0.17]
    odd = [*by_hand(), (-1, 0.5, 0.5, 1, 1, {})]  # marked correct although the motion asks for +1
    paths = [
        save_unit(tmp_path, "ar1"),
        save_unit(tmp_path, "ar2", unit_struct(coarse, "ar2")),
        save_unit(tmp_path, "ar3", unit_struct(odd, "ar3")),
    ]
    recording = read(paths, {})
    assert recording["neuron"].values.tolist() == ["ar1"]
    reasons = {entry["neuron"]: entry["reason"] for entry in json.loads(recording.attrs["left_out"])}
    assert "motion coherence" in reasons["ar2"]
    assert "marked correct" in reasons["ar3"]


def test_no_unit_left_names_the_condition(tmp_path: Path) -> None:
    lacking = [trial for trial in by_hand() if trial[:5] != (*CONDITIONS[71], 1)]
    paths = [save_unit(tmp_path, name, unit_struct(lacking, name)) for name in ("ar1", "ar2")]
    with pytest.raises(InputError, match=r"choice \+1, motion rank 6, color rank 6, context \+1"):
        read(paths, {})


def test_a_zip_reads_like_its_folder_and_nothing_is_unpacked(tmp_path: Path) -> None:
    folder = tmp_path / "units"
    folder.mkdir()
    paths = [save_unit(folder, name) for name in ("ar1", "ar2", "ar3")]
    archive = tmp_path / "sub" / "PFC data.zip"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as file:
        file.write(paths[2], "PFC data/PFC data 1/ar3_Vstim_100_850_ms.mat")
        file.write(paths[0], "PFC data/PFC data 1/ar1_Vstim_100_850_ms.mat")
        file.write(paths[1], "../../ar2_Vstim_100_850_ms.mat")
        file.writestr("__MACOSX/PFC data/PFC data 1/ar1_Vstim_100_850_ms.mat", b"resource fork")
        file.writestr("PFC data/PFC data 1/._ar1_Vstim_100_850_ms.mat", b"resource fork")
        file.writestr("PFC data/PFC data 2/fe1_Vstim_100_850_ms.mat", b"the other monkey")
    before = sorted(tmp_path.rglob("*"))
    assert read([archive], {"monkey": "ar"}).identical(read(paths, {"monkey": "ar"}))
    assert sorted(tmp_path.rglob("*")) == before


def test_the_synthetic_mark_is_seen(tmp_path: Path) -> None:
    unit = unit_struct(by_hand(), "u")
    unit["reference"] = "synthetic recording"
    assert read([save_unit(tmp_path, unit=unit)], {}).attrs["synthetic"] == 1


def _without(struct: str | None, field: str) -> Callable[[dict[str, Any]], None]:
    def change(unit: dict[str, Any]) -> None:
        del (unit if struct is None else unit[struct])[field]

    return change


def _with(field: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda unit: unit.update({field: value})


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_without(None, "response"), "unit.response"),
        (_without(None, "task_variable"), "unit.task_variable"),
        (_without(None, "reference"), "unit.reference"),
        (_without("task_variable", "context"), "unit.task_variable.context"),
        (_without("task_variable", "correct"), "unit.task_variable.correct"),
        (_with("task_variable", 3.0), "unit.task_variable"),
        (_with("response", "text"), "unit.response"),
        (_with("response", np.full((216, 751), 0.5)), "unit.response"),
        (_with("response", np.full((216, 751), np.nan)), "unit.response"),
        (_with("response", np.full((216, 751), -1.0)), "unit.response"),
        (_with("response", np.full((216, 751), 1e12)), "unit.response"),
        (_with("response", np.zeros((216, 700))), "unit.response"),
        (_with("response", np.zeros((200, 751))), "unit.task_variable.targ_dir"),
        (_with("time", np.arange(751)[None, :] / 500), "unit.time"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, change: Callable[[dict[str, Any]], None], named: str) -> None:
    unit = unit_struct(by_hand(), "u")
    change(unit)
    path = save_unit(tmp_path, unit=unit)
    with pytest.raises(InputError) as caught:
        read([path], {})
    assert caught.value.key == named
    assert caught.value.file == str(path)


def test_a_unit_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole = save_unit(tmp_path).read_bytes()
    path = tmp_path / "ar_cut.mat"
    for length in [0, 1, 100, 127, 128, 129, 136, 140, 200, len(whole) // 2, len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"ar_cut\.mat"):
            read([path], {})


def test_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    savemat(tmp_path / "ar_other.mat", {"x": np.arange(3)})
    savemat(tmp_path / "ar_number.mat", {"unit": 3.0})
    (tmp_path / "ar_page.mat").write_text("<html>not found</html>" * 20)
    for name in ("ar_other", "ar_number", "ar_page"):
        with pytest.raises(InputError, match=rf"{name}\.mat"):
            read([tmp_path / f"{name}.mat"], {})


def test_no_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No unit file"):
        read([], {})


def test_the_same_unit_twice(tmp_path: Path) -> None:
    paths = [save_unit(tmp_path, "ar1"), save_unit(tmp_path, "ar1_copy", unit_struct(by_hand(), "ar1"))]
    with pytest.raises(InputError, match="Duplicate unit"):
        read(paths, {})


def test_wrong_archives(tmp_path: Path) -> None:
    archive = tmp_path / "PFC data.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(save_unit(tmp_path, "ar1"), "PFC data/PFC data 1/ar1.mat")
    with pytest.raises(InputError, match="no unit file of monkey fe"):
        read([archive], {"monkey": "fe"})
    whole = archive.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"<html>", whole[:300] + bytes(60) + whole[360:]):
        archive.write_bytes(content)
        with pytest.raises(InputError, match=r"PFC data\.zip"):
            read([archive], {})


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"monkey": "x"}, "monkey"),
        ({"monkey": "fe"}, "monkey"),  # of whom this file is not
        *[({"dt_ms": dt}, "dt_ms") for dt in (40, 0, -50, 800, 50.5, "50", True, None)],
    ],
)
def test_options_without_meaning(tmp_path: Path, options: dict[str, Any], key: str) -> None:
    with pytest.raises(InputError) as caught:
        read([save_unit(tmp_path)], options)
    assert caught.value.key == key
    assert caught.value.value == options[key]


def test_the_real_units(real_data: Path) -> None:
    folder = real_data / "mante2013" / "PFC data" / "PFC data 1"
    files = sorted(folder.glob("*.mat"))
    entry = {"name": "pfc", "reader": "mante2013", "source": "raw", "synthetic": False, "options": {"monkey": "ar"}}
    recording = read_recording(entry, files)
    assert dict(recording.sizes) == {"condition": 72, "time": 15, "neuron": 14}
    assert read(files, {"dt_ms": 15}).sizes["time"] == 50
    assert [entry["neuron"] for entry in json.loads(recording.attrs["left_out"])] == ["ar090330_3_a10"]
    assert recording.attrs["synthetic"] == 0
    # an incomplete archive is not an error, but the title says so
    assert recording.attrs["title"] == f"Mante 2013, {len(files)} of 762 units"

    # one unit again, trial by trial, by the published definition: window means of counts per ms
    unit = loadmat(folder / "ar090728_1_a4_Vstim_100_850_ms.mat", simplify_cells=True)["unit"]
    task = unit["task_variable"]
    groups: dict[tuple[float, ...], list[np.ndarray]] = {}
    for row in range(len(unit["response"])):
        if task["correct"][row]:
            key = tuple(float(task[k][row]) for k in ("targ_dir", "stim_dir", "stim_col2dir", "context"))
            counts = unit["response"][row].astype(float)
            groups.setdefault(key, []).append(np.array([counts[50 * k : 50 * k + 50].mean() for k in range(15)]))
    expected = np.array([np.mean(groups[key], axis=0) * 1000 for key in sorted(groups)])
    np.testing.assert_allclose(recording["rates"].sel(neuron="ar090728_1_a4").values, expected, atol=1e-10)
