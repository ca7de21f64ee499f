"""The guarantees of a Recording: bins, trial labels, cells with numbers, texts that can be shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr
from helpers.options import REACH_TASK
from netCDF4 import Dataset as NetCDF
from netCDF4 import default_fillvals

from neurorules.errors import InputError
from neurorules.io.limits import RECORDING_BYTES
from neurorules.options import Options
from neurorules.recordings.bins import bin_starts, time_in_bin
from neurorules.recordings.convert import read_recording
from neurorules.recordings.recording import check_recording
from neurorules.similarity.baselines import trial_averaging, trials_of_neurons
from neurorules.similarity.noise_floor import silent_splits
from neurorules.tables.noise_floor import check
from neurorules.tasks.base.periods import check_bins, same_width, whole_steps
from neurorules.tasks.base.task import compared_steps, make_task

COMPARISON = {"onset_step": 185}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rates.nc"


def rates_of(n_conditions: int, n_bins: int, n_neurons: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 100, (n_conditions, n_bins, n_neurons)).astype(float)


def session(time_ms: np.ndarray, n_conditions: int = 8, n_neurons: int = 4, **attributes: Any) -> xr.Dataset:
    rates = rates_of(n_conditions, len(time_ms), n_neurons)
    return xr.Dataset(
        {
            "rates": (("condition", "time", "neuron"), rates, {"units": "spikes/s"}),
            "shoulder_angle": (("condition", "time"), rates[:, :, 0].copy()),
            "elbow_angle": (("condition", "time"), rates[:, :, 1].copy()),
        },
        coords={
            "time": ("time", time_ms, {"units": "ms"}),
            "neuron": [f"n{k}" for k in range(n_neurons)],
        },
        attrs={"title": "Lab", **attributes},
    )


def read(written: xr.Dataset, file: Path, **options: Any) -> xr.Dataset:
    written.to_netcdf(file)
    entry = {"name": "mine", "reader": "own_rates", "source": "netcdf", "synthetic": False, "options": options}
    return read_recording(entry, [file])


def refusal(written: xr.Dataset, file: Path, **options: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        read(written, file, **options)
    assert caught.value.file == str(file) and caught.value.remedy
    return caught.value


# ---- bins


def steps_of(recording: xr.Dataset, **changes: Any) -> list[int]:
    steps: list[int] = compared_steps(
        make_task("hatsopoulos2007", REACH_TASK | changes, recording), recording, COMPARISON
    ).tolist()
    return steps


def test_bins_named_by_their_middles_have_a_step_each(file: Path) -> None:
    """-800 to 400 ms in 120 bins of 10 ms; the 80th bin before onset, step 185, is step 105."""
    recording = read(session(np.arange(-795.0, 400, 10)), file)
    assert time_in_bin(recording) == "middle"
    assert bin_starts(recording).tolist() == np.arange(-800.0, 400, 10).tolist()
    assert steps_of(recording) == list(range(105, 225))


def test_bins_named_by_their_edges_have_the_same_steps(file: Path) -> None:
    recording = read(session(np.arange(-800.0, 400, 10)), file)
    assert time_in_bin(recording) == "edge"
    assert steps_of(recording) == list(range(105, 225))


@pytest.mark.parametrize("stated_by", ["file", "study"])
def test_what_a_time_is_may_be_stated(file: Path, stated_by: str) -> None:
    """Bins of 10 ms centred on multiples of 10 ms are half a step off the task's steps."""
    said = {"time_in_bin": "middle"}
    middles = session(np.arange(-800.0, 400, 10), **(said if stated_by == "file" else {}))
    recording = read(middles, file, **(said if stated_by == "study" else {"time_in_bin": "middle"}))
    assert bin_starts(recording)[0] == -805
    with pytest.raises(InputError, match=r"0\.5 of a step") as caught:
        steps_of(recording)
    assert caught.value.key == "time"
    assert refusal(session(np.arange(-800.0, 400, 10), time_in_bin="centre"), file).key == "time_in_bin"


def test_bins_beside_the_steps_are_refused(file: Path) -> None:
    with pytest.raises(InputError, match=r"0\.3 of a step"):
        steps_of(read(session(np.arange(-797.0, 400, 10)), file))


