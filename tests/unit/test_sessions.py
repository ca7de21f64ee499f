"""From sessions to a Recording: rates by hand and by integration, conditions by label, and errors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from neurorules.errors import InputError
from neurorules.recordings.bins import bin_starts
from neurorules.recordings.recording import check_recording
from neurorules.recordings.sessions.grid import Grid
from neurorules.recordings.sessions.reliability import split_half_reliability
from neurorules.recordings.sessions.session import SOFT_NORMALISED, SPIKES_PER_S, Z_SCORE, Session
from neurorules.recordings.sessions.spike_times import SpikeTimes, within
from neurorules.recordings.sessions.to_recording import recording_of

OPTIONS: dict[str, Any] = {"condition": ["side"], "align": "go", "window_ms": [0, 300], "bin_ms": 100}
GO = np.array([1.0, 3.0, 5.0, 7.0])


def session(times: Sequence[Any] | None = None, name: str = "monday", **columns: Any) -> Session:
    """Four trials, two of each side; by default a unit that spikes 150 ms after every go."""
    trials = {"start_time": GO - 0.5, "stop_time": GO + 1.0, "go": GO, "side": ["l", "r", "l", "r"]}
    times = [GO + 0.15] if times is None else times
    units = pd.DataFrame({"area": ["M1"] * len(times)}, index=[f"u{i}" for i in range(len(times))])
    observed = columns.pop("observed", None)
    spikes = SpikeTimes([np.sort(np.asarray(of, float)) for of in times], observed)
    return Session(name, Path(f"{name}.nwb"), units, pd.DataFrame({**trials, **columns}), spikes)


def refusal(sessions: Sequence[Session], **options: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        recording_of(sessions, {**OPTIONS, **options})
    assert caught.value.remedy
    return caught.value


def left_out(recording: Any, what: str = "left_out") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(recording.attrs[what])
    return found


# ---- rates


def test_counts_by_hand() -> None:
    """Left trials have 1 and 2 spikes in the second bin, right ones 1 and 1: 15 and 10 spikes/s in bins of 100 ms."""
    recording = recording_of([session([[1.15, 3.15, 5.15, 5.19, 7.1, 9.0]])], OPTIONS)
    assert recording["side"].values.tolist() == ["l", "r"]
    np.testing.assert_allclose(recording["rates"].values[:, :, 0], [[0, 15, 0], [0, 10, 0]], atol=1e-12)
    assert bin_starts(recording).tolist() == [0, 100, 200]
    # 7.1 s is an edge, 100 ms after 7.0 except for rounding: a bin includes its start
    assert recording["trial_rates"].values.tolist() == [[0, 10, 0], [0, 20, 0], [0, 10, 0], [0, 10, 0]]
    recording.attrs |= {"name": "x", "title": "X", "licence": "", "citation": "", "source": ""}
    check_recording(recording, "x.nc")


@pytest.mark.parametrize("bin_ms", [1.0, 10.0, 1000 / 30])
def test_spikes_on_edges_belong_to_the_bin_that_they_begin(bin_ms: float) -> None:
    grid, at_s = Grid(-10 * bin_ms, 20 * bin_ms, bin_ms), np.array([1234.567, 98765.4321])
    on_edges = np.concatenate([at + (np.arange(-12, 25) * bin_ms) / 1000 for at in at_s])
    counts = SpikeTimes([on_edges]).trial_rates(0, np.arange(2), at_s, grid) * bin_ms / 1000
    np.testing.assert_allclose(counts, 1, atol=1e-9)


@pytest.mark.parametrize(("sd", "bin_ms"), [(25.0, 10.0), (3.0, 50.0), (100.0, 20.0)])
def test_smoothing_is_the_integral_of_gaussians_over_bins(sd: float, bin_ms: float) -> None:
    """Against numerical integration; the cut at 5 SD leaves 6e-7 of a spike. Spikes beyond the window count."""
    rng = np.random.default_rng(0)
    times, at_s, grid = np.sort(rng.uniform(0, 20, 400)), np.array([5.0, 10.123]), Grid(-200, 400, bin_ms, sd)
    found = SpikeTimes([times]).trial_rates(0, np.arange(2), at_s, grid)
    for trial, at in enumerate(at_s):
        near = (times - at) * 1000
        near = near[(near > -200 - 6 * sd) & (near < 400 + 6 * sd)]
        for k in (0, grid.n_bins // 2, grid.n_bins - 1):
            a = grid.starts_ms[k]
            integral = quad(lambda t: norm.pdf(t, near, sd).sum(), a, a + bin_ms, epsabs=1e-12)[0]  # noqa: B023
            assert found[trial, k] == pytest.approx(integral / bin_ms * 1000, abs=2e-6 * len(near) / bin_ms * 1000)


def test_smoothing_keeps_every_spike() -> None:
    """Over a window that contains the whole kernel, the rates of n spikes add up to n."""
    times = np.array([4.9, 5.0, 5.0, 5.2031])
    rates = SpikeTimes([times]).trial_rates(0, np.arange(1), np.array([5.0]), Grid(-500, 500, 10, 25))
    assert rates.sum() * 0.010 == pytest.approx(4, abs=1e-12)


def test_blocks_of_trials_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from neurorules.recordings.sessions import spike_times

    rng = np.random.default_rng(1)
    spikes, at_s = SpikeTimes([np.sort(rng.uniform(0, 100, 3000))]), np.arange(5, 95, 1.0)
    for grid in (Grid(-300, 300, 10), Grid(-300, 300, 10, 40)):
        whole = spikes.trial_rates(0, np.arange(90), at_s, grid)
        with monkeypatch.context() as small:
            small.setattr(spike_times, "CELLS", 100)
            np.testing.assert_array_equal(spikes.trial_rates(0, np.arange(90), at_s, grid), whole)


def test_time_that_was_not_observed_is_not_a_rate_of_0() -> None:
    """The unit was lost from 4 to 6 s, in the trial at 5 s: the left average is that of the trial at 1 s."""
    lost = [np.array([[0.0, 4.0], [6.0, 9.0]])]
    recording = recording_of([session(observed=lost)], OPTIONS)
    np.testing.assert_allclose(recording["rates"].values[:, :, 0], [[0, 10, 0], [0, 10, 0]], atol=1e-12)
    assert recording.sizes["trial"] == 3
    assert "observed in 1 of 2 trials of side l" in refusal([session(observed=lost)], min_trials=2).problem


@pytest.mark.parametrize(
    ("intervals", "inside"),
    [
        ([[0.9, 1.4]], True),
        ([[1.0, 1.3]], True),
        ([[1.0001, 1.3]], False),
        ([[1.0, 1.2999]], False),
        ([[0.0, 1.1], [1.1, 2.0]], True),  # they touch
        ([[0.0, 1.1], [1.2, 2.0]], False),
        ([[0.0, 2.0], [0.5, 0.6]], True),  # one within another
        (np.empty((0, 2)), False),
    ],
)
def test_windows_within_observed_time(intervals: Any, inside: bool) -> None:
    assert within(np.array(intervals), np.array([1.0]), Grid(0, 300, 100)).tolist() == [inside]


def test_padding_has_to_be_observed_too() -> None:
    observed = np.array([[0.9, 1.4]])
    assert within(observed, np.array([1.0]), Grid(0, 300, 100, 20)).tolist() == [True]  # 5 SD are 100 ms
    assert within(observed, np.array([1.0]), Grid(0, 300, 100, 21)).tolist() == [False]


# ---- conditions


def test_the_order_in_a_file_changes_no_bit() -> None:
    rng = np.random.default_rng(2)
    n = 60
    go = 1 + 2.0 * np.arange(n)
    table = pd.DataFrame({"go": go, "angle": rng.integers(0, 8, n) * 45.0, "kind": rng.choice(["b", "a"], n)})
    spikes = SpikeTimes([np.sort(rng.uniform(0, 2 * n, 3000)) for _ in range(3)])
    units = pd.DataFrame(index=["a", "b", "c"])
    options = {**OPTIONS, "condition": ["kind", "angle"], "smooth_sd_ms": 20, "units": {"min_reliability": -2}}
    first = recording_of([Session("s", Path("s"), units, table, spikes)], options)
    mixed = table.sample(frac=1, random_state=3).reset_index(drop=True)
    second = recording_of([Session("s", Path("s"), units, mixed, spikes)], options)
    assert first.equals(second)
    labels = list(zip(first["kind"].values.tolist(), first["angle"].values.tolist(), strict=True))
    assert labels == sorted(labels) and len(labels) == 16


def test_numbers_go_in_bins_and_by_six_digits() -> None:
    columns = {"coherence": [-0.5, 0.0, 0.12, 0.5], "angle": [0.785398, 0.78539816, np.float32(np.pi / 4), np.pi / 4]}
    edges = {"column": "coherence", "bins": [-1, 0, 1]}
    found = recording_of([session(**columns)], {**OPTIONS, "condition": ["angle", edges]})
    assert found["angle"].values.tolist() == [0.785398] * 2
    assert found["coherence"].values.tolist() == [-0.5, 0.5]  # middles; 0 is in the second, [0, 1]
    named = recording_of([session(**columns)], {**OPTIONS, "condition": {**edges, "names": ["l", "r"]}})
    assert named["coherence"].values.tolist() == ["l", "r"]
    narrow = recording_of([session(**columns)], {**OPTIONS, "condition": {**edges, "bins": [-0.2, 0.5]}})
    assert left_out(narrow, "trials_left_out")[0]["trials"] == [0]


def test_a_column_called_condition_gets_another_name() -> None:
    assert recording_of([session(condition=[1, 1, 2, 2])], {**OPTIONS, "condition": "condition"})[
        "condition_name"
    ].values.tolist() == [1, 2]


def test_several_sessions_are_a_pseudo_population() -> None:
    """The second session lacks left trials: one condition is shared, or with incomplete units left out its unit is."""
    two = [session(), session(name="tuesday", side=["r", "r", "r", "up"])]
    shared = recording_of(two, OPTIONS)
    assert shared["neuron"].values.tolist() == ["monday/u0", "tuesday/u0"]
    assert shared["side"].values.tolist() == ["r"]
    reasons = {entry["condition"]["side"]: entry["reason"] for entry in left_out(shared, "conditions_left_out")}
    assert "0 trials in tuesday" in reasons["l"] and "0 trials in monday" in reasons["up"]
    every = recording_of(
        [session(), session(name="tuesday", side=["l", "r", "r", "r"]), session(name="friday", side=["r"] * 4)],
        {**OPTIONS, "drop_incomplete_units": True},
    )
    assert every["side"].values.tolist() == ["l", "r"] and every.sizes["neuron"] == 2
    assert left_out(every) == [{"neuron": "friday/u0", "reason": "no trial of side l; min_trials is 1"}]


def test_conditions_that_no_two_sessions_share_are_refused() -> None:
    error = refusal([session(), session(name="tuesday", side=["a", "b", "a", "b"])])
    assert error.key == "min_trials" and "side" in error.problem


def test_few_trials() -> None:
    recording = recording_of([session(side=["l", "r", "l", "x"])], {**OPTIONS, "min_trials": 2})
    assert recording["side"].values.tolist() == ["l"]
    assert [entry["condition"] for entry in left_out(recording, "conditions_left_out")] == [
        {"side": "r"},
        {"side": "x"},
    ]


# ---- trials


def test_trials_are_kept_by_columns() -> None:
    columns = {"success": [True, True, False, True], "speed": [1.0, 2.0, 3.0, np.nan]}
    kept = recording_of([session(**columns)], {**OPTIONS, "keep_trials": {"success": True, "speed": {"max": 2.5}}})
    assert left_out(kept, "trials_left_out") == [
        {"session": "monday", "reason": "success is not True", "trials": [2]},
        {"session": "monday", "reason": "speed is not at most 2.5", "trials": [3]},
    ]
    assert json.loads(kept.attrs["kept_trials"]) == {"monday": 2}


def test_no_trial_left_says_what_each_step_left() -> None:
    error = refusal([session(result=["R", "F", "R", "F"])], keep_trials={"result": "r", "side": ["l"]})
    assert "4 in the table; 0 with result r (it is F (2), R (2))" in error.problem and error.key == "keep_trials"


def test_a_misspelt_column_gets_a_suggestion() -> None:
    for options, key in (
        ({"condition": ["sid"]}, "condition.0"),
        ({"keep_trials": {"sides": "l"}}, "keep_trials.sides"),
        ({"units": {"aera": "M1"}}, "units.aera"),
        ({"align": "goo"}, "align"),
    ):
        error = refusal([session()], **options)
        assert error.key == key and error.file == "monday.nwb" and "Did you mean" in str(error.remedy)
    signal = refusal([session()], behaviour={"hand": "hand"})
    assert signal.key == "behaviour.hand" and "There are none" in str(signal.remedy)


def test_trials_without_the_event() -> None:
    some = recording_of([session(go=[1.0, 3.0, np.nan, 7.0])], OPTIONS)
    assert left_out(some, "trials_left_out")[0] == {"session": "monday", "reason": "no time of go", "trials": [2]}
    assert refusal([session(go=[np.nan] * 4)]).key == "align"
    assert "numbers" in refusal([session(go=["a", "b", "c", "d"])]).problem


def test_the_first_event_within_a_trial() -> None:
    """Events at 0.6 and 1.4 s are in the first trial (0.5 to 2 s), none is in the second, one at 4 s is between."""
    of_events = session([GO - 0.35])
    events = {"cue": np.array([6.6, 1.4, 0.6, 4.0, 4.6])}
    of_events = Session(**{**of_events.__dict__, "events": events})
    found = recording_of([of_events], {**OPTIONS, "align": "cue"})
    assert {entry["reason"]: entry["trials"] for entry in left_out(found, "trials_left_out")} == {
        "no event of cue between its start and end": [1]
    }
    assert found["rates"].values[0, :, 0].tolist() == [10, 0, 0]  # 50 ms after 0.6 and 4.6 s


def test_windows_that_overlap() -> None:
    long = {"window_ms": [-1500, 1500]}
    recording = recording_of([session()], {**OPTIONS, **long})
    assert recording.attrs["overlapping_windows"] == 3
    assert recording_of([session()], {**OPTIONS, "window_ms": [0, 2000]}).attrs["overlapping_windows"] == 0
    assert refusal([session()], **long, overlapping_windows="refuse").key == "window_ms"


def test_times_in_ms() -> None:
    spikes = [np.concatenate([GO + d for d in (0.1, 0.2, 0.25)])]
    assert recording_of([session(spikes)], OPTIONS).sizes["neuron"] == 1
    for wrong in (
        session([spikes[0] * 1000]),
        session(spikes, go=GO * 1000),
        session(spikes, start_time=GO * 1000, stop_time=GO * 1000 + 2000, go=GO * 1000),
    ):
        error = refusal([wrong])
        assert "ms" in str(error.remedy) and "Divide them by 1000" in str(error.remedy)
    assert "one clock" in refusal([session([spikes[0] + 100])]).problem


# ---- units


def test_units_that_are_left_out_and_why() -> None:
    quiet = [GO[:1] + 0.15]
    full = session([GO + 0.15, [], *quiet, GO + 0.15, GO + 0.9])
    units = full.units.assign(area=["M1", "M1", "M1", "M2", "M1"])
    recording = recording_of(
        [Session(**{**full.__dict__, "units": units})], {**OPTIONS, "units": {"area": ["M1"], "min_rate_hz": 2}}
    )
    assert recording["neuron"].values.tolist() == ["u0"]
    assert {entry["neuron"]: entry["reason"] for entry in left_out(recording)} == {
        "u1": "no spike in the window of any of 4 trials",
        "u2": "mean rate 0.8333 spikes/s, below min_rate_hz 2",  # 1 spike in 2 x 0.3 s of one of two conditions
        "u3": "area is M2",
        "u4": "no spike in the window of any of 4 trials",
    }
    error = refusal([Session(**{**full.__dict__, "units": units})], units={"area": "M3"})
    assert "area is M1 (4); area is M2 (1)" in error.problem and error.key == "units"


def test_reliability_is_that_of_a_known_signal() -> None:
    """Of signal variance s and noise variance v per trial, averages of n trials have the reliability s / (s + v/n)."""
    rng = np.random.default_rng(4)
    n_conditions, n_times, n_trials = 40, 50, 10
    signal = rng.standard_normal((n_conditions, n_times))
    condition = np.repeat(np.arange(n_conditions), n_trials)
    rates = signal[condition] + 2.0 * rng.standard_normal((len(condition), n_times))
    expected = 1 / (1 + 4 / n_trials)
    assert split_half_reliability(rates, condition, n_conditions) == pytest.approx(expected, abs=0.03)
    noise = rng.standard_normal(rates.shape)
    assert abs(split_half_reliability(noise, condition, n_conditions)) < 0.15
    assert np.isnan(split_half_reliability(rates[:1], condition[:1], 1))


def test_units_that_are_not_reliable() -> None:
    """A unit that fires only in left trials is reliable; one that fires independently of them is not."""
    rng = np.random.default_rng(5)
    go = 1.0 + np.arange(40)
    sides = np.where(np.arange(40) % 2, "r", "l")
    tuned = np.concatenate([at + np.linspace(0.01, 0.25, 8) for at in go[::2]])
    random = rng.uniform(0, 42, 400)
    trials = pd.DataFrame({"go": go, "side": sides})
    both = Session(
        "s", Path("s"), pd.DataFrame(index=["tuned", "random"]), trials, SpikeTimes([tuned, np.sort(random)])
    )
    recording = recording_of([both], {**OPTIONS, "units": {"min_reliability": 0.9}})
    assert recording["neuron"].values.tolist() == ["tuned"]
    assert left_out(recording)[0]["reason"].startswith("split-half reliability")
    few = refusal([session()], units={"min_reliability": 0.1}, condition=["side", "go"])
    assert "a condition with one trial" in few.problem


def test_rates_that_no_neuron_has() -> None:
    fast = [np.concatenate([GO + d for d in np.linspace(0, 0.29, 900)])]
    assert refusal([session(fast)]).key == "rates"
    assert recording_of([session(fast)], {**OPTIONS, "max_rate_hz": 5000}).sizes["neuron"] == 1


class Scores:
    """Normalised activity, as stored in a file."""

    def __init__(self, values: Any, units: str = Z_SCORE) -> None:
        self.values = values  # (trial, time, unit)
        self.units = units

    def trial_rates(self, unit: int, trials: Any, at_s: Any, grid: Grid) -> Any:
        return self.values[trials, :, unit]


def test_z_scores_stand_above_a_baseline() -> None:
    from neurorules.recordings.normalised import refuse_normalised

    values = np.random.default_rng(6).standard_normal((4, 3, 2))
    scored = Session(**{**session([[], []]).__dict__, "activity": Scores(values)})
    recording = recording_of([scored], OPTIONS)
    assert (recording["rates"] >= 0).all() and (recording["trial_rates"] >= 0).all()
    expected = np.stack([values[[0, 2]].mean(0), values[[1, 3]].mean(0)])
    np.testing.assert_allclose((recording["rates"] + recording["baseline"]).values, expected, atol=1e-12)
    np.testing.assert_array_equal(recording["baseline"].values, values.min((0, 1)).astype(np.float32))
    recording.attrs |= {"name": "x", "title": "X", "licence": "", "citation": "", "source": ""}
    check_recording(recording, "x.nc")
    assert refusal([scored], units={"min_rate_hz": 1}).key == "units.min_rate_hz"
    assert refusal([scored], max_rate_hz=1).key == "max_rate_hz"
    assert refusal([scored, session(name="tuesday")]).key == "units"
    with pytest.raises(InputError, match="z-scored"):
        refuse_normalised(recording, "A table")
    refuse_normalised(recording_of([session()], OPTIONS), "A table")


def test_soft_normalised_rates_keep_their_values_unless_they_are_negative() -> None:
    """Churchland et al. 2012: rate / (range + 5), less the mean over conditions or not."""
    from neurorules.recordings.normalised import refuse_normalised
    from neurorules.tables.base.labels import recording_labels

    values = np.random.default_rng(6).random((4, 3, 2))
    values[..., 1] -= 0.5
    soft = Session(**{**session([[], []]).__dict__, "activity": Scores(values, SOFT_NORMALISED)})
    recording = recording_of([soft], OPTIONS)
    averages = np.stack([values[[0, 2]].mean(0), values[[1, 3]].mean(0)])
    lowest = values[..., 1].min().astype(np.float32)
    np.testing.assert_array_equal(recording["baseline"].values, [0, lowest])
    np.testing.assert_allclose(recording["rates"].values, averages - [0, lowest], atol=1e-12)
    assert recording["rates"].attrs["units"] == "soft-normalised"
    recording.attrs |= {"name": "x", "title": "X", "licence": "", "citation": "", "source": ""}
    check_recording(recording, "x.nc")
    assert recording_labels("reach", recording)["recording_title"] == "X, 2 neurons only, soft-normalised rates"
    assert refusal([soft], units={"min_rate_hz": 1}).key == "units.min_rate_hz"
    assert refusal([soft], max_rate_hz=1).key == "max_rate_hz"
    with pytest.raises(InputError, match="soft-normalised") as caught:
        refuse_normalised(recording, "A table")
    assert caught.value.value == "soft-normalised"


def test_trials_of_one_clock_each_come_in_an_order_of_their_own() -> None:
    values = np.random.default_rng(7).random((4, 3, 2))
    base = session([[], []])
    order = [2, 0, 3, 1]
    made = []
    for rows in (np.arange(4), order):
        table = base.trials.iloc[rows].assign(go=0.0, start_time=0.0, stop_time=1.0).reset_index(drop=True)
        made.append(
            recording_of([Session(**{**base.__dict__, "trials": table, "activity": Scores(values[rows])})], OPTIONS)
        )
    assert made[0].equals(made[1])


# ---- behaviour


class Line:
    """x(t) = t and y(t) = -t on the session's clock, from 0 to 7.2 s."""

    components = ("_x", "_y")

    def trial_values(self, trials: Any, at_s: Any, times_ms: Any) -> Any:
        t = at_s[:, None] + times_ms / 1000
        return np.where(t > 7.15, np.nan, np.stack([t, -t])).transpose(1, 2, 0)


