"""Sessions in NWB files: units of Mante 2013 against their `.mat` reader, public sessions, and what is refused."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import yaml
from helpers import nwb_files

from neurorules.errors import InputError
from neurorules.recordings.convert import read_recording
from neurorules.recordings.formats.mante_units import parse_unit
from neurorules.recordings.formats.nwb_session import nwb_session
from neurorules.recordings.readers import mante2013, nwb
from neurorules.recordings.sessions.choices import choices_of
from neurorules.recordings.sessions.to_recording import recording_of
from neurorules.recordings.synthetic.base.write import write_synthetic
from neurorules.study.schema.study_file import RecordingOptions

OPTIONS: dict[str, Any] = {"condition": ["side"], "align": "go", "window_ms": [0, 300], "bin_ms": 100}
PUBLIC: dict[str, dict[str, Any]] = {
    "mc_maze": {
        "condition": ["trial_type", "trial_version"],
        "keep_trials": {"success": True},
        "align": "move_onset_time",
        "window_ms": [-250, 450],
        "bin_ms": 10,
        "smooth_sd_ms": 25,
        "min_trials": 2,
        "behaviour": {"hand_position": "processing/behavior/hand_pos", "hand_velocity": "processing/behavior/hand_vel"},
    },
    "dmfc_rsg": {
        "condition": ["is_eye", "theta", "is_short", "ts"],
        "keep_trials": {"is_outlier": 0},
        "align": "set_time",
        "window_ms": [-400, 400],
        "bin_ms": 20,
        "smooth_sd_ms": 40,
    },
    "perich": {
        "condition": ["target_id"],
        "keep_trials": {"result": "R"},
        "align": "go_cue_time",
        "window_ms": [-100, 600],
        "bin_ms": 10,
        "smooth_sd_ms": 25,
        "units": {"location": ["M1"]},
        "behaviour": {
            "cursor": "processing/behavior/Position/cursor_pos",
            "cursor_velocity": "processing/behavior/Velocity/cursor_vel",
        },
    },
}


@pytest.fixture(scope="session")
def public(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A file as a public session has it, by name."""
    folder = tmp_path_factory.mktemp("public")

    def file(name: str) -> Path:
        path = folder / f"{name}.nwb"
        return path if path.exists() else getattr(nwb_files, name)(path)

    return file


@pytest.fixture
def small(tmp_path: Path) -> Callable[..., Path]:
    """A session of four trials, whose unit spikes 150 ms after go."""

    def make(change: Callable[[Any], None] = lambda nwb: None, **columns: Any) -> Path:
        made, go = nwb_files.new_file("small"), np.array([1.0, 3.0, 5.0, 7.0])
        trials = {"start_time": go - 0.5, "stop_time": go + 1, "go": go, "side": ["l", "r", "l", "r"], **columns}
        nwb_files.add_trials(made, trials)
        nwb_files.add_units(made, [go + 0.15])
        change(made)
        return nwb_files.write(made, tmp_path / "small.nwb")

    return make