@pytest.mark.parametrize("offset", [0.0, 0.5])
@pytest.mark.parametrize("bin_ms", [1000 / 30, 1000 / 60, 1000 / 128, 12.5])
def test_every_bin_has_the_next_step(file: Path, bin_ms: float, offset: float) -> None:
    """Whatever the width of bins, and written with few digits: 40 bins before onset, 20 after it."""
    time_ms = ((np.arange(-40, 20) + offset) * bin_ms).round(2)
    recording = read(session(time_ms), file)
    assert steps_of(recording, dt_ms=round(bin_ms, 3), output_start_ms=0) == list(range(145, 205))


def test_a_task_that_takes_steps_twice_is_refused(file: Path) -> None:
    recording = read(session(np.arange(-40.0, 40, 10)), file)

    class Halves:
        def test(self) -> Any:
            return make_task("hatsopoulos2007", REACH_TASK | {"output_start_ms": 0}, recording).test()

        def window(self, time_ms: np.ndarray, comparison: Options) -> np.ndarray:
            return np.rint(time_ms / 20).astype(int)

    with pytest.raises(InputError, match="a separate step"):
        compared_steps(Halves(), recording, COMPARISON)  # type: ignore[arg-type]


def test_kinematics_are_taken_by_the_names_of_their_dimensions(file: Path) -> None:
    """Eight conditions and eight bins: the shape does not tell them apart."""
    plain = session(np.arange(-40.0, 40, 10))
    turned = plain.assign({name: plain[name].transpose() for name in ("shoulder_angle", "elbow_angle")})
    options = REACH_TASK | {"output_start_ms": -40, "output_offset_steps": 0}
    targets = [make_task("hatsopoulos2007", options, read(written, file)).test().targets for written in (plain, turned)]
    np.testing.assert_array_equal(*targets)
    with pytest.raises(InputError, match=r"shoulder_angle\(condition, time\)"):
        make_task("hatsopoulos2007", options, plain.assign(shoulder_angle=plain["rates"]))


@pytest.mark.parametrize("stated", [33.3333, 33.33333, 100 / 3])
def test_rounding_does_not_tell_widths_apart(stated: float) -> None:
    """1000/30 ms; 22 bins of 33.3333 ms drift by 0.0007 ms."""
    time_ms = np.arange(22) * 1000 / 30
    check_bins(time_ms, [22], stated, "A trial has", "Change it.")


@pytest.mark.parametrize(("stated", "shown"), [(33.4, "33.4"), (33.3, "33.3"), (33.310001, "33.31")])
def test_widths_that_differ_are_shown_with_the_digits_in_which_they_do(stated: float, shown: str) -> None:
    with pytest.raises(InputError) as caught:
        check_bins(np.arange(22) * 1000 / 30, [22], stated, "A trial has", "Change it.")
    assert f"22 steps of {shown} ms" in caught.value.problem and "22 bins of 33.3333 ms" in caught.value.problem
    with pytest.raises(InputError) as caught:
        check_bins(np.arange(2) * 33.33333333, [4], 33.33333334, "A trial has", "Change it.")
    assert "add up" in (caught.value.remedy or "")


def test_small_differences_may_not_add_up_to_a_bin() -> None:
    """0.004 ms in 10 ms are a tenth of a bin after 250 bins."""
    assert same_width(10.004, 10.0, 250)
    assert not same_width(10.004, 10.0, 251)
    assert not same_width(50.1, 50.0, 15)


@pytest.mark.parametrize(("duration", "steps"), [(666.6667, 20), (666.666, 20), (33.3333, 1), (650.0, 19), (0.0, 0)])
def test_a_rounded_duration_keeps_its_last_step(duration: float, steps: int) -> None:
    assert int(whole_steps(duration, 1000 / 30)) == steps


def test_times_may_be_rounded_but_not_uneven(file: Path) -> None:
    assert read(session((np.arange(30) * 1000 / 30).round(1)), file).attrs["bin_width_ms"] == pytest.approx(
        1000 / 30, 1e-4
    )
    # Each step is nearly the last; after a hundred bins they are a tenth of a bin off.
    growing = np.cumsum(10 * (1 + 2e-5 * np.arange(100)))
    assert refusal(session(growing), file).key == "time"


