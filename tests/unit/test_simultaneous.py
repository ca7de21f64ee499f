"""Which neurons were recorded together: what a recording declares, what is refused, and the trials that follow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
import yaml
from helpers.studies import study
from scipy.io import savemat

from neurorules.errors import InputError
from neurorules.recordings.convert import convert, read_recording
from neurorules.recordings.recording import open_recording
from neurorules.recordings.sessions.session import Session
from neurorules.recordings.sessions.spike_times import SpikeTimes
from neurorules.recordings.sessions.to_recording import recording_of
from neurorules.recordings.simultaneous import check_declaration, simultaneous_trials
from neurorules.recordings.single_trials import with_ragged_trials

SIDES = ["left", "right", "left", "right", "left"]
COUNTS = np.random.default_rng(0).integers(0, 9, (5, 3, 6))  # trial, unit, bin of 10 ms
GO = np.array([1.0, 3.0, 5.0, 7.0])
OF_SESSION: dict[str, Any] = {"condition": ["side"], "align": "go", "window_ms": [0, 300], "bin_ms": 100}


def entry(**options: Any) -> dict[str, Any]:
    of_file = {"counts": "counts", "columns": {"side": "side"}, "file_bin_ms": 10, "bin_ms": 20, "window_ms": [0, 60]}
    return {
        "name": "reach",
        "reader": "trials",
        "source": "files",
        "synthetic": False,
        "options": {**of_file, "align": "start_time", "condition": ["side"], "max_rate_hz": 1e6, **options},
    }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    savemat(tmp_path / "reach.mat", {"counts": COUNTS, "side": np.array(SIDES, object)})
    return tmp_path / "reach.mat"


def session(name: str = "monday", observed: Any = None) -> Session:
    trials = {"start_time": GO - 0.5, "stop_time": GO + 1.0, "go": GO, "side": ["l", "r", "l", "r"]}
    units = pd.DataFrame(index=["u0", "u1"])
    return Session(name, Path(f"{name}.nwb"), units, pd.DataFrame(trials), SpikeTimes([GO + 0.15, GO + 0.2], observed))


def of_nwb(sessions: list[Session], **attrs: Any) -> xr.Dataset:
    """What the reader `nwb` makes of these sessions, with the attributes of a converted recording."""
    made = recording_of(sessions, OF_SESSION)
    return made.assign_attrs({"name": "day", "made_by": "neurorules.recordings.readers.nwb", **attrs})


def refusal(recording: xr.Dataset) -> InputError:
    with pytest.raises(InputError) as caught:
        simultaneous_trials(recording)
    assert caught.value.remedy
    return caught.value


def test_trials_are_those_of_the_file(file: Path, tmp_path: Path) -> None:
    """Through conversion and the file on disk: counts of two bins of 10 ms, by condition, left before right."""
    convert(entry(simultaneous=True), [file], "code", str(tmp_path / "reach.nc"))
    recording = open_recording(tmp_path / "reach.nc")
    assert recording.attrs["simultaneous"] == 1
    rates, condition = simultaneous_trials(recording)
    assert condition.tolist() == [0, 0, 0, 1, 1]
    counts = COUNTS[[0, 2, 4, 1, 3]].reshape(5, 3, 3, 2).sum(-1).transpose(0, 2, 1)
    found = {tuple(trial.ravel()) for trial in np.round(rates * 0.02).astype(int)}
    assert found == {tuple(trial.ravel()) for trial in counts}
    for number, side in enumerate(("left", "right")):
        of_side = COUNTS[np.array(SIDES) == side].reshape(-1, 3, 3, 2).sum(-1).mean(0).T / 0.02
        np.testing.assert_allclose(rates[condition == number].mean(0), of_side, rtol=1e-6)


def test_without_the_option_nothing_changes_and_it_is_refused(file: Path) -> None:
    plain, declared = (read_recording(entry(**options), [file]) for options in ({}, {"simultaneous": True}))
    assert "simultaneous" not in plain.attrs
    assert declared.drop_attrs(deep=False).identical(plain.drop_attrs(deep=False))
    assert {**plain.attrs, "simultaneous": 1} == declared.attrs
    error = refusal(plain)
    assert "does not say" in error.problem and error.key == "recordings.reach.options.simultaneous"
    error = refusal(read_recording(entry(simultaneous=False), [file]))
    assert error.value is False


def test_no_single_trials(file: Path) -> None:
    plain = read_recording(entry(keep_single_trials=False), [file])
    assert "no single trials" in refusal(plain).problem
    with pytest.raises(InputError, match="no single trials"):
        read_recording(entry(keep_single_trials=False, simultaneous=True), [file])


def test_units_that_lack_trials(file: Path, tmp_path: Path) -> None:
    """A unit with NaN in one trial is refused when it is declared, with its name and its number of trials."""
    counts = COUNTS.astype(float)
    counts[2, 1] = np.nan
    savemat(tmp_path / "reach.mat", {"counts": counts, "side": np.array(SIDES, object)})
    with pytest.raises(InputError, match="observed in 4") as caught:
        read_recording(entry(simultaneous=True), [file])
    assert caught.value.key == "simultaneous"
    assert "same trials" in refusal(read_recording(entry(), [file]).assign_attrs(simultaneous=1)).problem


def test_a_session_in_nwb_was_recorded_together() -> None:
    rates, condition = simultaneous_trials(of_nwb([session()]))
    assert rates.shape == (4, 3, 2) and condition.tolist() == [0, 0, 1, 1]
    # 150 ms after go is the second bin, 200 ms the third
    np.testing.assert_allclose(rates[0], [[0, 0], [10, 0], [0, 10]])
    assert refusal(of_nwb([session()], simultaneous=0)).value is False


def test_several_sessions_were_not() -> None:
    sessions = [session(), session("tuesday")]
    assert "2 sessions" in refusal(of_nwb(sessions)).problem
    with pytest.raises(InputError, match="2 sessions"):
        recording_of(sessions, {**OF_SESSION, "simultaneous": True})


def test_equal_numbers_of_different_trials() -> None:
    """u0 lacks the trial at 1 s and u1 that at 5 s, both of the left: conditions agree, and trials do not."""
    lacks = [np.array([[2.0, 9.0]]), np.array([[0.0, 4.0], [6.0, 9.0]])]
    recording = of_nwb([session(observed=lacks)])
    assert recording["trial_condition"].values.tolist() == [0, 1, 1] * 2
    error = refusal(recording)
    assert "3 of 4 trials" in error.problem and "simultaneous" in (error.remedy or "")
    with pytest.raises(InputError, match="observed in 3"):
        recording_of([session(observed=lacks)], {**OF_SESSION, "simultaneous": True})


def test_neurons_in_one_array() -> None:
    """A file of rates with trial_rates(trial, time, neuron): complete trials are kept in order, others refused."""
    values = np.random.default_rng(1).random((5, 4, 3))
    together = xr.Dataset(
        {"trial_rates": (("trial", "time", "neuron"), values), "trial_condition": ("trial", [1, 0, 1, -1, 0])},
        coords={"neuron": ["a", "b", "c"]},
        attrs={"name": "mine", "simultaneous": 1},
    )
    check_declaration(together, "mine.nc")
    rates, condition = simultaneous_trials(with_ragged_trials(together, "mine.nc"))
    np.testing.assert_array_equal(rates, values[[0, 1, 2, 4]])
    assert condition.tolist() == [1, 0, 1, 0]
    values[3, :, 1] = np.nan
    with pytest.raises(InputError, match="In 1 of 5 trials"):
        check_declaration(together, "mine.nc")


# ---- studies


FIGURE = {"tasks": ["hatsopoulos2007"], "learning_rules": ["bptt"], "settings": ["base"]}


def with_figure(name: str, recording: dict[str, Any]) -> Any:
    return study(
        {
            "use_recordings": [name],
            "use_figures": ["stochastic_shape"],
            "figures": {"stochastic_shape": FIGURE},
            "recordings": {name: recording},
            "tasks": {"hatsopoulos2007": {"comparison": {"recording": name}}},
        }
    )


def test_the_published_file_is_declared() -> None:
    assert with_figure("hatsopoulos2007-trials", {}).selection.figures["stochastic_shape"]


@pytest.mark.parametrize(
    ("name", "recording", "key", "why"),
    [
        ("mante2013", {}, "simultaneous", "one after another"),
        ("mante2013", {"options": {"simultaneous": True}}, "simultaneous", "one after another"),
        ("hatsopoulos2007", {}, "keep_trials", "without single trials"),
        ("hatsopoulos2007-trials", {"options": {"simultaneous": False}}, "simultaneous", "does not say"),
    ],
)
def test_refused_before_training(name: str, recording: dict[str, Any], key: str, why: str) -> None:
    with pytest.raises(InputError, match=why) as caught:
        with_figure(name, recording)
    assert caught.value.key == f"recordings.{name}.options.{key}" and caught.value.remedy


def test_mante_is_refused_when_it_is_read(tmp_path: Path) -> None:
    from neurorules.recordings.locate import find_raw
    from neurorules.recordings.synthetic.base.write import write_synthetic

    made = {"name": "m", "reader": "mante2013", "source": "raw", "synthetic": True}
    options = {"neurons": 2, "trials_per_condition": 2, "keep_trials": True, "simultaneous": True}
    write_synthetic("mante2013", "raw", tmp_path, 0, options)
    raw = find_raw("mante2013", "raw", tmp_path, tmp_path, options)
    with pytest.raises(InputError, match="one after another"):
        read_recording({**made, "options": options}, raw)


def test_lab_file(real_data: Path) -> None:
    """61 units in 210 trials; the mean over trials is the recording's average."""
    file = real_data / "lab-files" / "reach_spikecounts.mat"
    if not file.exists():
        pytest.skip(f"{file} does not exist")
    of_study = yaml.safe_load((Path(__file__).parents[1] / "config" / "lab-files.yaml").read_text(encoding="utf-8"))
    options = {**of_study["recordings"]["reach-counts"]["options"], "simultaneous": True}
    recording = read_recording({**entry(), "options": options}, [file])
    assert json.loads(recording.attrs["kept_trials"]) == {"reach_spikecounts": 210}
    rates, condition = simultaneous_trials(recording)
    assert rates.shape == (210, 40, recording.sizes["neuron"])
    assert np.bincount(condition).tolist() == [30] * 7
    means = [rates[condition == number].mean(0, dtype=float) for number in range(7)]
    np.testing.assert_allclose(means, recording["rates"].values, rtol=1e-5, atol=1e-4)