def test_behaviour_is_averaged_where_it_is_whole() -> None:
    """Left trials at 1 and 5 s; of the right ones that at 7 s has no value at 7.2 s, so that the one at 3 s is left."""
    with_line = Session(**{**session().__dict__, "behaviour": {"pos": Line()}})
    recording = recording_of([with_line], {**OPTIONS, "behaviour": {"hand": "pos"}})
    np.testing.assert_allclose(recording["hand_x"].values, [[3.0, 3.1, 3.2], [3.0, 3.1, 3.2]])
    np.testing.assert_allclose(recording["hand_y"].values, -recording["hand_x"].values)
    assert left_out(recording, "behaviour_left_out") == [
        {"behaviour": "hand", "reason": "no value at some time of the window", "trials": 1}
    ]
    error = refusal([with_line], condition=["side", "go"], behaviour={"hand": "pos"})
    assert error.key == "behaviour.hand" and "go 7" in error.problem
    assert refusal([with_line], behaviour={"pos": "poss"}).remedy == "Did you mean pos? There are: pos."


# ---- options


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"window_ms": [0, 250]}, "window_ms"),
        ({"window_ms": [300, 0]}, "window_ms"),
        ({"window_ms": None}, "window_ms"),
        ({"bin_ms": None}, "bin_ms"),
        ({"bin_ms": 0}, "bin_ms"),
        ({"align": None}, "align"),
        ({"condition": []}, "condition"),
        ({"condition": ["side", "side"]}, "condition"),
        ({"condition": [{"column": "go", "bins": [1, 0]}]}, "condition.0.bins"),
        ({"condition": [{"column": "go", "bins": [0, 1, 2], "names": ["a"]}]}, "condition.0.names"),
        ({"condition": [{"column": "side", "bins": [0, 1]}]}, "condition.0: side"),
        ({"keep_trials": True}, "keep_trials"),
        ({"keep_trials": {"go": {"least": 1}}}, "keep_trials.go"),
        ({"min_trials": 0}, "min_trials"),
        ({"smooth_sd_ms": -1}, "smooth_sd_ms"),
        ({"overlapping_windows": "maybe"}, "overlapping_windows"),
        ({"units": {"min_rate_hz": "a"}}, "units.min_rate_hz"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], key: str) -> None:
    assert refusal([session()], **options).key == key


def test_sessions_of_one_name_and_empty_ones() -> None:
    assert refusal([session(), session()]).key == "session"
    assert refusal([]).key == "path"
    assert refusal([session([])]).key == "units"
    empty = Session(**{**session().__dict__, "trials": session().trials.iloc[:0]})
    assert refusal([empty]).key == "trials"
    assert session().activity.units == SPIKES_PER_S


def test_attributes_of_sessions_are_joined() -> None:
    about = [{"lab": "A", "citation": "B 2020"}, {"lab": "A", "citation": "C 2021"}]
    two = [
        Session(**{**session(name=name).__dict__, "attributes": of})
        for name, of in zip(("monday", "tuesday"), about, strict=True)
    ]
    attributes = recording_of(two, OPTIONS).attrs
    assert attributes["lab"] == "A" and attributes["citation"] == "B 2020; C 2021"
    assert attributes["synthetic"] == 0