# ---- labels of trials


def with_trials(n_neurons: int = 33, n_trials: int = 10) -> xr.Dataset:
    """8 conditions and 33 neurons make 264 cells, more than a byte counts; 10 trials in each."""
    written = session(np.arange(22) * 100.0, n_neurons=n_neurons)
    cells = np.repeat(np.arange(8 * n_neurons), n_trials)
    return written.assign(
        trial_rates=(("trial", "time"), np.random.default_rng(1).random((len(cells), 22))),
        trial_neuron=("trial", cells % n_neurons),
        trial_condition=("trial", cells // n_neurons),
    )


@pytest.mark.parametrize("dtype", ["u1", "i2", "u8", "f4", "f8"])
def test_labels_of_any_type_give_the_same_averages(file: Path, dtype: str) -> None:
    plain = with_trials()
    labels = {name: ("trial", plain[name].values.astype(dtype)) for name in ("trial_neuron", "trial_condition")}
    recording = read(plain.assign(labels), file)
    assert recording["trial_neuron"].dtype == recording["trial_condition"].dtype == np.int64
    assert trials_of_neurons(recording).tolist() == [10] * 33
    # The averages do not depend on the reader either.
    for dataset in (recording, plain.assign(labels)):
        found, expected = (trial_averaging(each, [1, 5], 2) for each in (dataset, plain))
        for count in (1, 5):
            assert found[count].n_neurons == 33
            np.testing.assert_allclose(found[count].distances, expected[count].distances, atol=1e-12)


def test_whole_numbers_with_a_fill_value(file: Path) -> None:
    written = with_trials(4)
    written["trial_condition"].encoding = {"dtype": "i2", "_FillValue": -9}
    assert trials_of_neurons(read(written, file)).tolist() == [10] * 4
    written["trial_condition"] = ("trial", written["trial_condition"].values.astype(float))
    written["trial_condition"][3] = np.nan
    assert refusal(written, file).key == "trial_condition"


@pytest.mark.parametrize(
    ("name", "label", "said"),
    [
        ("trial_neuron", 4, "0 to 3"),
        ("trial_neuron", -1, "0 to 3"),
        ("trial_neuron", 0.5, "whole numbers"),
        ("trial_condition", 8, "0 to 7"),
        ("trial_condition", -2, "0 to 7"),
    ],
)
def test_labels_outside_are_refused(file: Path, name: str, label: float, said: str) -> None:
    written = with_trials(4)
    values = written[name].values.astype(float)
    values[5] = label
    error = refusal(written.assign({name: ("trial", values)}), file)
    assert (error.key, error.value) == (name, label) and said in error.problem


def test_a_trial_of_no_condition_is_not_used(file: Path) -> None:
    written = with_trials(4)
    values = written["trial_condition"].values.copy()
    values[:3] = -1  # of neuron 0 in condition 0
    recording = read(written.assign(trial_condition=("trial", values)), file)
    assert trials_of_neurons(recording).tolist() == [7, 10, 10, 10]


@pytest.mark.parametrize("dims", [("trial", "time", "neuron"), ("neuron", "time", "trial"), ("time", "neuron", "rep")])
def test_neurons_recorded_together(file: Path, dims: tuple[str, ...]) -> None:
    """Three trials of two neurons; the second neuron was not recorded in the last one."""
    values = np.arange(12.0).reshape(3, 2, 2)  # trial, time, neuron
    values[2, :, 1] = np.nan
    (trial,) = set(dims) - {"time", "neuron"}
    array = xr.DataArray(values, dims=(trial, "time", "neuron")).transpose(*dims)
    written = session(np.array([0.0, 10.0]), n_neurons=2).assign(
        trial_rates=array, trial_condition=(trial, np.array([5, 0, 5], "u1"))
    )
    recording = read(written, file)
    assert recording["trial_rates"].dims == ("trial", "time")
    assert recording["trial_rates"].values.tolist() == [[0, 2], [4, 6], [8, 10], [1, 3], [5, 7]]
    assert recording["trial_neuron"].values.tolist() == [0, 0, 0, 1, 1]
    assert recording["trial_condition"].values.tolist() == [5, 0, 5, 5, 0]


def test_transposed_trials_are_put_in_order(file: Path) -> None:
    plain = with_trials(4)
    recording = read(plain.assign(trial_rates=plain["trial_rates"].transpose()), file)
    np.testing.assert_array_equal(recording["trial_rates"], plain["trial_rates"])
    assert recording["trial_rates"].dims == ("trial", "time")


def channels(written: xr.Dataset) -> xr.Dataset:
    rates = written["trial_rates"].expand_dims(channel=2)
    return written.assign(trial_rates=rates)


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("trial_rates", channels),
        ("trial_rates", lambda written: written.assign(trial_rates=written["trial_rates"].rename(time="sample"))),
        ("trial_rates", lambda written: written.assign(trial_rates=written["trial_rates"] - 1)),
        ("trial_rates", lambda written: written.assign(trial_rates=written["trial_rates"] * np.inf)),
        ("trial_rates", lambda written: written.assign(trial_rates=written["trial_rates"] * 0)),
        ("trial_neuron", lambda written: written.drop_vars("trial_rates")),
        ("trial_neuron", lambda written: written.drop_vars("trial_neuron")),
        ("trial_condition", lambda written: written.drop_vars("trial_condition")),
    ],
)
def test_trials_of_another_form_are_refused_by_name(
    file: Path, key: str, change: Callable[[xr.Dataset], xr.Dataset]
) -> None:
    assert refusal(change(with_trials(4)), file).key == key


