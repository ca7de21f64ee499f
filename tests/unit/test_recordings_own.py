"""A user's rates, from one NetCDF file: values known by hand, and errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from neurorules.errors import InputError
from neurorules.recordings.convert import convert, read_recording
from neurorules.recordings.recording import open_recording

BINS = xr.Variable(("condition", "time"), np.full((2, 3), 10.0), {"units": "ms"})
ENTRY = {"name": "mine", "reader": "own_rates", "source": "netcdf", "synthetic": False, "options": {}}
RATES = np.arange(24.0).reshape(2, 3, 4)  # condition, time, neuron


def session() -> xr.Dataset:
    """Two conditions, three bins of 20 ms, four neurons, as xarray has it by default."""
    return xr.Dataset(
        {
            "rates": (("neuron", "condition", "time"), RATES.transpose(2, 0, 1).astype(np.float32), {"units": "Hz"}),
            "hand_x": (("condition", "time"), RATES[:, :, 0]),
            "remark": ("condition", ["slow", "fast"]),
        },
        coords={
            "time": ("time", [10, 30, 50], {"units": "ms"}),
            "condition": ["left", "right"],
            "coherence": ("condition", [-0.5, 0.5]),
        },
        attrs={"title": "Lab 2025", "citation": "Lab (2025)", "rig": 3},
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rates.nc"


def test_values_land_where_they_should(file: Path) -> None:
    session().to_netcdf(file, encoding={"rates": {"zlib": True, "chunksizes": (1, 2, 3)}})
    recording = read_recording(ENTRY, [file])
    assert recording["rates"].dims == ("condition", "time", "neuron")
    assert recording["rates"].dtype == np.float64
    np.testing.assert_array_equal(recording["rates"], RATES)
    np.testing.assert_array_equal(recording["hand_x"], RATES[:, :, 0])
    assert recording["time"].values.tolist() == [10.0, 30.0, 50.0]
    assert recording["condition"].values.tolist() == [0, 1]
    assert recording["condition_name"].values.tolist() == ["left", "right"]
    assert recording["coherence"].values.tolist() == [-0.5, 0.5]
    assert recording["remark"].values.tolist() == ["slow", "fast"]
    assert recording["neuron"].values.tolist() == ["unit001", "unit002", "unit003", "unit004"]
    about = recording.attrs
    assert (about["title"], about["citation"], about["bin_width_ms"]) == ("Lab 2025", "Lab (2025)", 20.0)
    assert about["licence"] == "none stated in the file"
    assert about["source"] == "netcdf: one's own file"
    assert about["synthetic"] == 0


def test_what_the_workflow_wrote_is_read_again(file: Path, tmp_path: Path) -> None:
    """A Recording is in the form already."""
    named = session().assign_coords(neuron=["a", "b", "c", "d"])
    named.to_netcdf(file)
    first, second = tmp_path / "first.nc", tmp_path / "second.nc"
    convert(ENTRY, [file], "0", str(first))
    convert(ENTRY, [first], "0", str(second))
    recording = open_recording(second)
    before = open_recording(first)
    assert recording.attrs.pop("raw_files") != before.attrs.pop("raw_files")
    xr.testing.assert_identical(recording, before)
    assert recording.attrs["name"] == "mine"
    assert recording["neuron"].values.tolist() == ["a", "b", "c", "d"]
    np.testing.assert_array_equal(recording["rates"], RATES)


def test_synthetic_rates_do_not_pass_as_recorded(file: Path, tmp_path: Path) -> None:
    session().assign_attrs(synthetic=1).to_netcdf(file)
    with pytest.raises(InputError, match="synthetic"):
        convert(ENTRY, [file], "0", str(tmp_path / "recording.nc"))
    assert not (tmp_path / "recording.nc").exists()


def without_units(name: str) -> Callable[[xr.Dataset], xr.Dataset]:
    def change(dataset: xr.Dataset) -> xr.Dataset:
        del dataset[name].attrs["units"]
        return dataset

    return change


def with_value(value: float) -> Callable[[xr.Dataset], xr.Dataset]:
    def change(dataset: xr.Dataset) -> xr.Dataset:
        dataset["rates"][0, 0, 0] = value
        return dataset

    return change


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("rates", lambda dataset: dataset.drop_vars("rates")),
        ("rates", lambda dataset: dataset.rename(neuron="unit")),
        ("rates", with_value(-1)),
        ("rates", with_value(np.nan)),
        ("rates", lambda dataset: dataset.assign(rates=dataset["rates"].astype(str).assign_attrs(units="Hz"))),
        ("rates.units", without_units("rates")),
        ("rates.units", lambda dataset: dataset.assign(rates=dataset["rates"].assign_attrs(units="spikes/bin"))),
        ("time.units", without_units("time")),
        ("time.units", lambda dataset: dataset.drop_vars("time")),
        ("time", lambda dataset: dataset.assign_coords(time=("time", [10, 30, 60], {"units": "ms"}))),
        ("time", lambda dataset: dataset.assign_coords(time=("time", [50, 30, 10], {"units": "ms"}))),
        ("time", lambda dataset: dataset.isel(time=[0])),
        ("rates.units", lambda dataset: dataset.assign(rates=dataset["rates"].assign_attrs(units=[1.0, 2.0]))),
        ("time", lambda dataset: dataset.drop_vars("time").assign_coords(time=BINS)),
        ("title", lambda dataset: dataset.assign_attrs(title=" ")),
        ("condition", lambda dataset: dataset.assign_coords(condition=[1, 0])),
        ("condition", lambda dataset: dataset.isel(condition=[])),
        ("left_out", lambda dataset: dataset.assign_attrs(left_out="[1, 2]")),
        ("trial_neuron", lambda dataset: dataset.assign(trial_neuron=("trial", [0, 4]))),
        ("neuron", lambda dataset: dataset.assign_coords(neuron=["a", "b", "c", "a"])),
        ("neuron", lambda dataset: dataset.isel(neuron=[])),
        ("left_out", lambda dataset: dataset.assign_attrs(left_out="unit 5")),
        ("hand_x", lambda dataset: dataset.assign(hand_x=dataset["hand_x"] * np.inf)),
    ],
)
def test_what_is_missing_or_wrong_is_named(file: Path, key: str, change: Callable[[xr.Dataset], xr.Dataset]) -> None:
    change(session()).to_netcdf(file)
    with pytest.raises(InputError) as caught:
        read_recording(ENTRY, [file])
    assert (caught.value.key, caught.value.file) == (key, str(file))
    assert caught.value.remedy


@pytest.mark.parametrize(("numbers", "names"), [([0, 1], None), ([0, 90], [0, 90])])
def test_conditions_may_be_numbered_or_named_by_numbers(
    file: Path, numbers: list[int], names: list[int] | None
) -> None:
    session().assign_coords(condition=numbers).to_netcdf(file)
    recording = read_recording(ENTRY, [file])
    assert recording["condition"].values.tolist() == [0, 1]
    assert (recording["condition_name"].values.tolist() if "condition_name" in recording else None) == names


def test_times_may_be_called_milliseconds(file: Path) -> None:
    """Which xarray would make durations of."""
    session().assign_coords(time=("time", [10.0, 30.0, 50.0], {"units": "milliseconds"})).to_netcdf(file)
    assert read_recording(ENTRY, [file])["time"].values.tolist() == [10.0, 30.0, 50.0]


@pytest.mark.parametrize("units", ["z-score", "soft-normalised"])
def test_normalised_rates_may_be_negative_and_say_so(file: Path, units: str) -> None:
    """The baseline restores the file's values; neurons differ in their lowest value, -6 to -3."""
    values = RATES - 6.0
    changed = session()
    changed["rates"] = (("condition", "time", "neuron"), values, {"units": units})
    changed.to_netcdf(file)
    recording = read_recording(ENTRY, [file])
    assert recording["rates"].attrs["units"] == units
    assert recording["baseline"].values.tolist() == [-6.0, -5.0, -4.0, -3.0]
    np.testing.assert_array_equal(recording["rates"] + recording["baseline"], values)
    with pytest.raises(InputError) as caught:
        read_recording({**ENTRY, "options": {"max_rate_hz": 100}}, [file])
    assert caught.value.key == "max_rate_hz"


def test_negative_rates_without_declared_units_are_refused(file: Path) -> None:
    changed = session()
    changed["rates"] = changed["rates"] - 6.0
    changed["rates"].attrs["units"] = "Hz"
    changed.to_netcdf(file)
    with pytest.raises(InputError, match="negative") as caught:
        read_recording(ENTRY, [file])
    assert "say how they are normalised" in str(caught.value.remedy)


def test_single_trials_of_normalised_rates_are_checked_first(file: Path) -> None:
    """A neuron that does not exist."""
    changed = session()
    changed["rates"] = (("condition", "time", "neuron"), RATES - 6.0, {"units": "z-score"})
    changed["trial_rates"] = (("trial", "time"), np.zeros((2, 3)))
    changed["trial_neuron"] = ("trial", [0, 9])
    changed["trial_condition"] = ("trial", [0, 1])
    changed.to_netcdf(file)
    with pytest.raises(InputError) as caught:
        read_recording(ENTRY, [file])
    assert caught.value.key == "trial_neuron"
