"""Files of rates near a valid one, changed at random: refused by name, or the same tables as of the plain file.

`NEURORULES_FUZZ=10000 pytest tests/unit/test_fuzz_recording.py` tries as many files instead of the hundred.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from netCDF4 import default_fillvals

from neurorules.errors import InputError
from neurorules.recordings.convert import read_recording
from neurorules.similarity.baselines import trial_averaging
from neurorules.similarity.noise_floor import floor_distances, group_size, neuron_splits

MORE = int(os.environ.get("NEURORULES_FUZZ", "0"))
fuzzed = settings(
    max_examples=MORE or 100,
    deadline=None,
    derandomize=not MORE,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

INTEGERS = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]
NUMBERS = [*INTEGERS, "f4", "f8"]
VARIABLES = ["rates", "time", "trial_rates", "trial_neuron", "trial_condition"]
DIMENSIONS = ["condition", "time", "neuron", "trial", "channel"]
Change = tuple[Callable[["File"], None], bool]  # whether the file must be refused for it


class File:
    """A file of rates to be written, and what it has to be read as.

    Rates are whole numbers below 100, so that every numeric type holds them.
    """

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        n_conditions, n_bins, n_neurons = (draw(st.integers(low, 5)) for low in (1, 2, 1))
        self.rates = rng.integers(0, 100, (n_conditions, n_bins, n_neurons)).astype(float)
        self.rates[0, :2, :] = [[1.0], [2.0]]  # every neuron changes
        n_trials = draw(st.integers(2, 4)) * n_conditions
        condition = np.arange(n_trials) % n_conditions
        self.together = rng.integers(0, 100, (n_trials, n_bins, n_neurons)).astype(float)
        self.together[0, :2, 0] = [3.0, 4.0]
        self.trial_condition = np.tile(condition, n_neurons)
        self.trial_neuron = np.repeat(np.arange(n_neurons), n_trials)
        self.trial_rates = self.together.transpose(2, 0, 1).reshape(-1, n_bins)
        self.written = xr.Dataset(
            {
                "rates": (("condition", "time", "neuron"), self.rates, {"units": "spikes/s"}),
                "trial_rates": (("trial", "time"), self.trial_rates),
                "trial_neuron": ("trial", self.trial_neuron),
                "trial_condition": ("trial", self.trial_condition),
                "hand_x": (("condition", "time"), self.rates[:, :, 0]),
            },
            coords={
                "time": ("time", 20.0 * np.arange(n_bins) - 40, {"units": "ms"}),
                "neuron": [f"n{k}" for k in range(n_neurons)],
                "side": ("condition", list("abcde")[:n_conditions]),
            },
            attrs={"title": "Lab"},
        )
        self.encoding: dict[str, dict[str, Any]] = {}
        self.options: dict[str, Any] = {}
        self.format = "NETCDF4"
        self.changes: list[str] = []
        self.trials_known = True  # whether the trials still are those above

    def __repr__(self) -> str:
        return f"{self.changes}, {self.options}, {self.encoding}, {self.format}, {self.written}"

    def put(self, name: str, values: np.ndarray, dims: Any = None) -> None:
        old = self.written[name]
        self.written[name] = (old.dims if dims is None else dims, values, old.attrs)

    def one_cell(self, name: str) -> tuple[np.ndarray, tuple[int, ...]]:
        values = self.written[name].values.copy()
        return values, tuple(self.draw(st.integers(0, size - 1)) for size in values.shape)

    def any_cell(self, name: str, value: float) -> None:
        values, cell = self.one_cell(name)
        values[cell] = value
        self.put(name, values)
        self.encoding.pop(name, None)  # a packed value would differ


# ---- equivalent changes


def other_type(file: File) -> None:
    name = file.draw(st.sampled_from([name for name in VARIABLES if name in file.written]))
    dtype = file.draw(st.sampled_from([t for t in NUMBERS if name != "time" or t[0] != "u"]))
    file.put(name, file.written[name].values.astype(dtype))


def stated_fill(file: File) -> None:
    """xarray converts integers with a fill value to floats."""
    name = file.draw(st.sampled_from(["trial_neuron", "trial_condition", "rates"]))
    file.put(name, file.written[name].values.astype("i2"))
    file.encoding[name] = {"_FillValue": -1}


def packed(file: File) -> None:
    file.encoding["rates"] = {"dtype": "i2", "scale_factor": 0.5, "add_offset": 1.0}


def other_order(file: File) -> None:
    name = file.draw(st.sampled_from(["rates", "trial_rates", "hand_x"]))
    file.written[name] = file.written[name].transpose(*file.draw(st.permutations(file.written[name].dims)))


def together(file: File) -> None:
    """Neurons that were recorded together, as one array."""
    condition = file.trial_condition[: len(file.together)]
    dims = file.draw(st.permutations(["trial", "time", "neuron"]))
    values = xr.DataArray(file.together, dims=("trial", "time", "neuron")).transpose(*dims)
    file.written = file.written.drop_dims("trial").assign(trial_rates=values, trial_condition=("trial", condition))


def other_dimension(file: File) -> None:
    file.written = file.written.rename_dims(trial="repetition")


def coordinates(file: File) -> None:
    file.written = file.written.set_coords(file.draw(st.sampled_from([["rates"], ["trial_neuron"], ["trial_rates"]])))


def classic(file: File) -> None:
    file.format = file.draw(st.sampled_from(["NETCDF3_CLASSIC", "NETCDF3_64BIT", "NETCDF4_CLASSIC"]))


def names(file: File) -> None:
    n_neurons, n_conditions = file.rates.shape[2], file.rates.shape[0]
    if file.draw(st.booleans()):
        file.written = file.written.drop_vars("neuron")
    else:
        file.written = file.written.assign_coords(
            neuron=np.arange(n_neurons) + 7, condition=[f"c{k}" for k in range(n_conditions)]
        )


def incomplete(file: File) -> None:
    """A neuron that lacks some rates is left out, its trials too."""
    n_neurons = file.rates.shape[2]
    if n_neurons == 0 or file.options:
        raise ValueError("once only")
    without = file.draw(st.integers(0, n_neurons - 1))
    rates = file.rates.copy()
    rates[file.draw(st.integers(0, len(rates) - 1)), :, without] = np.nan
    file.encoding.pop("rates", None)
    file.put("rates", rates, ("condition", "time", "neuron"))
    file.options["drop_incomplete_units"] = True
    kept = file.trial_neuron != without
    file.rates = np.delete(file.rates, without, axis=2)
    file.trial_rates, file.trial_condition = file.trial_rates[kept], file.trial_condition[kept]
    file.trial_neuron = np.unique(file.trial_neuron[kept], return_inverse=True)[1]


def anything(file: File) -> None:
    """A variable that is no part of a table, or stands for the trials, of any type and dimensions."""
    name = file.draw(st.sampled_from(["hand_x", "depth", "condition_name", *VARIABLES[2:]]))
    sizes = {"channel": 2, **dict(file.written.sizes)}
    dims = file.draw(st.lists(st.sampled_from(sorted(sizes)), unique=True, max_size=3))
    shape = [sizes[name] for name in dims]
    dtype = file.draw(st.sampled_from([*NUMBERS, "U3", "S2", "?", "datetime64[ns]"]))
    values = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    file.written = file.written.drop_vars(name, errors="ignore").assign({name: (dims, values)})
    file.trials_known = file.trials_known and not name.startswith("trial")


# ---- changes after which there is nothing to read


def not_a_rate(file: File) -> None:
    name = file.draw(st.sampled_from(["rates", "trial_rates"]))
    file.put(name, file.written[name].values.astype(float))
    file.any_cell(name, file.draw(st.sampled_from([np.inf, -1.0, -np.inf, -1e-3])))


def nan_rate(file: File) -> None:
    file.put("rates", file.written["rates"].values.astype(float))
    file.any_cell("rates", np.nan)
    file.options.pop("drop_incomplete_units", None)


def implausible(file: File) -> None:
    file.put("rates", file.written["rates"].values.astype(float))
    file.any_cell("rates", file.draw(st.floats(2001, 1e300)))


def unwritten(file: File) -> None:
    name = file.draw(st.sampled_from([name for name in VARIABLES if name in file.written]))
    dtype = file.draw(st.sampled_from([t for t in NUMBERS if t[1] != "1"]))
    fill = np.array(default_fillvals[dtype], dtype)
    values, cell = file.one_cell(name)
    values = values.astype(dtype)
    values[cell] = fill
    file.put(name, values)
    file.encoding[name] = {"_FillValue": None}


def without(file: File) -> None:
    name = file.draw(st.sampled_from(["rates", "time", "trial_rates", "trial_condition"]))
    file.written = file.written.drop_vars(name)


def wrong_label(file: File) -> None:
    name = file.draw(st.sampled_from([name for name in ("trial_neuron", "trial_condition") if name in file.written]))
    file.put(name, file.written[name].values.astype(float))
    file.any_cell(name, file.draw(st.sampled_from([0.5, np.nan, np.inf, -2.0, 99.0, 1e17])))


def wrong_time(file: File) -> None:
    time_ms = file.written["time"].values.astype(float)
    wrong = file.draw(st.sampled_from(["uneven", "descending", "constant", "nan", "one"]))
    if wrong == "one" or (wrong == "uneven" and len(time_ms) < 3):
        file.written = file.written.isel(time=[0])
        return
    time_ms = {"descending": time_ms[::-1], "constant": time_ms * 0, "nan": time_ms * np.nan}.get(wrong, time_ms)
    if wrong == "uneven":
        time_ms[1] += file.draw(st.floats(0.5, 30))
    file.put("time", time_ms)


def wrong_text(file: File) -> None:
    text = file.draw(st.sampled_from(["a\nb", "a\rb", "\x1b[31mred", "a\u2028b", "\u202eabc", "T" * 300, " ", ""]))
    file.written.attrs["title"] = text


def wrong_units(file: File) -> None:
    file.written[file.draw(st.sampled_from(["rates", "time"]))].attrs["units"] = file.draw(
        st.sampled_from(["s", "spikes/bin", "", "kHz"])
    )


def no_change(file: File) -> None:
    file.encoding.pop("rates", None)
    file.put("rates", np.full(file.written["rates"].shape, file.draw(st.sampled_from([0.0, 5.1, 1e-300]))))


def nobody(file: File) -> None:
    file.written = file.written.isel({file.draw(st.sampled_from(["condition", "neuron"])): []})


def no_number(file: File) -> None:
    name = file.draw(st.sampled_from([name for name in VARIABLES if name in file.written]))
    file.put(name, file.written[name].values.astype(file.draw(st.sampled_from(["U4", "?"]))))
    file.encoding.pop(name, None)  # else it is written as numbers


SAME = [other_type, stated_fill, packed, other_order, together, other_dimension, coordinates, classic, names]
CHANGES: list[Change] = [
    *((change, False) for change in (*SAME, incomplete, anything)),
    *(
        (change, True)
        for change in (
            not_a_rate,
            nan_rate,
            implausible,
            unwritten,
            without,
            wrong_label,
            wrong_time,
            wrong_text,
            wrong_units,
            no_change,
            nobody,
            no_number,
        )
    ),
]


@st.composite
def files(draw: st.DrawFn) -> tuple[File, bool]:
    """A file with up to three changes, and whether it must be refused; the last change may be an error."""
    file = File(draw)
    gentle = draw(st.lists(st.sampled_from([change for change, refused in CHANGES if not refused]), max_size=2))
    change, refused = draw(st.sampled_from(CHANGES))
    # Values with NaN cannot be converted to integers.
    for each in sorted(
        dict.fromkeys([*gentle, change]), key=lambda each: (each is change and refused, each is incomplete)
    ):
        try:
            file.changes.append(each.__name__)
            each(file)
        except (KeyError, ValueError):  # the variable that it changes no longer exists
            if each is change:
                refused = False
    # The fault may be in a neuron that is left out.
    return file, refused and incomplete.__name__ not in file.changes


@fuzzed
@given(files())
def test_a_file_is_refused_by_name_or_gives_the_same_tables(tmp_path: Path, drawn: tuple[File, bool]) -> None:
    file, must_be_refused = drawn
    path = tmp_path / "rates.nc"
    path.unlink(missing_ok=True)
    encoding = {name: how for name, how in file.encoding.items() if name in file.written}
    try:
        file.written.to_netcdf(path, format=file.format, encoding=encoding)
    except (ValueError, TypeError, KeyError, RuntimeError, OverflowError, NotImplementedError):
        event("no such file can be written")
        return
    entry = {"name": "mine", "reader": "own_rates", "source": "netcdf", "synthetic": False, "options": file.options}
    try:
        recording = read_recording(entry, [path])
    except InputError as error:
        assert error.file == str(path) and error.remedy
        assert error.key
        event("refused")
        return
    event("read")
    assert not must_be_refused
    np.testing.assert_array_equal(recording["rates"], file.rates)
    n_neurons = file.rates.shape[2]
    splits = neuron_splits(n_neurons, group_size(n_neurons), 3, seed=0)
    np.testing.assert_allclose(
        floor_distances(recording["rates"].values, splits), floor_distances(file.rates, splits), atol=1e-12
    )
    if "trial_rates" not in recording:
        return
    found = trial_averaging(recording, [1, 2], 2)
    if file.trials_known:
        plain = xr.Dataset(
            {
                "trial_rates": (("trial", "time"), file.trial_rates),
                "trial_neuron": ("trial", file.trial_neuron),
                "trial_condition": ("trial", file.trial_condition),
            },
            coords={"condition": np.arange(len(file.rates)), "neuron": np.arange(n_neurons)},
        )
        for count, averages in trial_averaging(plain, [1, 2], 2).items():
            np.testing.assert_allclose(found[count].distances, averages.distances, atol=1e-12)
            assert found[count].n_neurons == averages.n_neurons


@pytest.mark.parametrize(("change", "refused"), CHANGES, ids=[change.__name__ for change, _ in CHANGES])
@settings(fuzzed, max_examples=3)
@given(data=st.data())
def test_each_change_alone(tmp_path: Path, change: Callable[[File], None], refused: bool, data: st.DataObject) -> None:
    """Equivalent forms are read; meaningless ones are refused."""
    file = File(data.draw)
    change(file)
    path = tmp_path / "rates.nc"
    path.unlink(missing_ok=True)
    try:
        file.written.to_netcdf(path, format=file.format, encoding=file.encoding)
    except (ValueError, TypeError, RuntimeError, NotImplementedError):
        assert change in (classic, anything)
        return
    entry = {"name": "mine", "reader": "own_rates", "source": "netcdf", "synthetic": False, "options": file.options}
    if refused:
        with pytest.raises(InputError):
            read_recording(entry, [path])
    elif change in SAME:
        np.testing.assert_array_equal(read_recording(entry, [path])["rates"], file.rates)