# ---- cells without a number


@pytest.mark.parametrize("dtype", ["i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
def test_cells_that_were_never_written(file: Path, dtype: str) -> None:
    """Condition 1 is left out by whoever writes; NetCDF puts its own value there, of packed numbers too."""
    with NetCDF(file, "w") as made:
        for name, size in (("condition", 3), ("time", 2), ("neuron", 2)):
            made.createDimension(name, size)
        made.title = "Lab"
        time = made.createVariable("time", "f8", ("time",))
        time.units, time[:] = "ms", [0, 10]
        rates = made.createVariable("rates", dtype, ("condition", "time", "neuron"))
        rates.units = "Hz"
        if dtype[0] in "iu":
            rates.scale_factor = 0.5
        rates[0], rates[2] = [[1, 2], [3, 4]], [[5, 6], [7, 9]]
    with pytest.raises(InputError) as caught:
        read_recording(
            {"name": "m", "reader": "own_rates", "source": "netcdf", "synthetic": False, "options": {}}, [file]
        )
    assert caught.value.key == "rates" and caught.value.file == str(file)
    assert "never written, in 1 of 3 conditions (1) and all 2 neurons" in caught.value.problem


@pytest.mark.parametrize("name", ["shoulder_angle", "trial_rates", "trial_condition", "time"])
def test_every_variable_is_looked_at(file: Path, name: str) -> None:
    written = with_trials(4)
    values = written[name].values.astype(float)
    values.flat[1] = default_fillvals["f8"]
    error = refusal(written.assign({name: (written[name].dims, values, written[name].attrs)}), file)
    assert error.key == name and "never written" in error.problem


def test_a_byte_of_255_is_a_rate_unless_a_whole_time_course_has_it(file: Path) -> None:
    """A byte has no value to spare for cells that were never written."""
    written = session(np.arange(5.0) * 10)
    values = written["rates"].values.astype("u1")
    values[2, 3, 1] = 255
    written["rates"] = (written["rates"].dims, values, {"units": "Hz"})
    assert read(written, file)["rates"].values[2, 3, 1] == 255
    values[2, :, 1] = 255
    written["rates"] = (written["rates"].dims, values, {"units": "Hz"})
    assert "1 of 8 conditions (2) and 1 of 4 neurons (n1)" in refusal(written, file).problem


def test_a_rate_that_no_neuron_reaches_has_to_be_confirmed(file: Path) -> None:
    written = session(np.arange(5.0) * 10)
    written["rates"][1, 2, 3] = 2000
    read(written, file)
    written["rates"][1, 2, 3] = 2500
    error = refusal(written, file)
    assert (error.key, error.value) == ("rates", 2500) and "1 of 4 neurons (n3)" in error.problem
    assert "max_rate_hz" in (error.remedy or "")
    assert read(written, file, max_rate_hz=2500)["rates"].values.max() == 2500


@pytest.mark.parametrize("rate", [0.0, 7.3, 1e-300])
def test_rates_that_never_change_are_refused(file: Path, rate: float) -> None:
    written = session(np.arange(5.0) * 10)
    written["rates"][:] = rate
    error = refusal(written, file)
    assert error.key == "rates" and "never change" in error.problem


def incomplete() -> xr.Dataset:
    """n1 lacks conditions 2 and 5, n3 one bin of condition 0."""
    written = with_trials(4)
    written["rates"][[2, 5], :, 1] = np.nan
    written["rates"][0, 7, 3] = np.nan
    return written.assign_attrs(left_out='[{"neuron": "n9", "reason": "lost"}]')


def test_neurons_with_missing_rates_are_named(file: Path) -> None:
    error = refusal(incomplete(), file)
    assert "3 of 8 conditions (0, 2, 5) and 2 of 4 neurons (n1, n3)" in error.problem
    assert error.value == 2 * 22 + 1 and "drop_incomplete_units" in (error.remedy or "")


def test_neurons_with_missing_rates_can_be_left_out(file: Path) -> None:
    written = incomplete()
    recording = read(written, file, drop_incomplete_units=True)
    assert recording["neuron"].values.tolist() == ["n0", "n2"]
    np.testing.assert_array_equal(recording["rates"], written["rates"][:, :, [0, 2]])
    left_out = json.loads(recording.attrs["left_out"])
    assert [entry["neuron"] for entry in left_out] == ["n9", "n1", "n3"]
    assert "2 of 8 conditions (2, 5)" in left_out[1]["reason"]
    # Its single trials go with a neuron; the others' keep their neuron.
    for new, old in enumerate([0, 2]):
        np.testing.assert_array_equal(
            recording["trial_rates"].values[recording["trial_neuron"].values == new],
            written["trial_rates"].values[written["trial_neuron"].values == old],
        )
    assert trials_of_neurons(recording).tolist() == [10, 10]


def test_a_condition_that_all_neurons_lack_is_no_matter_of_neurons(file: Path) -> None:
    written = session(np.arange(5.0) * 10)
    written["rates"][3] = np.nan
    error = refusal(written, file, drop_incomplete_units=True)
    assert "1 of 8 conditions (3) and all 4 neurons" in error.problem and "[3]" in (error.remedy or "")


def test_a_group_without_a_neuron_that_changes_has_no_noise_floor() -> None:
    """Of four neurons one changes: the group without it is silent in every split."""
    rates = np.zeros((2, 3, 4))
    rates[:, :, 2] = np.arange(6).reshape(2, 3)
    splits = np.array([[[0, 1], [2, 3]], [[0, 2], [1, 3]]])
    assert silent_splits(rates, splits) == 2
    rates[0, 0, 3] = 1.0
    assert silent_splits(rates, splits) == 1
    recording = xr.Dataset({"rates": (("condition", "time", "neuron"), rates)}, attrs={"name": "lab"})
    options = Options({"comparison": {"noise_floor_repeats": 20}, "network": {"units": 8}})
    with pytest.raises(InputError, match="2 of 4 neurons change"):
        check(recording, options)
    rates[0, 0, :] = 1.0
    check(recording, options)


# ---- texts and files


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\x1b[31mb", "a\u2028b", "a\u202eb", "T" * 201])
def test_texts_that_cannot_be_shown_are_refused_by_name(file: Path, text: str) -> None:
    time_ms = np.arange(5.0) * 10
    assert refusal(session(time_ms, title=text), file).key == "title"
    assert refusal(session(time_ms, aligned_to=text), file).key == "aligned_to"
    named = session(time_ms)
    assert refusal(named.assign_coords(neuron=["a", "b", "c", text]), file).key == "neuron"
    assert refusal(named.assign_coords(condition=[*"abcdefg", text]), file).key == "condition_name"
    assert refusal(named.assign(side=("condition", [*"abcdefg", text])), file).key == "side"


@pytest.mark.parametrize("title", ["Hätsö 神経 😀", "$5 & <b>", "2024"])
def test_other_texts_are_kept(file: Path, title: str) -> None:
    assert read(session(np.arange(5.0) * 10, title=title), file).attrs["title"] == title


@pytest.mark.parametrize(("said", "synthetic"), [("false", 0), (0, 0), ("true", 1), (1, 1), ("perhaps", None)])
def test_whether_rates_are_synthetic_is_said_in_words_that_are_known(
    file: Path, said: object, synthetic: int | None
) -> None:
    written = session(np.arange(5.0) * 10, synthetic=said)
    if synthetic is None:
        assert refusal(written, file).key == "synthetic"
    else:
        assert read(written, file).attrs["synthetic"] == synthetic


def elsewhere(file: h5py.File) -> None:
    del file["rates"]
    file["rates"] = h5py.ExternalLink("other.nc", "/rates")


def soft_link(file: h5py.File) -> None:
    file["more"] = h5py.SoftLink("/rates")


def external_storage(file: h5py.File) -> None:
    file.create_dataset("secret", (8,), "u1", external=[("/etc/hostname", 0, 8)])


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((8,), "u1")
    layout[:] = h5py.VirtualSource("other.nc", "rates", shape=(8,))
    file.create_virtual_dataset("secret", layout)


def in_a_group(file: h5py.File) -> None:
    external_storage(file.create_group("deep"))


def huge(file: h5py.File) -> None:
    file.create_dataset("huge", (1 << 40,), "f8", chunks=(1 << 10,))


def huge_chunk(file: h5py.File) -> None:
    file.create_dataset("huge", (8,), "f8", chunks=(1 << 28,), maxshape=(None,))


def many(file: h5py.File) -> None:
    for number in range(10_001):
        file.attrs[f"a{number}"] = 0
    file["group"] = file["/"]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (elsewhere, "/rates"),
        (soft_link, "/more"),
        (external_storage, "/secret"),
        (virtual, "/secret"),
        (in_a_group, "/deep/secret"),
        (huge, "huge"),
        (huge_chunk, "huge"),
        (many, "/group"),
    ],
)
def test_a_file_that_points_elsewhere_or_asks_too_much_is_not_read(
    file: Path, change: Callable[[h5py.File], None], key: str
) -> None:
    session(np.arange(5.0) * 10).to_netcdf(file)
    with h5py.File(file, "r+") as hdf5:
        change(hdf5)
    entry = {"name": "mine", "reader": "own_rates", "source": "netcdf", "synthetic": False, "options": {}}
    with pytest.raises(InputError) as caught:
        read_recording(entry, [file])
    assert (caught.value.key, caught.value.file) == (key, str(file))


def test_a_classic_file_that_declares_too_much(file: Path) -> None:
    with NetCDF(file, "w", format="NETCDF3_64BIT_OFFSET") as made:
        made.set_fill_off()
        made.createDimension("condition", RECORDING_BYTES // 8 + 1)
        made.createVariable("rates", "f8", ("condition",))
    entry = {"name": "mine", "reader": "own_rates", "source": "netcdf", "synthetic": False, "options": {}}
    with pytest.raises(InputError, match="declares more than"):
        read_recording(entry, [file])


# ---- mistakes that other people's readers may make


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("rates", lambda made: made.assign(rates=made["rates"].transpose("neuron", ...))),
        ("rates", lambda made: made.assign(rates=made["rates"].astype(np.float32))),
        ("time", lambda made: made.assign_coords(time=made["time"].values.astype(int))),
        ("time", lambda made: made.isel(time=[0, 2, 1])),
        ("condition", lambda made: made.assign_coords(condition=made["condition"].values + 1)),
        ("neuron", lambda made: made.assign_coords(neuron=["a"] * 4)),
        ("bin_width_ms", lambda made: made.assign_attrs(bin_width_ms=20.0)),
        ("licence", lambda made: made.assign_attrs(licence=3)),
        ("time_in_bin", lambda made: made.assign_attrs(time_in_bin="left")),
    ],
)
def test_a_recording_that_breaks_the_contract_is_refused(
    file: Path, key: str, change: Callable[[xr.Dataset], xr.Dataset]
) -> None:
    with pytest.raises(InputError) as caught:
        check_recording(change(read(session(np.arange(3.0) * 10), file)), file)
    assert caught.value.key == key