def refusal(path: Path, **options: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        nwb.read([path], {**OPTIONS, **options})
    assert caught.value.remedy and caught.value.file
    return caught.value


# ---- against the reader of the published files

EDGES = [-1, -0.3, -0.1, 0, 0.1, 0.3, 1]  # between the levels of any session, which differ
MANTE: dict[str, Any] = {
    "condition": [
        "targ_dir",
        {"column": "stim_dir", "bins": EDGES, "names": [1, 2, 3, 4, 5, 6]},
        {"column": "stim_col2dir", "bins": EDGES, "names": [1, 2, 3, 4, 5, 6]},
        "context",
    ],
    "keep_trials": {"correct": True},
    "align": "dots_on",
    "drop_incomplete_units": True,
}
LABELS = {"targ_dir": "choice", "stim_dir": "motion_rank", "stim_col2dir": "color_rank", "context": "context"}


def compare_with_mat(units: list[Path], folder: Path, dt_ms: int) -> None:
    """Units written to NWB, each as a session with its own trial order, give the reader's rates."""
    rng = np.random.default_rng(3)
    files = []
    for path in units:
        unit = parse_unit(str(path), path.read_bytes())
        files.append(nwb_files.mante_unit(unit, folder / f"{unit.name}.nwb", rng.permutation(len(unit.response))))
    expected = mante2013.read(units, {"monkey": "ar", "dt_ms": dt_ms})
    window = [100, 100 + dt_ms * expected.sizes["time"]]
    found = nwb.read(files, {**MANTE, "window_ms": window, "bin_ms": dt_ms})
    found = found.assign_coords(neuron=[name.partition("/")[2] for name in found["neuron"].values])
    assert set(found["neuron"].values) == set(expected["neuron"].values)
    assert found.sizes["condition"] == 72
    for ours, theirs in LABELS.items():
        np.testing.assert_array_equal(found[ours].values, expected[theirs].values)
    np.testing.assert_allclose(
        found["rates"].sel(neuron=expected["neuron"].values).values, expected["rates"].values, rtol=0, atol=1e-12
    )
    left_out = {entry["neuron"].partition("/")[2] for entry in json.loads(found.attrs["left_out"])}
    assert left_out == {entry["neuron"] for entry in json.loads(expected.attrs["left_out"])}


def test_synthetic_units_of_mante(tmp_path: Path) -> None:
    options = {"neurons": 2, "trials_per_condition": 2}
    units = [Path(path) for path in write_synthetic("mante2013", "raw", tmp_path, 0, options)]
    compare_with_mat(sorted(units), tmp_path, 50)


@pytest.mark.parametrize("dt_ms", [15, 50])
def test_real_units_of_mante(real_data: Path, tmp_path: Path, dt_ms: int) -> None:
    """Three units; ar090330_3_a10 lacks a condition."""
    folder = real_data / "mante2013" / "PFC data" / "PFC data 1"
    names = ("ar090326_5_a5", "ar090330_3_a10", "ar090525_1_a5")
    units = [folder / f"{name}_Vstim_100_850_ms.mat" for name in names]
    if not all(path.exists() for path in units):
        pytest.skip(f"not all of {', '.join(names)} are in {folder}")
    compare_with_mat(units, tmp_path, dt_ms)


# ---- public sessions


@pytest.mark.parametrize("name", PUBLIC)
def test_public_sessions(public: Callable[[str], Path], name: str) -> None:
    """As the catalogue reads them: in a child process, checked, with the entry's title."""
    source = {"mc_maze": "mc_maze_small", "perich": "perich_center_out"}.get(name, name)
    entry = {"name": name, "reader": "nwb", "source": "files", "synthetic": False, "options": PUBLIC[name]}
    recording = read_recording(entry, [public(name)])
    assert recording.sizes["condition"] == {"mc_maze": 9, "dmfc_rsg": 16, "perich": 8}[name]
    assert recording.attrs["title"] == name and recording.attrs["lab"]
    own = nwb.read([public(name)], {**PUBLIC[name], "source": source})
    assert not {"title", "licence", "citation"} & set(own.attrs)  # the catalogue knows them


def test_mc_maze_by_hand(public: Callable[[str], Path]) -> None:
    """Rates without smoothing against numpy's histogram; the hand's velocity against the sine that it is."""
    options = {**PUBLIC["mc_maze"], "smooth_sd_ms": 0}
    recording = nwb.read([public("mc_maze")], options)
    session = nwb_session(public("mc_maze"))
    assert session.units["location"].tolist() == ["M1", "PMd", "M1", "PMd"]
    assert session.units["electrode_group"].tolist() == ["M1_array", "PMd_array", "M1_array", "PMd_array"]
    trials = session.trials[session.trials["success"].astype(bool)]
    chosen = trials[(trials["trial_type"] == 1) & (trials["trial_version"] == 2)]
    condition = 5
    assert (recording["trial_type"].values[condition], recording["trial_version"].values[condition]) == (1, 2)
    edges = np.arange(-250, 451, 10) / 1000
    with h5py.File(public("mc_maze")) as file:
        ends = file["units/spike_times_index"][:]
        spikes = file["units/spike_times"][ends[1] : ends[2]]
    counts = [np.histogram(spikes - at, edges)[0] for at in chosen["move_onset_time"]]
    np.testing.assert_allclose(recording["rates"].values[condition, :, 2], np.mean(counts, 0) * 100, atol=1e-9)
    t = chosen["move_onset_time"].values[:, None] + recording["time"].values / 1000
    np.testing.assert_allclose(recording["hand_velocity_y"].values[condition], -np.sin(t).mean(0), atol=1e-5)


def test_columns_that_cannot_be_used_say_why(public: Callable[[str], Path]) -> None:
    error = refusal(public("mc_maze"), **{**PUBLIC["mc_maze"], "condition": ["target_pos"]})
    assert error.problem == "This column of the table of trials cannot be used: its cells are lists of 1 to 3 values."
    assert error.key == "condition.0"


def test_heldout_units_by_a_column(public: Callable[[str], Path]) -> None:
    recording = nwb.read([public("mc_maze")], {**PUBLIC["mc_maze"], "units": {"heldout": False}})
    assert recording["neuron"].values.tolist() == ["unit0", "unit1", "unit2"]


def test_a_padded_window_has_to_be_observed(public: Callable[[str], Path]) -> None:
    """Trials end 1.8 s or more after movement onset: 450 ms and 5 SD of 350 ms leave them in some trials."""
    error = refusal(public("mc_maze"), **{**PUBLIC["mc_maze"], "smooth_sd_ms": 350})
    assert "observed in" in error.problem and error.key == "units"


def test_the_options_of_the_guide(repository: Path, public: Callable[[str], Path]) -> None:
    """Those of docs/recording-nwb.md are allowed, and read a session that has their columns."""
    guide = (repository / "docs" / "recording-nwb.md").read_text()
    study, bins = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", guide, re.S)]
    options = study["recordings"]["our-session"]["options"]
    for allowed in (options, {**options, "condition": bins["condition"]}, *PUBLIC.values(), OPTIONS):
        RecordingOptions.model_validate(allowed)
        choices_of(allowed)
    here = {"condition": ["maze_id"], "min_trials": 1, "units": {"location": ["M1"], "min_rate_hz": 0.5}}
    assert nwb.read([public("mc_maze")], {**options, **here}).sizes["neuron"] == 2


# ---- what else a file holds


@pytest.mark.filterwarnings("ignore:.* is deprecated:UserWarning")  # by pynwb, and in files that labs have
def test_events_and_signals_of_all_kinds(small: Callable[..., Path]) -> None:
    from pynwb import TimeSeries
    from pynwb.behavior import BehavioralEvents
    from pynwb.misc import AnnotationSeries

    def change(made: Any) -> None:
        made.add_epoch(0.5, 0.9)
        made.add_epoch(4.5, 4.9)
        module = made.create_processing_module("behavior", "behaviour")
        lick = TimeSeries(name="lick", data=np.ones(2), timestamps=[0.7, 4.7], unit="n.a.")
        module.add(BehavioralEvents(name="licks", time_series=lick))
        pupil = TimeSeries(
            name="pupil", data=np.arange(100), rate=10.0, starting_time=0.0, unit="mm", conversion=0.5, offset=2.0
        )
        module.add(pupil)
        module.add(TimeSeries(name="emg", data=np.ones((100, 5)), rate=10.0, starting_time=0.0, unit="mV"))
        made.add_stimulus(AnnotationSeries(name="tone", data=["a", "b"], timestamps=[0.6, 4.6]))

    path = small(change)
    session = nwb_session(path)
    assert session.events["epochs"].tolist() == [0.5, 4.5]
    assert session.events["processing/behavior/licks/lick"].tolist() == session.events["lick"].tolist() == [0.7, 4.7]
    assert session.events["stimulus/presentation/tone"].tolist() == [0.6, 4.6]
    recording = nwb.read(
        [path],
        {
            **OPTIONS,
            "behaviour": {"pupil": "processing/behavior/pupil", "emg": "processing/behavior/emg"},
        },
    )
    # at 1 and 5 s samples 10 and 50 of 0.5 n + 2
    np.testing.assert_allclose(recording["pupil"].values[0], 0.5 * (30 + np.arange(3)) + 2)
    assert {f"emg_{i}" for i in range(5)} <= set(recording.data_vars)
    aligned = nwb.read([path], {**OPTIONS, "align": "lick", "window_ms": [0, 600]})  # spikes are 450 ms after licks
    assert json.loads(aligned.attrs["kept_trials"]) == {"small": 2}
    assert aligned["rates"].values[0, :, 0].tolist() == [0, 0, 0, 0, 10, 0]


def test_a_pause_in_a_signal_is_not_interpolated(small: Callable[..., Path]) -> None:
    """Samples every 10 ms, none from 4.9 to 5.2 s."""
    t = np.arange(0, 9, 0.01)
    t = t[(t < 4.9) | (t > 5.2)]
    path = small(lambda made: nwb_files.add_behaviour(made, "speed", t, t))
    values = (
        nwb_session(path)
        .behaviour["processing/behavior/speed"]
        .trial_values(np.arange(2), np.array([1.0, 5.0]), np.array([0.0, 105.0]))
    )
    np.testing.assert_allclose(values[:, :, 0], [[1.0, 1.105], [np.nan, np.nan]], atol=1e-12)


def test_tables_of_events(small: Callable[..., Path]) -> None:
    """EventsTable, of NWB 2.10, and what the extension ndx-events wrote before it."""
    path = small()
    with h5py.File(path, "r+") as file:
        table = file.create_group("events/rewards")
        table.attrs["neurodata_type"] = "EventsTable"
        table["id"], table["timestamp"] = np.arange(2), np.array([0.8, 4.8])
        pulses = file.create_group("acquisition/pulses")
        pulses.attrs["neurodata_type"] = "LabeledEvents"
        pulses["timestamps"], pulses["data"] = np.array([0.6, 0.7, 4.6]), np.array([0, 1, 0], "u1")
        pulses["data"].attrs["labels"] = ["red", "green"]
        notes = file.create_group("processing/marks/notes")
        file["processing/marks"].attrs["neurodata_type"] = "ProcessingModule"
        notes.attrs["neurodata_type"] = "AnnotatedEventsTable"
        notes["id"], notes["label"] = np.arange(2), ["on", "off"]
        notes["event_times"], notes["event_times_index"] = np.array([1.0, 5.0, 2.0]), np.array([2, 3], "u1")
    events = {name: times.tolist() for name, times in nwb_session(path).events.items()}
    assert events["rewards"] == events["events/rewards"] == [0.8, 4.8]
    assert events["acquisition/pulses/red"] == [0.6, 4.6] and events["green"] == [0.7]
    assert events["processing/marks/notes/on"] == [1.0, 5.0] and events["off"] == [2.0]


def test_metadata(small: Callable[..., Path]) -> None:
    def change(made: Any) -> None:
        made.lab, made.keywords = "A lab", ["motor", "synthetic"]
        made.related_publications = ["doi:10.1/x", "doi:10.1/y"]

    attributes = nwb.read([small(change)], OPTIONS).attrs
    assert attributes["lab"] == "A lab" and attributes["citation"] == "doi:10.1/x; doi:10.1/y"
    assert attributes["synthetic"] == 1 and attributes["identifier"] == "small"


def test_spikes_that_do_not_ascend_are_sorted(small: Callable[..., Path]) -> None:
    path = small()
    before = nwb.read([path], OPTIONS)
    with h5py.File(path, "r+") as file:
        file["units/spike_times"][...] = file["units/spike_times"][:][::-1]
    assert nwb.read([path], OPTIONS).equals(before)


# ---- what is refused


def test_links_to_other_files(small: Callable[..., Path], tmp_path: Path) -> None:
    path = small()
    other = tmp_path / "other.nwb"
    shutil.copy(path, other)
    with h5py.File(path, "r+") as file:
        file["processing"].create_group("behavior")["hand"] = h5py.ExternalLink(str(other), "units")
    error = refusal(path)
    assert error.key == "/processing/behavior/hand" and error.value == str(other) and "export" in str(error.remedy)


def test_values_stored_in_other_files(small: Callable[..., Path], tmp_path: Path) -> None:
    path = small()
    (tmp_path / "secret").write_bytes(bytes(800))
    with h5py.File(path, "r+") as file:
        file.create_dataset("scratch/x", (100,), "f8", external=[(str(tmp_path / "secret"), 0, 800)])
    assert refusal(path).key == "/scratch/x"
    with h5py.File(path, "r+") as file:
        del file["scratch/x"]
        layout = h5py.VirtualLayout((4,), "f8")
        layout[:] = h5py.VirtualSource(str(tmp_path / "secret"), "x", (4,))
        file.create_virtual_dataset("scratch/x", layout)
    assert refusal(path).key == "/scratch/x"


def test_a_link_within_the_file_is_followed(small: Callable[..., Path]) -> None:
    path = small()
    before = nwb.read([path], OPTIONS)
    with h5py.File(path, "r+") as file:
        file.move("units/spike_times", "scratch/kept")
        file["units/spike_times"] = h5py.SoftLink("/scratch/kept")
    assert nwb.read([path], OPTIONS).equals(before)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_truncated_files(small: Callable[..., Path], share: float) -> None:
    path = small()
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert "truncated" in refusal(path).problem


def test_files_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "x.nwb"
    path.write_bytes(b"<!DOCTYPE html>")
    assert "Not a valid NWB file" in refusal(path).problem
    with h5py.File(path, "w") as file:
        file["x"] = 1
    assert refusal(path).key == "nwb_version"


def _without(*names: str) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        for name in names:
            del file[name]

    return change


def _with(name: str, value: Any) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        attributes = dict(file[name].attrs)
        del file[name]
        file.create_dataset(name, data=value).attrs.update(attributes)

    return change


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (_without("intervals/trials"), "intervals/trials"),
        (_without("units"), "units/spike_times"),
        (_without("units/spike_times"), "units/spike_times"),
        (_without("units/id"), "/units"),
        (_without("intervals/trials/id"), "/intervals/trials"),
        (_without("intervals/trials/go"), "align"),
        (_without("intervals/trials/side"), "condition.0"),
        (_with("units/spike_times", np.array([1.0, np.nan, 2.0, 3.0])), "units/spike_times"),
        (_with("units/spike_times", np.array([b"a"] * 4)), "/units/spike_times"),
        (_with("units/spike_times_index", np.array([9], "u1")), "/units/spike_times"),
        (_with("units/spike_times_index", np.array([1.5])), "/units"),
        (_with("intervals/trials/side", np.array([1, 2])), "/intervals/trials/side"),
        (_with("intervals/trials/go", np.full(4, np.nan)), "align"),
    ],
)
def test_files_that_lack_something(small: Callable[..., Path], change: Any, key: str) -> None:
    path = small()
    with h5py.File(path, "r+") as file:
        change(file)
    assert refusal(path).key == key


def test_more_than_a_file_can_hold(small: Callable[..., Path]) -> None:
    path = small()
    with h5py.File(path, "r+") as file:
        del file["units/spike_times"]
        file.create_dataset("units/spike_times", (10**12,), "f8", chunks=(1000,), compression="gzip")
    assert "declares" in refusal(path).problem


def test_sessions_are_read_in_the_order_of_their_names(small: Callable[..., Path], tmp_path: Path) -> None:
    path = small()
    files = [Path(shutil.copy(path, tmp_path / f"{name}.nwb")) for name in ("b", "a")]
    names = nwb.read(files, OPTIONS)["neuron"].values.tolist()
    assert names == ["a/unit0", "b/unit0"]
    assert recording_of([nwb_session(files[0])], OPTIONS)["neuron"].values.tolist() == ["unit0"]
